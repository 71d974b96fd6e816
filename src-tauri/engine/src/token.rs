//! Tokens as servers hand them out: replies read leniently, access tokens decoded for show.

pub mod advisory;
pub mod answer;
pub mod claims;
pub(crate) mod cookies;
pub mod details;
mod excerpt;
pub(crate) mod jwt;
mod lifetime;
pub mod lineage;
pub mod reading;
pub(crate) mod reply;
pub mod scheme;
pub mod signature;

use serde::{Deserialize, Serialize};

/// Which of a session's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The one that APIs get.
    Access,
    /// The one that gives new ones.
    Refresh,
}
