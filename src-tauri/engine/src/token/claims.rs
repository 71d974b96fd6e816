//! What an access token says of itself, as far as a refusal can be explained by it: kept with the events, without anything
//! that could be sent, and without whose token it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::jwt;
use crate::clock::WallMs;
use crate::redact::server_text;

/// Characters of one issuer, audience or scope that are kept.
const WORD_CHARS_MAX: usize = 200;
/// Audiences that are kept.
const AUDIENCES_MAX: usize = 8;
/// Scopes that are kept.
const SCOPES_MAX: usize = 64;

/// What kind of thing a token is by its looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// A signed JWT (RFC 7519): its claims can be read.
    Jwt,
    /// An encrypted JWT (RFC 7516): only its API can read it.
    Encrypted,
    /// Anything else: it says nothing to us.
    #[default]
    Opaque,
}

/// What a token says of itself. Nothing of it is verified, and no decision rests on it (RFC 9068 §6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(optional_fields))]
pub struct TokenClaims {
    /// What kind of thing it is.
    pub form: TokenForm,
    /// Who issued it (`iss`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whom it is meant for (`aud`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// What it permits (`scope` or `scp`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// When it was issued by its issuer's clock (`iat`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at_ms: Option<WallMs>,
    /// Before when it is not valid (`nbf`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<WallMs>,
    /// From when on it is not valid any more (`exp`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<WallMs>,
    /// It is bound to a key, and no bearer token (`cnf`, RFC 7800).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
    /// It carries what only an ID Token does (OpenID Connect Core §2): it says who somebody is, and permits nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identity: bool,
}

impl TokenClaims {
    /// What this token says.
    pub(crate) fn of(token: &str) -> Self {
        let Some(details) = jwt::decode(token) else {
            let encrypted = token.split('.').count() == 5 && token.starts_with("eyJ");
            return Self {
                form: if encrypted {
                    TokenForm::Encrypted
                } else {
                    TokenForm::Opaque
                },
                ..Self::default()
            };
        };
        let claims = &details.claims;
        Self {
            form: TokenForm::Jwt,
            issuer: claims.get("iss").and_then(Value::as_str).map(word),
            audience: words(claims.get("aud"), AUDIENCES_MAX),
            scope: words(
                claims.get("scope").or_else(|| claims.get("scp")),
                SCOPES_MAX,
            ),
            issued_at_ms: moment(claims, "iat"),
            not_before_ms: moment(claims, "nbf"),
            expires_at_ms: moment(claims, "exp"),
            bound: claims.get("cnf").is_some_and(Value::is_object),
            identity: ["nonce", "at_hash", "c_hash"]
                .iter()
                .any(|name| claims.contains_key(*name)),
        }
    }
}

fn word(text: &str) -> String {
    server_text(text, WORD_CHARS_MAX)
}

/// A claim that is one word, several words in a string, or a list of them. An audience with a space in it is none that exists.
fn words(claim: Option<&Value>, max: usize) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().take(max).map(word).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .take(max)
            .map(word)
            .collect(),
        _ => Vec::new(),
    }
}

/// A time in seconds since 1970, if it is a plausible one: milliseconds, negative and endless ones are not believed.
fn moment(claims: &Map<String, Value>, name: &str) -> Option<WallMs> {
    let seconds = claims.get(name)?.as_f64()?;
    (0.0..1e11)
        .contains(&seconds)
        .then_some(WallMs((seconds * 1_000.0) as i64))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn jwt(claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims))
    }

    #[test]
    fn what_a_token_says_is_kept_without_what_could_be_sent() {
        let token = jwt(
            r#"{"iss":"https://id.test","aud":["a","b"],"scp":["read"],"iat":10,"nbf":11.5,"exp":12,
                "sub":"u-17","email":"ada@test","cnf":{"jkt":"x"},"nonce":"n"}"#,
        );
        let claims = TokenClaims::of(&token);
        let expected = TokenClaims {
            form: TokenForm::Jwt,
            issuer: Some("https://id.test".to_owned()),
            audience: vec!["a".to_owned(), "b".to_owned()],
            scope: vec!["read".to_owned()],
            issued_at_ms: Some(WallMs(10_000)),
            not_before_ms: Some(WallMs(11_500)),
            expires_at_ms: Some(WallMs(12_000)),
            bound: true,
            identity: true,
        };
        assert_eq!(claims, expected);
        let kept = serde_json::to_string(&claims).expect("JSON");
        for secret in ["c2ln", "u-17", "ada@test", "eyJ"] {
            assert!(!kept.contains(secret), "{secret} in {kept}");
        }
        assert_eq!(
            serde_json::from_str::<TokenClaims>(&kept).expect("reads back"),
            claims
        );
    }

    #[test]
    fn odd_claims_are_left_out_and_long_ones_cut() {
        let long = "x".repeat(10_000);
        for (claims, expected) in [
            (r#"{"exp":1795431674000}"#.to_owned(), None),
            (r#"{"exp":-5}"#.to_owned(), None),
            (r#"{"exp":"soon"}"#.to_owned(), None),
            (
                format!(r#"{{"exp":5,"iss":"{long}"}}"#),
                Some(WallMs(5_000)),
            ),
        ] {
            let read = TokenClaims::of(&jwt(&claims));
            assert_eq!(read.expires_at_ms, expected, "{claims:.40}");
            assert!(read.issuer.is_none_or(|issuer| issuer.len() < 300));
        }
        for (token, form) in [
            ("", TokenForm::Opaque),
            ("eyJh.a.b.c.d", TokenForm::Encrypted),
            ("a.b.c.d.e", TokenForm::Opaque),
        ] {
            assert_eq!(TokenClaims::of(token).form, form, "{token}");
        }
    }
}
