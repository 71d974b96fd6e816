//! A key that signs: read from PEM or JWK as people have them, or made here. What it is made of never leaves.

use std::fmt;

use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Algorithm, decode, encode};
use crate::error::{Code, Failure};

/// Longest text that is read as a key, in bytes.
const KEY_BYTES_MAX: usize = 64 * 1024;

/// A private key, ready to sign.
pub(crate) struct PrivateKey {
    pair: Pair,
    algorithm: Algorithm,
    key_id: Option<String>,
}

enum Pair {
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads a key as people have it: PEM (PKCS#8, PKCS#1 or SEC 1), or a private JWK.
    ///
    /// # Errors
    /// `key.invalid` with what is wrong with it, and nothing of the key.
    pub(crate) fn read(text: &SecretString) -> Result<Self, Failure> {
        let text = text.expose_secret().trim();
        if text.len() > KEY_BYTES_MAX {
            return Err(invalid("it is longer than any key"));
        }
        if text.starts_with('{') {
            from_jwk(text)
        } else if text.contains("-----BEGIN") {
            from_pem(text)
        } else {
            Err(invalid(
                "it is neither PEM (\"-----BEGIN PRIVATE KEY-----\") nor a JWK (\"{\")",
            ))
        }
    }

    /// Makes a new ES256 key: the key, and the text that [`PrivateKey::read`] makes it of again.
    ///
    /// # Errors
    /// `system.unavailable` where the system has no random numbers.
    pub(crate) fn generate() -> Result<(Self, SecretString), Failure> {
        let unavailable = |_| Failure::new(Code::SystemUnavailable).with("detail", "no random key");
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(unavailable)?;
        let body = Zeroizing::new(base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            pkcs8.as_ref(),
        ));
        let text = SecretString::from(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            *body
        ));
        Ok((Self::read(&text)?, text))
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name under which a server knows it, where its JWK has one.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The signature of a message, in JOSE's form.
    ///
    /// # Errors
    /// `key.invalid` where the numbers of the key do not fit together, which only signing finds out.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let unfit = |_| invalid("it cannot sign: its numbers do not fit together");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).map_err(unfit)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    rsa_encoding(self.algorithm),
                    &random,
                    message,
                    &mut signature,
                )
                .map_err(unfit)?;
                Ok(signature)
            }
        }
    }

    /// The public half, with the members that a thumbprint is made of and no others, in its order (RFC 7638 §3.2).
    pub(crate) fn public_jwk(&self) -> Value {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let curve = if self.algorithm == Algorithm::Es256 {
                    "P-256"
                } else {
                    "P-384"
                };
                // An uncompressed point: 4, then both coordinates (SEC 1 §2.3.3).
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "crv": curve, "kty": "EC", "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "crv": "Ed25519", "kty": "OKP", "x": encode(pair.public_key()) })
            }
            Pair::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "e": encode(public.e), "kty": "RSA", "n": encode(public.n) })
            }
        }
    }

    /// The key's SHA-256 thumbprint (RFC 7638): what servers bind tokens to.
    pub(crate) fn thumbprint(&self) -> String {
        let members: std::collections::BTreeMap<String, Value> =
            serde_json::from_value(self.public_jwk()).expect("a JWK is an object");
        let text = serde_json::to_vec(&members).expect("strings are always JSON");
        encode(Sha256::digest(text))
    }
}

