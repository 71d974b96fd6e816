//! Whether a request may be sent once more: rules over its method, its body, and how an attempt ended. Known before it is sent.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rules;
use crate::timeline::event::BodyClass;

/// From this length on, a body is worth a token that outlives its upload: a refusal in the middle is not reliably seen.
pub const LARGE_BODY_BYTES: u64 = 1024 * 1024;

/// What is assumed of an upload when its time is estimated.
const UPLOAD_BYTES_PER_SECOND: u64 = 1024 * 1024;
/// The least and the most that a token must live on for a large body.
const FRESH_FOR_BOUNDS: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// What can be done about a request that does not get through, before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ReplaySafety {
    /// When its token is refused.
    pub after_refusal: Replay,
    /// When the connection breaks and nobody knows whether it was applied. The engine does not repeat it then; the user may.
    pub after_lost_connection: Replay,
    /// It is sent only with a token that outlives the upload, refreshed first where need be.
    pub fresh_token_first: bool,
}

/// Whether a request can be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// Byte for byte.
    Identical,
    /// Byte for byte, unless a file of its body changes meanwhile.
    IfUnchanged,
    /// Not, since its body can be read only once.
    OneShot,
    /// Not, since it may have been applied and its method is not idempotent (RFC 9110 §9.2.2).
    NotIdempotent,
}

/// The verdict on a request by its method and its body. A body of unknown length is taken for a large one.
pub fn replay_safety(method: &str, class: BodyClass, bytes: Option<u64>) -> ReplaySafety {
    let after_refusal = match class {
        BodyClass::None | BodyClass::Memory => Replay::Identical,
        BodyClass::Files => Replay::IfUnchanged,
        BodyClass::OneShot => Replay::OneShot,
    };
    ReplaySafety {
        after_refusal,
        after_lost_connection: if is_idempotent(method) {
            after_refusal
        } else {
            Replay::NotIdempotent
        },
        fresh_token_first: !fresh_for(class, bytes).is_zero(),
    }
}

/// How long a token must live on for a request to be sent with it. Zero: the token at hand will do.
pub(crate) fn fresh_for(class: BodyClass, bytes: Option<u64>) -> Duration {
    let large = bytes.is_none_or(|bytes| bytes >= LARGE_BODY_BYTES);
    let wanted = match class {
        BodyClass::None => false,
        BodyClass::Memory | BodyClass::Files => large,
        // It cannot be repeated, so it must not be refused.
        BodyClass::OneShot => true,
    };
    if !wanted {
        return Duration::ZERO;
    }
    let upload = Duration::from_secs(bytes.unwrap_or_default() / UPLOAD_BYTES_PER_SECOND);
    FRESH_FOR_BOUNDS
        .0
        .saturating_add(upload)
        .min(FRESH_FOR_BOUNDS.1)
}

/// Methods whose repetition asks for nothing new (RFC 9110 §9.2.2). An unknown method is not among them.
fn is_idempotent(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE"
    )
}

/// An attempt that ended before an answer came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The connection broke after it was open.
    pub(crate) broken: bool,
    /// Something of the body was sent.
    pub(crate) began: bool,
    /// All of the body was sent.
    pub(crate) whole: bool,
    /// The token had expired by the local clock, or a server had refused it: it explains the loss.
    pub(crate) stale: bool,
}

