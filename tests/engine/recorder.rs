//! An API that writes down every request byte for byte and answers by a script: for what the engine puts on the wire.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What is done with one request.
pub(crate) enum Reply {
    /// It is read to its end and answered with these lines, from the status on, and no body.
    Lines(&'static str),
    /// The same, after something was done.
    After(Box<dyn FnOnce() + Send>, &'static str),
    /// It is read to its end and answered with these events of a stream; `{{token}}` in them is the token that came.
    Events(String),
    /// The same in two halves; the second comes when the test says so.
    Halves(String, Arc<Notify>, String),
    /// It is read to its end, and the connection is reset.
    Reset,
    /// Its head is read, something is done, and the connection is reset while the body is on its way.
    ResetEarly(Box<dyn FnOnce() + Send>),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// Its method.
    pub(crate) method: String,
    /// Its header lines, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body, without the framing of chunks.
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    /// The value of a header that came at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|header| header.1.as_str());
        assert!(values.next().is_none(), "{name} came once");
        value
    }
}

/// The API. It answers one request a connection, and stops when this is dropped.
pub(crate) struct Recorder {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts it with what it does with each request in turn; the last script is not repeated.
    pub(crate) fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Little is taken in before it is read, so that a body stays on its way.
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("a port");
        let listener = socket.listen(64).expect("a listener");
        let address = listener.local_addr().expect("its number");
        let requests = Arc::<Mutex<Vec<Recorded>>>::default();
        let mut script: VecDeque<Reply> = script.into_iter().collect();
        let task = tokio::spawn({
            let requests = Arc::clone(&requests);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let reply = script.pop_front().expect("a request that was expected");
                    let recorded = answer(stream, reply).await;
                    requests
                        .lock()
                        .expect("no test panics in here")
                        .push(recorded);
                }
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    /// Where it is.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came so far.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests
            .lock()
            .expect("no test panics in here")
            .clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, reply: Reply) -> Recorded {
    let mut recorded = head(&mut stream).await;
    if let Reply::ResetEarly(act) = reply {
        act();
        stream.set_zero_linger().expect("it can be reset");
        return recorded;
    }
    body(&mut stream, &mut recorded).await;
    let lines = match reply {
        Reply::Reset | Reply::ResetEarly(_) => {
            stream.set_zero_linger().expect("it can be reset");
            return recorded;
        }
        Reply::Lines(lines) => closed(lines),
        Reply::After(act, lines) => {
            act();
            closed(lines)
        }
        Reply::Events(events) => {
            let token = recorded.header("authorization").unwrap_or_default();
            let token = token.trim_start_matches("Bearer ");
            format!("{STREAM}{}", events.replace("{{token}}", token))
        }
        Reply::Halves(first, more, second) => {
            let first = format!("{STREAM}{first}");
            stream.write_all(first.as_bytes()).await.expect("answered");
            more.notified().await;
            second
        }
    };
    // A client that has left meanwhile wants no answer.
    if stream.write_all(lines.as_bytes()).await.is_ok() {
        _ = stream.shutdown().await;
    }
    recorded
}

/// The end of the connection is the end of the stream.
const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

fn closed(lines: &str) -> String {
    format!("HTTP/1.1 {lines}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

async fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.expect("a line goes on"));
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).expect("heads are text")
}

async fn head(stream: &mut TcpStream) -> Recorded {
    let first = line(stream).await;
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Recorded {
        method: first.split(' ').next().expect("a method").to_owned(),
        headers,
        body: Vec::new(),
    }
}

async fn body(stream: &mut TcpStream, recorded: &mut Recorded) {
    if recorded.header("transfer-encoding") == Some("chunked") {
        loop {
            let length = usize::from_str_radix(&line(stream).await, 16).expect("a chunk's length");
            let mut chunk = vec![0; length];
            stream.read_exact(&mut chunk).await.expect("a chunk");
            recorded.body.extend(chunk);
            assert_eq!(line(stream).await, "", "a chunk's end");
            if length == 0 {
                return;
            }
        }
    }
    let length = recorded.header("content-length").unwrap_or("0");
    recorded.body = vec![0; length.parse().expect("a length")];
    stream
        .read_exact(&mut recorded.body)
        .await
        .expect("the whole body");
}
