//! What an answer of a token endpoint means (engine.md 3.6). Pure: a table from what the wire gave to a class and its rule.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::{RETRY_AFTER_BOUNDS, Wire};
use crate::clock::{WallMs, millis};
use crate::error::Failure;
use crate::redact::server_text;
use crate::rules;
use crate::session::config::answer_pattern::AnswerPattern;
use crate::timeline::event::ReplyClass;
use crate::token::reply::Reply;
use crate::token::scheme::Scheme;

/// Characters of a server's error words that are kept.
const SERVER_TEXT_CHARS_MAX: usize = 300;

/// Error codes that say that the refresh token is dead, by RFC 6749 §5.2 and by servers that word it differently.
const DEAD: [&str; 7] = [
    "invalid_grant",
    "bad_refresh_token",
    "refresh_token_reused",
    "refresh_token_expired",
    "refresh_token_invalidated",
    "refresh_token_not_found",
    "invalid_refresh_token",
];
/// Error codes that say that the session's set-up is wrong, not its token (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5).
const MISCONFIGURED: [&str; 6] = [
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "unsupported_grant_type",
];
/// Error codes that ask for the user in person (OpenID Connect Core §3.1.2.6).
const INTERACTION: [&str; 4] = [
    "interaction_required",
    "login_required",
    "consent_required",
    "mfa_required",
];

/// A judged answer.
pub(crate) struct Judged {
    pub(crate) class: ReplyClass,
    pub(crate) rule_id: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    /// The server's clock, by the reply's `Date`.
    pub(crate) date_ms: Option<i64>,
    /// What it held. With [`ReplyClass::Granted`], an access token is in it.
    pub(crate) reply: Option<Reply>,
    /// What a person may be told about a failure without an answer.
    pub(crate) detail: Option<String>,
}

impl Judged {
    /// The same failure with what the server said.
    pub(crate) fn describe(&self, mut failure: Failure) -> Failure {
        if let Some(status) = self.status {
            failure = failure.with("status", status);
        }
        for (name, value) in [
            ("error", &self.error),
            ("error_description", &self.error_description),
            ("detail", &self.detail),
        ] {
            if let Some(value) = value {
                failure = failure.with(name, value);
            }
        }
        failure
    }
}

/// Judges what the wire gave back, with the request's own way to read an answer.
pub(super) fn judge(
    wire: &Wire,
    ended_when: &[AnswerPattern],
    read: impl FnOnce(&[u8], &HeaderMap) -> Option<Reply>,
    now: WallMs,
) -> Judged {
    let unanswered = |class, rule_id, status, detail: &str| Judged {
        class,
        rule_id,
        status,
        error: None,
        error_description: None,
        retry_after_ms: None,
        date_ms: None,
        reply: None,
        detail: Some(detail.to_owned()),
    };
    match wire {
        Wire::NotSent { detail } => unanswered(ReplyClass::NotSent, "reply.not_sent", None, detail),
        Wire::Lost { status, detail } => {
            unanswered(ReplyClass::Ambiguous, "reply.lost", *status, detail)
        }
        Wire::Answer {
            status,
            headers,
            body,
        } => {
            let reply = read(body, headers);
            let error = reply.as_ref().and_then(|reply| reply.error.clone());
            let ended = ended_when
                .iter()
                .any(|pattern| pattern.fits_head(*status, headers) && pattern.fits_body(body));
            let (class, rule_id) = classify(*status, reply.as_ref(), error.as_deref(), ended);
            let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
            let text = |text: &String| server_text(text, SERVER_TEXT_CHARS_MAX);
            Judged {
                class,
                rule_id,
                status: Some(*status),
                error: error.as_ref().map(text),
                error_description: reply
                    .as_ref()
                    .and_then(|reply| reply.error_description.as_ref())
                    .map(text),
                date_ms: header(DATE).and_then(date_ms),
                retry_after_ms: header(RETRY_AFTER).and_then(|header| retry_after_ms(header, now)),
                reply,
                detail: None,
            }
        }
    }
}

