//! Another server on loopback, which answers each request with what a test says and remembers what it was sent.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The most of a request that is read.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// A server of an origin that the demo knows nothing of. Ends when it is dropped.
pub struct Elsewhere {
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    seen: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Elsewhere {
    /// Starts it. `reply` makes a whole answer, as [`answer`] does, out of the text of a request.
    pub async fn start(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("its number"));
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let requests = Arc::clone(&seen);
        let server = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                let request = read(&mut socket).await;
                let reply = reply(&request);
                requests
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(request);
                // Whoever does not wait for the answer does not want it.
                drop(socket.write_all(reply.as_bytes()).await);
            }
        });
        Self {
            origin,
            seen,
            server,
        }
    }

    /// The requests so far, in order: head and body as they came.
    pub fn requests(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first lines of the requests so far, without the protocol: `GET /orders`.
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests();
        let line = |request: &String| {
            let line = request.lines().next().unwrap_or_default();
            line.trim_end_matches(" HTTP/1.1").to_owned()
        };
        requests.iter().map(line).collect()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A whole answer of HTTP/1.1, after which the connection ends.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let length = body.len();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "HTTP/1.1 {status} Told\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

async fn read(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while bytes.len() < REQUEST_BYTES_MAX {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok());
            if body.len() >= length.unwrap_or_default() {
                break;
            }
        }
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
