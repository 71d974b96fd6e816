//! Listens on this machine for the one call with which the browser brings the answer back (RFC 8252 §7.3, security 2.2).
//!
//! Whoever else calls is answered and changes nothing: the right answer may still come. Nothing of a call is ever said back.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use zeroize::Zeroizing;

use super::code_grant::{self, CameBack, Flaw};
use crate::error::{Code, Failure, Result};
use crate::rules;
use crate::session::config::authorization::{LoopbackHost, Redirect};
use crate::timeline::event::CallRefused;

/// Longest call that is read, in bytes.
const CALL_BYTES_MAX: usize = 8 * 1024;
/// How long one call may take to say what it wants.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// Calls that are read at once; further ones wait in the system's queue.
const CALLS_OPEN_MAX: usize = 16;
/// Calls that were refused and wait to be told.
const REFUSED_WAITING_MAX: usize = 16;

/// The page for whoever came back. The same for everybody, whatever the server said.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandglass</title><p>Back at Sandglass. You can close this page.</p></html>";
/// The page for whoever called and was not expected.
const REFUSAL: &str = "Not the answer that is waited for.";

/// A listener that nobody knows of yet.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Vec<TcpListener>,
    redirect: Redirect,
    port: u16,
}

impl Listener {
    /// Binds to this machine only, at the port of the redirect address or at any.
    ///
    /// # Errors
    /// `listener.unavailable`.
    pub(crate) async fn bind(redirect: &Redirect) -> Result<Self> {
        let unavailable = |error: std::io::Error| {
            Failure::new(Code::ListenerUnavailable)
                .with("address", redirect)
                .with("detail", error)
        };
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, redirect.port.unwrap_or(0)));
        let socket = TcpListener::bind(wanted).await.map_err(unavailable)?;
        let port = socket.local_addr().map_err(unavailable)?.port();
        let mut sockets = vec![socket];
        if redirect.host == LoopbackHost::Localhost {
            // A browser may take the name for either address. A machine without the other one has nobody to call it there.
            let other = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            sockets.extend(TcpListener::bind(other).await);
        }
        Ok(Self {
            sockets,
            redirect: redirect.clone(),
            port,
        })
    }

    /// The address that the server is to send the browser back to.
    pub(crate) fn redirect_uri(&self) -> String {
        self.redirect.at(self.port)
    }

    /// Waits for the call that brings the state. It takes as long as it takes; whoever waits sets the limit. `refused` hears
    /// of the others.
    pub(crate) async fn wait(
        self,
        state: &SecretString,
        refused: impl Fn(CallRefused) + Send + Sync,
    ) -> CameBack {
        let door = Arc::new(Door {
            authority: format!("{}:{}", self.redirect.host.as_str(), self.port),
            path: self.redirect.path,
            state: state.clone(),
            places: Semaphore::new(CALLS_OPEN_MAX),
        });
        let (tell, mut told) = mpsc::channel(REFUSED_WAITING_MAX);
        let mut doors = tokio::task::JoinSet::new();
        for socket in self.sockets {
            let (door, tell) = (Arc::clone(&door), tell.clone());
            doors.spawn(async move { door.keep(&socket, &tell).await });
        }
        // They end with this: a call that comes later finds nobody.
        loop {
            match told.recv().await {
                Some(Ok(came_back)) => return came_back,
                Some(Err(why)) => refused(why),
                // The senders live in `tell` above.
                None => std::future::pending().await,
            }
        }
    }
}

/// What a call has to bring.
struct Door {
    /// Host and port as they stand in the redirect address: another name for this machine was resolved by somebody else.
    authority: String,
    path: String,
    state: SecretString,
    places: Semaphore,
}

