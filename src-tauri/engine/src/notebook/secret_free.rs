//! A request as it may be remembered: what is a secret by its name, or is known as one, is hidden; variables stay, because
//! they only name what is kept elsewhere.

use crate::exchange::body::{Body, Part};
use crate::exchange::draft::Draft;
use crate::redact::{Masker, is_secret_name, is_secret_parameter};

/// Stands where a secret was.
const HIDDEN: &str = "***";
/// Headers that are secrets and are not called like one.
const SECRET_HEADERS: [&str; 2] = ["cookie", "x-csrf"];

/// The draft without its secrets, and how many parts of it are hidden.
pub(crate) fn secret_free(draft: Draft, masker: &Masker) -> (Draft, u32) {
    let mut hider = Hider { masker, hidden: 0 };
    let is_form = draft.headers.iter().any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("content-type")
            && value.to_ascii_lowercase().contains("x-www-form-urlencoded")
    });
    let free = Draft {
        url: hider.url(&draft.url),
        headers: draft
            .headers
            .into_iter()
            .map(|(name, value)| {
                let value = hider.named(is_secret_header(&name), value);
                (name, value)
            })
            .collect(),
        body: draft.body.map(|body| match body {
            Body::Text(text) if is_form => Body::Text(hider.pairs(&text)),
            Body::Text(text) => Body::Text(hider.members(&text)),
            Body::Multipart { parts } => Body::Multipart {
                parts: parts.into_iter().map(|part| hider.part(part)).collect(),
            },
            file @ Body::File { .. } => file,
        }),
        ..draft
    };
    (free, hider.hidden)
}

fn is_secret_header(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    is_secret_name(&name) || SECRET_HEADERS.iter().any(|known| name.starts_with(known))
}

struct Hider<'m> {
    masker: &'m Masker,
    hidden: u32,
}

impl Hider<'_> {
    /// A value, by whether its name says that it is a secret.
    fn named(&mut self, is_secret: bool, value: String) -> String {
        if is_secret && !value.trim().is_empty() && !value.contains("{{") {
            self.hidden += 1;
            return HIDDEN.to_owned();
        }
        self.known(value)
    }

    /// A text without the secrets that are known now.
    fn known(&mut self, text: String) -> String {
        let masked = self.masker.mask(&text).into_owned();
        if masked != text {
            self.hidden += 1;
        }
        masked
    }

    fn part(&mut self, part: Part) -> Part {
        match part {
            Part::Text { name, text } => {
                let text = self.named(is_secret_parameter(&name), text);
                Part::Text { name, text }
            }
            file @ Part::File { .. } => file,
        }
    }

    /// An address that may hold variables: its user info, and its parameters by their names.
    fn url(&mut self, url: &str) -> String {
        let (before, query) = match url.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (url, None),
        };
        let mut shown = self.user_info(before);
        if let Some(query) = query {
            let (query, fragment) = match query.split_once('#') {
                Some((query, fragment)) => (query, Some(fragment)),
                None => (query, None),
            };
            shown.push('?');
            shown.push_str(&self.pairs(query));
            if let Some(fragment) = fragment {
                shown.push('#');
                shown.push_str(fragment);
            }
        }
        self.known(shown)
    }

    fn user_info(&mut self, url: &str) -> String {
        if let Some((scheme, rest)) = url.split_once("://") {
            let end = rest.find('/').unwrap_or(rest.len());
            if let Some(at) = rest[..end].rfind('@')
                && !rest[..at].contains("{{")
            {
                self.hidden += 1;
                return format!("{scheme}://{}", &rest[at + 1..]);
            }
        }
        url.to_owned()
    }

    /// `name=value` joined by `&`.
    fn pairs(&mut self, text: &str) -> String {
        let pairs: Vec<String> = text
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => {
                    let plain = name.replace('+', " ");
                    let value = self.named(is_secret_parameter(&plain), value.to_owned());
                    format!("{name}={value}")
                }
                None => pair.to_owned(),
            })
            .collect();
        pairs.join("&")
    }

    /// Text that may be JSON, with variables in it or not: the values of members that are secrets by their names. Everything
    /// else stays as it was laid out.
    fn members(&mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find('"') {
            let Some(length) = string_length(&rest[begin..]) else {
                break;
            };
            let (before, token) = (&rest[..begin], &rest[begin..begin + length]);
            shown.push_str(before);
            shown.push_str(token);
            rest = &rest[begin + length..];
            let after = rest.trim_start();
            let Some(value) = after.strip_prefix(':').map(str::trim_start) else {
                continue;
            };
            if !is_secret_parameter(&token[1..token.len() - 1]) {
                continue;
            }
            let value_length = match value.as_bytes().first() {
                Some(b'"') => string_length(value),
                Some(byte) if byte.is_ascii_digit() || *byte == b'-' => {
                    Some(value.find([',', '}', ']', '\n']).unwrap_or(value.len()))
                }
                _ => None,
            };
            if let Some(value_length) = value_length
                && !value[..value_length].contains("{{")
                && &value[..value_length] != "\"\""
            {
                shown.push_str(&rest[..rest.len() - value.len()]);
                shown.push('"');
                shown.push_str(HIDDEN);
                shown.push('"');
                rest = &value[value_length..];
                self.hidden += 1;
            }
        }
        shown.push_str(rest);
        self.known(shown)
    }
}

