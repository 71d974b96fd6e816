//! All profiles of this installation, in memory and in one file that holds no secret.
//!
//! What is learned counts at once and is written down after the flight; where that fails it is learned again. Processes that
//! share the file each write what they learned themselves, so the last one wins for one server, and nobody's is torn.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Noted, Profile, Replay, ReplayRule};

/// Servers that are remembered; of more, those that were met longest ago go.
pub(super) const PROFILES_MAX: usize = 200;
/// A file larger than this is none of ours.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

type Profiles = BTreeMap<String, Profile>;

/// The profiles, by the addresses of their token endpoints.
pub(crate) struct Book {
    profiles: Mutex<Profiles>,
    /// Absent: they live as long as this process.
    file: Option<PathBuf>,
    /// One writer at a time.
    writing: Mutex<()>,
}

impl Book {
    /// Opens the book of this folder. A file that cannot be read is as if nothing had been learned: it is learned again.
    pub(crate) fn open(folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| folder.join("issuers.json"));
        let profiles = file.as_deref().map(read).unwrap_or_default();
        Self {
            profiles: Mutex::new(profiles),
            file,
            writing: Mutex::default(),
        }
    }

    /// What is known of a server; what is not known is blank.
    pub(crate) fn profile(&self, endpoint: &str, issuer: Option<&str>) -> Profile {
        let known = self.lock().get(endpoint).cloned().unwrap_or_default();
        Profile {
            endpoint: endpoint.to_owned(),
            issuer: issuer.map(str::to_owned),
            ..known
        }
    }

    /// Whether an exchange with this server whose answer was lost is sent once more at once.
    pub(crate) fn replay(&self, endpoint: &str) -> ReplayRule {
        let profiles = self.lock();
        let known = profiles.get(endpoint).map(Profile::replay);
        known.unwrap_or_else(|| Profile::default().replay())
    }

    /// How much earlier a refresh before expiry begins because this server takes its time, in milliseconds.
    pub(crate) fn margin_ms(&self, endpoint: &str) -> u64 {
        self.lock().get(endpoint).map_or(0, Profile::margin_ms)
    }

    /// Learns of a server.
    pub(crate) fn learn(&self, endpoint: &str, noted: &[Noted]) {
        if noted.is_empty() {
            return;
        }
        let mut profiles = self.lock();
        let profile = profiles.entry(endpoint.to_owned()).or_default();
        endpoint.clone_into(&mut profile.endpoint);
        for one in noted {
            profile.take(one);
        }
        trim(&mut profiles);
    }

    /// Takes the user's word for it; `None`: what was learned counts again.
    pub(crate) fn choose_replay(&self, endpoint: &str, replay: Option<Replay>) {
        let mut profiles = self.lock();
        let profile = profiles.entry(endpoint.to_owned()).or_default();
        endpoint.clone_into(&mut profile.endpoint);
        profile.replay_chosen = replay;
    }

    /// Forgets what was learned of a server. What the user chose stays.
    pub(crate) fn forget(&self, endpoint: &str) {
        let mut profiles = self.lock();
        let chosen = profiles
            .remove(endpoint)
            .and_then(|profile| profile.replay_chosen);
        if chosen.is_some() {
            let blank = Profile {
                endpoint: endpoint.to_owned(),
                replay_chosen: chosen,
                ..Profile::default()
            };
            profiles.insert(endpoint.to_owned(), blank);
        }
    }

    /// Writes down what is known of one server, beside what others have written meanwhile. Blocks.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self, endpoint: &str) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = read(file);
        match self.lock().get(endpoint) {
            Some(profile) => all.insert(endpoint.to_owned(), profile.clone()),
            None => all.remove(endpoint),
        };
        trim(&mut all);
        write(file, &all)
    }

    fn lock(&self) -> MutexGuard<'_, Profiles> {
        self.profiles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trim(profiles: &mut Profiles) {
    while profiles.len() > PROFILES_MAX {
        let oldest = profiles
            .iter()
            .min_by_key(|(_, profile)| (profile.replay_chosen.is_some(), profile.last_ms()))
            .map(|(endpoint, _)| endpoint.clone());
        let Some(oldest) = oldest else { return };
        profiles.remove(&oldest);
    }
}

/// What a file holds. One that is not there, or is not ours, holds nothing.
fn read(file: &Path) -> Profiles {
    let found = fs::metadata(file).and_then(|about| {
        if about.len() > FILE_BYTES_MAX {
            return Err(io::Error::other("it is too large"));
        }
        fs::read(file)
    });
    match found.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)) {
        Ok(profiles) => profiles,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Profiles::new(),
        Err(error) => {
            tracing::warn!(%error, "what was learned of servers cannot be read, and is learned again");
            Profiles::new()
        }
    }
}

/// Writes beside and renames, so that a reader finds the old file or the new one.
fn write(file: &Path, profiles: &Profiles) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(&beside)?;
    open.write_all(&serde_json::to_vec_pretty(profiles)?)?;
    drop(open);
    fs::rename(&beside, file)
}