fn classify(
    status: u16,
    reply: Option<&Reply>,
    error: Option<&str>,
    ended: bool,
) -> (ReplyClass, &'static str) {
    // What the session's own file says about its server is asked first: it knows.
    if ended && rules::on("reply.ended_when") {
        return (ReplyClass::Definitive, "reply.ended_when");
    }
    if let Some(error) = error {
        let one_of = |codes: &[&str]| codes.iter().any(|code| error.eq_ignore_ascii_case(code));
        if one_of(&DEAD) && rules::on("reply.dead") {
            return (ReplyClass::Definitive, "reply.dead");
        }
        if one_of(&MISCONFIGURED) && rules::on("reply.config") {
            return (ReplyClass::Config, "reply.config");
        }
        // RFC 9449 §8: said before the refresh token is looked at.
        if one_of(&["use_dpop_nonce"]) && rules::on("reply.nonce_needed") {
            return (ReplyClass::NonceNeeded, "reply.nonce_needed");
        }
        // RFC 8628 §3.5: the user has not decided yet.
        if one_of(&["authorization_pending"]) && rules::on("reply.pending") {
            return (ReplyClass::Pending, "reply.pending");
        }
        if one_of(&["slow_down"]) && rules::on("reply.slow_down") {
            return (ReplyClass::SlowDown, "reply.slow_down");
        }
        if one_of(&INTERACTION) && rules::on("reply.interaction") {
            return (ReplyClass::Interaction, "reply.interaction");
        }
    }
    let holds = |token: fn(&Reply) -> bool| reply.is_some_and(token);
    match status {
        200..=299 if holds(|reply| reply.access_token.is_some()) && rules::on("reply.granted") => {
            (ReplyClass::Granted, "reply.granted")
        }
        200..=299
            if holds(|reply| reply.refresh_token.is_some())
                && rules::on("reply.no_access_token") =>
        {
            (ReplyClass::Protocol, "reply.no_access_token")
        }
        200..=299 if rules::on("reply.not_tokens") => (ReplyClass::Protocol, "reply.not_tokens"),
        // A form that was taken leads on to a page, and its cookies are what was asked for.
        302 | 303
            if holds(|reply| reply.scheme == Scheme::Cookie && reply.access_token.is_some())
                && rules::on("reply.cookies_granted") =>
        {
            (ReplyClass::Granted, "reply.cookies_granted")
        }
        300..=399 if rules::on("reply.redirect") => (ReplyClass::Protocol, "reply.redirect"),
        404 | 405 | 415 if rules::on("reply.wrong_endpoint") => {
            (ReplyClass::Config, "reply.wrong_endpoint")
        }
        408 | 429 | 503 if rules::on("reply.busy") => (ReplyClass::Busy, "reply.busy"),
        401 | 403 if rules::on("reply.unexplained") => {
            (ReplyClass::Unexplained, "reply.unexplained")
        }
        400..=499 if rules::on("reply.suspect") => (ReplyClass::Suspect, "reply.suspect"),
        502 | 504 if rules::on("reply.gateway") => (ReplyClass::Ambiguous, "reply.gateway"),
        500..=599 if rules::on("reply.server_error") => (ReplyClass::Busy, "reply.server_error"),
        _ => (ReplyClass::Protocol, "reply.unheard_of"),
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), clamped; what cannot be read is no wish.
pub(super) fn retry_after_ms(header: &str, now: WallMs) -> Option<u64> {
    let (least, most) = (millis(RETRY_AFTER_BOUNDS.0), millis(RETRY_AFTER_BOUNDS.1));
    let wished = match header.trim().parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1_000),
        Err(_) => u64::try_from(date_ms(header)?.saturating_sub(now.0)).unwrap_or(0),
    };
    Some(wished.clamp(least, most))
}

