//! Clocks: the token's life was over, or had not begun, by the clock that counts, which is the API's.

use crate::verdict::case::{Case, Lease, SKEW_MIN_MS, Try};
use crate::verdict::explanation::{Certainty, Finding, NextStep};
use crate::verdict::words::Topic;

/// A token that is said to be expired with less than this left ran out on the way: lifetimes are whole seconds, and replies
/// travel.
const ON_THE_WAY_MS: i64 = 2_500;

/// Said of time on a 401, it is believed; a 403 may mean rights as well.
fn sure(refused: &Try<'_>) -> Certainty {
    if refused.status() == Some(401) || refused.says(Topic::Expired) {
        Certainty::Certain
    } else {
        Certainty::Likely
    }
}

/// A reason that speaks of something else than time.
fn says_otherwise(refused: &Try<'_>) -> bool {
    [
        Topic::Audience,
        Topic::Issuer,
        Topic::Signature,
        Topic::Malformed,
        Topic::Revoked,
        Topic::NotYetValid,
    ]
    .into_iter()
    .any(|topic| refused.says(topic))
        || refused.has_error("insufficient_scope")
}

/// What is common to findings about a lease: whose token it is, how old it was.
fn about(finding: Finding, refused: &Try<'_>, lease: &Lease<'_>) -> Finding {
    finding
        .naming("generation", Some(Case::generation(lease)))
        .with("age_ms", lease.age_ms)
        .on(refused.evidence())
}

/// The session's token had run out before it was sent, by the local clock and by the API's, as far as that is known.
pub(super) fn expired(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| !says_otherwise(refused))?;
    let lease = refused.lease.as_ref()?;
    let left = refused.left_ms().filter(|left| *left <= 0)?;
    // By the API's own clock it is good: then it is not the time.
    if refused
        .left_at_server_ms()
        .is_some_and(|left| left > SKEW_MIN_MS)
        && !refused.says(Topic::Expired)
    {
        return None;
    }
    let finding = Finding::new("token.expired", sure(refused)).with("over_ms", left.unsigned_abs());
    Some(about(finding, refused, lease).then(&steps(case)))
}

/// It ran out between here and there.
pub(super) fn expired_on_the_way(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| !says_otherwise(refused))?;
    let lease = refused.lease.as_ref()?;
    let left = refused
        .left_ms()
        .filter(|left| (1..=ON_THE_WAY_MS).contains(left))?;
    let certainty = if refused.says(Topic::Expired) {
        Certainty::Certain
    } else {
        Certainty::Likely
    };
    if certainty == Certainty::Likely && !case.was_repaired() {
        return None;
    }
    let finding = Finding::new("token.expired_on_the_way", certainty).with("left_ms", left);
    Some(about(finding, refused, lease).then(&steps(case)))
}

/// Good by the local clock and over by the API's: the local clock is behind.
pub(super) fn clock_behind(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| !says_otherwise(refused))?;
    let skew = refused.skew_ms().filter(|skew| *skew > 0)?;
    let left = refused.left_ms().filter(|left| *left > 0)?;
    // Where the token names no end, what is left here is left there too, but for the clocks.
    let there = refused.left_at_server_ms().unwrap_or(left - skew);
    if there > 0 {
        return None;
    }
    let certainty = if refused.left_at_server_ms().is_some() || refused.says(Topic::Expired) {
        sure(refused)
    } else {
        Certainty::Likely
    };
    let finding = Finding::new("clock.behind", certainty)
        .with("skew_ms", skew)
        .with("over_ms", there.unsigned_abs())
        .with("left_ms", left)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
        .on(refused.lease.as_ref().and_then(|lease| lease.issued));
    Some(finding.then(&[NextStep::SetClock]))
}

/// The server says that it expired, long before it should have by what it was issued with.
pub(super) fn expired_early(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.says(Topic::Expired))?;
    let lease = refused.lease.as_ref()?;
    let left = refused.left_ms().filter(|left| *left > ON_THE_WAY_MS)?;
    if refused.left_at_server_ms().is_some_and(|left| left <= 0) {
        return None;
    }
    let finding = Finding::certain("token.expired_early").with("left_ms", left);
    Some(about(finding, refused, lease).then(&steps(case)))
}

/// The server says that it expired, and nobody here knew how long it lives.
pub(super) fn expired_said(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.says(Topic::Expired))?;
    let lease = refused.lease.as_ref()?;
    if refused.left_ms().is_some() {
        return None;
    }
    let finding = Finding::certain("token.expired_said");
    Some(about(finding, refused, lease).then(&steps(case)))
}

/// `nbf` lies ahead by the API's clock, or it says so.
pub(super) fn not_yet_valid(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let head = refused.head.as_ref()?;
    let claims = refused.claims();
    let begins = claims.and_then(|claims| claims.not_before_ms.or(claims.issued_at_ms));
    let now = head.skew_ms.map(|skew| head.wall_ms.saturating_add(skew));
    let early = begins
        .zip(now)
        .map(|(begins, now)| begins.0.saturating_sub(now))
        .filter(|early| *early > SKEW_MIN_MS);
    let said = refused.says(Topic::NotYetValid);
    let dated = early.is_some()
        && head.status == 401
        && claims.is_some_and(|claims| claims.not_before_ms.is_some())
        && !says_otherwise(refused)
        && !refused.says(Topic::Expired);
    if !said && !dated {
        return None;
    }
    let finding = Finding::certain("token.not_yet_valid")
        .with_some("early_ms", early)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
        .on(refused.lease.as_ref().and_then(|lease| lease.issued));
    Some(finding.then(&[NextStep::Wait, NextStep::AskIssuer]))
}

/// The local clock was put back since the token came, so that it looks younger than it is.
pub(super) fn clock_moved_back(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| !says_otherwise(refused))?;
    let lease = refused.lease.as_ref()?;
    let left = refused.left_ms().filter(|left| *left > 0)?;
    let issued = lease.issued?;
    let moves: Vec<_> = case
        .history
        .jumps
        .iter()
        .filter(|(key, _)| *key > issued && *key < lease.key)
        .collect();
    let moved: i64 = moves.iter().map(|(_, delta)| delta).sum();
    if moved > -SKEW_MIN_MS || left.saturating_add(moved) > 0 {
        return None;
    }
    let finding = Finding::likely("clock.moved_back").with("moved_ms", moved.unsigned_abs());
    let finding = about(finding, refused, lease).on(moves.iter().map(|(key, _)| *key));
    Some(finding.then(&[NextStep::SetClock]))
}

/// What there is to do about a token whose time is over.
fn steps(case: &Case<'_>) -> Vec<NextStep> {
    if case.was_repaired() {
        vec![NextStep::Nothing]
    } else {
        vec![NextStep::RefreshNow, NextStep::SendAgain]
    }
}
