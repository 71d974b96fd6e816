//! Sends that were not refused: they go on, were stopped, got no answer, or one that is not about the token.

use crate::timeline::event::{Outcome, Withheld};
use crate::verdict::case::Case;
use crate::verdict::explanation::{Finding, NextStep};

pub(super) fn pending(case: &Case<'_>) -> Option<Finding> {
    let open = case.finished.is_none() && case.refused().is_none();
    open.then(|| Finding::certain("send.pending").on([case.queued.key]))
}

pub(super) fn stopped(case: &Case<'_>) -> Option<Finding> {
    let finished = case
        .finished
        .filter(|finished| finished.outcome == Outcome::Stopped)?;
    let tries = case.last().map_or(0, |last| last.attempt);
    let finding = Finding::certain("send.stopped").with("attempts", tries);
    Some(
        finding
            .on([case.queued.key, finished.key])
            .then(&[NextStep::SendAgain]),
    )
}

/// What went wrong before an answer came; where that was taken for a refusal, another rule says so.
pub(super) fn no_answer(case: &Case<'_>) -> Option<Finding> {
    let finished = case
        .finished
        .filter(|finished| finished.outcome == Outcome::Failed)?;
    if case.refused().is_some() {
        return None;
    }
    let evidence = case.last().map_or_else(Vec::new, |last| last.evidence());
    let finding = Finding::certain("send.no_answer")
        .with_some("error", finished.error)
        .on(evidence)
        .on([finished.key]);
    Some(finding.then(&[NextStep::SendAgain]))
}

pub(super) fn refreshed_first(case: &Case<'_>) -> Option<Finding> {
    let finding = fine(case)?;
    let flight = case
        .flights
        .first()
        .filter(|flight| flight.before_try == 0)?;
    let finding = Finding {
        rule_id: "send.refreshed_first".to_owned(),
        ..finding
    };
    let named = finding.naming("flight", Some(flight.name.clone()));
    Some(named.on([flight.waited]))
}

/// The server answered with an error that says nothing about who asks.
pub(super) fn other_status(case: &Case<'_>) -> Option<Finding> {
    let status = case.finished?.status.filter(|status| *status >= 400)?;
    let finding = fine(case)?;
    let finding = Finding {
        rule_id: "send.other_status".to_owned(),
        ..finding
    };
    Some(finding.with("status", status).then(&[NextStep::ReadAnswer]))
}

pub(super) fn withheld_origin(case: &Case<'_>) -> Option<Finding> {
    withheld(case, Withheld::OriginNotAllowed, "send.withheld_origin")
}

pub(super) fn withheld_typed(case: &Case<'_>) -> Option<Finding> {
    withheld(case, Withheld::OwnAuthorization, "send.withheld_typed")
}

/// It was answered, and the session's token was not part of that.
fn withheld(case: &Case<'_>, wanted: Withheld, rule_id: &'static str) -> Option<Finding> {
    let (_, told) = case.withheld.filter(|(reason, _)| *reason == wanted)?;
    let finding = Finding {
        rule_id: rule_id.to_owned(),
        ..fine(case)?
    };
    Some(
        finding
            .with_some("origin", case.last().map(|last| last.origin))
            .on([told]),
    )
}

pub(super) fn answered(case: &Case<'_>) -> Option<Finding> {
    fine(case)
}

fn fine(case: &Case<'_>) -> Option<Finding> {
    if case.refused().is_some() {
        return None;
    }
    case.finished
        .filter(|finished| finished.outcome == Outcome::Answered)?;
    let last = case.last()?;
    let left = last.lease.as_ref().and_then(|lease| lease.expires_in_ms);
    let finding = Finding::certain("send.answered")
        .naming("generation", last.lease.as_ref().map(Case::generation))
        .with_some("left_ms", left.filter(|left| *left >= 0))
        .with_some(
            "over_ms",
            left.filter(|left| *left < 0).map(i64::unsigned_abs),
        );
    Some(finding.on(last.evidence()).then(&[NextStep::Nothing]))
}
