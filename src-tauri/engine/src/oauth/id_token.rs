//! The ID token that may come with tokens (OpenID Connect Core 1.0 §3.1.3.7 and §12.2): whose they are, as their issuer says.
//!
//! Its claims are checked before its signature, so that nothing is fetched for a token that is refused anyway. Keys come from
//! the address that the session names, never from one that the token names.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::clock::WallMs;
use crate::jose::public_key::KeySet;
use crate::jose::signed_text::SignedText;
use crate::rules;

/// How far the clocks of this machine and the server may be apart, in seconds.
const CLOCK_LEEWAY_S: f64 = 120.0;

/// What an ID token must say.
#[derive(Clone, Debug)]
pub(crate) struct Expected<'a> {
    /// The authorization server's identifier. Absent: none is known to compare with.
    pub(crate) issuer: Option<&'a str>,
    pub(crate) client_id: &'a str,
    /// What was sent with the sign-in, where one was.
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: WallMs,
}

/// What was found, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is what it should be. The signature was checked with this key, if with one at all: what comes straight from the
    /// token endpoint is its word already (§3.1.3.7, step 6).
    Valid {
        key_id: Option<String>,
        rule_id: &'static str,
    },
    /// It is not to be believed.
    Refused { rule_id: &'static str },
}

impl Finding {
    pub(crate) fn rule_id(&self) -> &'static str {
        match self {
            Self::Valid { rule_id, .. } | Self::Refused { rule_id } => rule_id,
        }
    }

    pub(crate) fn is_valid(&self) -> bool {
        matches!(self, Self::Valid { .. })
    }
}

/// Checks everything but the signature. `Err`: the rule that refuses it.
pub(crate) fn check_claims(
    signed: &SignedText<'_>,
    expected: &Expected<'_>,
) -> Result<(), &'static str> {
    let (claims, on) = (&signed.claims, rules::on);
    let word = |name: &str| claims.get(name).and_then(Value::as_str);
    if signed.algorithm().is_none() && on("id_token.algorithm") {
        return Err("id_token.algorithm");
    }
    // Exactly, as every character of it is the identifier.
    let issued = expected
        .issuer
        .is_none_or(|issuer| word("iss") == Some(issuer));
    if !issued && on("id_token.issuer") {
        return Err("id_token.issuer");
    }
    let audience = audience(claims);
    if !audience.contains(&expected.client_id) && on("id_token.audience") {
        return Err("id_token.audience");
    }
    let party = word("azp");
    let named = party.map_or(audience.len() == 1, |party| party == expected.client_id);
    if !named && on("id_token.authorized_party") {
        return Err("id_token.authorized_party");
    }
    if expected.nonce.is_some() && word("nonce") != expected.nonce && on("id_token.nonce") {
        return Err("id_token.nonce");
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of this age have room in the number by far"
    )]
    let now = expected.now.0 as f64 / 1_000.0;
    let expires = claims.get("exp").and_then(Value::as_f64);
    let expired = expires.is_none_or(|at| at + CLOCK_LEEWAY_S < now);
    if expired && on("id_token.expired") {
        return Err("id_token.expired");
    }
    if word("sub").is_none_or(str::is_empty) && on("id_token.subject") {
        return Err("id_token.subject");
    }
    Ok(())
}

/// Checks the signature with the server's keys; without any, the claims are all that is known.
pub(crate) fn check_signature(signed: &SignedText<'_>, keys: Option<&KeySet>) -> Finding {
    let Some(keys) = keys else {
        return Finding::Valid {
            key_id: None,
            rule_id: "id_token.signature_not_checked",
        };
    };
    match signed.signed_by(keys) {
        Some(key) => Finding::Valid {
            key_id: key.key_id().map(str::to_owned),
            rule_id: "id_token.valid",
        },
        None if !signed.is_known_to(keys) && rules::on("id_token.unknown_key") => {
            Finding::Refused {
                rule_id: "id_token.unknown_key",
            }
        }
        None => Finding::Refused {
            rule_id: "id_token.signature",
        },
    }
}

/// Whose it is: issuer and subject together, as a hash (§5.7). `None`: it says nothing of that.
pub(crate) fn identity(claims: &Map<String, Value>) -> Option<u64> {
    let word = |name: &str| claims.get(name).and_then(Value::as_str);
    let hash = Sha256::digest(format!("{}\n{}", word("iss")?, word("sub")?));
    // 53 bits, so that it stays a number in every reader of JSON.
    Some(u64::from_be_bytes(hash[..8].try_into().expect("a hash has eight bytes")) >> 11)
}