/// Whether an attempt without an answer is taken for a refusal of the token, and the rule that says so.
///
/// A server may refuse by an answer that is never read, because it closes while the body is still on its way.
pub(crate) fn is_refusal_in_disguise(lost: Lost<'_>) -> (bool, &'static str) {
    if !lost.broken && rules::on("lost.other_failure") {
        return (false, "lost.other_failure");
    }
    if !lost.began && rules::on("lost.no_upload") {
        return (false, "lost.no_upload");
    }
    if !lost.stale && rules::on("lost.not_explained") {
        return (false, "lost.not_explained");
    }
    if !lost.whole && rules::on("lost.refused_while_uploading") {
        return (true, "lost.refused_while_uploading");
    }
    if is_idempotent(lost.method) && rules::on("lost.repeatable_with_old_token") {
        return (true, "lost.repeatable_with_old_token");
    }
    // The server had all of it. Our clock may be wrong about the token, and then it may have been applied.
    (false, "lost.may_have_been_applied")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_known_before_anything_is_sent() {
        use BodyClass::{Files, Memory, None, OneShot};
        for (method, class, bytes, refusal, lost, fresh) in [
            (
                "GET",
                None,
                Some(0),
                Replay::Identical,
                Replay::Identical,
                false,
            ),
            (
                "POST",
                None,
                Some(0),
                Replay::Identical,
                Replay::NotIdempotent,
                false,
            ),
            (
                "POST",
                Memory,
                Some(10),
                Replay::Identical,
                Replay::NotIdempotent,
                false,
            ),
            (
                "PUT",
                Memory,
                Some(5 << 20),
                Replay::Identical,
                Replay::Identical,
                true,
            ),
            (
                "PUT",
                Files,
                Some(10),
                Replay::IfUnchanged,
                Replay::IfUnchanged,
                false,
            ),
            (
                "POST",
                Files,
                Option::None,
                Replay::IfUnchanged,
                Replay::NotIdempotent,
                true,
            ),
            (
                "PUT",
                OneShot,
                Some(10),
                Replay::OneShot,
                Replay::OneShot,
                true,
            ),
            (
                "POST",
                OneShot,
                Option::None,
                Replay::OneShot,
                Replay::NotIdempotent,
                true,
            ),
            (
                "PURGE",
                None,
                Some(0),
                Replay::Identical,
                Replay::NotIdempotent,
                false,
            ),
        ] {
            let expected = ReplaySafety {
                after_refusal: refusal,
                after_lost_connection: lost,
                fresh_token_first: fresh,
            };
            assert_eq!(
                replay_safety(method, class, bytes),
                expected,
                "{method} {class:?} {bytes:?}"
            );
        }
    }

    #[test]
    fn the_larger_the_body_the_longer_its_token_must_live() {
        let seconds = Duration::from_secs;
        for (class, bytes, expected) in [
            (BodyClass::None, None, seconds(0)),
            (BodyClass::Memory, Some(LARGE_BODY_BYTES - 1), seconds(0)),
            (BodyClass::Memory, Some(LARGE_BODY_BYTES), seconds(31)),
            (BodyClass::Files, Some(100 << 20), seconds(130)),
            (BodyClass::Files, Some(u64::MAX), seconds(600)),
            (BodyClass::OneShot, None, seconds(30)),
            (BodyClass::OneShot, Some(1), seconds(30)),
        ] {
            assert_eq!(fresh_for(class, bytes), expected, "{class:?} {bytes:?}");
        }
    }

    /// Scenarios 99 and 102.
    #[test]
    fn a_lost_connection_is_a_refusal_only_where_the_token_explains_it() {
        let lost = |method, broken, began, whole, stale| Lost {
            method,
            broken,
            began,
            whole,
            stale,
        };
        for (lost, expected) in [
            (
                lost("PUT", false, true, true, true),
                (false, "lost.other_failure"),
            ),
            (
                lost("GET", true, false, true, true),
                (false, "lost.no_upload"),
            ),
            (
                lost("POST", true, true, false, false),
                (false, "lost.not_explained"),
            ),
            (
                lost("PUT", true, true, true, false),
                (false, "lost.not_explained"),
            ),
            (
                lost("POST", true, true, false, true),
                (true, "lost.refused_while_uploading"),
            ),
            (
                lost("PUT", true, true, true, true),
                (true, "lost.repeatable_with_old_token"),
            ),
            (
                lost("POST", true, true, true, true),
                (false, "lost.may_have_been_applied"),
            ),
        ] {
            assert_eq!(is_refusal_in_disguise(lost), expected, "{lost:?}");
        }
    }
}
