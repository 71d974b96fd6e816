//! A body while one attempt sends it: a chunk at a time, counted, and never more of a file than was announced.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use super::payload::FilePart;
use crate::error::{Code, Failure};

/// Of a body, this much is in memory for one step of sending it.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// How far the body of one attempt has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    sent: AtomicU64,
    whole: AtomicBool,
}

impl Progress {
    /// Bytes that were handed to the connection.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Everything was handed to the connection.
    pub(crate) fn whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }
}

/// A piece of the body, opened.
pub(super) enum Open {
    Memory(Bytes),
    File {
        part: Arc<FilePart>,
        file: File,
        left: u64,
    },
    Stream(Pin<Box<dyn AsyncRead + Send + Sync>>),
}

/// The body of one attempt.
pub(super) struct Outgoing {
    parts: VecDeque<Open>,
    /// What is left of the announced length. `None`: none was announced.
    left: Option<u64>,
    progress: Arc<Progress>,
}

impl Outgoing {
    pub(super) fn new(parts: VecDeque<Open>, total: Option<u64>, progress: Arc<Progress>) -> Self {
        Self {
            parts,
            left: total,
            progress,
        }
    }

    /// The next chunk. Empty: this piece is over.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        let announced = self.left;
        let Some(part) = self.parts.front_mut() else {
            return Poll::Ready(Ok(None));
        };
        let chunk = match part {
            Open::Memory(bytes) => bytes.split_to(bytes.len().min(CHUNK_BYTES)),
            Open::File { part, file, left } => {
                let chunk = ready!(poll_read(Pin::new(file), cx, *left))
                    .and_then(|chunk| {
                        if chunk.is_empty() && *left > 0 {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                        Ok(chunk)
                    })
                    .map_err(|error| part.failed(&error))?;
                *left -= chunk.len() as u64;
                part.sent(&chunk);
                chunk
            }
            Open::Stream(reader) => {
                let left = announced.unwrap_or(u64::MAX);
                let stopped =
                    |detail: String| Failure::new(Code::BodyBroken).with("detail", detail);
                let chunk = ready!(poll_read(reader.as_mut(), cx, left))
                    .map_err(|error| stopped(error.to_string()))?;
                if chunk.is_empty() && announced.is_some_and(|left| left > 0) {
                    return Poll::Ready(Err(stopped(format!(
                        "it ended {left} bytes before the announced length"
                    ))));
                }
                chunk
            }
        };
        Poll::Ready(Ok(Some(chunk)))
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        loop {
            let Some(chunk) = ready!(self.poll_chunk(cx))? else {
                self.progress.whole.store(true, Ordering::Relaxed);
                return Poll::Ready(None);
            };
            if chunk.is_empty() {
                self.parts.pop_front();
                continue;
            }
            let length = chunk.len() as u64;
            self.progress.sent.fetch_add(length, Ordering::Relaxed);
            if let Some(left) = self.left {
                self.left = Some(left.saturating_sub(length));
                // Nobody asks for the end of a body whose length was announced.
                self.progress.whole.store(left <= length, Ordering::Relaxed);
            }
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Reads a chunk of at most `left` bytes. Empty: the end, or nothing is left to read.
fn poll_read(
    reader: Pin<&mut (impl AsyncRead + ?Sized)>,
    cx: &mut Context<'_>,
    left: u64,
) -> Poll<io::Result<Bytes>> {
    let room = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
    let mut chunk = vec![0; room];
    let mut buffer = ReadBuf::new(&mut chunk);
    if room > 0 {
        ready!(reader.poll_read(cx, &mut buffer))?;
    }
    let read = buffer.filled().len();
    chunk.truncate(read);
    Poll::Ready(Ok(chunk.into()))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
