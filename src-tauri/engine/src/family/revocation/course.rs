//! Whether a token is asked to be taken back (again), and when: pure.

use std::time::Duration;

use super::notes::Note;
use crate::clock::{WallMs, millis};
use crate::rules;

/// Exchanges for one token at most.
pub(super) const TRIES_MAX: u32 = 24;
/// A token that was signed out of longer ago than this is let go: most have expired by then.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The waits between two tries: doubled from the first to the second.
pub(super) const WAIT_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(15), Duration::from_secs(6 * 60 * 60));

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// The token is worth nothing now, as the server says.
    Taken,
    /// It is asked again after this, in milliseconds.
    Again(u64),
    /// It is not asked again.
    GivenUp,
}

/// Why a token is let go before it is asked for. `None`: it is asked for.
pub(super) fn before(note: &Note, now: WallMs, as_approved: bool) -> Option<&'static str> {
    let age_ms = now.since_ms(note.queued_ms).max(0).unsigned_abs();
    if !as_approved && rules::on("revocation.set_up_changed") {
        return Some("revocation.set_up_changed");
    }
    (age_ms > millis(AGE_MAX) && rules::on("revocation.too_old")).then_some("revocation.too_old")
}

/// What becomes of a token after its try of this number. A server that is busy is believed to honour it still (RFC 7009
/// §2.2.1), and so is one that cannot be reached; one that refuses does so for good.
pub(super) fn after(
    tries: u32,
    status: Option<u16>,
    retry_after_ms: Option<u64>,
) -> (Course, &'static str) {
    if matches!(status, Some(200..=299)) && rules::on("revocation.taken") {
        return (Course::Taken, "revocation.taken");
    }
    let busy = matches!(status, None | Some(408 | 429 | 500..=599));
    if busy && tries >= TRIES_MAX && rules::on("revocation.tries_spent") {
        return (Course::GivenUp, "revocation.tries_spent");
    }
    let doublings = tries.saturating_sub(1).min(TRIES_MAX);
    let wait_ms = millis(WAIT_BOUNDS.0)
        .saturating_mul(1 << doublings)
        .max(retry_after_ms.unwrap_or(0))
        .min(millis(WAIT_BOUNDS.1));
    if status.is_none() && rules::on("revocation.unreachable") {
        return (Course::Again(wait_ms), "revocation.unreachable");
    }
    if busy && rules::on("revocation.busy") {
        return (Course::Again(wait_ms), "revocation.busy");
    }
    (Course::GivenUp, "revocation.refused")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::InstallKey;
    use crate::token::TokenKind;

    /// Scenario 121, answer by answer.
    #[test]
    fn an_answer_decides_whether_a_token_is_asked_back_again() {
        let hour = 60 * 60 * 1_000;
        for (tries, status, retry_after_ms, course, rule_id) in [
            (1, Some(200), None, Course::Taken, "revocation.taken"),
            (
                TRIES_MAX,
                Some(204),
                None,
                Course::Taken,
                "revocation.taken",
            ),
            (
                1,
                None,
                None,
                Course::Again(15_000),
                "revocation.unreachable",
            ),
            (
                3,
                None,
                None,
                Course::Again(60_000),
                "revocation.unreachable",
            ),
            (
                23,
                None,
                None,
                Course::Again(6 * hour),
                "revocation.unreachable",
            ),
            (1, Some(503), None, Course::Again(15_000), "revocation.busy"),
            (
                1,
                Some(503),
                Some(90_000),
                Course::Again(90_000),
                "revocation.busy",
            ),
            (
                5,
                Some(429),
                Some(1_000),
                Course::Again(240_000),
                "revocation.busy",
            ),
            (
                1,
                Some(503),
                Some(u64::MAX),
                Course::Again(6 * hour),
                "revocation.busy",
            ),
            (1, Some(302), None, Course::GivenUp, "revocation.refused"),
            (1, Some(400), None, Course::GivenUp, "revocation.refused"),
            (1, Some(401), None, Course::GivenUp, "revocation.refused"),
            (1, Some(404), None, Course::GivenUp, "revocation.refused"),
            (
                TRIES_MAX,
                None,
                None,
                Course::GivenUp,
                "revocation.tries_spent",
            ),
            (
                TRIES_MAX,
                Some(500),
                None,
                Course::GivenUp,
                "revocation.tries_spent",
            ),
            (
                u32::MAX,
                Some(503),
                None,
                Course::GivenUp,
                "revocation.tries_spent",
            ),
        ] {
            assert_eq!(
                after(tries, status, retry_after_ms),
                (course, rule_id),
                "{tries} {status:?} {retry_after_ms:?}"
            );
        }
    }

    /// Scenario 121: neither for ever, nor at a server that nobody has approved.
    #[test]
    fn a_token_is_let_go_when_it_is_old_or_would_go_elsewhere() {
        let note = Note {
            token: TokenKind::Refresh,
            fingerprint: InstallKey::generate()
                .expect("random numbers")
                .fingerprint(&"r".into()),
            queued_ms: WallMs(1_000),
            next_ms: WallMs(1_000),
            tries: 0,
        };
        let oldest = note.queued_ms.plus(millis(AGE_MAX));
        for (now, as_approved, expected) in [
            (note.queued_ms, true, None),
            (oldest, true, None),
            (oldest.plus(1), true, Some("revocation.too_old")),
            // The local clock may have gone back.
            (WallMs(0), true, None),
            (note.queued_ms, false, Some("revocation.set_up_changed")),
        ] {
            assert_eq!(before(&note, now, as_approved), expected, "{now:?}");
        }
    }
}
