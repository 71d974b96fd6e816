//! The token is good and was understood, and what is asked for is more than it permits.

use crate::verdict::case::Case;
use crate::verdict::explanation::{Finding, NextStep};

/// RFC 9470.
pub(super) fn stronger_sign_in(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.has_error("insufficient_user_authentication"))?;
    let step_up = case.step_up.as_ref();
    let acr = step_up.map(|wanted| wanted.acr_values.join(" "));
    let finding = Finding::certain("step_up.authentication")
        .with_some("acr_values", acr.filter(|acr| !acr.is_empty()))
        .with_some("max_age_s", step_up.and_then(|wanted| wanted.max_age_s))
        .on(refused.evidence())
        .on(step_up.map(|wanted| wanted.key));
    Some(finding.then(&[NextStep::SignInFurther]))
}

/// RFC 6750 §3.1, `insufficient_scope`.
pub(super) fn scope_missing(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.has_error("insufficient_scope"))?;
    let wanted: Vec<&str> = refused
        .challenges()
        .filter_map(|challenge| challenge.get("scope"))
        .flat_map(str::split_whitespace)
        .collect();
    let granted = refused.claims().map_or(&[][..], |claims| &claims.scope);
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|scope| !granted.iter().any(|granted| granted == *scope))
        .copied()
        .collect();
    let named = |scopes: &[&str]| (!scopes.is_empty()).then(|| scopes.join(" "));
    let finding = Finding::certain("scope.missing")
        .with_some("missing", named(&missing).or_else(|| named(&wanted)))
        .with_some("granted", (!granted.is_empty()).then(|| granted.join(" ")))
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
        .on(refused.lease.as_ref().and_then(|lease| lease.issued))
        .on(case.step_up.as_ref().map(|wanted| wanted.key));
    Some(finding.then(&[NextStep::SignInFurther, NextStep::ReadToken]))
}

/// RFC 6750 §3.1, `invalid_request`: the request is wrong, and stays wrong under any token.
pub(super) fn request_invalid(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.has_error("invalid_request"))?;
    let said = refused
        .challenges()
        .find_map(|challenge| challenge.get("error_description"));
    let finding = Finding::certain("request.invalid").with_some("said", said);
    Some(finding.on(refused.evidence()).then(&[NextStep::ReadAnswer]))
}

/// RFC 9110 §15.5.4: understood, and refused. Some APIs mean an expired token by it; the rules on time come first.
pub(super) fn missing(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.status() == Some(403))?;
    let lease = refused.lease.as_ref()?;
    let others = case.history.with_token(lease.fingerprint, case.request);
    let accepted = others
        .filter(|answer| answer.origin == refused.origin && answer.accepted())
        .last()?;
    let finding = Finding::likely("rights.missing")
        .naming("generation", Some(Case::generation(lease)))
        .with("origin", refused.origin)
        .with("request", format!("R{}", accepted.request))
        .on(refused.evidence())
        .on([accepted.key]);
    Some(finding.then(&[NextStep::ReadAnswer, NextStep::ReadToken, NextStep::AskApi]))
}
