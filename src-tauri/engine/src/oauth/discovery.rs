//! Asks an issuer for its metadata, and remembers the answer: what a session's file leaves open is filled from it, also
//! after a restart. No token ever goes along.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::fetch;
use super::metadata::{self, METADATA_BYTES_MAX};
use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};
use crate::rules;
use crate::session::config::connection::Connection;
use crate::session::config::server::Metadata;
use crate::session::config::{Dialect, SessionConfig};
use crate::token_endpoint::TokenTransport;
use serde::{Deserialize, Serialize};

/// How long metadata is believed to be the newest. What was found is used for longer: only a sign-in asks again.
const METADATA_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long an issuer may take in all, over both places where its metadata may be.
const DISCOVERY_LIMIT: Duration = Duration::from_secs(20);
/// Issuers that are remembered; the one that was asked longest ago makes room.
const ISSUERS_MAX: usize = 64;
/// The file that they are remembered in, and the largest one that is read, in bytes.
const FILE: &str = "servers.json";
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What issuers said.
pub(crate) struct KnownServers {
    file: Option<PathBuf>,
    known: Mutex<Vec<Known>>,
}

/// What one issuer said.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    metadata: Metadata,
    asked: WallMs,
    /// Endpoints on other hosts than the issuer's that the user approved.
    approved: Vec<String>,
    /// What is used of all that it said: not the newest as long as that names hosts which nobody approved.
    used: Option<Metadata>,
}

impl Known {
    /// The endpoints on other hosts that nobody approved.
    fn unapproved(&self) -> Vec<String> {
        let mut new = self.metadata.elsewhere();
        new.retain(|one| !self.approved.contains(one));
        new
    }

    /// What it said last takes the place of what is used, where nobody has to be asked for that.
    fn use_newest(&mut self) {
        if self.unapproved().is_empty() || !rules::on("discovery.elsewhere") {
            self.used = Some(self.metadata.clone());
        }
    }
}

impl KnownServers {
    /// Those that were remembered in this folder. A file that cannot be read is as good as none: everybody can be asked again.
    pub(crate) fn open(folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| folder.join(FILE));
        let known = file.as_deref().and_then(read_file).unwrap_or_default();
        Self {
            file,
            known: Mutex::new(known),
        }
    }

    /// Fills what a session's file leaves open, as far as its issuer was asked before.
    pub(crate) fn fill(&self, config: &mut SessionConfig) {
        let Dialect::Oauth(oauth) = &mut config.dialect else {
            return;
        };
        let known = oauth.issuer.as_deref().and_then(|issuer| self.find(issuer));
        if let Some(used) = known.and_then(|known| known.used) {
            oauth.fill_from(&used);
        }
    }

    /// What an issuer says; asked anew where that is older than [`METADATA_LIFETIME`], or `anew`.
    ///
    /// # Errors
    /// `discovery.*`. An issuer that cannot be reached now and was before is as it was then.
    pub(crate) async fn ask(
        &self,
        issuer: &str,
        anew: bool,
        transport: &TokenTransport,
        connection: &Connection,
        now: WallMs,
    ) -> Result<Metadata> {
        let before = self.find(issuer);
        let lifetime = METADATA_LIFETIME.as_millis();
        let young = |known: &&Known| {
            u128::try_from(now.since_ms(known.asked)).is_ok_and(|age| age < lifetime)
        };
        if let Some(known) = before.as_ref().filter(young).filter(|_| !anew) {
            return Ok(known.metadata.clone());
        }
        let found = match discover(issuer, transport, connection).await {
            Ok(found) => found,
            Err(failure) => {
                return match before.filter(|_| !anew && failure.code == Code::DiscoveryFailed) {
                    Some(known) => Ok(known.metadata),
                    None => Err(failure),
                };
            }
        };
        let (approved, used) =
            before.map_or_else(Default::default, |known| (known.approved, known.used));
        let mut known = Known {
            metadata: found.clone(),
            asked: now,
            approved,
            used,
        };
        known.use_newest();
        self.keep(known);
        Ok(found)
    }

    /// Whether what an issuer said last may be used.
    ///
    /// # Errors
    /// `discovery.elsewhere` with the hosts that nobody approved.
    pub(crate) fn check(&self, issuer: &str) -> Result<()> {
        let new = match self.find(issuer) {
            Some(known) if known.used.as_ref() != Some(&known.metadata) => known.unapproved(),
            _ => return Ok(()),
        };
        Err(Failure::new(Code::DiscoveryElsewhere)
            .with("issuer", issuer)
            .with("endpoints", new.join(", ")))
    }

    /// The user has seen these endpoints on other hosts, and said yes. A server that named others meanwhile still waits.
    pub(crate) fn approve(&self, issuer: &str, seen: &[String]) {
        let Some(mut known) = self.find(issuer) else {
            return;
        };
        for one in seen {
            if !known.approved.contains(one) {
                known.approved.push(one.clone());
            }
        }
        known.use_newest();
        self.keep(known);
    }

    fn find(&self, issuer: &str) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|known| known.metadata.issuer == issuer);
        found.cloned()
    }

    fn keep(&self, new: Known) {
        let text = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|known| known.metadata.issuer != new.metadata.issuer);
            known.truncate(ISSUERS_MAX - 1);
            known.insert(0, new);
            serde_json::to_vec(&*known)
        };
        let Some(file) = &self.file else { return };
        let written = text
            .map_err(std::io::Error::other)
            .and_then(|text| write_file(file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, "what issuers said cannot be remembered over a restart");
        }
    }
}

/// Asks in both places where the standards have it. What answers in the first place with metadata decides.
async fn discover(
    issuer: &str,
    transport: &TokenTransport,
    connection: &Connection,
) -> Result<Metadata> {
    let failed = |detail: String| {
        Failure::new(Code::DiscoveryFailed)
            .with("issuer", issuer)
            .with("detail", detail)
    };
    let places = metadata::well_known(issuer)?;
    let asked = async {
        let mut why = Vec::new();
        for place in &places {
            match fetch::get(place, transport, connection, METADATA_BYTES_MAX).await {
                Ok(body) => {
                    return metadata::read(issuer, &body).map(|metadata| Metadata {
                        found_at: Some(place.clone()),
                        ..metadata
                    });
                }
                Err(detail) => why.push(detail),
            }
        }
        Err(failed(why.join("; ")))
    };
    let limit = DISCOVERY_LIMIT.as_secs();
    tokio::time::timeout(DISCOVERY_LIMIT, asked)
        .await
        .unwrap_or_else(|_| Err(failed(format!("no answer within {limit} seconds"))))
}

fn read_file(file: &Path) -> Option<Vec<Known>> {
    if std::fs::metadata(file).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    let mut known: Vec<Known> = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    known.truncate(ISSUERS_MAX);
    Some(known)
}

/// The whole file, or the one before.
fn write_file(file: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text)?;
    new.persist(file).map(drop).map_err(|error| error.error)
}
