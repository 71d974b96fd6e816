//! A body that ends before its announced length, because a connection that just closes is something else to a client.

use axum::body::Bytes;
use http_body::{Body, Frame};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Sends what it holds, then fails, so that the connection ends in the middle of the answer.
pub(crate) struct CutShort {
    first: Option<Bytes>,
    flushed: bool,
}

impl CutShort {
    pub(crate) fn after(first: Bytes) -> Self {
        Self {
            first: Some(first),
            flushed: false,
        }
    }
}

impl Body for CutShort {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if !self.flushed {
            // The connection writes what it has buffered when a body pauses; without the pause the first half never leaves.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("the fault cuts the body here"))))
    }
}
