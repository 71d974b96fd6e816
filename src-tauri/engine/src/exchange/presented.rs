//! What one attempt presents: the token under its scheme and, where that is bound to a key, the proof that we hold it.
//!
//! Made anew for every attempt and every hop, because a proof is for one request, one time (RFC 9449 §4.2).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use url::Url;

use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};
use crate::family::state::credentials;
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
    /// For one request to this address, of the lease's token, or of what goes in its place.
    ///
    /// # Errors
    /// `header.invalid` where the token does not fit into a header; `key.invalid`.
    pub(super) fn new(
        session: &Session,
        lease: &Lease,
        instead: Option<&SecretString>,
        method: &Method,
        url: &Url,
        now: WallMs,
    ) -> Result<Self> {
        let authorization = match instead {
            None => lease.credentials(),
            Some(token) => credentials(lease.scheme(), token),
        };
        let mut presented = Self {
            authorization: authorization.ok_or_else(unfit)?,
            proof: None,
            nonce: None,
        };
        if let Some(key) = lease.proof_key() {
            presented.nonce = session.family.nonces().newest(Role::Resource, url);
            let nonce = presented.nonce.as_deref();
            let token = instead.unwrap_or_else(|| lease.access_token());
            let proof = key.proof(method.as_str(), url, Some(token), nonce, now)?;
            let mut value = HeaderValue::from_str(&proof).map_err(|_| unfit())?;
            value.set_sensitive(true);
            presented.proof = Some(value);
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

fn unfit() -> Failure {
    Failure::new(Code::HeaderInvalid)
        .with("header", "Authorization")
        .with("detail", "the token does not fit into a header")
}
