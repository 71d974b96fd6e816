//! The token itself: for whom it is, who issued it, whether the API can read it; said by the server, or read from the claims.

use std::collections::BTreeSet;

use url::Url;

use crate::verdict::case::{Case, Try};
use crate::verdict::explanation::{Finding, NextStep};
use crate::verdict::words::Topic;

/// A token this young, in milliseconds, is fresh.
const FRESH_MS: u64 = 10_000;
/// Words in host names that stand for an environment.
const ENVIRONMENTS: [&str; 16] = [
    "beta",
    "canary",
    "dev",
    "development",
    "int",
    "integration",
    "preprod",
    "preview",
    "prod",
    "production",
    "qa",
    "sandbox",
    "stage",
    "staging",
    "test",
    "uat",
];
/// Environment words that mean the same as none.
const PRODUCTION: [&str; 2] = ["prod", "production"];

fn said(
    case: &Case<'_>,
    topic: Topic,
    rule_id: &'static str,
    next: &[NextStep],
) -> Option<Finding> {
    let refused = case.refused().filter(|refused| refused.says(topic))?;
    // Whoever sent no token is not told about one.
    refused.claims()?;
    let finding = described(Finding::certain(rule_id), refused);
    Some(finding.then(next))
}

/// The values that the sentences about a token need.
fn described(finding: Finding, refused: &Try<'_>) -> Finding {
    let claims = refused.claims();
    let audience = claims.map(|claims| claims.audience.join(", "));
    let words = refused
        .challenges()
        .find_map(|challenge| challenge.get("error_description"));
    finding
        .with("origin", refused.origin)
        .with_some("audience", audience.filter(|audience| !audience.is_empty()))
        .with_some("issuer", claims.and_then(|claims| claims.issuer.as_ref()))
        .with_some("said", words)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence())
        .on(refused.lease.as_ref().and_then(|lease| lease.issued))
}

pub(super) fn audience_said(case: &Case<'_>) -> Option<Finding> {
    said(
        case,
        Topic::Audience,
        "token.audience_said",
        &[NextStep::ReadToken, NextStep::ChangeSession],
    )
}

pub(super) fn issuer_said(case: &Case<'_>) -> Option<Finding> {
    said(
        case,
        Topic::Issuer,
        "token.issuer_said",
        &[NextStep::ReadToken, NextStep::ChangeSession],
    )
}

pub(super) fn signature_said(case: &Case<'_>) -> Option<Finding> {
    said(
        case,
        Topic::Signature,
        "token.signature_said",
        &[NextStep::AskApi, NextStep::AskIssuer],
    )
}

pub(super) fn malformed_said(case: &Case<'_>) -> Option<Finding> {
    said(
        case,
        Topic::Malformed,
        "token.malformed_said",
        &[NextStep::ReadToken, NextStep::AskApi],
    )
}

pub(super) fn revoked_said(case: &Case<'_>) -> Option<Finding> {
    let next: &[NextStep] = if case.was_repaired() {
        &[NextStep::Nothing]
    } else {
        &[NextStep::SignIn, NextStep::AskIssuer]
    };
    said(case, Topic::Revoked, "token.revoked_said", next)
}

/// Whether the token is refused although it is young, or was never taken here: then its time is not the matter.
fn never_taken(case: &Case<'_>, refused: &Try<'_>) -> bool {
    let Some(lease) = &refused.lease else {
        return true;
    };
    let taken = case.history.answers.iter().any(|answer| {
        answer.fingerprint == Some(lease.fingerprint)
            && answer.origin == refused.origin
            && answer.accepted()
    });
    !taken && (refused.attempt > 1 || lease.age_ms < FRESH_MS)
}

/// The refused hop, where its token is refused for what it is.
fn misfit<'a, 'b>(case: &'b Case<'a>) -> Option<&'b Try<'a>> {
    case.refused().filter(|refused| {
        refused.status() == Some(401) && case.ends_refused() && never_taken(case, refused)
    })
}

/// It is an ID Token: for the client to know who signed in, not for an API.
pub(super) fn identity(case: &Case<'_>) -> Option<Finding> {
    let refused = misfit(case)?;
    refused.claims().filter(|claims| claims.identity)?;
    let finding = described(Finding::likely("token.identity"), refused);
    Some(finding.then(&[NextStep::ReadToken, NextStep::ChangeSession]))
}

