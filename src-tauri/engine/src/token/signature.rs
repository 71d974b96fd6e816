//! Whether a token that we see is what its issuer signed: for people who look at it. No decision rests on it (RFC 9068 §6).

use serde::{Deserialize, Serialize};

use crate::jose::public_key::KeySet;
use crate::jose::signed_text::SignedText;

/// What is known of a token's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignatureState {
    /// Nothing: the token is no signed JWT, or there are no keys to check it with.
    NotChecked,
    /// One of the issuer's keys made it.
    Valid {
        /// That key's name, where it has one.
        key_id: Option<String>,
    },
    /// None of the issuer's keys made it.
    DoesNotMatch,
    /// The token has none (RFC 7519 §6).
    Absent,
}

impl SignatureState {
    /// Checks a text with its issuer's keys.
    pub(crate) fn of(signed: &SignedText<'_>, keys: &KeySet) -> Self {
        signed
            .signed_by(keys)
            .map_or(Self::DoesNotMatch, |key| Self::Valid {
                key_id: key.key_id().map(str::to_owned),
            })
    }
}
