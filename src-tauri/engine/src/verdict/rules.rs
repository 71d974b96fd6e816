//! The rules of "Why 401?", in the order in which they count where two are equally sure: what was said before what is
//! inferred, and one cause before a description of the end.

mod lab;
mod outcome;
mod path;
mod rights;
mod scheme;
mod session;
mod time;
mod token;
mod typed;

use super::case::Case;
use super::explanation::{Certainty, Clue, Finding, NextStep};
use crate::token::claims::TokenForm;

/// One rule: its id, and what it finds in a case.
type Rule = (&'static str, fn(&Case<'_>) -> Option<Finding>);

/// Nobody can tell from what is known.
const UNKNOWN: &str = "refusal.unexplained";

const ALL: &[Rule] = &[
    ("send.pending", outcome::pending),
    ("send.stopped", outcome::stopped),
    ("lab.refused", lab::refused),
    ("lab.corrupted", lab::corrupted),
    ("lab.pretended_valid", lab::pretended_valid),
    ("lab.clock", lab::clock),
    ("lab.expired", lab::expired),
    ("send.no_answer", outcome::no_answer),
    ("path.proxy_authentication", path::proxy_authentication),
    ("redirect.token_left_behind", path::token_left_behind),
    ("path.login_page", path::login_page),
    ("origin.not_allowed", session::origin_not_allowed),
    ("typed.several", typed::several),
    ("typed.empty", typed::empty),
    ("typed.doubled_scheme", typed::doubled_scheme),
    ("typed.wrong_scheme", typed::wrong_scheme),
    ("typed.no_scheme", typed::no_scheme),
    ("typed.placeholder", typed::placeholder),
    ("typed.quoted", typed::quoted),
    ("typed.expired", typed::expired),
    ("token.twice", typed::twice),
    ("typed.instead", typed::instead),
    ("token.none", session::no_token),
    ("session.superseded", session::superseded),
    ("nonce.again", scheme::nonce_again),
    ("nonce.needed", scheme::nonce_needed),
    ("step_up.authentication", rights::stronger_sign_in),
    ("scope.missing", rights::scope_missing),
    ("request.invalid", rights::request_invalid),
    ("scheme.other", scheme::other),
    ("scheme.dpop", scheme::dpop),
    ("lost.refusal", session::lost_refusal),
    ("token.audience_said", token::audience_said),
    ("token.issuer_said", token::issuer_said),
    ("token.signature_said", token::signature_said),
    ("token.malformed_said", token::malformed_said),
    ("token.not_yet_valid", time::not_yet_valid),
    ("token.revoked_said", token::revoked_said),
    ("clock.behind", time::clock_behind),
    ("token.expired", time::expired),
    ("token.expired_on_the_way", time::expired_on_the_way),
    ("token.expired_early", time::expired_early),
    ("token.expired_said", time::expired_said),
    ("origin.quarantined", session::quarantined),
    ("path.gateway", path::gateway),
    ("token.bound", scheme::bound),
    ("token.identity", token::identity),
    ("environment.wrong", token::wrong_environment),
    ("token.issuer", token::issuer),
    ("token.audience", token::audience),
    ("clock.moved_back", time::clock_moved_back),
    ("token.ended_with_session", session::ended),
    ("origin.disagrees", session::origin_disagrees),
    ("token.ended_early", session::ended_early),
    ("token.worn_out", session::worn_out),
    ("rights.missing", rights::missing),
    ("token.fresh_refused", token::fresh_refused),
    (UNKNOWN, unexplained),
    ("send.refreshed_first", outcome::refreshed_first),
    ("send.other_status", outcome::other_status),
    ("send.withheld_origin", outcome::withheld_origin),
    ("send.withheld_typed", outcome::withheld_typed),
    ("send.answered", outcome::answered),
];

/// The ids of all rules, for those who hold their words.
pub const RULES: &[&str] = &{
    let mut ids = [""; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        ids[at] = ALL[at].0;
        at += 1;
    }
    ids
};

/// What the rules find, the surest first; at least one finding.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ALL
        .iter()
        .filter_map(|(id, rule)| {
            let finding = rule(case)?;
            debug_assert_eq!(finding.rule_id, *id, "a rule answers under its own id");
            Some(finding)
        })
        .collect();
    // Stable: of two that are equally sure, the order of the rules decides.
    findings.sort_by_key(|finding| finding.certainty);
    if findings.is_empty() {
        findings.push(Finding::unknown(UNKNOWN).on([case.queued.key]));
    }
    findings
}

/// What would tell, where no rule can.
pub(super) fn would_tell(case: &Case<'_>) -> Vec<Clue> {
    let Some(refused) = case.refused() else {
        return Vec::new();
    };
    let opaque = refused
        .claims()
        .is_none_or(|claims| claims.form != TokenForm::Jwt);
    let no_date = refused
        .head
        .as_ref()
        .is_some_and(|head| head.skew_ms.is_none());
    let tried_again = refused.attempt > 1;
    [
        (refused.challenges().next().is_none(), Clue::Challenge),
        (!tried_again && refused.lease.is_some(), Clue::FreshToken),
        (
            refused.lease.is_some() && refused.left_ms().is_none(),
            Clue::Lifetime,
        ),
        (opaque, Clue::ReadableToken),
        (no_date, Clue::Date),
        (true, Clue::ApiLog),
        (true, Clue::OtherClient),
    ]
    .into_iter()
    .filter_map(|(missing, clue)| missing.then_some(clue))
    .collect()
}

fn unexplained(case: &Case<'_>) -> Option<Finding> {
    let refused = case.refused()?;
    let finding = Finding::new(UNKNOWN, Certainty::Unknown)
        .with_some("status", refused.status())
        .with("origin", refused.origin)
        .naming("generation", refused.lease.as_ref().map(Case::generation))
        .on(refused.evidence());
    Some(finding.then(&[NextStep::ReadAnswer, NextStep::AskApi]))
}
