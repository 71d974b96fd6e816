//! A connection that goes wrong on purpose: a TCP proxy on loopback between the engine and the demo, with ten ways to fail.
//!
//! In every way but [`Mode::Refuse`] the request reaches the server first and is answered there: what the proxy does to
//! the answer is what a network does to an answer that was already given, which is the case that loses sessions.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the proxy does to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: bytes pass as they come.
    Pass,
    /// The connection is reset instead of an answer.
    Reset,
    /// Nobody listens.
    Refuse,
    /// One byte each second.
    Slow,
    /// The head comes, the body never does.
    StallAfterHead,
    /// The answer's direction is closed at once, the other stays open.
    HalfClose,
    /// The connection ends in the middle of the body.
    TruncatedBody,
    /// The head announces more bytes than there are, and the connection stays open.
    WrongLength,
    /// Bytes that are no HTTP.
    Garbage,
    /// All of it, in small pieces.
    Dribble,
    /// What a TLS server says to a client that it does not understand.
    TlsAlert,
}

impl Mode {
    /// The ten ways to go wrong. The last but one is only odd: an answer in small pieces is an answer.
    pub const FAULTS: [Self; 10] = [
        Self::Reset,
        Self::Refuse,
        Self::Slow,
        Self::StallAfterHead,
        Self::HalfClose,
        Self::TruncatedBody,
        Self::WrongLength,
        Self::Garbage,
        Self::Dribble,
        Self::TlsAlert,
    ];
}

/// Bytes of one request or answer that the proxy is ready to hold.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// A fatal `handshake_failure` in a record of its own (RFC 8446 §6).
const TLS_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];
/// Between the bytes of [`Mode::Slow`].
const SLOW_PAUSE: Duration = Duration::from_secs(1);
/// Between the pieces of [`Mode::Dribble`], and their length in bytes.
const DRIBBLE: (Duration, usize) = (Duration::from_millis(1), 48);
/// How much further than the body the head of [`Mode::WrongLength`] counts.
const LENGTH_TOO_MUCH: usize = 10;

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// The mode that connections get now.
    in_force: watch::Receiver<Mode>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of this server that lets everything pass.
    ///
    /// # Errors
    /// Where loopback has no free port.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mode, modes) = watch::channel(Mode::Pass);
        let (told, in_force) = watch::channel(Mode::Pass);
        let task = tokio::spawn(run(listener, server, modes, told));
        Ok(Self {
            address,
            mode,
            in_force,
            task,
        })
    }

    /// Where it listens, as an origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Goes on in this way with the connections that open from now on, and closes those that are open.
    pub async fn set(&mut self, mode: Mode) {
        self.mode.send_replace(mode);
        // The sender lives in the task, which lives as long as `self`.
        self.in_force
            .wait_for(|in_force| *in_force == mode)
            .await
            .expect("the proxy runs");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    listener: TcpListener,
    server: SocketAddr,
    mut modes: watch::Receiver<Mode>,
    told: watch::Sender<Mode>,
) {
    let address = listener.local_addr().expect("it is bound");
    let mut listener = Some(listener);
    loop {
        let mode = *modes.borrow_and_update();
        match (mode, &listener) {
            (Mode::Refuse, _) => listener = None,
            (_, None) => {
                let bound = TcpListener::bind(address).await;
                listener = Some(bound.expect("its port is still free"));
            }
            (_, Some(_)) => {}
        }
        told.send_replace(mode);
        let mut connections = JoinSet::new();
        loop {
            let accepted = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = modes.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                accepted = accepted => if let Ok((client, _)) = accepted {
                    connections.spawn(async move {
                        // A connection that breaks here is what this proxy is for.
                        drop(serve(client, server, mode).await);
                    });
                },
            }
        }
    }
}

async fn serve(mut client: TcpStream, server: SocketAddr, mode: Mode) -> io::Result<()> {
    let mut upstream = TcpStream::connect(server).await?;
    let answer = loop {
        let request = message(&mut client).await?;
        let (head, body) = request.bytes.split_at(request.head_bytes);
        // The server answers nobody who calls it by another name.
        upstream
            .write_all(&with_header(head, "host", &server.to_string()))
            .await?;
        upstream.write_all(body).await?;
        let answer = message(&mut upstream).await?;
        if mode != Mode::Pass {
            break answer;
        }
        client.write_all(&answer.bytes).await?;
    };
    let (head, body) = answer.bytes.split_at(answer.head_bytes);
    match mode {
        Mode::Pass | Mode::Refuse => Ok(()),
        Mode::Reset => client.set_zero_linger(),
        Mode::Slow => pieces(&mut client, &answer.bytes, 1, SLOW_PAUSE).await,
        Mode::StallAfterHead => {
            client.write_all(head).await?;
            hold(&mut client).await
        }
        Mode::HalfClose => {
            client.shutdown().await?;
            hold(&mut client).await
        }
        Mode::TruncatedBody => {
            client.write_all(head).await?;
            client.write_all(&body[..body.len() / 2]).await
        }
        Mode::WrongLength => {
            let length = (body.len() + LENGTH_TOO_MUCH).to_string();
            let longer = with_header(head, "content-length", &length);
            client.write_all(&longer).await?;
            client.write_all(body).await?;
            hold(&mut client).await
        }
        Mode::Garbage => client.write_all(&[0xfe; 512]).await,
        Mode::Dribble => {
            // Said in the head, so that nobody counts on the connection afterwards.
            let closing = [&head[..head.len() - 2], b"connection: close\r\n\r\n", body];
            pieces(&mut client, &closing.concat(), DRIBBLE.1, DRIBBLE.0).await
        }
        Mode::TlsAlert => client.write_all(&TLS_ALERT).await,
    }
}

/// Keeps a connection open until the other side has had enough.
async fn hold(client: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while client.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn pieces(
    client: &mut TcpStream,
    bytes: &[u8],
    length: usize,
    pause: Duration,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    for piece in bytes.chunks(length) {
        client.write_all(piece).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// A whole request or answer.
struct Message {
    bytes: Vec<u8>,
    head_bytes: usize,
}

/// Reads one message whose length its head tells.
async fn message(stream: &mut TcpStream) -> io::Result<Message> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head_bytes = end + 4;
            if bytes.len() >= head_bytes + body_length(&bytes[..end]) {
                return Ok(Message { bytes, head_bytes });
            }
        }
        if bytes.len() > MESSAGE_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn body_length(head: &[u8]) -> usize {
    String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or_default()
}

/// The head with another value in one of its headers.
fn with_header(head: &[u8], header: &str, value: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(head);
    let lines = text.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, _)) if name.eq_ignore_ascii_case(header) => format!("{name}: {value}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n").into_bytes()
}
