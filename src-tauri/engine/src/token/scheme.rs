//! How an access token is presented: what the reply's `token_type` says (RFC 6749 §7.1).

use serde::{Deserialize, Serialize};

/// The authentication scheme that goes before a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Scheme {
    /// Whoever has it may use it (RFC 6750).
    #[default]
    Bearer,
    /// Only who proves to hold the key that it is bound to may use it (RFC 9449).
    #[serde(rename = "DPoP")]
    Dpop,
    /// A jar of cookies, which says nothing in `Authorization` (RFC 6265bis).
    Cookie,
}

impl Scheme {
    /// As it stands in the `Authorization` header; for cookies, the header's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
            Self::Cookie => "Cookie",
        }
    }
}
