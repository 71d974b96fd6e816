//! The machine's clock, and a hand that moves it ahead.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sandglass_engine::clock::{Clock, SystemClock, WallMs};

/// Runs like the machine's clock, and can be put ahead: hours pass without waiting.
#[derive(Default)]
pub struct HandClock {
    system: SystemClock,
    ahead_ms: AtomicU64,
    stepped_ms: AtomicI64,
}

impl HandClock {
    /// Puts both clocks ahead by this much.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(
            u64::try_from(by.as_millis()).expect("a test's hours"),
            Ordering::SeqCst,
        );
    }

    /// Moves the local clock alone, ahead or back, as a user or a time server does.
    pub fn step(&self, by_ms: i64) {
        self.stepped_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn mono(&self) -> Duration {
        self.system.mono() + Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn wall(&self) -> WallMs {
        let ahead = self
            .system
            .wall()
            .plus(self.ahead_ms.load(Ordering::SeqCst));
        WallMs(ahead.0 + self.stepped_ms.load(Ordering::SeqCst))
    }
}