/// It is meant for addresses of which the API's is none.
pub(super) fn audience(case: &Case<'_>) -> Option<Finding> {
    let refused = misfit(case)?;
    let claims = refused.claims()?;
    let hosts: Vec<String> = claims
        .audience
        .iter()
        .filter_map(|text| host(text))
        .collect();
    let own = names_of(refused);
    // A name that is no address may well be this API's: nobody can tell.
    if hosts.is_empty()
        || hosts.len() < claims.audience.len()
        || hosts.iter().any(|host| own.contains(host))
    {
        return None;
    }
    let finding = described(Finding::likely("token.audience"), refused);
    Some(finding.then(&[NextStep::ReadToken, NextStep::ChangeSession]))
}

/// The API names another sign-in server than the one that issued the token.
pub(super) fn issuer(case: &Case<'_>) -> Option<Finding> {
    let refused = misfit(case)?;
    let issuer = refused.claims()?.issuer.as_deref().and_then(host)?;
    let wanted = refused
        .challenges()
        .filter_map(|challenge| challenge.get("authorization_uri"))
        .find_map(host)
        .filter(|wanted| *wanted != issuer)?;
    let finding = described(Finding::likely("token.issuer"), refused).with("wanted", wanted);
    Some(finding.then(&[NextStep::ReadToken, NextStep::ChangeSession]))
}

/// Token and API name different environments of the same place.
pub(super) fn wrong_environment(case: &Case<'_>) -> Option<Finding> {
    let refused = misfit(case)?;
    let claims = refused.claims()?;
    let theirs = claims
        .audience
        .iter()
        .chain(&claims.issuer)
        .filter_map(|text| host(text));
    let own = names_of(refused);
    let (token, api) = theirs
        .flat_map(|token| own.iter().map(move |api| (token.clone(), api.clone())))
        .find(|(token, api)| {
            place(token) == place(api) && environment(token) != environment(api)
        })?;
    let finding = described(Finding::likely("environment.wrong"), refused)
        .with("token_host", token)
        .with("api_host", api);
    Some(finding.then(&[NextStep::ReadToken, NextStep::ChangeSession]))
}

/// The fresh token of the second attempt is refused too: it is not about its time, and refreshing cannot help.
pub(super) fn fresh_refused(case: &Case<'_>) -> Option<Finding> {
    let refused = misfit(case).filter(|refused| refused.attempt > 1)?;
    let lease = refused.lease.as_ref()?;
    let finding = described(Finding::likely("token.fresh_refused"), refused)
        .with("age_ms", lease.age_ms)
        .on(case.tries.iter().flat_map(Try::evidence));
    Some(finding.then(&[NextStep::ReadToken, NextStep::AskApi]))
}

/// The names under which the API is known here: its address, and what its challenges call it.
fn names_of(refused: &Try<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = host(refused.origin).into_iter().collect();
    for challenge in refused.challenges() {
        for name in ["realm", "resource_metadata"] {
            names.extend(challenge.get(name).and_then(host));
        }
    }
    names
}

/// The host of an address, or of a name that looks like one.
fn host(text: &str) -> Option<String> {
    if text.contains("://") {
        return Url::parse(text).ok()?.host_str().map(str::to_owned);
    }
    let labels = text.split('.').count();
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    (labels > 1 && plain).then(|| text.to_ascii_lowercase())
}

/// What two environments of one place have in common: the last two labels of the host.
fn place(host: &str) -> Option<(String, String)> {
    let mut labels = host.rsplit('.').map(str::to_owned);
    let (top, name) = (labels.next()?, labels.next()?);
    (!top.chars().all(|c| c.is_ascii_digit())).then_some((name, top))
}

/// The environment that a host names before its place; none means production.
fn environment(host: &str) -> Option<&str> {
    let name = host.rsplit_once('.').map_or(host, |(name, _)| name);
    name.split(['.', '-'])
        .find(|word| ENVIRONMENTS.contains(word))
        .filter(|word| !PRODUCTION.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_their_environments_are_read_from_names() {
        for (text, expected) in [
            (
                "https://api.staging.acme.test/v1",
                Some("api.staging.acme.test"),
            ),
            ("api.acme.test", Some("api.acme.test")),
            ("account", None),
            ("my api. v2", None),
            ("urn:acme:api", None),
        ] {
            assert_eq!(host(text).as_deref(), expected, "{text}");
        }
        for (host, expected) in [
            ("api.acme.test", None),
            ("api.staging.acme.test", Some("staging")),
            ("api-dev.acme.com", Some("dev")),
            ("api.prod.acme.com", None),
        ] {
            assert_eq!(environment(host), expected, "{host}");
        }
        assert_eq!(place("127.0.0.1"), None);
        assert_eq!(place("a.b.acme.com"), Some(("acme".into(), "com".into())));
    }
}
