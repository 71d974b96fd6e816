//! What to send: the seed of an exchange, as somebody typed it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::body::{Body, Part};
use super::replay::{ReplaySafety, replay_safety};
use crate::timeline::event::BodyClass;
use crate::workspace::SavedRequest;

/// One press of Send, before anything was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Any HTTP token.
    pub method: String,
    /// An absolute http or https URL.
    pub url: String,
    /// Names and values in order; repeated names are sent as often.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body; empty text and absent are both no body.
    #[serde(default)]
    pub body: Option<Body>,
    /// The session whose token goes with it. Absent: none.
    #[serde(default)]
    pub session: Option<String>,
    /// Send even where the session's token may not go, without it.
    #[serde(default)]
    pub allow_without_token: bool,
    /// Follow redirects, at most `HOPS_MAX`; else the first answer is returned, wherever it leads.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<bool>"))]
    pub follow_redirects: bool,
    /// Give up after so many milliseconds, refreshes and redirects included; at most [`TIME_LIMIT_MAX`]. Absent: only the
    /// limits of connecting and of silence hold.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional))]
    pub time_limit_ms: Option<u32>,
}

/// Longest time that a request can ask for.
pub const TIME_LIMIT_MAX: Duration = Duration::from_secs(60 * 60);

fn yes() -> bool {
    true
}

impl Draft {
    /// What a saved request asks for.
    pub fn of(request: &SavedRequest) -> Self {
        Self {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            session: request.session.clone(),
            allow_without_token: false,
            follow_redirects: request.follow_redirects,
            time_limit_ms: request.time_limit_ms,
        }
    }

    /// How long the send may take as a whole.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        let asked = Duration::from_millis(self.time_limit_ms?.max(1).into());
        Some(asked.min(TIME_LIMIT_MAX))
    }

    /// Whether it could be sent once more, before it is sent. Files are not looked at: their length counts as unknown.
    pub fn replay_safety(&self) -> ReplaySafety {
        let (class, bytes) = match &self.body {
            None => (BodyClass::None, Some(0)),
            Some(Body::Text(text)) if text.is_empty() => (BodyClass::None, Some(0)),
            Some(Body::Text(text)) => (BodyClass::Memory, Some(text.len() as u64)),
            Some(Body::Multipart { parts }) if !parts.iter().any(Part::is_file) => (
                BodyClass::Memory,
                Some(parts.iter().map(Part::text_bytes).sum()),
            ),
            Some(Body::File { .. } | Body::Multipart { .. }) => (BodyClass::Files, None),
        };
        replay_safety(self.method.trim(), class, bytes)
    }
}
