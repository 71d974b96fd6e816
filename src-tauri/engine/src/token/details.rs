//! An access token as the outside may see it: decoded here, without its signature, so that nobody can send what they see.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::scheme::Scheme;
use crate::clock::WallMs;
use crate::redact::Fingerprint;
use crate::timeline::event::{ExpirySource, Kept};

/// What is known of a session's current access token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TokenDetails {
    /// Whose token it is.
    pub session: String,
    /// The sign-in it belongs to.
    pub epoch: u32,
    /// The step of the family.
    pub generation: u32,
    /// The refresh that gave it: F7. Absent: sign-in gave it.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub flight: Option<u64>,
    /// The request whose 401 asked for that refresh: R12.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub because_of: Option<u64>,
    /// Which token, for those who hold the install key.
    pub fingerprint: Fingerprint,
    /// How it is presented. `DPoP`: only with a proof of the key that it is bound to, which is in the vault.
    pub scheme: Scheme,
    /// Length of the token, in bytes.
    pub length: u32,
    /// When it arrived here, by the local clock.
    pub received_at_ms: WallMs,
    /// When it expires by the local clock. Absent: unknown.
    pub expires_at_ms: Option<WallMs>,
    /// How long it lives from its arrival, in milliseconds.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub lifetime_ms: Option<u64>,
    /// Where its expiry was read.
    pub expiry_source: ExpirySource,
    /// The scopes that the reply named, or that the request asked for.
    pub scope: Vec<String>,
    /// Where it is kept.
    pub kept: Kept,
    /// Where it may be sent: exact origins.
    pub origins: Vec<String>,
    /// Attempts that carried it.
    pub times_used: u32,
    /// Attempts that were refused with it.
    pub times_refused: u32,
    /// When an attempt carried it last, by the local clock. Absent: none has.
    pub last_used_ms: Option<WallMs>,
    /// The origins that refused it, the latest last.
    pub refused_by: Vec<String>,
    /// What can be read of it.
    #[serde(flatten)]
    pub reading: Reading,
    /// What differs from the generation before, claim by claim. Empty for the first, and for opaque tokens.
    pub changes: Vec<ClaimChange>,
}

/// The readable parts of a JWT. Its signature is not checked here, and not shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct JwtDetails {
    /// The JOSE header.
    pub header: serde_json::Map<String, serde_json::Value>,
    /// The claims, in the token's own order where the order was kept.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// One claim that changed between two generations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ClaimChange {
    /// The claim's name.
    pub claim: String,
    /// Its value in the generation before. Absent: it is new.
    pub before: Option<serde_json::Value>,
    /// Its value now. Absent: it is gone.
    pub after: Option<serde_json::Value>,
}
