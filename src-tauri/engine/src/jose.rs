//! Signed JSON: JWS in its compact form (RFC 7515), with keys that come as PEM or as JWK (RFC 7517).
//!
//! The cryptography is ring's, which TLS brings along. All keys here are asymmetric, and a key is used with the algorithms
//! of its own kind only: what is "signed" with none, or with a public key as if it were a password, is never taken for
//! signed (RFC 8725 §3.1 and §3.2).

pub(crate) mod jws;
pub(crate) mod private_key;
pub(crate) mod public_key;
pub(crate) mod signed_text;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The signature algorithms that are made and believed here (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Es384,
    EdDsa,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
}

const NAMES: [(Algorithm, &str); 9] = [
    (Algorithm::Es256, "ES256"),
    (Algorithm::Es384, "ES384"),
    (Algorithm::EdDsa, "EdDSA"),
    (Algorithm::Rs256, "RS256"),
    (Algorithm::Rs384, "RS384"),
    (Algorithm::Rs512, "RS512"),
    (Algorithm::Ps256, "PS256"),
    (Algorithm::Ps384, "PS384"),
    (Algorithm::Ps512, "PS512"),
];

impl Algorithm {
    /// As JOSE spells it.
    pub(crate) fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(algorithm, _)| *algorithm == self);
        named.expect("every algorithm has a name").1
    }

    /// The algorithm of this name. `None`: it is unknown here, symmetric, or none at all.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // RFC 9864 names the curve; it is the one that is meant here by the older name too.
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        let named = NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(algorithm, _)| *algorithm)
    }

    pub(crate) fn is_rsa(self) -> bool {
        !matches!(self, Self::Es256 | Self::Es384 | Self::EdDsa)
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Strict: what is signed is the text as it is, so there is one way to write it.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_known_by_its_exact_name() {
        for (algorithm, name) in NAMES {
            assert_eq!(Algorithm::named(name), Some(algorithm));
            assert_eq!(algorithm.name(), name);
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
        for name in ["none", "None", "HS256", "es256", "ES256K", ""] {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }
}
