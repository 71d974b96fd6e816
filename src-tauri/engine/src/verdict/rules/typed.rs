//! What the user typed: an `Authorization` of their own, or a token in the address.

use crate::timeline::event::{TypedFlaw, Withheld};
use crate::verdict::case::{Case, Try};
use crate::verdict::explanation::{Certainty, Finding, NextStep};

/// RFC 6750 §2.3.
const QUERY_TOKEN: &str = "access_token";

fn refused_with<'a, 'b>(case: &'b Case<'a>, flaw: TypedFlaw) -> Option<&'b Try<'a>> {
    case.refused()
        .filter(|refused| refused.typed.is_some_and(|typed| typed.flaw == Some(flaw)))
}

fn flawed(
    case: &Case<'_>,
    flaw: TypedFlaw,
    rule_id: &'static str,
    certainty: Certainty,
) -> Option<Finding> {
    let refused = refused_with(case, flaw)?;
    let finding = Finding::new(rule_id, certainty)
        .with_some(
            "scheme",
            refused.typed.and_then(|typed| typed.scheme.as_ref()),
        )
        .with_some("session", case.session)
        .on(refused.evidence());
    let next: &[NextStep] = if case.session.is_some() {
        &[
            NextStep::RemoveAuthorization,
            NextStep::CorrectAuthorization,
        ]
    } else {
        &[NextStep::CorrectAuthorization]
    };
    Some(finding.then(next))
}

pub(super) fn several(case: &Case<'_>) -> Option<Finding> {
    flawed(
        case,
        TypedFlaw::Several,
        "typed.several",
        Certainty::Certain,
    )
}

pub(super) fn empty(case: &Case<'_>) -> Option<Finding> {
    flawed(case, TypedFlaw::Empty, "typed.empty", Certainty::Certain)
}

pub(super) fn doubled_scheme(case: &Case<'_>) -> Option<Finding> {
    flawed(
        case,
        TypedFlaw::DoubledScheme,
        "typed.doubled_scheme",
        Certainty::Certain,
    )
}

/// Some APIs take a bare key, so that the API's word for a scheme is what makes this certain.
pub(super) fn no_scheme(case: &Case<'_>) -> Option<Finding> {
    let refused = refused_with(case, TypedFlaw::NoScheme)?;
    let schemes: Vec<&str> = refused
        .challenges()
        .map(crate::challenge::Challenge::scheme)
        .collect();
    let certainty = if schemes.is_empty() {
        Certainty::Likely
    } else {
        Certainty::Certain
    };
    let finding = flawed(case, TypedFlaw::NoScheme, "typed.no_scheme", certainty)?;
    Some(finding.with_some("schemes", (!schemes.is_empty()).then(|| schemes.join(", "))))
}

pub(super) fn placeholder(case: &Case<'_>) -> Option<Finding> {
    flawed(
        case,
        TypedFlaw::Placeholder,
        "typed.placeholder",
        Certainty::Likely,
    )
}

pub(super) fn quoted(case: &Case<'_>) -> Option<Finding> {
    flawed(case, TypedFlaw::Quoted, "typed.quoted", Certainty::Likely)
}

/// The API names the schemes that it takes, and what was typed is of none of them.
pub(super) fn wrong_scheme(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let scheme = refused.typed?.scheme.as_deref()?;
    let schemes: Vec<&str> = refused
        .challenges()
        .map(crate::challenge::Challenge::scheme)
        .collect();
    let known = schemes
        .iter()
        .any(|wanted| wanted.eq_ignore_ascii_case(scheme));
    if schemes.is_empty() || known {
        return None;
    }
    let finding = Finding::certain("typed.wrong_scheme")
        .with("scheme", scheme)
        .with("schemes", schemes.join(", "))
        .on(refused.evidence());
    Some(finding.then(&[NextStep::CorrectAuthorization]))
}

/// The token in it is a JWT that says when it ended.
pub(super) fn expired(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused().filter(|refused| refused.lease.is_none())?;
    refused.typed?;
    let left = refused
        .left_at_server_ms()
        .or_else(|| refused.left_ms())
        .filter(|left| *left <= 0)?;
    let finding = Finding::certain("typed.expired")
        .with("over_ms", left.unsigned_abs())
        .with_some("session", case.session)
        .on(refused.evidence());
    let next: &[NextStep] = if case.session.is_some() {
        &[
            NextStep::RemoveAuthorization,
            NextStep::CorrectAuthorization,
        ]
    } else {
        &[NextStep::CorrectAuthorization, NextStep::ChooseSession]
    };
    Some(finding.then(next))
}

/// RFC 6750 §2: one way of sending a token in a request, not two.
pub(super) fn twice(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let url = case.url.as_ref()?;
    let in_query = url
        .query_pairs()
        .any(|(name, _)| name.eq_ignore_ascii_case(QUERY_TOKEN));
    let in_header = refused.lease.is_some() || refused.typed.is_some();
    if !in_query || !in_header {
        return None;
    }
    let certainty = if refused.has_error("invalid_request") {
        Certainty::Certain
    } else {
        Certainty::Likely
    };
    let finding = Finding::new("token.twice", certainty).with("parameter", QUERY_TOKEN);
    let finding = finding.on([case.queued.key]).on(refused.evidence());
    Some(finding.then(&[NextStep::RemoveQueryToken]))
}

/// The session has a token, and what was typed went in its place. Why that was refused, only its own flaws tell.
pub(super) fn instead(case: &Case<'_>) -> Option<Finding> {
    let (_, withheld) = case
        .withheld
        .filter(|(reason, _)| *reason == Withheld::OwnAuthorization)?;
    let refused = case.refused()?;
    let typed = refused.typed?;
    case.session?;
    let finding = Finding::likely("typed.instead")
        .with_some("scheme", typed.scheme.as_ref())
        .with_some("session", case.session)
        .on(refused.evidence())
        .on([withheld]);
    Some(finding.then(&[NextStep::RemoveAuthorization]))
}
