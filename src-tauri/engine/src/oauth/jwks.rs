//! The keys that servers sign with, from where the session says that they are (RFC 7517): fetched when they are needed, kept
//! for a while, and asked for anew when a token names one that is not among them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use super::fetch::get;
use crate::jose::public_key::KeySet;
use crate::jose::signed_text::SignedText;
use crate::rules;
use crate::session::config::connection::Connection;
use crate::token_endpoint::TokenTransport;

/// Largest set that is read, in bytes.
const JWKS_BYTES_MAX: usize = 256 * 1024;
/// Servers whose keys are kept; the one that was asked longest ago makes room.
const SETS_MAX: usize = 32;
/// How long a set is believed to be the newest.
const SET_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// A server is asked no sooner again, whatever keys tokens name.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The keys of the servers that were asked.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<VecDeque<Known>>);

#[derive(Clone)]
struct Known {
    url: Url,
    /// Absent: the server gave none yet.
    keys: Option<Arc<KeySet>>,
    asked: Duration,
}

impl Known {
    /// Whether these keys serve for a text now, or the server may not be asked again yet.
    fn serves(&self, signed: &SignedText<'_>, now: Duration) -> bool {
        let age = now.saturating_sub(self.asked);
        let known = self
            .keys
            .as_ref()
            .is_some_and(|keys| signed.is_known_to(keys));
        (known && age < SET_LIFETIME)
            || (age < ASK_AGAIN_AFTER && rules::on("id_token.keys_asked_for"))
    }
}

impl KeyCache {
    /// The keys to check a text with. `None`: there are none to be had now.
    pub(crate) async fn keys_for(
        &self,
        signed: &SignedText<'_>,
        url: &Url,
        transport: &TokenTransport,
        connection: &Connection,
        now: Duration,
    ) -> Option<Arc<KeySet>> {
        let before = self.find(url);
        if let Some(known) = before.as_ref().filter(|known| known.serves(signed, now)) {
            return known.keys.clone();
        }
        let mut known = Known {
            url: url.clone(),
            keys: before.and_then(|known| known.keys),
            asked: now,
        };
        // Said before it is asked: others who come meanwhile do not ask too.
        self.keep(known.clone());
        match fetch(url, transport, connection).await {
            Ok(keys) => {
                known.keys = Some(Arc::new(keys));
                self.keep(known.clone());
            }
            Err(detail) => tracing::warn!(%detail, "the keys of a server cannot be had"),
        }
        known.keys
    }

    fn find(&self, url: &Url) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|known| known.url == *url).cloned()
    }

    fn keep(&self, new: Known) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.url != new.url);
        known.truncate(SETS_MAX - 1);
        known.push_front(new);
    }
}

async fn fetch(
    url: &Url,
    transport: &TokenTransport,
    connection: &Connection,
) -> Result<KeySet, String> {
    let body = get(url, transport, connection, JWKS_BYTES_MAX).await?;
    KeySet::read(&body).ok_or_else(|| "the answer is no set of keys".to_owned())
}
