//! What the session's own course explains: no token, another sign-in, a token that was replaced or ended.

use crate::error::Code;
use crate::timeline::event::{FlightClass, Verdict, Withheld};
use crate::verdict::case::{Case, Try};
use crate::verdict::explanation::{Finding, NextStep};
use crate::verdict::words::Topic;

/// A token with more than this left, in milliseconds, did not just run out.
const ALIVE_MS: i64 = 2_500;

pub(super) fn origin_not_allowed(case: &Case<'_>) -> Option<Finding> {
    let (_, withheld) = case
        .withheld
        .filter(|(reason, _)| *reason == Withheld::OriginNotAllowed)?;
    let refused = case.refused()?;
    let finding = Finding::certain("origin.not_allowed")
        .with("origin", refused.origin)
        .with_some("session", case.session)
        .on(refused.evidence())
        .on([withheld]);
    Some(finding.then(&[NextStep::AllowOrigin]))
}

/// Nothing went along that says who asks.
pub(super) fn no_token(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.lease.is_none() && refused.typed.is_none())?;
    let none_meant =
        case.session.is_none() || matches!(case.withheld, Some((Withheld::NoSession, _)));
    if !none_meant || refused.status() != Some(401) {
        return None;
    }
    let finding = Finding::certain("token.none").with("origin", refused.origin);
    Some(
        finding
            .on(refused.evidence())
            .then(&[NextStep::ChooseSession]),
    )
}

/// Somebody signed in or out while it was under way (scenario 120).
pub(super) fn superseded(case: &Case<'_>) -> Option<Finding> {
    let decided = case
        .retry
        .filter(|(_, rule_id, _)| *rule_id == "lease.superseded");
    let finished = case
        .finished
        .filter(|finished| finished.error == Some(Code::Superseded));
    if decided.is_none() && finished.is_none() {
        return None;
    }
    let evidence = case.refused().map(Try::evidence).unwrap_or_default();
    let finding = Finding::certain("session.superseded")
        .with_some("session", case.session)
        .on(evidence)
        .on(decided.map(|(.., key)| key))
        .on(finished.map(|finished| finished.key));
    Some(finding.then(&[NextStep::SendAgain]))
}

/// The connection broke while a stale token was on it: taken for a refusal that could not be read.
pub(super) fn lost_refusal(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| refused.error.is_some())?;
    if !matches!(refused.judged, Some((Verdict::TokenRefused, ..))) {
        return None;
    }
    let finding = Finding::likely("lost.refusal")
        .with_some("error", refused.error)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence());
    Some(finding.then(&[NextStep::SendAgain]))
}

/// The origin refused a fresh token of this generation before, so that its refusals start no refresh.
pub(super) fn quarantined(case: &Case<'_>) -> Option<Finding> {
    let (_, _, decided) = case
        .retry
        .filter(|(_, rule_id, _)| *rule_id == "origin.quarantined")?;
    let refused = case.refused()?;
    let lease = refused.lease.as_ref()?;
    let begun = case
        .history
        .quarantines
        .iter()
        .rev()
        .find(|(_, origin, generation)| {
            *origin == refused.origin && *generation == lease.generation
        });
    let finding = Finding::certain("origin.quarantined")
        .with("origin", refused.origin)
        .naming("generation", Some(Case::generation(lease)))
        .on(refused.evidence())
        .on([decided])
        .on(begun.map(|(key, ..)| *key));
    Some(finding.then(&[NextStep::ReadToken, NextStep::AskApi]))
}

/// A refusal of a token that had time left, by both clocks, with no reason that says why.
fn cut_short<'a, 'b>(case: &'b Case<'a>) -> Option<&'b Try<'a>> {
    case.refused().filter(|refused| {
        let alive = refused.left_ms().is_some_and(|left| left > ALIVE_MS)
            && refused
                .left_at_server_ms()
                .is_none_or(|left| left > ALIVE_MS);
        alive
            && refused.lease.is_some()
            && refused.status() == Some(401)
            && !names_a_reason(refused)
    })
}

fn names_a_reason(refused: &Try<'_>) -> bool {
    [
        Topic::Expired,
        Topic::Audience,
        Topic::Issuer,
        Topic::Signature,
        Topic::Malformed,
        Topic::NotYetValid,
    ]
    .into_iter()
    .any(|topic| refused.says(topic))
}

/// The refresh that followed found the whole sign-in ended.
pub(super) fn ended(case: &Case<'_>) -> Option<Finding> {
    let refused = cut_short(case)?;
    let lease = refused.lease.as_ref()?;
    let flight = case
        .flights
        .iter()
        .find(|flight| flight.class == Some(FlightClass::Ended))?;
    let finding = Finding::likely("token.ended_with_session")
        .naming("generation", Some(Case::generation(lease)))
        .naming("flight", Some(flight.name.clone()))
        .with_some("session", case.session)
        .with_some("error", flight.error)
        .with_some("left_ms", refused.left_ms())
        .on(refused.evidence())
        .on([flight.name.key]);
    Some(finding.then(&[NextStep::SignIn]))
}

/// The same token was taken by the same origin both before and after.
pub(super) fn origin_disagrees(case: &Case<'_>) -> Option<Finding> {
    let refused = cut_short(case)?;
    let (lease, head) = (refused.lease.as_ref()?, refused.head.as_ref()?);
    let taken: Vec<_> = case
        .history
        .with_token(lease.fingerprint, case.request)
        .filter(|answer| answer.origin == refused.origin && answer.accepted())
        .collect();
    let after = taken.iter().find(|answer| answer.key > head.key)?;
    let before = taken.iter().rev().find(|answer| answer.key < head.key);
    let finding = Finding::likely("origin.disagrees")
        .with("origin", refused.origin)
        .with("request", format!("R{}", after.request))
        .naming("generation", Some(Case::generation(lease)))
        .on(refused.evidence())
        .on([after.key])
        .on(before.map(|answer| answer.key));
    Some(finding.then(&[NextStep::SendAgain, NextStep::AskApi]))
}

/// It had time left and is not honoured any more, and a fresh one is.
pub(super) fn ended_early(case: &Case<'_>) -> Option<Finding> {
    let refused = cut_short(case).filter(|_| case.was_repaired())?;
    let lease = refused.lease.as_ref()?;
    let taken = case
        .history
        .with_token(lease.fingerprint, case.request)
        .filter(|answer| answer.origin == refused.origin && answer.accepted())
        .last();
    let finding = Finding::likely("token.ended_early")
        .naming("generation", Some(Case::generation(lease)))
        .with_some("left_ms", refused.left_ms())
        .with("age_ms", lease.age_ms)
        .on(refused.evidence())
        .on(taken.map(|answer| answer.key));
    Some(finding.then(&[NextStep::Nothing, NextStep::AskIssuer]))
}

/// Nobody here knew how long it lives; it is not honoured any more, and a fresh one is.
pub(super) fn worn_out(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| {
        case.was_repaired() && refused.left_ms().is_none() && !names_a_reason(refused)
    })?;
    let lease = refused.lease.as_ref()?;
    let finding = Finding::likely("token.worn_out")
        .naming("generation", Some(Case::generation(lease)))
        .with("age_ms", lease.age_ms)
        .on(refused.evidence());
    Some(finding.then(&[NextStep::Nothing]))
}
