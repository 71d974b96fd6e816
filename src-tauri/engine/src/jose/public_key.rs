//! Keys that check signatures, as a server publishes them (RFC 7517): one by one, and as a set.

use std::fmt;

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::Value;

use super::{Algorithm, decode};

/// Keys of one set that are kept; a server that publishes more is not searched further.
const KEYS_MAX: usize = 100;

/// A public key.
pub(crate) struct PublicKey {
    key_id: Option<String>,
    /// The only algorithm that it is for, where it says so.
    algorithm: Option<Algorithm>,
    kind: Kind,
}

enum Kind {
    Ec {
        algorithm: Algorithm,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads a JWK. `None`: its kind is not known here, or it is for no signatures.
    pub(crate) fn read(jwk: &Value) -> Option<Self> {
        let word = |name: &str| jwk.get(name).and_then(Value::as_str);
        let number = |name: &str| word(name).and_then(decode);
        if word("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let kind = match (word("kty")?, word("crv")) {
            ("EC", Some(curve @ ("P-256" | "P-384"))) => Kind::Ec {
                algorithm: if curve == "P-256" {
                    Algorithm::Es256
                } else {
                    Algorithm::Es384
                },
                point: [&[4][..], &number("x")?, &number("y")?].concat(),
            },
            ("OKP", Some("Ed25519")) => Kind::Ed25519(number("x")?),
            ("RSA", _) => Kind::Rsa(RsaPublicKeyComponents {
                n: number("n")?,
                e: number("e")?,
            }),
            _ => return None,
        };
        let algorithm = match word("alg") {
            None => None,
            Some(name) => Some(Algorithm::named(name)?),
        };
        Some(Self {
            key_id: word("kid").map(str::to_owned),
            algorithm,
            kind,
        })
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whether signatures of this algorithm may be its own: by its kind, and by what it says itself (RFC 8725 §3.1).
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let fits = match &self.kind {
            Kind::Ec { algorithm: own, .. } => *own == algorithm,
            Kind::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Kind::Rsa(_) => algorithm.is_rsa(),
        };
        fits && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether this is its signature of the message.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let verified = match &self.kind {
            Kind::Ec {
                algorithm: Algorithm::Es256,
                point,
            } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Kind::Ec { point, .. } => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature)
            }
            Kind::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Kind::Rsa(key) => key.verify(rsa_parameters(algorithm), message, signature),
        };
        verified.is_ok()
    }
}

/// RSA keys below 2048 bits check nothing (RFC 7518 §3.3).
fn rsa_parameters(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    }
}

/// A set of keys, as a server publishes them.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5). Keys that are not known here are left out. `None`: it is no set.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(body).ok()?;
        let keys = set.get("keys")?.as_array()?;
        Some(Self(
            keys.iter()
                .filter_map(PublicKey::read)
                .take(KEYS_MAX)
                .collect(),
        ))
    }

    /// The keys that may have made a signature: the one that it names, or all that fit where it names none.
    pub(crate) fn candidates<'a>(
        &'a self,
        algorithm: Algorithm,
        key_id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a PublicKey> {
        self.0.iter().filter(move |key| {
            key.is_for(algorithm) && key_id.is_none_or(|wanted| key.key_id() == Some(wanted))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::private_key::PrivateKey;

    #[test]
    fn a_key_checks_only_what_it_is_for() {
        let (key, _) = PrivateKey::generate().expect("a key");
        let signature = key.sign(b"m").expect("signed");
        let with = |name: &str, value: &str| {
            let mut jwk = key.public_jwk();
            jwk[name] = value.into();
            PublicKey::read(&jwk)
                .is_some_and(|key| key.verifies(Algorithm::Es256, b"m", &signature))
        };
        for (name, value, verifies) in [
            ("use", "sig", true),
            ("use", "enc", false),
            ("alg", "ES256", true),
            ("alg", "RS256", false),
            ("alg", "HS256", false),
            ("kty", "oct", false),
            ("crv", "P-384", false),
            ("x", "AAAA", false),
        ] {
            assert_eq!(with(name, value), verifies, "{name}={value}");
        }
        let public = PublicKey::read(&key.public_jwk()).expect("a key");
        assert!(!public.verifies(Algorithm::Rs256, b"m", &signature));
        assert!(!public.verifies(Algorithm::Es256, b"m", &signature[1..]));
    }

    #[test]
    fn a_set_is_searched_by_name_and_kind() {
        let jwk = |kid: &str| {
            let mut jwk = PrivateKey::generate().expect("a key").0.public_jwk();
            jwk["kid"] = kid.into();
            jwk
        };
        let odd = json!({ "kty": "martian" });
        let body = json!({ "keys": [jwk("a"), odd, jwk("b"), 7, jwk("a")] }).to_string();
        let set = KeySet::read(body.as_bytes()).expect("a set");
        let count = |kid| set.candidates(Algorithm::Es256, kid).count();
        assert_eq!((count(None), count(Some("a")), count(Some("c"))), (3, 2, 0));
        assert_eq!(set.candidates(Algorithm::Rs256, None).count(), 0);
        for body in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert!(KeySet::read(body.as_bytes()).is_none(), "{body}");
        }
        let many = json!({ "keys": vec![jwk("a"); KEYS_MAX + 7] }).to_string();
        let set = KeySet::read(many.as_bytes()).expect("a set");
        assert_eq!(set.0.len(), KEYS_MAX);
    }
}