/// An HTTP date (RFC 9110 §5.6.7) in milliseconds since 1970.
fn date_ms(header: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(header.trim()).ok()?;
    i64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::config::replies::Replies;
    use crate::token::reply;

    fn judged(wire: &Wire, replies: &Replies) -> Judged {
        let read = |body: &[u8], headers: &HeaderMap| {
            reply::read(body, headers, &replies.places, false, WallMs(0))
        };
        judge(wire, &replies.ended_when, read, WallMs(0))
    }

    fn answer(status: u16, body: &str) -> Judged {
        let wire = Wire::Answer {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        judged(&wire, &Replies::default())
    }

    /// Scenarios 72, 73, 74, 75, 77, 80, 81, 82, 83, 84 and 95: what each means, and by which rule.
    #[test]
    fn an_answer_is_judged_by_its_error_first_and_its_status_second() {
        use ReplyClass::{
            Ambiguous, Busy, Config, Definitive, Granted, Interaction, NonceNeeded, Pending,
            Protocol, SlowDown, Suspect, Unexplained,
        };
        let pair = r#"{"access_token":"a","refresh_token":"r"}"#;
        let error = |code: &str| format!(r#"{{"error":"{code}"}}"#);
        for (status, body, class, rule_id) in [
            (200, r#"{"access_token":"a"}"#, Granted, "reply.granted"),
            (201, pair, Granted, "reply.granted"),
            (400, &error("invalid_grant"), Definitive, "reply.dead"),
            (
                401,
                &error("refresh_token_reused"),
                Definitive,
                "reply.dead",
            ),
            (200, &error("bad_refresh_token"), Definitive, "reply.dead"),
            (401, &error("invalid_client"), Config, "reply.config"),
            (400, &error("invalid_scope"), Config, "reply.config"),
            (400, &error("invalid_dpop_proof"), Config, "reply.config"),
            (
                400,
                &error("use_dpop_nonce"),
                NonceNeeded,
                "reply.nonce_needed",
            ),
            (
                400,
                &error("consent_required"),
                Interaction,
                "reply.interaction",
            ),
            (
                400,
                &error("authorization_pending"),
                Pending,
                "reply.pending",
            ),
            (400, &error("slow_down"), SlowDown, "reply.slow_down"),
            (400, &error("invalid_request"), Suspect, "reply.suspect"),
            (401, "", Unexplained, "reply.unexplained"),
            (
                403,
                "<html>blocked</html>",
                Unexplained,
                "reply.unexplained",
            ),
            (404, "", Config, "reply.wrong_endpoint"),
            (429, "", Busy, "reply.busy"),
            (500, "", Busy, "reply.server_error"),
            (503, "", Busy, "reply.busy"),
            (502, "", Ambiguous, "reply.gateway"),
            (504, "", Ambiguous, "reply.gateway"),
            (307, "", Protocol, "reply.redirect"),
            (
                200,
                "<html>sign in to the wifi</html>",
                Protocol,
                "reply.not_tokens",
            ),
            (200, "{}", Protocol, "reply.not_tokens"),
            (
                200,
                r#"{"refresh_token":"r"}"#,
                Protocol,
                "reply.no_access_token",
            ),
        ] {
            let judged = answer(status, body);
            assert_eq!(
                (judged.class, judged.rule_id),
                (class, rule_id),
                "{status} {body}"
            );
        }
    }

    /// Scenario 73, in a server's own words.
    #[test]
    fn a_session_may_say_which_answers_end_it() {
        let ended = |status, body: Option<(&str, &str)>| AnswerPattern {
            status,
            header: None,
            body: body.map(|(pointer, text)| (pointer.to_owned(), text.to_owned())),
        };
        let replies = Replies {
            ended_when: vec![ended(404, None), ended(200, Some(("/code", "40103")))],
            ..Replies::default()
        };
        for (status, body, class, rule_id) in [
            (404, "", ReplyClass::Definitive, "reply.ended_when"),
            (
                200,
                r#"{"code": 40103}"#,
                ReplyClass::Definitive,
                "reply.ended_when",
            ),
            (
                200,
                r#"{"code": 0, "token": "a"}"#,
                ReplyClass::Granted,
                "reply.granted",
            ),
            (401, "", ReplyClass::Unexplained, "reply.unexplained"),
        ] {
            let wire = Wire::Answer {
                status,
                headers: HeaderMap::new(),
                body: body.as_bytes().to_vec(),
            };
            let judged = judged(&wire, &replies);
            assert_eq!(
                (judged.class, judged.rule_id),
                (class, rule_id),
                "{status} {body}"
            );
        }
    }

    /// Scenario 85.
    #[test]
    fn a_reply_of_an_odd_form_has_a_defined_class() {
        let tokens = r#"{"access_token":"a","refresh_token":"r"}"#;
        let gzip = "\u{1f}\u{8b}\u{8}\u{0}not inflated by anybody";
        for (status, body, class) in [
            (201, tokens.to_owned(), ReplyClass::Granted),
            (206, tokens.to_owned(), ReplyClass::Granted),
            (200, format!("\u{feff}{tokens}\n"), ReplyClass::Granted),
            (
                200,
                "access_token=a&refresh_token=r&expires_in=60".to_owned(),
                ReplyClass::Granted,
            ),
            (200, gzip.to_owned(), ReplyClass::Protocol),
            (200, tokens[..20].to_owned(), ReplyClass::Protocol),
            (204, String::new(), ReplyClass::Protocol),
        ] {
            assert_eq!(answer(status, &body).class, class, "{status} {body}");
        }
        // What is larger than is read never becomes an answer: the wire says that it was lost.
        let wire = Wire::Lost {
            status: Some(200),
            detail: "the reply is larger".to_owned(),
        };
        assert_eq!(
            judged(&wire, &Replies::default()).class,
            ReplyClass::Ambiguous
        );
    }

    /// Scenario 79.
    #[test]
    fn a_server_may_ask_to_wait_within_reason() {
        for (header, expected) in [
            ("120", Some(120_000)),
            ("86400", Some(3_600_000)),
            ("0", Some(1_000)),
            ("-5", None),
            ("soon", None),
            ("Thu, 01 Jan 1970 00:01:00 GMT", Some(60_000)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(1_000)),
        ] {
            assert_eq!(retry_after_ms(header, WallMs(0)), expected, "{header}");
        }
    }

    #[test]
    fn a_servers_words_arrive_as_bounded_text() {
        let judged = answer(
            400,
            &format!(
                r#"{{"error":"invalid_grant","error_description":"a\u0000{}"}}"#,
                "x".repeat(999)
            ),
        );
        let words = judged.error_description.expect("there");
        assert_eq!(words.chars().count(), SERVER_TEXT_CHARS_MAX + 1);
        assert!(!words.contains('\0'));
    }
}
