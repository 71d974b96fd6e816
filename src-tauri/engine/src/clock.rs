//! Time, from outside: one clock that never goes back, one that people read. Tests bring their own.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC by the local clock, which may be wrong and may jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct WallMs(#[cfg_attr(feature = "bindings", ts(type = "number"))] pub i64);

impl WallMs {
    /// This much later; stops at the end of time instead of overflowing.
    #[must_use]
    pub fn plus(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(duration_ms))
    }

    /// Milliseconds from `earlier` to here; negative if `earlier` is later.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for WallMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where the engine reads the time.
pub trait Clock: Send + Sync + 'static {
    /// Time since the run began; never goes back. May stand still while the machine sleeps.
    fn mono(&self) -> Duration;
    /// The local clock.
    fn wall(&self) -> WallMs;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            began: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn mono(&self) -> Duration {
        self.began.elapsed()
    }

    fn wall(&self) -> WallMs {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        WallMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Whole milliseconds of a duration, capped instead of overflowing.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whole microseconds of a duration, capped instead of overflowing.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
