//! What to send: the seed of an exchange, as somebody typed it.

use serde::{Deserialize, Serialize};

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
    /// The body as text; empty and absent are both no body.
    #[serde(default)]
    pub body: Option<String>,
    /// The session whose token goes with it. Absent: none.
    #[serde(default)]
    pub session: Option<String>,
    /// Send even where the session's token may not go, without it.
    #[serde(default)]
    pub allow_without_token: bool,
}