fn invalid(detail: &str) -> Failure {
    Failure::new(Code::KeyInvalid).with("detail", detail)
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

fn ecdsa_of(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

fn from_pem(text: &str) -> Result<PrivateKey, Failure> {
    if text.contains("ENCRYPTED") {
        return Err(invalid(
            "it is encrypted; decrypt it first (`openssl pkey -in KEY`)",
        ));
    }
    let der = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| invalid("the PEM text holds no private key"))?;
    let random = SystemRandom::new();
    let ecdsa = |algorithm, pkcs8: &[u8]| {
        let pair = EcdsaKeyPair::from_pkcs8(ecdsa_of(algorithm), pkcs8, &random);
        pair.ok()
            .map(|pair| (Pair::Ecdsa(Box::new(pair)), algorithm))
    };
    let rsa =
        |pair: Option<RsaKeyPair>| pair.map(|pair| (Pair::Rsa(Box::new(pair)), Algorithm::Rs256));
    let read = match &der {
        PrivateKeyDer::Pkcs8(der) => {
            let pkcs8 = der.secret_pkcs8_der();
            let ed25519 = || {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
                Some((Pair::Ed25519(pair), Algorithm::EdDsa))
            };
            ecdsa(Algorithm::Es256, pkcs8)
                .or_else(|| ecdsa(Algorithm::Es384, pkcs8))
                .or_else(ed25519)
                .or_else(|| rsa(RsaKeyPair::from_pkcs8(pkcs8).ok()))
        }
        PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()).ok()),
        PrivateKeyDer::Sec1(der) => [Algorithm::Es256, Algorithm::Es384]
            .into_iter()
            .find_map(|algorithm| ecdsa(algorithm, &pkcs8_of(algorithm, der.secret_sec1_der()))),
        _ => None,
    };
    let (pair, algorithm) = read.ok_or_else(|| {
        invalid("its kind is not known here: EC on P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits")
    })?;
    Ok(PrivateKey {
        pair,
        algorithm,
        key_id: None,
    })
}

/// A SEC 1 key in the envelope that says which curve it is on (RFC 5208 §5, RFC 5915 §3).
fn pkcs8_of(algorithm: Algorithm, sec1: &[u8]) -> Zeroizing<Vec<u8>> {
    const P256: &[u8] =
        b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    const P384: &[u8] =
        b"\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
    let head = if algorithm == Algorithm::Es256 {
        P256
    } else {
        P384
    };
    let key = Zeroizing::new(der(0x04, sec1));
    let body = Zeroizing::new([head, &key].concat());
    Zeroizing::new(der(0x30, &body))
}

/// One value of DER. A key on these curves is shorter than 64 kB by far.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, value].concat()
}

