//! A stream of server-sent events that ends again and again, so that a client shows how it goes on.

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::Deserialize;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// The longest pause between two events.
const EVERY_MS_MAX: u64 = 60_000;

/// What the address asks for.
#[derive(Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    /// There are this many events, with the ids 1 to this. Who has seen the last one is answered 204.
    total: u64,
    /// One connection brings at most this many.
    burst: u64,
    /// The pause before each event but the first, in milliseconds.
    every_ms: u64,
    /// What the client is asked to wait before it connects again, in milliseconds.
    retry_ms: Option<u64>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            total: 10,
            burst: 3,
            every_ms: 250,
            retry_ms: None,
        }
    }
}

/// Goes on after the event that `Last-Event-ID` names. The token is looked at when the client connects, and not again.
pub(crate) async fn events(Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or_default();
    if seen >= wanted.total {
        return StatusCode::NO_CONTENT.into_response();
    }
    let stream = Stream {
        next: seen + 1,
        last: wanted.total.min(seen.saturating_add(wanted.burst)),
        every: Duration::from_millis(wanted.every_ms.min(EVERY_MS_MAX)),
        retry_ms: wanted.retry_ms,
        pause: None,
    };
    let kind = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (kind, Body::new(stream)).into_response()
}

struct Stream {
    next: u64,
    last: u64,
    every: Duration,
    retry_ms: Option<u64>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
        }
        if self.next > self.last {
            return Poll::Ready(None);
        }
        let (id, mut text) = (self.next, String::new());
        if let Some(retry_ms) = self.retry_ms.take() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "retry: {retry_ms}");
        }
        let _ = write!(
            text,
            "id: {id}\nevent: order\ndata: {{\"number\": {id}}}\n\n"
        );
        self.next += 1;
        self.pause = Some(Box::pin(tokio::time::sleep(self.every)));
        Poll::Ready(Some(Ok(Frame::data(text.into()))))
    }
}
