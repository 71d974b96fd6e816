//! The key of one run: it signs access tokens and seals refresh tokens, so that neither has to be remembered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

const KEY_BYTES: usize = 32;

/// What a signature is for; a signature made for one purpose proves nothing for another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    AccessToken,
    RefreshToken,
}

/// 32 random bytes, and a key derived from them for each purpose.
#[derive(Clone)]
pub(crate) struct Key {
    seed: [u8; KEY_BYTES],
    access: Hmac<Sha256>,
    refresh: Hmac<Sha256>,
    id: String,
}

impl Key {
    /// A key nobody has seen before.
    pub(crate) fn random() -> Self {
        let mut seed = [0; KEY_BYTES];
        getrandom::fill(&mut seed).expect("the system can give random bytes");
        Self::from_seed(seed)
    }

    /// The key that [`Key::to_text`] wrote down, or `None` if the text is something else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let seed = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self::from_seed(seed.try_into().ok()?))
    }

    /// The key itself, for the state file only.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.seed)
    }

    /// The name of the key in a token's header; it says nothing about the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The signature of a text, as it stands in a token.
    pub(crate) fn sign(&self, purpose: Purpose, text: &str) -> String {
        let mac = self.mac(purpose).chain_update(text);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether this key made the signature, compared in constant time.
    pub(crate) fn made(&self, purpose: Purpose, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD.decode(signature).is_ok_and(|bytes| {
            self.mac(purpose)
                .chain_update(text)
                .verify_slice(&bytes)
                .is_ok()
        })
    }

    fn mac(&self, purpose: Purpose) -> Hmac<Sha256> {
        match purpose {
            Purpose::AccessToken => self.access.clone(),
            Purpose::RefreshToken => self.refresh.clone(),
        }
    }

    fn from_seed(seed: [u8; KEY_BYTES]) -> Self {
        let root = hmac(&seed);
        let derive = |label: &str| root.clone().chain_update(label).finalize().into_bytes();
        let id = URL_SAFE_NO_PAD.encode(&derive("key id")[..6]);
        Self {
            seed,
            access: hmac(&derive("access token")),
            refresh: hmac(&derive("refresh token")),
            id,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, secret)", self.id)
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_text_its_purpose_and_its_key_only() {
        let key = Key::random();
        let signature = key.sign(Purpose::AccessToken, "text");
        assert!(key.made(Purpose::AccessToken, "text", &signature));
        assert!(!key.made(Purpose::AccessToken, "texts", &signature));
        assert!(!key.made(Purpose::RefreshToken, "text", &signature));
        assert!(!Key::random().made(Purpose::AccessToken, "text", &signature));
        assert!(!key.made(Purpose::AccessToken, "text", "not a signature"));
    }

    #[test]
    fn a_key_comes_back_from_its_text_and_debug_hides_it() {
        let key = Key::random();
        let again = Key::from_text(&key.to_text()).expect("its own text");
        assert_eq!(again.id(), key.id());
        let signature = key.sign(Purpose::RefreshToken, "text");
        assert!(again.made(Purpose::RefreshToken, "text", &signature));
        assert!(!format!("{key:?}").contains(&key.to_text()));
        assert!(Key::from_text("short").is_none());
    }
}