/// The length of a JSON string that a text begins with, with its quotes. `None`: it does not end.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::InstallKey;
    use crate::workspace::SavedRequest;

    fn free(url: &str, headers: &[(&str, &str)], body: Option<&str>) -> (Draft, u32) {
        let mut masker = Masker::default();
        let key = InstallKey::generate().expect("random numbers");
        let live = "live-token-of-now".into();
        masker.add(&live, key.fingerprint(&live));
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = SavedRequest {
            headers: headers.collect(),
            body: body.map(|body| Body::Text(body.to_owned())),
            ..SavedRequest::new("", "POST", url)
        };
        secret_free(Draft::of(&request), &masker)
    }

    #[test]
    fn an_address_keeps_everything_but_its_secrets() {
        for (url, expected, hidden) in [
            ("https://a.test/x?q=1#top", "https://a.test/x?q=1#top", 0),
            ("https://ada:pw@a.test/x", "https://a.test/x", 1),
            ("{{api}}/x?api_key=1&b=2", "{{api}}/x?api_key=***&b=2", 1),
            ("{{api}}/x?api_key={{key}}", "{{api}}/x?api_key={{key}}", 0),
            ("https://{{user}}@a.test/x", "https://{{user}}@a.test/x", 0),
            (
                "https://a.test/?access_token=",
                "https://a.test/?access_token=",
                0,
            ),
        ] {
            let (draft, count) = free(url, &[], None);
            assert_eq!((draft.url.as_str(), count), (expected, hidden), "{url}");
        }
        let (draft, hidden) = free("https://a.test/live-token-of-now/x", &[], None);
        assert!(
            !draft.url.contains("live-token") && hidden == 1,
            "{}",
            draft.url
        );
    }

    #[test]
    fn headers_and_bodies_keep_everything_but_their_secrets() {
        let (draft, hidden) = free(
            "https://a.test/",
            &[
                ("Authorization", "Bearer abc"),
                ("Cookie", "a=1"),
                ("X-Api-Key", "{{key}}"),
                ("Accept", "text/html"),
                ("X-Trace", "live-token-of-now"),
            ],
            Some(
                "{\n  \"user\": \"ada\",\n  \"password\" : \"s3\\\"cret\", \"pin_token\": 1234,\n  \"token\": \"{{token}}\", \"n\": {{n}}, \"secret\": \"\"\n}",
            ),
        );
        let values: Vec<&str> = draft
            .headers
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(values[..4], ["***", "***", "{{key}}", "text/html"]);
        assert!(values[4].starts_with("[token "), "{values:?}");
        assert_eq!(
            draft.body,
            Some(Body::Text("{\n  \"user\": \"ada\",\n  \"password\" : \"***\", \"pin_token\": \"***\",\n  \"token\": \"{{token}}\", \"n\": {{n}}, \"secret\": \"\"\n}".to_owned()))
        );
        assert_eq!(hidden, 5);
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let (draft, hidden) = free("https://a.test/", &form, Some("user=ada&password=x&b"));
        assert_eq!(
            draft.body,
            Some(Body::Text("user=ada&password=***&b".to_owned()))
        );
        assert_eq!(hidden, 1);
    }

    #[test]
    fn text_that_is_no_json_is_left_as_it_is() {
        for text in [
            "",
            "\"",
            "\"password\": \"never ends",
            "password: x",
            "{\"password\": {\"a\": 1}}",
            "日本\"語",
        ] {
            let (draft, hidden) = free("https://a.test/", &[], Some(text));
            assert_eq!((draft.body, hidden), (Some(Body::Text(text.to_owned())), 0));
        }
    }
}
