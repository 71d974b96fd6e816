//! A signer that is not the engine's: an ES256 key, its public half, and what it signs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// A key with a name.
pub struct Signer {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
    name: String,
}

impl Signer {
    /// A new key.
    pub fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pkcs8 = document.as_ref().to_vec();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &random).expect("a key pair"),
            pkcs8,
            name: name.to_owned(),
        }
    }

    /// The private key as PEM.
    pub fn pem(&self) -> String {
        let body = STANDARD.encode(&self.pkcs8);
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    }

    /// The public key as JWK.
    pub fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y), "kid": self.name })
    }

    /// Signed claims, under a header with these members beside the usual ones, or instead of them.
    pub fn sign(&self, members: &Value, claims: &Value) -> String {
        let mut header = json!({ "alg": "ES256", "kid": self.name });
        for (name, value) in members.as_object().into_iter().flatten() {
            header[name] = value.clone();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("signed"));
        format!("{signed}.{signature}")
    }
}
