//! Plain numbers of what the server did, for tests and for `GET /_demo/state`.

use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// What the server did since it started. A faulty answer counts as the work done behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Sign-ins with the right password, in either dialect.
    pub logins: u64,
    /// Sign-ins refused for a wrong name or password.
    pub logins_refused: u64,
    /// Refreshes that issued new tokens, also when a fault then kept the answer back.
    pub refreshes_answered: u64,
    /// Refreshes refused because of the refresh token.
    pub refreshes_refused: u64,
    /// Spent refresh tokens that were used again, whatever followed.
    pub reuses_seen: u64,
    /// Families that ended by reuse, revocation or sign-out.
    pub families_revoked: u64,
    /// API requests whose access token was good.
    pub api_ok: u64,
    /// API requests answered 401.
    pub api_refused: u64,
    /// Requests a fault spoilt, delayed ones included.
    pub faults_applied: u64,
    /// Requests turned away because a web page or another host name sent them.
    pub foreign_refused: u64,
}

/// The running numbers.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    pub(crate) fn add(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn read(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
