//! What the replies of a session's token endpoint look like: where tokens and expiry stand, and what means that it is over.

use reqwest::header::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::answer_pattern::AnswerPattern;

/// How a session's replies are read. By default, as RFC 6749 has them, or as JSON APIs commonly do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replies {
    /// Where the tokens and their expiry stand.
    pub places: ReplyPlaces,
    /// Answers to a refresh that mean that the refresh token is dead, beside `invalid_grant` and its like.
    pub ended_when: Vec<AnswerPattern>,
    /// What becomes of the refresh token that was sent.
    pub old_refresh_token: OldRefreshToken,
}

/// What becomes of the refresh token that a refresh was sent with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldRefreshToken {
    /// As the reply says: replaced where it holds another one, else kept (RFC 6749 §6).
    #[default]
    Either,
    /// It stays the one to use, whatever a reply holds.
    Kept,
    /// It is spent. Where a reply holds no other one, nothing can be refreshed after this.
    Replaced,
}

impl OldRefreshToken {
    /// The refresh token to go on with, after a reply that held this one or none. `None`: there is none any more.
    pub(crate) fn after(
        self,
        sent: &SecretString,
        replied: Option<SecretString>,
    ) -> Option<SecretString> {
        match self {
            Self::Either => Some(replied.unwrap_or_else(|| sent.clone())),
            Self::Kept => Some(sent.clone()),
            Self::Replaced => replied,
        }
    }
}

/// One place in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its body, by a JSON pointer (RFC 6901).
    Body(String),
    /// In a header.
    Header(HeaderName),
}

/// Places in a reply, each by the places where it may stand: the first that holds something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyPlaces {
    /// The access token.
    pub access_token: Vec<Place>,
    /// The refresh token, which may be absent from a reply.
    pub refresh_token: Vec<Place>,
    /// How long the access token lives, which may be absent.
    pub expires_in: Vec<Place>,
    /// What that is counted in.
    pub expires_in_unit: Unit,
    /// When the access token expires, which may be absent: a date, or seconds or milliseconds since 1970.
    pub expires_at: Vec<Place>,
}

/// What a lifetime is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// As RFC 6749 §5.1 has it.
    #[default]
    Seconds,
    /// As many JSON APIs have it.
    Milliseconds,
}

impl Default for ReplyPlaces {
    /// RFC 6749's names first, then those of JSON APIs.
    fn default() -> Self {
        let body = |pointers: &[&str]| {
            let place = |pointer: &&str| Place::Body((*pointer).to_owned());
            pointers.iter().map(place).collect()
        };
        Self {
            access_token: body(&["/access_token", "/accessToken", "/token"]),
            refresh_token: body(&["/refresh_token", "/refreshToken"]),
            expires_in: body(&["/expires_in", "/expiresIn"]),
            expires_in_unit: Unit::Seconds,
            expires_at: body(&["/expires_at", "/expiresAt"]),
        }
    }
}

impl Place {
    /// A place as it is written down: `/data/token`, or `header:X-Token`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("header:") {
            Some(name) => HeaderName::from_bytes(name.trim().as_bytes())
                .map(Self::Header)
                .map_err(|_| format!("{name:?} is no header's name")),
            None if text.is_empty() || text.starts_with('/') => Ok(Self::Body(text.to_owned())),
            None => Err(format!(
                "{text:?} is no place in a reply: write \"/{text}\" for a field of its body, or \"header:{text}\""
            )),
        }
    }

    /// What stands there; absent and null are nothing.
    pub(crate) fn find(&self, body: &Value, headers: &HeaderMap) -> Option<Value> {
        match self {
            Self::Body(pointer) => body
                .pointer(pointer)
                .filter(|value| !value.is_null())
                .cloned(),
            Self::Header(name) => {
                let text = headers.get(name)?.to_str().ok()?.trim();
                let bare = text
                    .split_once(' ')
                    .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                    .map_or(text, |(_, token)| token.trim());
                Some(Value::from(bare))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_old_refresh_token_is_kept_replaced_or_either() {
        for (rule, replied, expected) in [
            (OldRefreshToken::Either, Some("new"), Some("new")),
            (OldRefreshToken::Either, None, Some("old")),
            (OldRefreshToken::Kept, Some("new"), Some("old")),
            (OldRefreshToken::Kept, None, Some("old")),
            (OldRefreshToken::Replaced, Some("new"), Some("new")),
            (OldRefreshToken::Replaced, None, None),
        ] {
            let next = rule.after(&"old".into(), replied.map(SecretString::from));
            assert_eq!(
                next.as_ref().map(ExposeSecret::expose_secret),
                expected,
                "{rule:?} {replied:?}"
            );
        }
    }

    #[test]
    fn a_place_is_a_pointer_or_a_header() {
        for (text, expected) in [
            ("/data/token", Ok(Place::Body("/data/token".to_owned()))),
            ("", Ok(Place::Body(String::new()))),
            (
                "header:X-Token",
                Ok(Place::Header(HeaderName::from_static("x-token"))),
            ),
            ("header:X Token", Err("\"X Token\" is no header's name")),
            (
                "token",
                Err(
                    "\"token\" is no place in a reply: write \"/token\" for a field of its body, or \"header:token\"",
                ),
            ),
        ] {
            assert_eq!(
                Place::parse(text),
                expected.map_err(str::to_owned),
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_in_a_header_comes_without_its_scheme() {
        let place = Place::parse("header:Authorization").expect("a place");
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("abc", Some("abc")),
            ("Token abc", Some("Token abc")),
        ] {
            let headers = HeaderMap::from_iter([(
                reqwest::header::AUTHORIZATION,
                HeaderValue::from_static(header),
            )]);
            let found = place.find(&Value::Null, &headers);
            assert_eq!(found.as_ref().and_then(Value::as_str), expected, "{header}");
        }
        assert_eq!(place.find(&Value::Null, &HeaderMap::new()), None);
    }
}
