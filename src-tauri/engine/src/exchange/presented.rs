//! What one attempt presents: the token under its scheme and, where that is bound to a key, the proof that we hold it.
//!
//! Made anew for every attempt and every hop, because a proof is for one request, one time (RFC 9449 §4.2).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};
use crate::oauth::dpop::nonces::Role;
use crate::session::{Lease, Session};

/// RFC 9449 §4.1.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The headers that carry a token to where it may go.
pub(super) struct Presented {
    authorization: HeaderValue,
    proof: Option<HeaderValue>,
    /// The server's nonce in the proof.
    pub(super) nonce: Option<String>,
}

impl Presented {
    /// For one request to this address, of the lease's token as it is to be sent.
    ///
    /// # Errors
    /// `header.invalid` where the token does not fit into a header; `key.invalid`.
    pub(super) fn new(
        session: &Session,
        lease: &Lease,
        token: &SecretString,
        method: &Method,
        url: &Url,
        now: WallMs,
    ) -> Result<Self> {
        let credentials = Zeroizing::new(format!(
            "{} {}",
            lease.scheme().name(),
            token.expose_secret()
        ));
        let mut presented = Self {
            authorization: secret_value(&credentials)?,
            proof: None,
            nonce: None,
        };
        if let Some(key) = lease.proof_key() {
            presented.nonce = session.family.nonces().newest(Role::Resource, url);
            let nonce = presented.nonce.as_deref();
            let proof = key.proof(method.as_str(), url, Some(token), nonce, now)?;
            presented.proof = Some(secret_value(&proof)?);
        }
        Ok(presented)
    }

    /// Whether a proof goes along.
    pub(super) fn is_proven(&self) -> bool {
        self.proof.is_some()
    }

    pub(super) fn put_into(self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.authorization);
        if let Some(proof) = self.proof {
            headers.insert(DPOP, proof);
        }
    }
}

fn secret_value(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Failure::new(Code::HeaderInvalid)
            .with("header", "Authorization")
            .with("detail", "the token does not fit into a header")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
