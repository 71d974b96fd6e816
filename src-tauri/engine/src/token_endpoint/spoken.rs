//! What was said to a server that gives tokens, and what it answered, for people to read. Only values whose names are known to
//! be public are shown: a list of what is secret would miss the next thing.

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::redact::{self, MASK, server_text};

/// Characters of one value that are shown.
const VALUE_CHARS_MAX: usize = 400;
/// Fields of a message that are shown; what is beyond is counted.
const FIELDS_MAX: usize = 100;
/// Levels of JSON that are shown.
const DEPTH_MAX: usize = 8;

/// Fields of requests and replies whose values are public (RFC 6749, 7636, 8628, 8707, 9126, 9449, 9470; OpenID Connect).
const SHOWN: [&str; 32] = [
    "acr_values",
    "audience",
    "authorization_details",
    "client_assertion_type",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "error",
    "error_description",
    "error_uri",
    "expires_at",
    "expires_in",
    "expiresAt",
    "expiresIn",
    "grant_type",
    "interval",
    "iss",
    "issued_token_type",
    "max_age",
    "prompt",
    "redirect_uri",
    "refresh_expires_in",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "token_type",
    "tokenType",
    "token_type_hint",
    "ui_locales",
    "verification_uri",
];
/// Headers of an answer that are shown.
const SHOWN_HEADERS: [&str; 6] = [
    "cache-control",
    "content-type",
    "date",
    "pragma",
    "retry-after",
    "www-authenticate",
];

/// A request: its line, the headers that say something, and its body.
pub(crate) fn request(
    method: &str,
    url: &Url,
    headers: &[(&str, Option<&str>)],
    body: Option<(&str, &str)>,
) -> String {
    let mut lines = vec![format!("{method} {}", redact::url(url))];
    // Of what authenticates, its scheme alone.
    lines.extend(headers.iter().map(|(name, scheme)| match scheme {
        Some(scheme) => format!("{name}: {scheme} {MASK}"),
        None => format!("{name}: {MASK}"),
    }));
    if let Some((content_type, body)) = body {
        lines.extend([format!("content-type: {content_type}"), String::new()]);
        lines.push(match content_type.ends_with("json") {
            true => json(body),
            false => fields(form_urlencoded::parse(body.as_bytes())),
        });
    }
    lines.join("\n")
}

/// An answer: its status, the headers that say something, and its body.
pub(crate) fn reply(status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    let mut lines = vec![format!("{status}")];
    for name in SHOWN_HEADERS {
        let values = headers.get_all(name).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        lines.extend(texts.map(|text| format!("{name}: {}", server_text(text, VALUE_CHARS_MAX))));
    }
    for cookie in headers.get_all(SET_COOKIE) {
        let name = cookie.to_str().ok().and_then(|text| text.split_once('='));
        let name = name.map_or("", |(name, _)| name);
        lines.push(format!(
            "set-cookie: {}={MASK}",
            server_text(name, VALUE_CHARS_MAX)
        ));
    }
    if !body.is_empty() {
        lines.push(String::new());
        lines.push(std::str::from_utf8(body).map_or_else(|_| no_json(body.len()), json));
    }
    lines.join("\n")
}

/// The parameters of an address that the browser goes to or came back with, a line each.
pub(crate) fn address(url: &Url) -> String {
    let mut place = url.clone();
    place.set_query(None);
    format!(
        "GET {}\n\n{}",
        redact::url(&place),
        fields(url.query_pairs())
    )
}

fn fields<N: AsRef<str>, V: AsRef<str>>(pairs: impl Iterator<Item = (N, V)>) -> String {
    let lines: Vec<String> = pairs
        .map(|(name, value)| {
            let name = server_text(name.as_ref(), VALUE_CHARS_MAX);
            let value = shown(&name, value.as_ref());
            format!("{name}={value}")
        })
        .collect();
    cut(lines)
}

fn json(text: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return no_json(text.len());
    };
    let value = masked("", value, DEPTH_MAX);
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    cut(text.lines().map(str::to_owned).collect())
}

fn masked(name: &str, value: Value, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(shown(name, &text)),
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::String(MASK.to_owned()),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| masked(name, item, depth - 1));
            Value::Array(items.collect())
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = masked(&name, value, depth - 1);
                (server_text(&name, VALUE_CHARS_MAX), value)
            });
            Value::Object(fields.collect())
        }
        number_or_truth => number_or_truth,
    }
}

fn shown(name: &str, value: &str) -> String {
    match SHOWN.contains(&name) {
        true => server_text(value, VALUE_CHARS_MAX),
        false => MASK.to_owned(),
    }
}

fn no_json(bytes: usize) -> String {
    format!("({bytes} bytes that are no JSON)")
}

fn cut(mut lines: Vec<String>) -> String {
    if lines.len() > FIELDS_MAX {
        let more = lines.len() - FIELDS_MAX;
        lines.truncate(FIELDS_MAX);
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_public_is_hidden() {
        let url = Url::parse("https://id.test/token").expect("a URL");
        let body = "grant_type=authorization_code&code=s3cret&code_verifier=s3cret&client_id=desktop&custom=s3cret";
        let said = request(
            "POST",
            &url,
            &[("authorization", Some("Basic")), ("dpop", None)],
            Some(("application/x-www-form-urlencoded", body)),
        );
        assert_eq!(
            said,
            "POST https://id.test/token\nauthorization: Basic ***\ndpop: ***\ncontent-type: application/x-www-form-urlencoded\n\n\
             grant_type=authorization_code\ncode=***\ncode_verifier=***\nclient_id=desktop\ncustom=***"
        );
        let said = request(
            "POST",
            &url,
            &[],
            Some((
                "application/json",
                r#"{"user": "s3cret", "deep": {"scope": "a", "list": ["s3cret", 1, true]}}"#,
            )),
        );
        assert!(
            !said.contains("s3cret") && said.contains("\"scope\": \"a\""),
            "{said}"
        );
    }

    #[test]
    fn an_answer_shows_its_error_and_no_token() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().expect("text"));
        headers.insert(
            "set-cookie",
            "session=s3cret; Path=/".parse().expect("text"),
        );
        headers.insert("x-token", "s3cret".parse().expect("text"));
        let body = br#"{"access_token": "s3cret", "expires_in": 60, "error": "invalid_grant", "error_description": "no\u0000 more"}"#;
        let said = reply(400, &headers, body);
        assert!(!said.contains("s3cret"), "{said}");
        for part in [
            "400\n",
            "set-cookie: session=***",
            "\"expires_in\": 60",
            "invalid_grant",
            "no more",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let page = reply(200, &HeaderMap::new(), b"<html>s3cret</html>");
        assert_eq!(page, "200\n\n(19 bytes that are no JSON)");
    }

    #[test]
    fn an_address_shows_what_is_asked_for_and_not_what_proves_it() {
        let url = "https://id.test/authorize?response_type=code&state=s3cret&nonce=s3cret&code_challenge=abc";
        let said = address(&Url::parse(url).expect("a URL"));
        assert_eq!(
            said,
            "GET https://id.test/authorize\n\nresponse_type=code\nstate=***\nnonce=***\ncode_challenge=abc"
        );
    }
}
