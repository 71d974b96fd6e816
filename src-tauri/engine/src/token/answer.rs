//! What a server says of a token or of its user when it is asked, as the outside may see it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::excerpt::object_excerpt;
use crate::redact::Masker;
use crate::timeline::event::Question;

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ServerAnswer {
    /// To what.
    pub question: Question,
    /// Where it was asked.
    pub endpoint: String,
    /// What it says, in its own names, cut to what a screen can take. Known tokens in it are masked.
    pub members: Map<String, Value>,
    /// Names, values and members that were cut or left out.
    pub cut: u32,
}

impl ServerAnswer {
    /// Whether the server honours the token, where that was asked (RFC 7662 §2.2). `None`: it does not say.
    pub fn active(&self) -> Option<bool> {
        self.members.get("active").and_then(Value::as_bool)
    }

    /// An answer that may be shown.
    pub(crate) fn new(
        question: Question,
        endpoint: String,
        reply: &Value,
        masker: &Masker,
    ) -> Self {
        let masked = masker.mask(&reply.to_string()).into_owned();
        let reply = serde_json::from_str(&masked).unwrap_or_default();
        let (members, cut) = object_excerpt(match reply {
            Value::Object(members) => members,
            _ => Map::new(),
        });
        Self {
            question,
            endpoint,
            members,
            cut,
        }
    }
}
