//! Where a session's token came from: every generation since the sign-in, what each was good for, and how it differs.
//!
//! Of old generations only what they said and their fingerprints are kept; the tokens themselves are gone.

use serde::{Deserialize, Serialize};

use super::details::ClaimChange;
use crate::clock::WallMs;
use crate::redact::Fingerprint;
use crate::timeline::event::EventKey;

/// Generations of one family that are remembered; the oldest are forgotten.
pub const STEPS_MAX: usize = 64;

/// One generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LineageStep {
    /// Its number in the family: G7.
    pub generation: u32,
    /// The sign-in it belongs to.
    pub epoch: u32,
    /// The event that published or restored it.
    pub published: EventKey,
    /// The refresh that gave it: F7. Absent: sign-in gave it, or the vault.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub flight: Option<u64>,
    /// The request whose 401 asked for that refresh: R12.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub because_of: Option<u64>,
    /// Which token, for those who hold the install key.
    pub fingerprint: Fingerprint,
    /// When it arrived here, by the local clock.
    pub received_at_ms: WallMs,
    /// When it expires by the local clock. Absent: unknown.
    pub expires_at_ms: Option<WallMs>,
    /// The scopes it was granted.
    pub scope: Vec<String>,
    /// Attempts that carried it.
    pub times_used: u32,
    /// Attempts that were refused with it.
    pub times_refused: u32,
    /// What differs from the generation before, claim by claim. Empty for the first, and for tokens that cannot be read.
    pub changes: Vec<ClaimChange>,
}
