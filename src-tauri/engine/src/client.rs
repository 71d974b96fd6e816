//! The two HTTP clients: one for APIs, one for token endpoints. Neither follows a redirect, repeats a request, or keeps a cookie.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use crate::error::{Code, Failure, Result};

/// How long a connection may take to open.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an API may be silent while its answer is awaited or read.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(120);
/// How long one exchange with a token endpoint may take in all. Longer than anybody waits: what was sent is never abandoned lightly.
pub(crate) const TOKEN_EXCHANGE_LIMIT: Duration = Duration::from_secs(60);

const USER_AGENT: &str = concat!("sandglass/", env!("CARGO_PKG_VERSION"));

/// How long an API may keep a send waiting. Settings, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub struct ApiLimits {
    /// How long a connection may take to open.
    pub connect: Duration,
    /// How long an API may be silent while its answer is awaited or read.
    pub idle: Duration,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            idle: IDLE_LIMIT,
        }
    }
}

/// The client for requests to APIs.
///
/// # Errors
/// `system.unavailable` where TLS cannot be set up.
pub(crate) fn for_apis(limits: ApiLimits) -> Result<reqwest::Client> {
    build(
        base()
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle),
    )
}

/// The client for token endpoints: no connection is kept, so that none can turn out stale after a refresh token was written to it.
///
/// # Errors
/// `system.unavailable` where TLS cannot be set up.
pub(crate) fn for_token_endpoints(exchange_limit: Duration) -> Result<reqwest::Client> {
    build(
        base()
            .connect_timeout(CONNECT_LIMIT.min(exchange_limit))
            .timeout(exchange_limit)
            .pool_max_idle_per_host(0),
    )
}

fn base() -> reqwest::ClientBuilder {
    // Another part of the process may have installed a provider first; either serves.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(USER_AGENT)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder
        .build()
        .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", chain(error)))
}

/// What a transport error means for the user of an API.
pub(crate) fn failure(error: reqwest::Error, host: &str, limit: Duration) -> Failure {
    if let Some(failure) = own_failure(&error) {
        return failure.clone();
    }
    let code = if is_certificate_error(&error) {
        Code::TlsUntrusted
    } else if error.is_connect() {
        Code::HostUnreachable
    } else if error.is_timeout() {
        Code::RequestTimeout
    } else {
        Code::ConnectionLost
    };
    Failure::new(code)
        .with("host", host)
        .with("seconds", limit.as_secs())
        .with("detail", chain(error))
}

/// The chain of causes without the address, which may carry keys.
pub(crate) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            // Writing to a string does not fail.
            let _: std::fmt::Result = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

/// What the body that was being sent said, where it was the body that failed.
fn own_failure(error: &reqwest::Error) -> Option<&Failure> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(failure) = cause.downcast_ref() {
            return Some(failure);
        }
        next = cause.source();
    }
    None
}

fn is_certificate_error(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
            );
        }
        // An I/O error that wraps another one names the inner one's source as its own: step into it first.
        let wrapped = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = wrapped.map_or_else(|| cause.source(), |inner| Some(inner));
    }
    false
}
