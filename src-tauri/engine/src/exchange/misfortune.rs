//! What goes wrong with an attempt on purpose: its token is corrupted on the way, or its answer is made up.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use secrecy::SecretString;

use super::Exchange;
use crate::clock::WallMs;
use crate::fault::FaultName;
use crate::fault::wire::corrupt;
use crate::session::Lease;
use crate::timeline::event::EventKey;

/// The challenge of a made-up refusal (RFC 6750 §3).
const CHALLENGE: &str = "Bearer error=\"invalid_token\", error_description=\"refused on purpose\"";

impl Exchange {
    /// What an attempt carries instead of its lease's token: a corrupted copy of it. `None`: the token itself.
    pub(super) fn corrupted(
        &self,
        lease: Option<&Lease>,
        started: EventKey,
    ) -> Option<(SecretString, EventKey)> {
        let injected = self.strike(lease, FaultName::CorruptAccessToken, started)?;
        Some((corrupt(lease?.access_token()), injected))
    }

    /// The answer of a server that refuses every token: nothing is sent for it.
    pub(super) fn made_up(
        &self,
        lease: Option<&Lease>,
        cause: EventKey,
    ) -> Option<(reqwest::Response, EventKey)> {
        let injected = self.strike(lease, FaultName::RefuseAlways, cause)?;
        let answer = http::Response::builder()
            .status(401)
            .header(WWW_AUTHENTICATE, CHALLENGE)
            .header(CONTENT_TYPE, "application/json")
            .body("{\"error\": \"refused on purpose, by the fault lab\"}")
            .expect("a fixed answer is a valid one");
        Some((answer.into(), injected))
    }

    /// The local clock as the session reads it.
    pub(super) fn wall(&self) -> WallMs {
        match &self.session {
            Some(session) => session.family.wall(),
            None => self.context.clock.wall(),
        }
    }

    fn strike(&self, lease: Option<&Lease>, name: FaultName, cause: EventKey) -> Option<EventKey> {
        let session = self.session.as_ref().filter(|_| lease.is_some())?;
        if !session.family.faults().any() {
            return None;
        }
        let (member, subject) = (&session.config.name, self.attempt_subject());
        let struck = session.family.strike(member, &[name], &subject, cause);
        struck.map(|(_, injected)| injected)
    }
}
