//! The moments of a refresh at which a process may die, marked so that a test can stop one exactly there.
//!
//! Without the feature `failpoints` a mark costs nothing and does nothing. With it, a process whose environment says
//! `SANDGLASS_STOP_AT=sent` stops itself when a refresh reaches that mark, as if the machine had frozen; the test that
//! waits for this then kills it, starts another one, and asks what is left. A sign-in passes some of the marks as well;
//! tests let another process sign in.
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

/// A refresh has come this far; the process stops here if its environment asks for that.
#[cfg(all(feature = "failpoints", unix))]
pub(crate) fn reach(point: Point) {
    use rustix::process::{Signal, getpid, kill_process};
    if std::env::var_os("SANDGLASS_STOP_AT").is_some_and(|wanted| wanted == point.name()) {
        kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
    }
}
