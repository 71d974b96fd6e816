//! What a session knows at run time, under its one lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::decision::StandingKind;
use crate::clock::WallMs;
use crate::error::Failure;
use crate::redact::Fingerprint;
use crate::timeline::event::{EventKey, LoginCause, SetAside, StateName};
use crate::vault::record::{Slot, Tokens};

/// One published generation.
pub(crate) struct Token {
    pub(crate) epoch: u32,
    pub(crate) generation: u32,
    pub(crate) tokens: Tokens,
    pub(crate) fingerprint: Fingerprint,
    /// The refresh token's.
    pub(crate) refresh_fingerprint: Option<Fingerprint>,
    /// The event that published it, or restored it.
    pub(crate) published: EventKey,
    /// The refresh that gave it, and the request whose 401 asked for that.
    pub(crate) flight: Option<u64>,
    pub(crate) because_of: Option<u64>,
    /// The generation before, for the difference in claims.
    pub(crate) before: Option<Box<crate::token::details::JwtDetails>>,
    pub(crate) used: AtomicU32,
    pub(crate) refused: AtomicU32,
}

impl Token {
    /// When it expires by the local clock.
    pub(crate) fn expires_at(&self) -> Option<WallMs> {
        self.tokens
            .lifetime_ms
            .map(|lifetime| self.tokens.received_at.plus(lifetime))
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed) > 0
    }
}

/// How a flight ended, for all who waited for it.
#[derive(Debug)]
pub(crate) struct FlightEnd {
    pub(crate) result: Result<(), Failure>,
    /// The event that ended it.
    pub(crate) finished: EventKey,
}

/// The flight under way, and the seat of those who wait for it.
#[derive(Clone)]
pub(crate) struct FlightSlot {
    pub(crate) number: u64,
    pub(crate) started: EventKey,
    pub(crate) waiters: u32,
    pub(crate) end: watch::Receiver<Option<Arc<FlightEnd>>>,
}

/// How the session stands when no flight is under way.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    SignedOut,
    Active,
    Cooldown {
        until: Duration,
        until_ms: WallMs,
    },
    ConfigError,
    StoreUnavailable,
    LoginRequired {
        cause: LoginCause,
        evidence: Vec<EventKey>,
    },
}

/// Everything that changes about a session.
pub(crate) struct State {
    pub(crate) epoch: u32,
    pub(crate) token: Option<Arc<Token>>,
    pub(crate) standing: Standing,
    pub(crate) flight: Option<FlightSlot>,
    /// Transient failures in a row.
    pub(crate) failures: u32,
    /// The slot that holds the newest record.
    pub(crate) slot: Slot,
    /// The vault refused the newest record.
    pub(crate) persist_pending: bool,
    pub(crate) set_aside: Option<SetAside>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            epoch: 0,
            token: None,
            standing: Standing::SignedOut,
            flight: None,
            failures: 0,
            slot: Slot::B,
            persist_pending: false,
            set_aside: None,
        }
    }
}

impl State {
    pub(crate) fn name(&self) -> StateName {
        if self.flight.is_some() {
            return StateName::Refreshing;
        }
        match self.standing {
            Standing::SignedOut => StateName::SignedOut,
            Standing::Active => StateName::Active,
            Standing::Cooldown { .. } => StateName::Cooldown,
            Standing::ConfigError => StateName::ConfigError,
            Standing::StoreUnavailable => StateName::StoreUnavailable,
            Standing::LoginRequired { .. } => StateName::LoginRequired,
        }
    }

    /// How it stands for a decision at this moment of the monotonic clock.
    pub(crate) fn standing_kind(&self, now: Duration) -> StandingKind {
        match self.standing {
            Standing::SignedOut | Standing::StoreUnavailable => StandingKind::SignedOut,
            Standing::Active => StandingKind::Ready,
            Standing::Cooldown { until, .. } if now < until => StandingKind::Cooling,
            Standing::Cooldown { .. } => StandingKind::Ready,
            Standing::ConfigError => StandingKind::Misconfigured,
            Standing::LoginRequired { cause, .. } => StandingKind::Ended(cause),
        }
    }

    pub(crate) fn refreshable(&self) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.tokens.refresh_token.is_some())
    }

    /// The word of compare-and-swap: what a result must be based on to count.
    pub(crate) fn base(&self) -> (u32, Option<u32>) {
        (
            self.epoch,
            self.token.as_ref().map(|token| token.generation),
        )
    }
}

/// The shortest and the longest time between two tries after transient failures.
const COOLDOWN_BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// How long to wait after this many transient failures in a row: doubled each time, spread by `jitter` of 0..1 over its
/// upper half, and never shorter than what the server asked for.
pub(crate) fn cooldown(failures: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let doubled = COOLDOWN_BOUNDS
        .0
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(COOLDOWN_BOUNDS.1);
    doubled
        .mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
        .max(retry_after.unwrap_or_default())
        .max(COOLDOWN_BOUNDS.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cooldown_grows_to_a_bound_and_obeys_the_server() {
        let seconds = Duration::from_secs;
        for (failures, retry_after, jitter, expected) in [
            (1, None, 1.0, seconds(1)),
            (2, None, 1.0, seconds(2)),
            (4, None, 1.0, seconds(8)),
            (4, None, 0.0, seconds(4)),
            (40, None, 1.0, seconds(300)),
            (1, Some(seconds(120)), 1.0, seconds(120)),
            (0, None, 0.0, seconds(1)),
        ] {
            assert_eq!(
                cooldown(failures, retry_after, jitter),
                expected,
                "{failures} {retry_after:?} {jitter}"
            );
        }
    }
}
