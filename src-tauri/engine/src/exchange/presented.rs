//! What one attempt presents: the token under its scheme and, where that is bound to a key, the proof that we hold it.
//!
//! Made anew for every attempt and every hop, because a proof is for one request, one time (RFC 9449 §4.2).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};
use crate::family::state::credentials;
use crate::oauth::dpop::nonces::Role;
use crate::session::config::Dialect;
use crate::session::{Lease, Session};
use crate::token::cookies::Jar;
use crate::token::scheme::Scheme;

/// RFC 9449 §4.1.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The headers that carry a token to where it may go.
pub(crate) struct Presented {
    headers: Vec<(HeaderName, HeaderValue)>,
    proof: Option<HeaderValue>,
    /// The server's nonce in the proof.
    pub(super) nonce: Option<String>,
}

impl Presented {
    /// For one request to this address, of the lease's token, or of what goes in its place.
    ///
    /// # Errors
    /// `header.invalid` where the token does not fit into a header; `key.invalid`.
    pub(crate) fn new(
        session: &Session,
        lease: &Lease,
        instead: Option<&SecretString>,
        method: &Method,
        url: &Url,
        now: WallMs,
    ) -> Result<Self> {
        let headers = match (lease.scheme(), instead) {
            (Scheme::Cookie, instead) => cookies(
                session,
                instead.unwrap_or_else(|| lease.access_token()),
                url,
            ),
            (_, None) => lease.credentials().map(authorization),
            (scheme, Some(token)) => credentials(scheme, token).map(authorization),
        };
        let mut presented = Self {
            headers: headers.ok_or_else(unfit)?,
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

    pub(crate) fn put_into(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers {
            let typed = headers.get(COOKIE).filter(|_| name == COOKIE).cloned();
            match typed.map(|typed| joined(&value, &typed)) {
                Some(both) => headers.insert(name, both.unwrap_or(value)),
                None => headers.insert(name, value),
            };
        }
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

fn authorization(value: HeaderValue) -> Vec<(HeaderName, HeaderValue)> {
    vec![(AUTHORIZATION, value)]
}

/// What a session's cookies come to at this address, with the header that repeats one of them. `None`: they do not fit.
fn cookies(
    session: &Session,
    jar: &SecretString,
    url: &Url,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let (Some(jar), Dialect::Cookie(dialect)) = (Jar::read(jar), &session.config.dialect) else {
        return Some(Vec::new());
    };
    let mut headers = Vec::new();
    if let Some(value) = jar.header_for(url) {
        headers.push((COOKIE, secret_value(value.expose_secret())?));
    }
    if let Some(csrf) = &dialect.csrf
        && let Some(value) = jar.readable(&csrf.cookie, url)
    {
        headers.push((csrf.header.clone(), secret_value(value.expose_secret())?));
    }
    Some(headers)
}

/// The session's cookies before those that the user typed. `None`: what was typed is no text.
fn joined(session: &HeaderValue, typed: &HeaderValue) -> Option<HeaderValue> {
    let (session, typed) = (session.to_str().ok()?, typed.to_str().ok()?);
    secret_value(&Zeroizing::new(format!("{session}; {typed}")))
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
