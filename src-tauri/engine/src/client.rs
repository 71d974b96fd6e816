//! The HTTP clients, of two kinds: for APIs and for token endpoints. None follows a redirect, repeats a request, or keeps a
//! cookie. There is one for each way in which sessions want their connections made, built when it is first needed.

pub(crate) mod tls;

use std::collections::VecDeque;
use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use self::tls::Untrusted;
use crate::error::{Code, Failure, Result};
use crate::session::config::connection::{Connection, Proxy};

/// How long a connection may take to open.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an API may be silent while its answer is awaited or read.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(120);
/// How long one exchange with a token endpoint may take in all. Longer than anybody waits: what was sent is never abandoned lightly.
pub(crate) const TOKEN_EXCHANGE_LIMIT: Duration = Duration::from_secs(60);

pub(crate) const USER_AGENT: &str = concat!("sandglass/", env!("CARGO_PKG_VERSION"));

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

/// Clients that are kept; the one that was used longest ago makes room.
const CLIENTS_MAX: usize = 32;

/// What tells one client from another.
struct Kind {
    for_tokens: bool,
    connection: Connection,
    /// The hash of the client certificate's text.
    certificate: Option<[u8; 32]>,
}

/// The clients that were built so far.
pub(crate) struct Clients {
    api_limits: ApiLimits,
    exchange_limit: Duration,
    built: Mutex<VecDeque<(Kind, reqwest::Client)>>,
}

impl Clients {
    /// None yet; the usual ones are built at once, so that what is wrong with the system is found early.
    ///
    /// # Errors
    /// `system.unavailable` where TLS cannot be set up.
    pub(crate) fn new(api_limits: ApiLimits, exchange_limit: Duration) -> Result<Self> {
        let clients = Self {
            api_limits,
            exchange_limit,
            built: Mutex::default(),
        };
        clients.for_apis(&Connection::default(), None)?;
        clients.for_token_endpoints(&Connection::default(), None)?;
        Ok(clients)
    }

    /// The client for requests to APIs.
    ///
    /// # Errors
    /// `key.invalid` where the authority or the certificate is none; `system.unavailable`.
    pub(crate) fn for_apis(
        &self,
        connection: &Connection,
        certificate: Option<&SecretString>,
    ) -> Result<reqwest::Client> {
        self.find_or_build(false, connection, certificate)
    }

    /// The client for token endpoints: no connection is kept, so that none can turn out stale after a refresh token was
    /// written to it. A session's exceptions do not hold there.
    ///
    /// # Errors
    /// As [`Clients::for_apis`].
    pub(crate) fn for_token_endpoints(
        &self,
        connection: &Connection,
        certificate: Option<&SecretString>,
    ) -> Result<reqwest::Client> {
        self.find_or_build(true, &connection.without_exceptions(), certificate)
    }

    fn find_or_build(
        &self,
        for_tokens: bool,
        connection: &Connection,
        certificate: Option<&SecretString>,
    ) -> Result<reqwest::Client> {
        let hash = |pem: &SecretString| Sha256::digest(pem.expose_secret()).into();
        let certificate_hash = certificate.map(hash);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let at = built.iter().position(|(known, _)| {
            known.for_tokens == for_tokens
                && known.certificate == certificate_hash
                && known.connection == *connection
        });
        if let Some(at) = at {
            // The one that was used last stands first.
            if at > 0
                && let Some(found) = built.remove(at)
            {
                built.push_front(found);
            }
            return Ok(built[0].1.clone());
        }
        let builder = base(connection, certificate)?;
        let builder = if for_tokens {
            builder
                .connect_timeout(CONNECT_LIMIT.min(self.exchange_limit))
                .timeout(self.exchange_limit)
                .pool_max_idle_per_host(0)
        } else {
            builder
                .connect_timeout(self.api_limits.connect)
                .read_timeout(self.api_limits.idle)
        };
        let client = build(builder)?;
        let kind = Kind {
            for_tokens,
            connection: connection.clone(),
            certificate: certificate_hash,
        };
        built.truncate(CLIENTS_MAX - 1);
        built.push_front((kind, client.clone()));
        Ok(client)
    }
}

fn base(
    connection: &Connection,
    certificate: Option<&SecretString>,
) -> Result<reqwest::ClientBuilder> {
    // Another part of the process may have installed a provider first; either serves.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT)
        .tls_backend_preconfigured(tls::config(connection, certificate)?);
    match &connection.proxy {
        Proxy::None => Ok(builder.no_proxy()),
        Proxy::System => Ok(builder),
        Proxy::At(url) => {
            let proxy = reqwest::Proxy::all(url.clone())
                .map_err(|error| Failure::new(Code::UrlInvalid).with("detail", chain(error)))?;
            Ok(builder.no_proxy().proxy(proxy))
        }
    }
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
    let untrusted = untrusted(&error);
    let code = if untrusted.is_some() {
        Code::TlsUntrusted
    } else if error.is_connect() {
        Code::HostUnreachable
    } else if error.is_timeout() {
        Code::RequestTimeout
    } else {
        Code::ConnectionLost
    };
    let mut failure = Failure::new(code)
        .with("host", host)
        .with("seconds", limit.as_secs());
    if let Some(sha256) = untrusted.flatten() {
        failure = failure.with("sha256", sha256);
    }
    failure.with("detail", chain(error))
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

/// Whether the server's certificate is not trusted, and its SHA-256 in hex where it had one.
pub(crate) fn untrusted(error: &(dyn std::error::Error + 'static)) -> Option<Option<String>> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => {
                    let untrusted = other.0.downcast_ref::<Untrusted>();
                    Some(untrusted.map(|untrusted| untrusted.sha256.clone()))
                }
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    Some(None)
                }
                _ => None,
            };
        }
        // An I/O error that wraps another one names the inner one's source as its own: step into it first.
        let wrapped = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = wrapped.map_or_else(|| cause.source(), |inner| Some(inner));
    }
    None
}