impl Door {
    async fn keep(self: &Arc<Self>, socket: &TcpListener, tell: &mpsc::Sender<Told>) {
        let mut calls = tokio::task::JoinSet::new();
        loop {
            while calls.try_join_next().is_some() {}
            let Ok((call, _)) = socket.accept().await else {
                // Out of file descriptors, most likely: others may give theirs back.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (door, tell) = (Arc::clone(self), tell.clone());
            calls.spawn(async move {
                let _place = door.places.acquire().await;
                let told = tokio::time::timeout(CALL_LIMIT, door.answer(call)).await;
                if let Ok(Some(told)) = told {
                    // Where nobody listens any more, somebody else was right first.
                    let _ = tell.send(told).await;
                }
            });
        }
    }

    /// Answers one call. `None`: it said nothing.
    async fn answer(&self, mut call: TcpStream) -> Option<Told> {
        let head = read_head(&mut call).await?;
        let told = head.and_then(|head| self.judge(&head));
        let (status, kind, text) = match &told {
            Ok(_) => ("200 OK", "text/html; charset=utf-8", PAGE),
            Err(why) => (status_of(*why), "text/plain; charset=utf-8", REFUSAL),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        // Whoever does not wait for the answer does not need it.
        let _ = call.write_all(answer.as_bytes()).await;
        let _ = call.shutdown().await;
        Some(told)
    }

    /// What a call is, by its head.
    fn judge(&self, head: &str) -> Told {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target, version) = (words.next(), words.next(), words.next());
        if method != Some("GET") && rules::on("callback.method") {
            return Err(CallRefused::Method);
        }
        let target = target.unwrap_or_default();
        if version.is_none_or(|version| !version.starts_with("HTTP/1.")) || words.next().is_some() {
            return Err(CallRefused::Malformed);
        }
        let mut hosts = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        });
        let right = hosts.next() == Some(self.authority.as_str()) && hosts.next().is_none();
        if !right && rules::on("callback.host") {
            return Err(CallRefused::Host);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path && rules::on("callback.path") {
            return Err(CallRefused::Path);
        }
        code_grant::read(query, &self.state).map_err(|flaw| match flaw {
            Flaw::State => CallRefused::State,
            Flaw::Malformed => CallRefused::Malformed,
        })
    }
}

/// What came of a call.
type Told = std::result::Result<CameBack, CallRefused>;

fn status_of(why: CallRefused) -> &'static str {
    match why {
        CallRefused::Method => "405 Method Not Allowed",
        CallRefused::Path => "404 Not Found",
        CallRefused::TooLong => "431 Request Header Fields Too Large",
        CallRefused::Host | CallRefused::State | CallRefused::Malformed => "400 Bad Request",
    }
}

