//! What an answer means for the session: pure rules over its head and the attempt that it answers (engine.md 3.3).
//!
//! A 401 is read, not assumed. The rules stand in order, the first that applies decides, and the timeline names it.

use url::Url;

use super::head::Head;
use crate::challenge::Challenge;
use crate::rules;
use crate::timeline::event::Verdict;

/// What the attempt was, as far as its answer is judged by that.
#[derive(Clone, Debug)]
pub(crate) struct Attempt<'a> {
    /// The address of this hop.
    pub(crate) url: &'a Url,
    /// The session's token went with this hop.
    pub(crate) authorized: bool,
    /// The session's token went with the first hop.
    pub(crate) under_session: bool,
    /// This hop's origin is on the session's list.
    pub(crate) on_list: bool,
    /// The send was repeated with a newer token before.
    pub(crate) retried: bool,
    /// Redirects are followed.
    pub(crate) follows: bool,
    /// The request asks for JSON and for no page.
    pub(crate) wants_json: bool,
    /// A proof of possession went along.
    pub(crate) proven: bool,
    /// The nonce in the proof of possession that went along.
    pub(crate) nonce_sent: Option<&'a str>,
    /// The session's own description of a refusal fits.
    pub(crate) matched: bool,
}

/// Challenges of these schemes are about the token.
const OURS: [&str; 2] = ["Bearer", "DPoP"];

/// What the answer means, and the rule that says so.
pub(crate) fn judge(head: &Head, attempt: &Attempt<'_>) -> (Verdict, &'static str) {
    use Verdict::{LoginPage, Redirected, Returned};
    let (status, on) = (head.status, rules::on);
    if head.location.is_some() {
        if attempt.under_session && leads_to_login(head, attempt.url) && on("answer.login_redirect")
        {
            return (LoginPage, "answer.login_redirect");
        }
        if attempt.follows && on("answer.redirect") {
            return (Redirected, "answer.redirect");
        }
    }
    if status == 407 && on("answer.proxy_authentication") {
        // RFC 9110 §15.5.8: it is the proxy that asks, and its credentials are not the session's.
        return (Returned, "answer.proxy_authentication");
    }
    let refusal = matches!(status, 401 | 403);
    if refusal && attempt.under_session && !attempt.on_list && on("answer.other_origin") {
        return (Returned, "answer.other_origin");
    }
    if status == 401 && !attempt.authorized && on("answer.no_token_was_sent") {
        return (Returned, "answer.no_token_was_sent");
    }
    if attempt.authorized
        && let Some(judged) = judge_refusal(head, attempt)
    {
        return judged;
    }
    let page = attempt.under_session && attempt.wants_json && status == 200 && head.is_page();
    if page && on("answer.login_page") {
        return (LoginPage, "answer.login_page");
    }
    (Returned, "answer.not_401")
}

/// The part that is about a token which was sent, and arrived where it may.
fn judge_refusal(head: &Head, attempt: &Attempt<'_>) -> Option<(Verdict, &'static str)> {
    use Verdict::{NonceNeeded, Returned, StepUpNeeded, TokenRefused};
    let (status, on) = (head.status, rules::on);
    let refusal = matches!(status, 401 | 403);
    let ours = || ours(&head.challenges);
    let says = |error: &str| ours().any(|challenge| challenge.has_error(error));

    // A server that takes both schemes may name a nonce beside what it says of the bearer token: that one counts first.
    let bearer = head
        .challenges
        .iter()
        .any(|challenge| challenge.is("Bearer"));
    if status == 401 && (attempt.proven || !bearer) && says("use_dpop_nonce") {
        let fresh = head.nonce.as_deref() != attempt.nonce_sent || head.nonce.is_none();
        if !fresh && on("answer.nonce_again") {
            return Some((Returned, "answer.nonce_again"));
        }
        if on("answer.nonce_needed") {
            return Some((NonceNeeded, "answer.nonce_needed"));
        }
    }
    if status == 401 && says("invalid_dpop_proof") && on("answer.invalid_proof") {
        // RFC 9449 §7.1: it is the proof that is wrong, and a newer token would go with the same kind of proof.
        return Some((Returned, "answer.invalid_proof"));
    }
    if refusal && says("insufficient_user_authentication") && on("answer.user_authentication") {
        return Some((StepUpNeeded, "answer.user_authentication"));
    }
    if refusal && says("insufficient_scope") && on("answer.insufficient_scope") {
        // RFC 6749 §6: a refresh can only narrow what was granted.
        return Some((StepUpNeeded, "answer.insufficient_scope"));
    }
    if matches!(status, 400 | 401) && says("invalid_request") && on("answer.invalid_request") {
        // RFC 6750 §3.1: the request is wrong, and stays wrong under any token.
        return Some((Returned, "answer.invalid_request"));
    }
    if attempt.matched && on("answer.matched") {
        return Some((TokenRefused, "answer.matched"));
    }
    if status != 401 {
        return None;
    }
    if !head.challenges.is_empty() && ours().next().is_none() && on("answer.not_our_scheme") {
        return Some((Returned, "answer.not_our_scheme"));
    }
    if says("invalid_token") {
        let audience = ours().any(names_the_audience);
        if audience && attempt.retried && on("answer.audience_mismatch") {
            return Some((TokenRefused, "answer.audience_mismatch"));
        }
        if on("answer.invalid_token") {
            return Some((TokenRefused, "answer.invalid_token"));
        }
    }
    if head.challenges.is_empty() && on("answer.bare_401") {
        // RFC 9110 wants a challenge there; many servers send none, and mean that the token expired.
        return Some((TokenRefused, "answer.bare_401"));
    }
    on("answer.token_refused").then_some((TokenRefused, "answer.token_refused"))
}

/// The challenges that are about the token.
pub(crate) fn ours(challenges: &[Challenge]) -> impl Iterator<Item = &Challenge> {
    challenges
        .iter()
        .filter(|challenge| OURS.iter().any(|scheme| challenge.is(scheme)))
}

/// Whether the server's words blame the audience. They decide nothing but what the user is told.
fn names_the_audience(challenge: &Challenge) -> bool {
    challenge
        .get("error_description")
        .is_some_and(|words| words.to_ascii_lowercase().contains("audience"))
}

/// Path segments, and first labels of a host, that stand for a page to sign in on.
const LOGIN_WORDS: [&str; 11] = [
    "login",
    "log-in",
    "log_in",
    "logon",
    "signin",
    "sign-in",
    "sign_in",
    "sso",
    "authorize",
    "saml",
    "saml2",
];

/// Whether a redirect leads from an API to a page to sign in on.
fn leads_to_login(head: &Head, from: &Url) -> bool {
    let to = head
        .location
        .as_deref()
        .and_then(|location| std::str::from_utf8(location).ok())
        .and_then(|location| from.join(location).ok());
    to.is_some_and(|to| is_login(&to) && !is_login(from))
}

fn is_login(url: &Url) -> bool {
    let is_word = |text: &str| {
        LOGIN_WORDS
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
    };
    let mut segments = url.path_segments().into_iter().flatten();
    let label = url.domain().and_then(|host| host.split('.').next());
    // `login.html` and `login;jsessionid=1` are the same page.
    segments.any(|segment| segment.split(['.', ';']).next().is_some_and(is_word))
        || label.is_some_and(is_word)
}

#[cfg(test)]
mod tests;
