//! The other HTTP client: `ureq`, blocking, on a connection of its own that is closed afterwards. It follows nothing, repeats
//! nothing and keeps no cookie. Whom it trusts is the same as everywhere: that is the user's decision, not a client's.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, Response};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use secrecy::SecretString;
use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    TcpConnector, Transport, TransportAdapter,
};
use ureq::{Agent, Body, Error};
use url::Url;

use crate::client::{CONNECT_LIMIT, tls, untrusted};
use crate::error::{Code, Failure, Result};
use crate::exchange::{BODY_READ_BYTES_MAX, BODY_SHOWN_BYTES_MAX};
use crate::session::config::connection::{Connection, Proxy};

/// How long it may take in all.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// What it calls itself, so that a server's log tells the two apart.
pub(super) const USER_AGENT: &str = concat!(
    "sandglass-second-opinion/",
    env!("CARGO_PKG_VERSION"),
    " (ureq)"
);

/// What is asked.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) connection: Connection,
    /// The client's certificate, where the token is bound to it.
    pub(super) certificate: Option<SecretString>,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) version: String,
    pub(super) headers: HeaderMap,
    /// At most [`BODY_SHOWN_BYTES_MAX`] of the body.
    pub(super) shown: Vec<u8>,
    pub(super) body_bytes: u64,
    /// How long its head took.
    pub(super) head: Duration,
}

/// Asks, and waits for the end of the answer. Blocks, at most [`LIMIT`].
///
/// # Errors
/// `host.unreachable`, `tls.untrusted`, `request.timeout`, `connection.lost`; `key.invalid`, `url.invalid`.
pub(super) fn ask(question: Question) -> Result<Answer> {
    let host = question.url.host_str().unwrap_or_default().to_owned();
    let agent = agent(&question)?;
    let failed = |error| failure(error, &host);
    let began = Instant::now();
    let mut response = run(&agent, question).map_err(failed)?;
    let head = began.elapsed();
    let (mut shown, mut body_bytes) = (Vec::new(), 0_u64);
    let mut reader = response.body_mut().as_reader();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = reader
            .read(&mut chunk)
            .map_err(|error| failure(error.into(), &host))?;
        let room = BODY_SHOWN_BYTES_MAX - shown.len();
        shown.extend_from_slice(&chunk[..read.min(room)]);
        body_bytes += read as u64;
        if read == 0 || body_bytes > BODY_READ_BYTES_MAX {
            break;
        }
    }
    drop(reader);
    Ok(Answer {
        status: response.status().as_u16(),
        version: format!("{:?}", response.version()),
        headers: std::mem::take(response.headers_mut()),
        shown,
        body_bytes,
        head,
    })
}

fn agent(question: &Question) -> Result<Agent> {
    let wrong = |error: Error| Failure::new(Code::UrlInvalid).with("detail", error);
    let proxy = match &question.connection.proxy {
        Proxy::None => None,
        Proxy::System => ureq::Proxy::try_from_env(),
        Proxy::At(url) => Some(ureq::Proxy::new(url.as_str()).map_err(wrong)?),
    };
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .max_idle_connections(0)
        .user_agent(USER_AGENT)
        .accept_encoding("")
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_global(Some(LIMIT))
        .proxy(proxy)
        .build();
    let mut tls = tls::config(&question.connection, question.certificate.as_ref())?;
    // It speaks HTTP/1.1 and nothing newer.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(Trusting(Arc::new(tls)));
    Ok(Agent::with_parts(
        config,
        connector,
        DefaultResolver::default(),
    ))
}

fn run(agent: &Agent, question: Question) -> Result<Response<Body>, Error> {
    let uri = question.url.as_str();
    if question.body.is_empty() {
        let mut request = http::Request::builder()
            .method(question.method)
            .uri(uri)
            .body(())?;
        *request.headers_mut() = question.headers;
        return agent.run(request);
    }
    // A body where the method's own meaning has none is sent all the same, as the first client did.
    let bare = match question.method {
        Method::GET => Some(agent.get(uri)),
        Method::HEAD => Some(agent.head(uri)),
        Method::DELETE => Some(agent.delete(uri)),
        Method::OPTIONS => Some(agent.options(uri)),
        _ => None,
    };
    if let Some(builder) = bare {
        let mut builder = builder.force_send_body();
        for (name, value) in &question.headers {
            builder = builder.header(name, value);
        }
        return builder.send(&question.body);
    }
    let mut request = http::Request::builder()
        .method(question.method)
        .uri(uri)
        .body(question.body)?;
    *request.headers_mut() = question.headers;
    agent.run(request)
}

/// What went wrong, by what can be done about it.
fn failure(error: Error, host: &str) -> Failure {
    let distrusted = untrusted(&error);
    let code = match &error {
        _ if distrusted.is_some() => Code::TlsUntrusted,
        Error::HostNotFound | Error::ConnectionFailed => Code::HostUnreachable,
        Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => Code::HostUnreachable,
        Error::Timeout(_) => Code::RequestTimeout,
        Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Code::HostUnreachable
        }
        _ => Code::ConnectionLost,
    };
    let failure = Failure::new(code)
        .with("host", host)
        .with("seconds", LIMIT.as_secs())
        .with("detail", &error);
    match distrusted.flatten() {
        Some(sha256) => failure.with("sha256", sha256),
        None => failure,
    }
}

/// TLS under the same trust as the first client's.
#[derive(Debug)]
struct Trusting(Arc<ClientConfig>);

impl<In: Transport> Connector<In> for Trusting {
    type Out = Either<In, Encrypted>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("the host is no name"))?;
        let mut sock = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        sock.set_timeout(details.timeout);
        let mut conn = ClientConnection::new(Arc::clone(&self.0), name)?;
        conn.complete_io(&mut sock)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        let stream = StreamOwned { conn, sock };
        Ok(Some(Either::B(Encrypted { buffers, stream })))
    }
}

/// A connection under TLS.
struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