/// The head of a call as text. `None`: it ended, or said nothing.
async fn read_head(
    call: &mut TcpStream,
) -> Option<std::result::Result<Zeroizing<String>, CallRefused>> {
    let mut head = Zeroizing::new(Vec::with_capacity(CALL_BYTES_MAX));
    let mut piece = Zeroizing::new([0_u8; 1024]);
    loop {
        let count = call
            .read(piece.as_mut())
            .await
            .ok()
            .filter(|count| *count > 0)?;
        if head.len() + count > CALL_BYTES_MAX {
            return Some(Err(CallRefused::TooLong));
        }
        head.extend_from_slice(&piece[..count]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = std::str::from_utf8(&head[..end]);
            let text = text.map(|text| Zeroizing::new(text.to_owned()));
            return Some(text.map_err(|_| CallRefused::Malformed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::oauth::code_grant::Outcome;

    /// Sends this, and answers the status and all that came back. What is left unread is not waited for.
    async fn call(port: u16, text: &str) -> (u16, String) {
        let mut call = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("listening");
        // An oversized call is answered before it ends.
        let _ = call.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = call.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
        (status.unwrap_or(0), answer)
    }

    fn get(port: u16, query: &str) -> String {
        format!("GET /callback?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
    }

    /// N34 and N35: calls that are not the answer, and then the answer.
    #[tokio::test]
    async fn n34_n35_a_call_that_is_not_the_answer_changes_nothing() {
        let listener = Listener::bind(&Redirect::default()).await.expect("a port");
        let port = listener.port;
        assert_eq!(
            listener.redirect_uri(),
            format!("http://127.0.0.1:{port}/callback")
        );
        let refused = Arc::new(Mutex::new(Vec::new()));
        let waiting = tokio::spawn({
            let refused = Arc::clone(&refused);
            async move {
                let state = "the-state".into();
                let note = |why| refused.lock().expect("no panic").push(why);
                listener.wait(&state, note).await
            }
        });
        let head = |line: &str, host: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let target = "GET /callback?code=c&state=the-state";
        let own = format!("127.0.0.1:{port}");
        let long = format!("{target}&x={}", "y".repeat(9_000));
        let rows = [
            (
                get(port, "code=evil&state=guessed"),
                400,
                CallRefused::State,
            ),
            (get(port, "code=evil"), 400, CallRefused::State),
            (get(port, "state=the-state"), 400, CallRefused::Malformed),
            (
                head("POST /callback?code=c&state=the-state", &own),
                405,
                CallRefused::Method,
            ),
            (
                head("HEAD /callback?code=c&state=the-state", &own),
                405,
                CallRefused::Method,
            ),
            (head("OPTIONS /callback", &own), 405, CallRefused::Method),
            (head("GET /favicon.ico", &own), 404, CallRefused::Path),
            (
                head("GET /callback/?code=c&state=the-state", &own),
                404,
                CallRefused::Path,
            ),
            (
                head("GET /callback%2F?code=c&state=the-state", &own),
                404,
                CallRefused::Path,
            ),
            (
                head(target, &format!("evil.test:{port}")),
                400,
                CallRefused::Host,
            ),
            (
                head(target, &format!("localhost:{port}")),
                400,
                CallRefused::Host,
            ),
            (head(target, "127.0.0.1"), 400, CallRefused::Host),
            (
                head(target, &format!("{own}\r\nHost: {own}")),
                400,
                CallRefused::Host,
            ),
            (
                format!("{target} HTTP/1.1\r\nX: y\r\n\r\n"),
                400,
                CallRefused::Host,
            ),
            (
                format!("{target}\r\nHost: {own}\r\n\r\n"),
                400,
                CallRefused::Malformed,
            ),
            (head(&long, &own), 431, CallRefused::TooLong),
            (
                // What another page's script sends.
                format!(
                    "GET /callback?code=evil&state=x HTTP/1.1\r\nHost: {own}\r\nOrigin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\n\r\n"
                ),
                400,
                CallRefused::State,
            ),
        ];
        let mut expected = Vec::new();
        for (text, status, why) in rows {
            let (answered, answer) = call(port, &text).await;
            assert_eq!(answered, status, "{}", &text[..text.len().min(200)]);
            for echo in ["evil", "the-state", "Access-Control"] {
                assert!(!answer.contains(echo), "nothing is said back: {answer}");
            }
            expected.push(why);
        }
        // One that says nothing, and one that says half: neither holds up the answer.
        let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("open");
        let mut half = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("open");
        half.write_all(b"GET /callb").await.expect("written");
        assert!(!waiting.is_finished(), "still waiting");
        let (status, answer) = call(port, &get(port, "code=the-code&state=the-state&iss=x")).await;
        assert_eq!(status, 200);
        for header in [
            "Cache-Control: no-store",
            "default-src 'none'",
            "no-referrer",
            "nosniff",
        ] {
            assert!(answer.contains(header), "{answer}");
        }
        assert!(!answer.contains("the-code") && !answer.contains("the-state"));
        let came_back = waiting.await.expect("no panic");
        assert!(matches!(came_back.outcome, Outcome::Code(_)));
        assert_eq!(*refused.lock().expect("no panic"), expected);
        let again = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
        assert!(again.is_err(), "one success closes");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_said_so() {
        let first = Listener::bind(&Redirect::default()).await.expect("a port");
        let taken = Redirect {
            port: Some(first.port),
            ..Redirect::default()
        };
        let failure = Listener::bind(&taken).await.expect_err("taken");
        assert_eq!(failure.code, Code::ListenerUnavailable);
        assert_eq!(failure.params["address"], taken.to_string());
    }
}
