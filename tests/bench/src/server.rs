//! The server of the bench: one protected resource and a token endpoint, as quick as can be, in a process of its own.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};

/// Connections that may wait to be accepted; the system allows less where it is set so.
const BACKLOG: u32 = 16_384;
/// How long the token endpoint takes.
const TOKEN_TAKES: Duration = Duration::from_millis(50);
/// Parts of an access token, 16 characters each: together as long as a small JWT, and like one in that no two are alike.
const TOKEN_PARTS: u64 = 25;
/// Orders in the resource: about a kilobyte of them.
const RESOURCE_ORDERS: u64 = 14;

/// Which tokens are good: those issued since the last time that all had expired.
#[derive(Default)]
struct Tokens {
    issued: AtomicU64,
    expired: AtomicU64,
    exchanges: AtomicU64,
}

/// A running server. It ends with its input, which is ours.
pub(crate) struct Server {
    pub(crate) origin: String,
    _child: Child,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("its output is piped")?;
        let line = BufReader::new(output).lines().next_line().await?;
        Ok(Self {
            origin: line.context("the server says where it listens")?,
            _child: child,
        })
    }
}

/// Serves until its input ends.
#[expect(clippy::print_stdout, reason = "the address is this part's output")]
pub(crate) async fn run() -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("http://{}", listener.local_addr()?);
    let tokens = Arc::<Tokens>::default();
    let mut input = tokio::io::stdin();
    let mut nothing = [0];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                tokio::spawn(serve(stream, Arc::clone(&tokens)));
            }
            _ = input.read(&mut nothing) => return Ok(()),
        }
    }
}

async fn serve(stream: TcpStream, tokens: Arc<Tokens>) {
    let service = service_fn(|request| answer(request, Arc::clone(&tokens)));
    let connection = hyper::server::conn::http1::Builder::new();
    // How a client ends a connection is its own business.
    drop(
        connection
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

async fn answer(
    request: Request<Incoming>,
    tokens: Arc<Tokens>,
) -> Result<Response<String>, Infallible> {
    let response = match request.uri().path() {
        "/resource" if tokens.know(&request) => reply(StatusCode::OK, resource().to_owned()),
        "/resource" => {
            let mut refused = reply(StatusCode::UNAUTHORIZED, "{}".to_owned());
            let challenge = "Bearer error=\"invalid_token\"".parse().expect("a header");
            refused.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            refused
        }
        "/token" => {
            tokio::time::sleep(TOKEN_TAKES).await;
            reply(StatusCode::OK, tokens.issue())
        }
        "/expire" => {
            let issued = tokens.issued.load(Ordering::SeqCst);
            tokens.expired.store(issued, Ordering::SeqCst);
            reply(StatusCode::OK, String::new())
        }
        "/exchanges" => reply(
            StatusCode::OK,
            tokens.exchanges.load(Ordering::SeqCst).to_string(),
        ),
        _ => reply(StatusCode::NOT_FOUND, String::new()),
    };
    Ok(response)
}

fn reply(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = "application/json".parse().expect("a header");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A list as APIs answer it. Not one letter many times over: a search for secrets is quicker or slower on such than on
/// anything that is met outside a bench.
fn resource() -> &'static str {
    static RESOURCE: LazyLock<String> = LazyLock::new(|| {
        let order = |id| json!({ "id": id, "customer": format!("Customer {}", id * 7), "paid": id % 3 == 0, "total": id * 1_995 });
        (1..=RESOURCE_ORDERS)
            .map(order)
            .collect::<Value>()
            .to_string()
    });
    &RESOURCE
}

fn access_token(number: u64) -> String {
    let part = |part: u64| {
        format!(
            "{:016x}",
            BuildHasherDefault::<DefaultHasher>::default().hash_one((number, part))
        )
    };
    let parts: String = (0..TOKEN_PARTS).map(part).collect();
    format!("{number}.{parts}")
}

impl Tokens {
    fn know(&self, request: &Request<Incoming>) -> bool {
        let header = request.headers().get(AUTHORIZATION);
        let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let number = token.and_then(|token| token.split_once('.')?.0.parse::<u64>().ok());
        number.is_some_and(|number| number > self.expired.load(Ordering::SeqCst))
    }

    fn issue(&self) -> String {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        json!({
            "access_token": access_token(number),
            "refresh_token": format!("refresh-{number}"),
            "token_type": "Bearer",
            "expires_in": 3_600,
        })
        .to_string()
    }
}