fn audience(claims: &Map<String, Value>) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::encode;
    use crate::jose::jws::sign;
    use crate::jose::private_key::PrivateKey;

    const EXPECTED: Expected<'static> = Expected {
        issuer: Some("https://id.test"),
        client_id: "desktop",
        nonce: Some("n-1"),
        now: WallMs(1_700_000_000_000),
    };

    fn claims() -> Value {
        json!({
            "iss": "https://id.test", "aud": "desktop", "sub": "u-17", "nonce": "n-1",
            "iat": 1_700_000_000, "exp": 1_700_000_300,
        })
    }

    fn check(text: &str, keys: &KeySet) -> &'static str {
        let Some(signed) = SignedText::read(text) else {
            return "id_token.malformed";
        };
        match check_claims(&signed, &EXPECTED) {
            Ok(()) => check_signature(&signed, Some(keys)).rule_id(),
            Err(rule_id) => rule_id,
        }
    }

    fn set(key: &PrivateKey, kid: &str) -> KeySet {
        let mut jwk = key.public_jwk();
        jwk["kid"] = kid.into();
        KeySet::read(json!({ "keys": [jwk] }).to_string().as_bytes()).expect("a set")
    }

    /// Scenarios 30 and 92. N41, claim by claim.
    #[test]
    fn a_claim_that_is_not_as_expected_refuses_the_token() {
        let key = PrivateKey::generate().expect("a key").0;
        let keys = set(&key, "k");
        for (name, value, rule_id) in [
            ("name", json!("Ada"), "id_token.valid"),
            ("aud", json!(["desktop"]), "id_token.valid"),
            ("azp", json!("desktop"), "id_token.valid"),
            ("exp", json!(1_699_999_900.5), "id_token.valid"),
            ("iss", json!("https://id.test/"), "id_token.issuer"),
            ("iss", json!("https://ID.test"), "id_token.issuer"),
            ("iss", Value::Null, "id_token.issuer"),
            ("aud", json!("another"), "id_token.audience"),
            ("aud", json!([]), "id_token.audience"),
            ("aud", json!({}), "id_token.audience"),
            (
                "aud",
                json!(["desktop", "another"]),
                "id_token.authorized_party",
            ),
            ("azp", json!("another"), "id_token.authorized_party"),
            ("nonce", json!("n-2"), "id_token.nonce"),
            ("nonce", Value::Null, "id_token.nonce"),
            ("exp", json!(1_699_999_000), "id_token.expired"),
            ("exp", json!("soon"), "id_token.expired"),
            ("sub", json!(""), "id_token.subject"),
            ("sub", json!(7), "id_token.subject"),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            let text = sign(&key, [("kid", "k".into())], &claims).expect("signed");
            assert_eq!(check(&text, &keys), rule_id, "{name}: {value}");
        }
    }

    /// Scenario 30. N41: what is signed by nobody, by a password that is public, or by somebody else.
    #[test]
    fn a_signature_that_is_none_refuses_the_token() {
        let (key, other) = (
            PrivateKey::generate().expect("a key").0,
            PrivateKey::generate().expect("a key").0,
        );
        let keys = set(&key, "k");
        let named = |key: &PrivateKey, header: &[(&'static str, Value)]| {
            sign(key, header.iter().cloned(), &claims()).expect("signed")
        };
        let own = other.public_jwk();
        let elsewhere = json!("http://127.0.0.1:9/keys");
        for (text, rule_id) in [
            (named(&key, &[("kid", "k".into())]), "id_token.valid"),
            (named(&key, &[]), "id_token.valid"),
            (named(&key, &[("kid", "x".into())]), "id_token.unknown_key"),
            (named(&other, &[("kid", "k".into())]), "id_token.signature"),
            (named(&other, &[("jwk", own)]), "id_token.signature"),
            (
                named(&other, &[("jku", elsewhere.clone())]),
                "id_token.signature",
            ),
            (named(&other, &[("x5u", elsewhere)]), "id_token.signature"),
            (named(&key, &[("alg", "none".into())]), "id_token.algorithm"),
            (
                named(&key, &[("alg", "HS256".into())]),
                "id_token.algorithm",
            ),
            (
                named(&key, &[("alg", "RS256".into())]),
                "id_token.unknown_key",
            ),
            (
                named(&key, &[("crit", json!(["b64"]))]),
                "id_token.algorithm",
            ),
            (
                format!(
                    "{}.{}.",
                    encode(r#"{"alg":"none"}"#),
                    encode(claims().to_string())
                ),
                "id_token.algorithm",
            ),
            ("not.a.token".to_owned(), "id_token.malformed"),
        ] {
            assert_eq!(check(&text, &keys), rule_id, "{text}");
        }
    }

    #[test]
    fn a_subject_belongs_to_its_issuer() {
        let of = |iss: &str, sub: &str| {
            let claims = json!({ "iss": iss, "sub": sub });
            identity(claims.as_object().expect("an object"))
        };
        assert_eq!(of("a", "1"), of("a", "1"));
        assert_ne!(of("a", "1"), of("b", "1"));
        assert_ne!(of("a", "1"), of("a", "2"));
        assert_eq!(identity(&Map::new()), None);
    }
}