fn from_jwk(text: &str) -> Result<PrivateKey, Failure> {
    let jwk: Value = serde_json::from_str(text).map_err(|_| invalid("the JWK is not JSON"))?;
    let word = |name: &str| jwk.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        word(name)
            .and_then(decode)
            .map(Zeroizing::new)
            .ok_or_else(|| invalid(&format!("the JWK has no usable {name:?}")))
    };
    if word("kty").is_some_and(|kind| kind != "oct") && word("d").is_none() {
        return Err(invalid(
            "the JWK is a public key; the private one has a \"d\"",
        ));
    }
    let unfit = |_| invalid("the numbers of the JWK do not fit together");
    let (pair, algorithm) = match (word("kty"), word("crv")) {
        (Some("EC"), Some(curve @ ("P-256" | "P-384"))) => {
            let algorithm = if curve == "P-256" {
                Algorithm::Es256
            } else {
                Algorithm::Es384
            };
            let point = [&[4], &**number("x")?, &**number("y")?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                ecdsa_of(algorithm),
                &number("d")?,
                &point,
                &SystemRandom::new(),
            );
            (Pair::Ecdsa(Box::new(pair.map_err(unfit)?)), algorithm)
        }
        (Some("OKP"), Some("Ed25519")) => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&number("d")?, &number("x")?);
            (Pair::Ed25519(pair.map_err(unfit)?), Algorithm::EdDsa)
        }
        (Some("RSA"), _) => {
            let public_key = PublicKeyComponents {
                n: number("n")?,
                e: number("e")?,
            };
            let components = KeyPairComponents {
                public_key: PublicKeyComponents {
                    n: public_key.n.as_slice(),
                    e: public_key.e.as_slice(),
                },
                d: &*number("d")?,
                p: &*number("p")?,
                q: &*number("q")?,
                dP: &*number("dp")?,
                dQ: &*number("dq")?,
                qInv: &*number("qi")?,
            };
            let pair = RsaKeyPair::from_components(&components).map_err(unfit)?;
            (Pair::Rsa(Box::new(pair)), Algorithm::Rs256)
        }
        _ => {
            return Err(invalid(
                "the JWK's kind is not known here: EC on P-256 or P-384, Ed25519, or RSA",
            ));
        }
    };
    // An RSA key may be registered for another hash or padding than the usual one; the others have no choice.
    let algorithm = match word("alg").map(Algorithm::named) {
        None => algorithm,
        Some(Some(named)) if named == algorithm || (named.is_rsa() && algorithm.is_rsa()) => named,
        Some(_) => return Err(invalid("the JWK's \"alg\" does not fit its kind")),
    };
    Ok(PrivateKey {
        pair,
        algorithm,
        key_id: word("kid").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::public_key::PublicKey;

    /// Keys of every kind as `openssl genpkey` and `openssl ecparam` write them, made for these tests.
    const PEMS: [(&str, Algorithm); 5] = [
        (include_str!("testdata/ec-p256.pem"), Algorithm::Es256),
        (include_str!("testdata/ec-p256-sec1.pem"), Algorithm::Es256),
        (include_str!("testdata/ec-p384-sec1.pem"), Algorithm::Es384),
        (include_str!("testdata/ed25519.pem"), Algorithm::EdDsa),
        (include_str!("testdata/rsa-pkcs1.pem"), Algorithm::Rs256),
    ];

    fn read(text: &str) -> Result<PrivateKey, Failure> {
        PrivateKey::read(&text.into())
    }

    fn signs(key: &PrivateKey) {
        let public = PublicKey::read(&key.public_jwk()).expect("a public key");
        let signature = key.sign(b"message").expect("signed");
        assert!(public.verifies(key.algorithm(), b"message", &signature));
        assert!(!public.verifies(key.algorithm(), b"another", &signature));
    }

    #[test]
    fn a_key_in_pem_of_every_kind_signs() {
        for (pem, algorithm) in PEMS {
            let key = read(pem).expect("a key");
            assert_eq!(key.algorithm(), algorithm);
            signs(&key);
        }
    }

    #[test]
    fn a_key_in_jwk_of_every_kind_signs() {
        for (jwk, algorithm, kid) in [
            (include_str!("testdata/ec-p256.jwk"), Algorithm::Es256, None),
            (
                include_str!("testdata/ed25519.jwk"),
                Algorithm::EdDsa,
                Some("ed"),
            ),
            (
                include_str!("testdata/rsa-ps256.jwk"),
                Algorithm::Ps256,
                None,
            ),
        ] {
            let key = read(jwk).expect("a key");
            assert_eq!((key.algorithm(), key.key_id()), (algorithm, kid));
            signs(&key);
        }
    }

    #[test]
    fn a_new_key_is_read_back_from_its_text() {
        let (key, text) = PrivateKey::generate().expect("a key");
        signs(&key);
        let again = PrivateKey::read(&text).expect("a key");
        assert_eq!(again.public_jwk(), key.public_jwk());
    }

    /// RFC 7638 §3.1 and RFC 8037 Appendix A.
    #[test]
    fn the_thumbprint_is_the_one_of_the_rfc() {
        let key = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert_eq!(
            read(key).expect("a key").thumbprint(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn what_is_no_key_is_named_by_what_is_wrong() {
        let long = format!("{{{}", "x".repeat(KEY_BYTES_MAX));
        for (text, part) in [
            ("", "neither PEM"),
            ("hunter2", "neither PEM"),
            ("{", "not JSON"),
            (&long, "longer"),
            (r#"{"kty":"oct","k":"c2VjcmV0"}"#, "not known"),
            (r#"{"kty":"EC","crv":"secp256k1","d":"AA"}"#, "not known"),
            (r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "public"),
            (r#"{"kty":"EC","crv":"P-256","d":"AA"}"#, "\"x\""),
            (
                r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}"#,
                "do not fit",
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----",
                "encrypted",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
                "no private key",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
                "not known",
            ),
        ] {
            let failure = read(text).expect_err("refused");
            assert_eq!(failure.code, Code::KeyInvalid);
            assert!(failure.params["detail"].contains(part), "{failure}");
        }
        let wrong =
            include_str!("testdata/ec-p256.jwk").replace("\"EC\"", "\"EC\",\"alg\":\"RS256\"");
        assert!(read(&wrong).is_err());
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let (key, text) = PrivateKey::generate().expect("a key");
        let shown = format!("{key:?} {text:?}");
        assert!(
            !shown.contains("BEGIN") && shown.contains("Es256"),
            "{shown}"
        );
    }
}
