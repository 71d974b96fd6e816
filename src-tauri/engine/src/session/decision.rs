//! What to do about an answer: pure rules over the lease of the attempt and the session as it is now (engine.md 3.3).
//!
//! ```text
//! answer -> is_refusal? -no-> return it
//!               | yes
//!           on_refusal: by the lease the attempt was sent under, never by "now" alone
//!               |-> return it | fail | repeat with the newer token | join the flight | start one
//! ```

use crate::timeline::event::{LoginCause, Verdict};

/// Whether an answer refuses the token, and the rule that says so.
pub(crate) fn is_refusal(status: u16, authorized: bool) -> (Verdict, &'static str) {
    match (status, authorized) {
        (401, true) => (Verdict::TokenRefused, "answer.token_refused"),
        (401, false) => (Verdict::Returned, "answer.no_token_was_sent"),
        _ => (Verdict::Returned, "answer.not_401"),
    }
}

/// What a refusal is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    /// The sign-in and the generation under which the attempt was sent.
    pub(crate) lease: (u32, u32),
    /// The send was repeated before.
    pub(crate) retried: bool,
    /// The sign-in and the generation of the session now; no generation: no token.
    pub(crate) current: (u32, Option<u32>),
    /// How the session stands.
    pub(crate) standing: StandingKind,
    /// A flight is under way.
    pub(crate) flight: bool,
    /// There is a refresh token.
    pub(crate) refreshable: bool,
}

/// How a session stands, as far as decisions need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandingKind {
    /// A flight may be started.
    Ready,
    /// A refresh failed a moment ago and is not tried yet.
    Cooling,
    /// The session's set-up was refused.
    Misconfigured,
    /// Only signing in again helps.
    Ended(LoginCause),
    /// No token, or none that is known.
    SignedOut,
}

/// What is done about a refusal, with the rule that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The 401 is returned as it is.
    Return(&'static str),
    /// It is repeated at once with the newer token; no refresh.
    RetryWithNewer(&'static str),
    /// It waits for the flight under way.
    Join(&'static str),
    /// A flight is started, and it waits for that.
    Start(&'static str),
    /// The session cannot be refreshed; signing in is the way on. The 401 is returned with that reason.
    End(&'static str),
}

/// The decision on an attempt whose token was refused.
pub(crate) fn on_refusal(refusal: Refusal) -> Decision {
    let (epoch, generation) = refusal.lease;
    if refusal.current.0 != epoch {
        // Whoever signed in since may be somebody else: never repeat one user's request as another (scenario 120).
        return Decision::Return("lease.superseded");
    }
    match refusal.standing {
        StandingKind::Ended(_) => return Decision::Return("session.ended"),
        StandingKind::SignedOut => return Decision::Return("session.signed_out"),
        StandingKind::Ready | StandingKind::Cooling | StandingKind::Misconfigured => {}
    }
    if refusal.retried {
        // RFC 9110 §15.5.2: the same challenge after new credentials is shown, not answered again.
        return Decision::Return("retry.spent");
    }
    if refusal
        .current
        .1
        .is_some_and(|current| current > generation)
    {
        return Decision::RetryWithNewer("lease.newer_generation");
    }
    if refusal.flight {
        return Decision::Join("flight.join");
    }
    match refusal.standing {
        StandingKind::Cooling => Decision::Return("cooldown.wait"),
        StandingKind::Misconfigured => Decision::Return("session.misconfigured"),
        _ if !refusal.refreshable => Decision::End("session.no_refresh_token"),
        _ => Decision::Start("flight.start"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Refusal = Refusal {
        lease: (1, 1),
        retried: false,
        current: (1, Some(1)),
        standing: StandingKind::Ready,
        flight: false,
        refreshable: true,
    };

    #[test]
    fn a_refusal_is_judged_by_its_lease() {
        let ended = StandingKind::Ended(LoginCause::InvalidGrant);
        for (refusal, expected) in [
            (REFUSED, Decision::Start("flight.start")),
            (
                Refusal {
                    flight: true,
                    ..REFUSED
                },
                Decision::Join("flight.join"),
            ),
            (
                Refusal {
                    current: (1, Some(2)),
                    ..REFUSED
                },
                Decision::RetryWithNewer("lease.newer_generation"),
            ),
            (
                Refusal {
                    current: (1, Some(2)),
                    flight: true,
                    ..REFUSED
                },
                Decision::RetryWithNewer("lease.newer_generation"),
            ),
            (
                Refusal {
                    current: (1, Some(2)),
                    retried: true,
                    ..REFUSED
                },
                Decision::Return("retry.spent"),
            ),
            (
                Refusal {
                    retried: true,
                    flight: true,
                    ..REFUSED
                },
                Decision::Return("retry.spent"),
            ),
            (
                Refusal {
                    current: (2, Some(1)),
                    ..REFUSED
                },
                Decision::Return("lease.superseded"),
            ),
            (
                Refusal {
                    current: (2, None),
                    standing: StandingKind::SignedOut,
                    ..REFUSED
                },
                Decision::Return("lease.superseded"),
            ),
            (
                Refusal {
                    standing: StandingKind::SignedOut,
                    ..REFUSED
                },
                Decision::Return("session.signed_out"),
            ),
            (
                Refusal {
                    standing: ended,
                    ..REFUSED
                },
                Decision::Return("session.ended"),
            ),
            (
                Refusal {
                    standing: ended,
                    current: (1, Some(2)),
                    ..REFUSED
                },
                Decision::Return("session.ended"),
            ),
            (
                Refusal {
                    standing: StandingKind::Cooling,
                    ..REFUSED
                },
                Decision::Return("cooldown.wait"),
            ),
            (
                Refusal {
                    standing: StandingKind::Cooling,
                    flight: true,
                    ..REFUSED
                },
                Decision::Join("flight.join"),
            ),
            (
                Refusal {
                    standing: StandingKind::Misconfigured,
                    ..REFUSED
                },
                Decision::Return("session.misconfigured"),
            ),
            (
                Refusal {
                    refreshable: false,
                    ..REFUSED
                },
                Decision::End("session.no_refresh_token"),
            ),
        ] {
            assert_eq!(on_refusal(refusal), expected, "{refusal:?}");
        }
    }

    #[test]
    fn only_a_401_to_our_token_refuses_it() {
        for (status, authorized, verdict) in [
            (401, true, Verdict::TokenRefused),
            (401, false, Verdict::Returned),
            (403, true, Verdict::Returned),
            (407, true, Verdict::Returned),
            (200, true, Verdict::Returned),
            (302, true, Verdict::Returned),
        ] {
            assert_eq!(
                is_refusal(status, authorized).0,
                verdict,
                "{status} {authorized}"
            );
        }
    }
}
