//! The machine's clock, and a hand that moves it ahead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sandglass_engine::clock::{Clock, SystemClock, WallMs};

/// Runs like the machine's clock, and can be put ahead: hours pass without waiting.
#[derive(Default)]
pub struct HandClock {
    system: SystemClock,
    ahead_ms: AtomicU64,
}

impl HandClock {
    /// Puts both clocks ahead by this much.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(
            u64::try_from(by.as_millis()).expect("a test's hours"),
            Ordering::SeqCst,
        );
    }
}

impl Clock for HandClock {
    fn mono(&self) -> Duration {
        self.system.mono() + Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn wall(&self) -> WallMs {
        self.system
            .wall()
            .plus(self.ahead_ms.load(Ordering::SeqCst))
    }
}
