//! Somebody on the way answered, or the token was left on the way.

use crate::timeline::event::{Answerer, Verdict};
use crate::verdict::case::{Case, Try};
use crate::verdict::explanation::{Finding, NextStep};

/// Software that stands in front of APIs and answers in their place, by the beginning of its `Server` in lower case.
const EDGES: [&str; 10] = [
    "akamaighost",
    "awselb",
    "bigip",
    "cloudflare",
    "cloudfront",
    "envoy",
    "imperva",
    "istio-envoy",
    "squid",
    "varnish",
];

/// RFC 9110 §15.5.8.
pub(super) fn proxy_authentication(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.status() == Some(407))?;
    let finding = Finding::certain("path.proxy_authentication").with("origin", refused.origin);
    Some(finding.on(refused.evidence()).then(&[NextStep::AskNetwork]))
}

/// RFC 9110 §15.4: credentials do not go along to another origin.
pub(super) fn token_left_behind(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| refused.hop > 0 && refused.lease.is_none())?;
    let redirect = case.redirects.iter().rev().find(|redirect| {
        redirect
            .stripped
            .iter()
            .any(|name| name.eq_ignore_ascii_case("authorization"))
    })?;
    let finding = Finding::certain("redirect.token_left_behind")
        .with("from", redirect.from)
        .with("to", redirect.to)
        .with("origin", refused.origin)
        .on(refused.evidence())
        .on([redirect.key]);
    Some(finding.then(&[NextStep::CallTarget, NextStep::AskApi]))
}

pub(super) fn login_page(case: &Case<'_>) -> Option<Finding> {
    let refused = case
        .refused()
        .filter(|refused| matches!(refused.judged, Some((Verdict::LoginPage, ..))))?;
    let finding = Finding::likely("path.login_page")
        .with_some("url", case.page.map(|(url, _)| url))
        .on(refused.evidence())
        .on(case.page.map(|(_, key)| key));
    Some(finding.then(&[NextStep::ReadAnswer, NextStep::AskApi]))
}

/// Not the API answered but what stands in front of it: it calls itself by another name than what answered before, or it
/// is known for that and sends a page.
pub(super) fn gateway(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let head = refused.head.as_ref()?;
    let about_token = refused
        .challenges()
        .any(|challenge| challenge.is("Bearer") || challenge.is("DPoP"));
    if about_token || !matches!(head.status, 401 | 403) {
        return None;
    }
    let usual: Vec<_> = case
        .history
        .answers
        .iter()
        .filter(|answer| {
            answer.origin == refused.origin && answer.accepted() && answer.key != head.key
        })
        .collect();
    let finding = Finding::likely("path.gateway")
        .with("status", head.status)
        .with_some("server", name(head.answerer))
        .with("origin", refused.origin)
        .then(&[NextStep::ReadAnswer, NextStep::AskNetwork]);
    if let Some(other) = usual.last() {
        let known = usual
            .iter()
            .any(|answer| same_place(answer.answerer, head.answerer));
        let finding = finding.with_some("usual", name(other.answerer));
        return (!known && name(head.answerer).is_some())
            .then(|| finding.on(refused.evidence()).on([other.key]));
    }
    (is_edge(head.answerer) && is_page(refused)).then(|| finding.on(refused.evidence()))
}

fn name(answerer: &Answerer) -> Option<&str> {
    answerer.server.as_deref().or(answerer.via.as_deref())
}

fn same_place(one: &Answerer, other: &Answerer) -> bool {
    (&one.server, &one.via) == (&other.server, &other.via)
}

fn is_edge(answerer: &Answerer) -> bool {
    let known = |server: &String| {
        let server = server.to_ascii_lowercase();
        EDGES.iter().any(|edge| server.starts_with(edge))
    };
    answerer.via.is_some() || answerer.server.as_ref().is_some_and(known)
}

fn is_page(refused: &Try<'_>) -> bool {
    refused.head.as_ref().is_some_and(|head| {
        head.answerer
            .media_type
            .as_deref()
            .is_some_and(|kind| kind.starts_with("text/html"))
    })
}
