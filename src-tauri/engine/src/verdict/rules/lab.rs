//! What went wrong on purpose: the fault lab is the cause, whatever an answer says of the token.

use crate::fault::FaultName;
use crate::verdict::case::{Case, Try};
use crate::verdict::explanation::{Finding, NextStep};
use crate::verdict::words::Topic;

/// The answer was made up; the API was never asked.
pub(super) fn refused(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let struck = refused.struck_by(FaultName::RefuseAlways)?;
    let finding = Finding::certain("lab.refused").with("origin", refused.origin);
    let finding = finding.on(refused.evidence()).on([struck]);
    Some(finding.then(&[NextStep::EndFault, NextStep::SendAgain]))
}

/// What was sent was a spoiled copy of the token.
pub(super) fn corrupted(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let struck = refused.struck_by(FaultName::CorruptAccessToken)?;
    let finding = about("lab.corrupted", refused).on([struck]);
    Some(finding.then(&steps(case)))
}

/// It had run out, that was known, and it was sent all the same.
pub(super) fn pretended_valid(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let struck = case.injected(FaultName::PretendValid)?;
    let left = refused.left_ms().filter(|left| *left <= 0)?;
    if refused.status() != Some(401) || speaks_of_more(refused) {
        return None;
    }
    let finding = about("lab.pretended_valid", refused).with("over_ms", left.unsigned_abs());
    Some(finding.on([struck]).then(&steps(case)))
}

/// By the clock as it was made wrong the token had time left; by the right one it had none.
pub(super) fn clock(case: &Case<'_>) -> Option<Finding> {
    let (switched, ahead_ms) = case.wrong_clock()?;
    let refused = case.refused()?;
    let left = refused.left_ms().filter(|left| *left > 0)?;
    let over = left.saturating_add(ahead_ms).min(0).unsigned_abs();
    if over == 0 || refused.status() != Some(401) || speaks_of_more(refused) {
        return None;
    }
    let finding = about("lab.clock", refused)
        .with("behind_ms", ahead_ms.unsigned_abs())
        .with("left_ms", left)
        .with("over_ms", over);
    Some(finding.on([switched]).then(&steps(case)))
}

/// Nothing was refused: the token was taken for expired here, so that a new one was fetched first.
pub(super) fn expired(case: &Case<'_>) -> Option<Finding> {
    let struck = case.injected(FaultName::ExpireNow)?;
    let flight = case.flights.first()?;
    if case.refused().is_some() || flight.before_try > 0 || case.finished.is_none() {
        return None;
    }
    let last = case.last()?;
    let finding = Finding::certain("lab.expired")
        .naming("flight", Some(flight.name.clone()))
        .naming("generation", last.lease.as_ref().map(Case::generation));
    let finding = finding.on(last.evidence()).on([struck, flight.waited]);
    Some(finding.then(&[NextStep::Nothing]))
}

/// The reason that was given is another than time, so that the token would have been refused without the lab too.
fn speaks_of_more(refused: &Try<'_>) -> bool {
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
}

fn about(rule_id: &'static str, refused: &Try<'_>) -> Finding {
    Finding::certain(rule_id)
        .with("origin", refused.origin)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
}

fn steps(case: &Case<'_>) -> Vec<NextStep> {
    match case.was_repaired() {
        true => vec![NextStep::Nothing, NextStep::EndFault],
        false => vec![NextStep::EndFault, NextStep::SendAgain],
    }
}
