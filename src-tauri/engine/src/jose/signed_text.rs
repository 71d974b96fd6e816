//! What others signed in the compact form, taken apart to be checked with public keys (RFC 7515 §5.2).

use serde_json::{Map, Value};

use super::public_key::{KeySet, PublicKey};
use super::{Algorithm, decode};

/// Longest text that is taken apart, in bytes.
const JWS_BYTES_MAX: usize = 256 * 1024;

/// A signed text, taken apart. Nothing of it is believed yet.
pub(crate) struct SignedText<'a> {
    header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> SignedText<'a> {
    /// Takes a text apart. `None`: it is no JWS with claims in it.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        if text.len() > JWS_BYTES_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// How it says that it is signed. `None`: in no way that is believed here.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        // An extension that must be understood is not (RFC 7515 §4.1.11).
        let plain = !self.header.contains_key("crit");
        let name = self.header.get("alg").and_then(Value::as_str);
        name.filter(|_| plain).and_then(Algorithm::named)
    }

    /// The key that it says it is signed with. Where to get that key it may say too, and is not asked: `jwk`, `jku`, `x5c`
    /// and `x5u` are the signer's own word for itself.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The key of the set that signed it, if one did.
    pub(crate) fn signed_by<'k>(&'k self, keys: &'k KeySet) -> Option<&'k PublicKey> {
        let algorithm = self.algorithm()?;
        let mut candidates = keys.candidates(algorithm, self.key_id());
        candidates.find(|key| key.verifies(algorithm, self.signed.as_bytes(), &self.signature))
    }

    /// Whether a key that it may be signed with is in the set.
    pub(crate) fn is_known_to(&self, keys: &KeySet) -> bool {
        self.algorithm()
            .is_some_and(|algorithm| keys.candidates(algorithm, self.key_id()).next().is_some())
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&decode(part)?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::encode;
    use crate::jose::jws::sign;
    use crate::jose::private_key::PrivateKey;

    fn set(keys: &[&PrivateKey]) -> KeySet {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).expect("a set")
    }

    #[test]
    fn what_is_signed_is_checked_by_the_public_half() {
        let (key, other) = (
            PrivateKey::generate().expect("a key").0,
            PrivateKey::generate().expect("a key").0,
        );
        let text =
            sign(&key, [("typ", "dpop+jwt".into())], &json!({ "jti": "1" })).expect("signed");
        let jws = SignedText::read(&text).expect("a JWS");
        assert_eq!(jws.header["typ"], "dpop+jwt");
        assert_eq!(jws.claims["jti"], "1");
        assert!(jws.signed_by(&set(&[&other, &key])).is_some());
        assert!(jws.signed_by(&set(&[&other])).is_none());
        let mut parts: Vec<_> = text.split('.').map(str::to_owned).collect();
        parts[1] = encode(r#"{"jti":"2"}"#);
        let forged = parts.join(".");
        assert!(
            SignedText::read(&forged)
                .expect("a JWS")
                .signed_by(&set(&[&key]))
                .is_none()
        );
    }

    /// N41: a header chooses neither no algorithm nor a symmetric one, nor where its key comes from.
    #[test]
    fn a_header_does_not_choose_how_it_is_checked() {
        let key = PrivateKey::generate().expect("a key").0;
        let own = key.public_jwk();
        for (name, value, taken) in [
            ("typ", json!("JWT"), true),
            ("alg", json!("none"), false),
            ("alg", json!("HS256"), false),
            ("alg", json!("RS256"), false),
            ("alg", json!(7), false),
            ("crit", json!(["exp"]), false),
            ("kid", json!("unknown"), false),
        ] {
            let text = sign(&key, [(name, value.clone())], &json!({})).expect("signed");
            let jws = SignedText::read(&text).expect("a JWS");
            let signer = jws.signed_by(&set(&[&key])).is_some();
            assert_eq!(signer, taken, "{name}: {value}");
        }
        let embedded = sign(&key, [("jwk", own)], &json!({})).expect("signed");
        let stranger = set(&[&PrivateKey::generate().expect("a key").0]);
        let jws = SignedText::read(&embedded).expect("a JWS");
        assert!(jws.signed_by(&stranger).is_none());
        assert!(
            jws.is_known_to(&stranger),
            "a key of its kind is there, and did not sign it"
        );
    }

    #[test]
    fn what_is_no_jws_is_none() {
        let object = encode("{}");
        let list = encode("[]");
        for text in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{object}.{object}"),
            format!("{object}.{list}.AA"),
            format!("{list}.{object}.AA"),
            format!("{object}.{object}.A A"),
            format!("{object}.{object}.AA=="),
            format!("{object}.{object}.{object}.AA"),
            format!("{object}.{}.AA", encode("x".repeat(JWS_BYTES_MAX))),
        ] {
            assert!(
                SignedText::read(&text).is_none(),
                "{}",
                &text[..text.len().min(40)]
            );
        }
    }
}
