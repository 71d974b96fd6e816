//! Reads a JWT's header and claims for show (RFC 7519). Nothing is verified, and no decision rests on it (RFC 9068 §6).

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::details::{ClaimChange, JwtDetails};
use super::excerpt::excerpt;

/// Tokens longer than this are shown as opaque.
pub(crate) const JWT_BYTES_MAX: usize = 256 * 1024;

/// Base64url as servers write it: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Header and claims of a signed JWT; `None` for everything else (opaque tokens, encrypted ones).
pub(crate) fn decode(token: &str) -> Option<JwtDetails> {
    if token.len() > JWT_BYTES_MAX {
        return None;
    }
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(JwtDetails {
        header: object(header)?,
        claims: object(claims)?,
    })
}

/// Header and claims of a signed JWT, cut to what a screen can take.
pub(crate) fn readable(token: &SecretString) -> Option<JwtDetails> {
    let (jwt, _) = excerpt(decode(token.expose_secret())?);
    Some(jwt)
}

/// The header of an encrypted JWT (RFC 7516 §3.1), which is all of it that can be read.
pub(crate) fn encrypted_header(token: &str) -> Option<Map<String, Value>> {
    let (header, rest) = token.split_once('.')?;
    let five_parts = rest.split('.').count() == 4;
    object(header).filter(|header| five_parts && header.contains_key("enc"))
}

/// When a JWT says that it expires, in seconds since 1970, if it does so in a plausible way.
pub(crate) fn expires_at_seconds(token: &str) -> Option<i64> {
    decode(token)?
        .claims
        .get("exp")?
        .as_f64()
        .filter(|seconds| (0.0..1e11).contains(seconds))
        .map(|seconds| seconds as i64)
}

/// Claim by claim, what differs between two generations.
pub(crate) fn changes(before: &JwtDetails, after: &JwtDetails) -> Vec<ClaimChange> {
    let names = before.claims.keys().chain(
        after
            .claims
            .keys()
            .filter(|name| !before.claims.contains_key(*name)),
    );
    names
        .map(|name| ClaimChange {
            claim: name.clone(),
            before: before.claims.get(name).cloned(),
            after: after.claims.get(name).cloned(),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&LENIENT.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose;

    use super::*;

    fn jwt(claims: &str) -> String {
        let encode = |text: &str| general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.c2lnbmF0dXJl",
            encode(r#"{"alg":"HS256"}"#),
            encode(claims)
        )
    }

    #[test]
    fn header_and_claims_are_read_and_the_signature_is_not_shown() {
        let details = decode(&jwt(r#"{"sub":"u-17","name":"Ünï>?"}"#)).expect("a JWT");
        assert_eq!(details.claims["name"], "Ünï>?");
        assert!(
            !serde_json::to_string(&details)
                .expect("JSON")
                .contains("c2lnbmF0dXJl")
        );
    }

    #[test]
    fn what_is_no_signed_jwt_is_opaque() {
        let five_parts = format!("{}.x.y", jwt("{}"));
        for token in [
            "",
            "opaque",
            "a.b",
            "a.b.c",
            &five_parts,
            &jwt("[1]"),
            &"a".repeat(JWT_BYTES_MAX + 1),
        ] {
            assert_eq!(decode(token), None, "{}", &token[..token.len().min(40)]);
        }
    }

    #[test]
    fn an_odd_exp_is_no_expiry() {
        for (claims, expected) in [
            (r#"{"exp":1795431674}"#, Some(1_795_431_674)),
            (r#"{"exp":1795431674.9}"#, Some(1_795_431_674)),
            (r#"{"exp":1795431674000}"#, None),
            (r#"{"exp":-5}"#, None),
            (r#"{"exp":"soon"}"#, None),
            (r#"{"exp":1e300}"#, None),
            ("{}", None),
        ] {
            assert_eq!(expires_at_seconds(&jwt(claims)), expected, "{claims}");
        }
    }

    #[test]
    fn a_changed_claim_is_named_with_both_values() {
        let read = |claims: &str| decode(&jwt(claims)).expect("a JWT");
        let changes = changes(
            &read(r#"{"exp":1,"scope":"a b","sub":"u"}"#),
            &read(r#"{"exp":7,"sub":"u","new":true}"#),
        );
        let names: Vec<_> = changes
            .iter()
            .map(|change| {
                (
                    change.claim.as_str(),
                    change.before.is_some(),
                    change.after.is_some(),
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("exp", true, true),
                ("scope", true, false),
                ("new", false, true)
            ]
        );
    }
}
