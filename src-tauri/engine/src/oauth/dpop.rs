//! Proof of possession (RFC 9449): a key that a family's tokens are bound to, and the proofs that we hold it.
//!
//! The key goes the way of the tokens: into the vault's record, and nowhere else. A proof is made for one request, one
//! time, and is never kept.

pub(crate) mod nonces;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::clock::WallMs;
use crate::error::Result;
use crate::jose::private_key::PrivateKey;
use crate::jose::{self, jws};

/// The key that tokens are bound to.
#[derive(Debug)]
pub(crate) struct ProofKey {
    key: PrivateKey,
    public: Value,
    thumbprint: String,
    text: SecretString,
}

impl ProofKey {
    /// A key of our own. ES256: what every server that speaks DPoP can check.
    ///
    /// # Errors
    /// `system.unavailable` where the system has no random numbers.
    pub(crate) fn generate() -> Result<Self> {
        let (key, text) = PrivateKey::generate()?;
        Ok(Self::of(key, text))
    }

    /// A key that was kept, or that somebody brings along with a token bound to it.
    ///
    /// # Errors
    /// `key.invalid`.
    pub(crate) fn read(text: SecretString) -> Result<Self> {
        Ok(Self::of(PrivateKey::read(&text)?, text))
    }

    fn of(key: PrivateKey, text: SecretString) -> Self {
        Self {
            public: key.public_jwk(),
            thumbprint: key.thumbprint(),
            key,
            text,
        }
    }

    /// What servers bind tokens to (RFC 9449 §6.1).
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// What [`ProofKey::read`] makes it of again.
    pub(crate) fn text(&self) -> &SecretString {
        &self.text
    }

    /// The proof for one request (RFC 9449 §4.2), under a token if one goes along.
    ///
    /// # Errors
    /// `key.invalid`, `system.unavailable`.
    pub(crate) fn proof(
        &self,
        method: &str,
        url: &Url,
        token: Option<&SecretString>,
        nonce: Option<&str>,
        now: WallMs,
    ) -> Result<String> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = json!({
            "jti": super::unique()?,
            "htm": method,
            "htu": target.as_str(),
            "iat": now.0.div_euclid(1_000),
        });
        if let Some(token) = token {
            let hash = Sha256::digest(token.expose_secret().as_bytes());
            claims["ath"] = jose::encode(hash).into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let header = [
            ("typ", Value::from("dpop+jwt")),
            ("jwk", self.public.clone()),
        ];
        jws::sign(&self.key, header, &claims)
    }
}

/// What a family's tokens are bound to.
#[derive(Clone, Debug, Default)]
pub(crate) enum Bound {
    /// To nothing: whoever has them may use them.
    #[default]
    ToNothing,
    /// To a key that is here.
    ToKey(Arc<ProofKey>),
    /// To a key that is not here any more: nobody can use them.
    KeyLost {
        /// What was kept of it.
        thumbprint: String,
    },
}

impl Bound {
    /// The key, where there is one.
    pub(crate) fn key(&self) -> Option<&Arc<ProofKey>> {
        match self {
            Self::ToKey(key) => Some(key),
            Self::ToNothing | Self::KeyLost { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::public_key::KeySet;
    use crate::jose::signed_text::SignedText;

    #[test]
    fn a_proof_is_for_one_request_and_never_the_same() {
        let key = ProofKey::generate().expect("a key");
        let set = json!({ "keys": [key.public.clone()] }).to_string();
        let set = KeySet::read(set.as_bytes()).expect("a set");
        let url = Url::parse("https://api.test/orders?page=2#top").expect("a URL");
        let token = SecretString::from("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let now = WallMs(1_700_000_000_900);
        let bare = key.proof("POST", &url, None, None, now).expect("a proof");
        let full = key.proof("GET", &url, Some(&token), Some("n-1"), now);
        let full = full.expect("a proof");
        let claims = |text: &str| {
            let signed = SignedText::read(text).expect("a JWS");
            assert!(signed.signed_by(&set).is_some());
            signed.claims
        };
        let (bare, full) = (claims(&bare), claims(&full));
        assert_ne!(bare["jti"], full["jti"]);
        assert_eq!(
            (&bare["htm"], &full["htm"]),
            (&json!("POST"), &json!("GET"))
        );
        assert_eq!(
            full["htu"], "https://api.test/orders",
            "no query and no fragment"
        );
        assert_eq!(full["iat"], 1_700_000_000);
        // The hash of RFC 9449 §7.1 for the token of its §4.2.
        assert_eq!(full["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(full["nonce"], "n-1");
        assert!(!bare.contains_key("ath") && !bare.contains_key("nonce"));
    }

    #[test]
    fn a_key_is_read_back_from_its_text() {
        let key = ProofKey::generate().expect("a key");
        let again = ProofKey::read(key.text().clone()).expect("a key");
        assert_eq!(again.thumbprint(), key.thumbprint());
    }
}
