//! The engine's verbs about what it has learned of a session's server.

use serde::Serialize;

use super::Engine;
use crate::error::Result;
use crate::profile::{Profile, Replay, ReplayRule};

/// What is known of a session's server, and what that decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Known {
    /// The session's name.
    pub session: String,
    /// What it did so far.
    pub profile: Profile,
    /// Whether an exchange with it whose answer was lost is sent once more at once.
    pub replay: ReplayRule,
    /// How much earlier a refresh before expiry begins because of it, in milliseconds.
    pub margin_ms: u64,
}

impl Engine {
    /// What is known of the server that a session refreshes at.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn profile(&self, session: &str) -> Result<Known> {
        let session = self.session(session)?;
        let profile = session.family.profile(&session.config.name);
        Ok(Known {
            session: session.config.name.to_string(),
            replay: profile.replay(),
            margin_ms: profile.margin_ms(),
            profile,
        })
    }

    /// Says whether the server of a session forgives a refresh token that comes twice; `None`: what was learned counts.
    ///
    /// # Errors
    /// `session.unknown`; `profile.unwritable`, where it holds for this process only.
    pub async fn choose_replay(&self, session: &str, replay: Option<Replay>) -> Result<()> {
        let session = self.session(session)?;
        let name = &session.config.name;
        session.family.choose_replay(name, replay).await
    }

    /// Forgets what was learned of the server of a session; what was chosen for it stays.
    ///
    /// # Errors
    /// `session.unknown`; `profile.unwritable`, where it is forgotten in this process only.
    pub async fn forget_profile(&self, session: &str) -> Result<()> {
        let session = self.session(session)?;
        session.family.forget_profile(&session.config.name).await
    }
}
