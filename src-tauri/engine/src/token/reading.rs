//! A token read for show, whatever it is: a JWT, an encrypted one, one that only its server can read, or none at all.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::advisory::{Advisory, advise};
use super::details::JwtDetails;
use super::excerpt::excerpt;
use super::jwt;
use super::signature::SignatureState;
use crate::clock::WallMs;
use crate::origin::Origin;
use crate::redact::Fingerprint;

/// How much of a token can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Legibility {
    /// A JWT whose claims can be read.
    Jwt,
    /// An encrypted JWT (RFC 7516): five parts, of which the header can be read.
    Encrypted,
    /// Nothing that can be read here.
    Opaque,
    /// Longer than is read.
    TooLong,
    /// Nothing, or something that no header could carry (RFC 6750 §2.1).
    NotAToken,
}

/// A token as it can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Reading {
    /// What it is.
    pub form: Legibility,
    /// Header and claims, as far as they can be read. Absent: nothing can be.
    pub jwt: Option<JwtDetails>,
    /// What is known of its signature.
    pub signature: SignatureState,
    /// What a person should know of it.
    pub advisories: Vec<Advisory>,
    /// Names, values and claims that were cut or left out.
    pub cut: u32,
}

/// A token that was pasted in, as it can be read. It is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Inspected {
    /// Its length, in bytes.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub length: u64,
    /// Which token, for those who hold the install key.
    pub fingerprint: Fingerprint,
    /// What can be read of it.
    #[serde(flatten)]
    pub reading: Reading,
}

/// Reads a token that may go to these origins.
pub(crate) fn read(token: &str, now: WallMs, origins: &[Origin]) -> Reading {
    let (form, jwt) = form(token);
    let (jwt, cut) = match jwt {
        Some(jwt) => {
            let advisories = match form {
                Legibility::Jwt => advise(&jwt, now, origins),
                _ => Vec::new(),
            };
            let (jwt, cut) = excerpt(jwt);
            (Some((jwt, advisories)), cut)
        }
        None => (None, 0),
    };
    let (jwt, advisories) = jwt.unzip();
    let unsigned = form == Legibility::Jwt && token.ends_with('.');
    Reading {
        form,
        jwt,
        signature: if unsigned {
            SignatureState::Absent
        } else {
            SignatureState::NotChecked
        },
        advisories: advisories.unwrap_or_default(),
        cut,
    }
}

fn form(token: &str) -> (Legibility, Option<JwtDetails>) {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return (Legibility::NotAToken, None);
    }
    if token.len() > jwt::JWT_BYTES_MAX {
        return (Legibility::TooLong, None);
    }
    if let Some(jwt) = jwt::decode(token) {
        return (Legibility::Jwt, Some(jwt));
    }
    match jwt::encrypted_header(token) {
        Some(header) => {
            let claims = Map::new();
            (Legibility::Encrypted, Some(JwtDetails { header, claims }))
        }
        None => (Legibility::Opaque, None),
    }
}

/// What was meant by a text that somebody pasted: without the header's name, the scheme, quotes and spaces around it.
pub(crate) fn pasted(text: &SecretString) -> SecretString {
    let mut token = text.expose_secret().trim();
    for prefix in ["authorization:", "bearer ", "dpop "] {
        let begins = token
            .get(..prefix.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
        if begins {
            token = token[prefix.len()..].trim();
        }
    }
    token.trim_matches(['"', '\'']).into()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn part(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    /// N14, N55: a token of any kind is explained, and none is called valid.
    #[test]
    fn whatever_is_pasted_is_explained() {
        let claims = part(r#"{"exp":1,"name":"<img src=x onerror=alert(1)>","verified":true}"#);
        let signed = format!("{}.{claims}.c2ln", part(r#"{"alg":"RS256"}"#));
        let unsigned = format!("{}.{claims}.", part(r#"{"alg":"none"}"#));
        let encrypted = format!(
            "{}.key.iv.text.tag",
            part(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)
        );
        let long = "a".repeat(1_000_000);
        for (token, form, signature, readable) in [
            (&*signed, Legibility::Jwt, SignatureState::NotChecked, true),
            (&*unsigned, Legibility::Jwt, SignatureState::Absent, true),
            (
                &*encrypted,
                Legibility::Encrypted,
                SignatureState::NotChecked,
                true,
            ),
            (
                "a.b.c.d.e",
                Legibility::Opaque,
                SignatureState::NotChecked,
                false,
            ),
            (
                "gho_16C7e42F292c6912E7",
                Legibility::Opaque,
                SignatureState::NotChecked,
                false,
            ),
            (
                &*long,
                Legibility::TooLong,
                SignatureState::NotChecked,
                false,
            ),
            ("", Legibility::NotAToken, SignatureState::NotChecked, false),
            (
                "two words",
                Legibility::NotAToken,
                SignatureState::NotChecked,
                false,
            ),
            (
                "\u{202e}abc",
                Legibility::NotAToken,
                SignatureState::NotChecked,
                false,
            ),
        ] {
            let reading = read(token, WallMs(0), &[]);
            let shown = &token[..token.len().min(40)];
            assert_eq!(
                (reading.form, reading.signature.clone()),
                (form, signature),
                "{shown}"
            );
            assert_eq!(reading.jwt.is_some(), readable, "{shown}");
        }
    }

    #[test]
    fn what_stands_around_a_pasted_token_is_no_part_of_it() {
        for text in [
            "abc.def",
            "  abc.def\n",
            "Bearer abc.def",
            "authorization: bearer abc.def",
            "Authorization: DPoP abc.def",
            "\"abc.def\"",
        ] {
            assert_eq!(pasted(&text.into()).expose_secret(), "abc.def", "{text}");
        }
    }
}
