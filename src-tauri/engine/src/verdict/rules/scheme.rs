//! The way in which the token was sent is not the one that the API takes.

use crate::timeline::event::Verdict;
use crate::verdict::case::Case;
use crate::verdict::explanation::{Finding, NextStep};

/// RFC 9449 §9.
pub(super) fn nonce_needed(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| matches!(refused.judged, Some((Verdict::NonceNeeded, ..))))?;
    let finding = Finding::certain("nonce.needed").with("origin", refused.origin);
    Some(finding.on(refused.evidence()).then(&[NextStep::SendAgain]))
}

pub(super) fn nonce_again(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.rule() == "answer.nonce_again")?;
    let finding = Finding::certain("nonce.again").with("origin", refused.origin);
    Some(finding.on(refused.evidence()).then(&[NextStep::AskApi]))
}

/// The session's token is a bearer token, and the API names schemes of which none is about tokens.
pub(super) fn other(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.rule() == "answer.not_our_scheme")?;
    let mut schemes: Vec<&str> = refused
        .challenges()
        .map(crate::challenge::Challenge::scheme)
        .collect();
    schemes.dedup();
    let finding = Finding::certain("scheme.other").with("schemes", schemes.join(", "));
    Some(
        finding
            .on(refused.evidence())
            .then(&[NextStep::AskApi, NextStep::ChangeSession]),
    )
}

/// RFC 9449 §7.1: the API takes tokens with a proof of possession only.
pub(super) fn dpop(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.status() == Some(401) && !refused.proven)?;
    let names = |scheme: &str| refused.challenges().any(|challenge| challenge.is(scheme));
    if !names("DPoP") || names("Bearer") || refused.claims().is_none() {
        return None;
    }
    let finding = Finding::certain("scheme.dpop")
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence());
    Some(finding.then(&[NextStep::ChangeSession, NextStep::AskApi]))
}

/// The token is bound to a key (`cnf`), and went as a bearer token.
pub(super) fn bound(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.status() == Some(401) && !refused.proven)?;
    refused.claims().filter(|claims| claims.bound)?;
    let finding = Finding::likely("token.bound")
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
        .on(refused.lease.as_ref().and_then(|lease| lease.issued));
    Some(finding.then(&[NextStep::ChangeSession, NextStep::ReadToken]))
}
