//! What to do about a refusal: pure rules over the lease of the attempt and the session as it is now (engine.md 3.3).
//!
//! ```text
//! answer -> exchange::judge -no refusal-> return it
//!               | token refused
//!           on_refusal: by the lease the attempt was sent under, never by "now" alone
//!               |-> return it | fail | repeat with the newer token | join the flight | start one
//! ```

use crate::rules;
use crate::timeline::event::LoginCause;

/// What a refusal is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    /// The sign-in and the generation under which the attempt was sent.
    pub(crate) lease: (u32, u32),
    /// The token of the lease had expired by the local clock.
    pub(crate) lease_expired: bool,
    /// The send was repeated before.
    pub(crate) retried: bool,
    /// The sign-in and the generation of the session's token now; no generation: no token.
    pub(crate) current: (u32, Option<u32>),
    /// How the family stands.
    pub(crate) standing: StandingKind,
    /// A flight is under way.
    pub(crate) flight: Option<FlightFor>,
    /// The origin refused a fresh token of this generation before.
    pub(crate) quarantined: bool,
    /// Refreshes were followed by refusals too often in the last minute.
    pub(crate) exhausted: bool,
    /// There is a refresh token.
    pub(crate) refreshable: bool,
}

/// Whom the flight under way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlightFor {
    /// The session whose attempt was refused.
    ThisSession,
    /// Another session of its family.
    AnotherSession,
}

/// How a family stands, as far as decisions need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandingKind {
    /// A flight may be started.
    Ready,
    /// A refresh failed a moment ago and is not tried yet.
    Cooling,
    /// The family is dead; only what is left of its access tokens works.
    Degraded(LoginCause),
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
    /// It waits until another session's flight has landed, and is judged again.
    Queue(&'static str),
    /// A flight is started, and it waits for that.
    Start(&'static str),
    /// The session cannot be refreshed; signing in is the way on. The 401 is returned with that reason.
    End(LoginCause, &'static str),
}

/// The decision on an attempt whose token was refused.
pub(crate) fn on_refusal(refusal: Refusal) -> Decision {
    let (epoch, generation) = refusal.lease;
    // Whoever signed in since may be somebody else: never repeat one user's request as another (scenario 120).
    if refusal.current.0 != epoch && rules::on("lease.superseded") {
        return Decision::Return("lease.superseded");
    }
    match refusal.standing {
        StandingKind::Ended(_) if rules::on("session.ended") => {
            return Decision::Return("session.ended");
        }
        StandingKind::SignedOut if rules::on("session.signed_out") => {
            return Decision::Return("session.signed_out");
        }
        _ => {}
    }
    // RFC 9110 §15.5.2: the same challenge after new credentials is shown, not answered again.
    if refusal.retried && rules::on("retry.spent") {
        return Decision::Return("retry.spent");
    }
    if refusal
        .current
        .1
        .is_some_and(|current| current > generation)
        && rules::on("lease.newer_generation")
    {
        return Decision::RetryWithNewer("lease.newer_generation");
    }
    match refusal.flight {
        Some(FlightFor::ThisSession) if rules::on("flight.join") => {
            return Decision::Join("flight.join");
        }
        Some(FlightFor::AnotherSession) if rules::on("flight.queue") => {
            return Decision::Queue("flight.queue");
        }
        // Without the rule that joins it, a second flight must not take off beside the first.
        Some(_) => return Decision::Return("flight.ignored"),
        None => {}
    }
    // An expired lease says nothing about the origin, so quarantine does not judge it (scenario 128).
    if refusal.quarantined && !refusal.lease_expired && rules::on("origin.quarantined") {
        return Decision::Return("origin.quarantined");
    }
    match refusal.standing {
        StandingKind::Degraded(cause) if rules::on("session.degraded") => {
            Decision::End(cause, "session.degraded")
        }
        StandingKind::Cooling if rules::on("cooldown.wait") => Decision::Return("cooldown.wait"),
        StandingKind::Misconfigured if rules::on("session.misconfigured") => {
            Decision::Return("session.misconfigured")
        }
        _ if refusal.exhausted && rules::on("refresh.exhausted") => {
            Decision::Return("refresh.exhausted")
        }
        _ if !refusal.refreshable => {
            Decision::End(LoginCause::NoRefreshToken, "session.no_refresh_token")
        }
        _ if rules::on("flight.start") => Decision::Start("flight.start"),
        _ => Decision::Return("flight.not_started"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Refusal = Refusal {
        lease: (1, 1),
        lease_expired: false,
        retried: false,
        current: (1, Some(1)),
        standing: StandingKind::Ready,
        flight: None,
        quarantined: false,
        exhausted: false,
        refreshable: true,
    };

    /// Scenarios 1, 2, 6, 11, 12, 120 and 128, rule by rule.
    #[test]
    fn a_refusal_is_judged_by_its_lease() {
        let flying = Some(FlightFor::ThisSession);
        let ended = StandingKind::Ended(LoginCause::InvalidGrant);
        let degraded = StandingKind::Degraded(LoginCause::Reuse);
        for (refusal, expected) in [
            (REFUSED, Decision::Start("flight.start")),
            (
                Refusal {
                    flight: flying,
                    ..REFUSED
                },
                Decision::Join("flight.join"),
            ),
            (
                Refusal {
                    flight: Some(FlightFor::AnotherSession),
                    ..REFUSED
                },
                Decision::Queue("flight.queue"),
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
                    flight: flying,
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
                    flight: flying,
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
                    standing: degraded,
                    ..REFUSED
                },
                Decision::End(LoginCause::Reuse, "session.degraded"),
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
                    flight: flying,
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
                    quarantined: true,
                    ..REFUSED
                },
                Decision::Return("origin.quarantined"),
            ),
            (
                Refusal {
                    quarantined: true,
                    lease_expired: true,
                    ..REFUSED
                },
                Decision::Start("flight.start"),
            ),
            (
                Refusal {
                    exhausted: true,
                    ..REFUSED
                },
                Decision::Return("refresh.exhausted"),
            ),
            (
                Refusal {
                    refreshable: false,
                    ..REFUSED
                },
                Decision::End(LoginCause::NoRefreshToken, "session.no_refresh_token"),
            ),
        ] {
            assert_eq!(on_refusal(refusal), expected, "{refusal:?}");
        }
    }
}
