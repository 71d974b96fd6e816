//! A session's own description of an answer that means something: off by default, for servers that do not say it by the
//! standard's words.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// All of its parts must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPattern {
    /// The status of such an answer.
    pub status: u16,
    /// A header, and the value that it has then.
    pub header: Option<(String, String)>,
    /// A JSON pointer into the body, and the text, number or truth value there. An API's answer must be JSON by its type,
    /// and at most `PEEKED_BYTES_MAX` long; it is held until it is whole before it is judged.
    pub body: Option<(String, String)>,
}

impl AnswerPattern {
    /// Whether the head fits.
    pub(crate) fn fits_head(&self, status: u16, headers: &HeaderMap) -> bool {
        let has = |(name, value): &(String, String)| {
            headers.get_all(name.as_str()).iter().any(|found| {
                found
                    .to_str()
                    .is_ok_and(|found| found.trim().eq_ignore_ascii_case(value))
            })
        };
        status == self.status && self.header.as_ref().is_none_or(has)
    }

    /// Whether the body fits, where one is described.
    pub(crate) fn fits_body(&self, body: &[u8]) -> bool {
        let Some((pointer, expected)) = &self.body else {
            return true;
        };
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return false;
        };
        match body.pointer(pointer) {
            Some(Value::String(text)) => text == expected,
            Some(Value::Bool(truth)) => expected.parse() == Ok(*truth),
            Some(Value::Number(number)) => {
                let text = number.to_string();
                text == *expected
            }
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    /// Scenario 69.
    #[test]
    fn all_parts_of_a_description_must_fit() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        let slack = AnswerPattern {
            status: 200,
            header: None,
            body: pair("/error", "token_expired"),
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-auth", HeaderValue::from_static("Expired"));
        assert!(slack.fits_head(200, &headers) && !slack.fits_head(403, &headers));
        for (body, fits) in [
            (r#"{"error": "token_expired"}"#, true),
            (r#"{"error": "other"}"#, false),
            (r#"{"error": ["token_expired"]}"#, false),
            (r#"{"errors": "token_expired"}"#, false),
            ("token_expired", false),
            ("", false),
        ] {
            assert_eq!(slack.fits_body(body.as_bytes()), fits, "{body}");
        }
        let by_number = AnswerPattern {
            body: pair("/code", "401"),
            ..slack.clone()
        };
        assert!(by_number.fits_body(br#"{"code": 401}"#));
        let by_header = AnswerPattern {
            status: 403,
            header: pair("X-Auth", "expired"),
            body: None,
        };
        assert!(by_header.fits_head(403, &headers) && !by_header.fits_head(403, &HeaderMap::new()));
        assert!(by_header.fits_body(b"anything"));
    }
}
