//! The moments of a refresh at which a process may die, marked so that a test can stop one exactly there.
//!
//! Without the feature `failpoints` a mark costs nothing and does nothing. With it, a process that was armed for a mark
//! (by [`arm`], or by `SANDGLASS_STOP_AT=sent` in its environment) stops itself when it gets there, as if the machine had
//! frozen; the test that waits for this then kills it, starts another one, and asks what is left. A sign-in passes some
//! of the marks as well, so a test arms after it.
//!
//! ```text
//! before_intent -> intent -> sent -> head_received -> body_whole -> parsed
//!               -> slot_written -> committed -> published -> old_slot_erased
//! ```

/// A moment of a refresh (reliability.md 3.2), in the order in which a flight passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The lock is held and the record was read again; nothing is written yet.
    BeforeIntent,
    /// The journal holds the intent, on disk.
    Intent,
    /// The journal says that the refresh token is about to leave; it leaves next.
    Sent,
    /// The head of the reply is here, its body is not.
    HeadReceived,
    /// The body of the reply is whole, in memory only.
    BodyWhole,
    /// The new pair was read out of the body.
    Parsed,
    /// The new pair is in the other slot, and was read back.
    SlotWritten,
    /// The journal says that the exchange is over.
    Committed,
    /// Requests carry the new generation.
    Published,
    /// The slot of the generation before no longer holds its tokens.
    OldSlotErased,
}

impl Point {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::BeforeIntent,
        Self::Intent,
        Self::Sent,
        Self::HeadReceived,
        Self::BodyWhole,
        Self::Parsed,
        Self::SlotWritten,
        Self::Committed,
        Self::Published,
        Self::OldSlotErased,
    ];

    /// Its name in the environment and in tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before_intent",
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::HeadReceived => "head_received",
            Self::BodyWhole => "body_whole",
            Self::Parsed => "parsed",
            Self::SlotWritten => "slot_written",
            Self::Committed => "committed",
            Self::Published => "published",
            Self::OldSlotErased => "old_slot_erased",
        }
    }
}

/// A refresh has come this far.
#[cfg(not(all(feature = "failpoints", unix)))]
pub(crate) fn reach(_: Point) {}

/// The mark to stop at, as its place in [`Point::ALL`] plus one; 0: none.
#[cfg(all(feature = "failpoints", unix))]
static ARMED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Longer than the system takes to stop all threads of a process.
#[cfg(all(feature = "failpoints", unix))]
const STOP_TAKES: std::time::Duration = std::time::Duration::from_secs(1);

/// Stops this process when a refresh reaches the mark.
#[cfg(all(feature = "failpoints", unix))]
pub fn arm(point: Point) {
    let place = Point::ALL.iter().position(|candidate| *candidate == point);
    ARMED.store(
        place.map_or(0, |place| place + 1),
        std::sync::atomic::Ordering::SeqCst,
    );
}

/// A refresh has come this far; the process stops here if it was armed for that.
#[cfg(all(feature = "failpoints", unix))]
pub(crate) fn reach(point: Point) {
    use rustix::process::{Signal, getpid, kill_process};
    let armed = ARMED.load(std::sync::atomic::Ordering::SeqCst);
    let named = std::env::var_os("SANDGLASS_STOP_AT");
    if named.is_some_and(|wanted| wanted == point.name())
        || armed.checked_sub(1).map(|place| Point::ALL[place]) == Some(point)
    {
        kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
        // The signal may be taken by another thread, and this one may run on until that has been scheduled.
        std::thread::sleep(STOP_TAKES);
    }
}
