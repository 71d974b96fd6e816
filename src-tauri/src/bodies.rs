//! The bodies of the last answers, as long as the window is open: written as they come, small ones in memory and others in
//! files that have no name and end with the process; read in windows, never as a whole.

use std::collections::VecDeque;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tempfile::SpooledTempFile;
use tokio::io::AsyncWrite;

/// Answers whose bodies are kept; older ones are forgotten.
pub(crate) const BODIES_KEPT_MAX: usize = 40;
/// Of one body, this much is kept, in bytes; the send ends there.
pub(crate) const BODY_KEPT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Bodies up to this length stay in memory, in bytes.
const IN_MEMORY_BYTES_MAX: usize = 64 * 1024;
/// Largest window that is read at once, in bytes.
pub(crate) const WINDOW_BYTES_MAX: u64 = 256 * 1024;

/// One body, while it comes and afterwards.
pub(crate) struct Kept {
    inner: Mutex<Inner>,
}

struct Inner {
    file: SpooledTempFile,
    bytes: u64,
    /// The disk took no more: what is here is the beginning.
    broken: Option<String>,
}

/// A part of a body.
pub(crate) struct Window {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// Bytes that are there by now.
    pub(crate) total: u64,
    /// Why there are no more, where the disk refused.
    pub(crate) broken: Option<String>,
}

impl Kept {
    fn new(folder: &std::path::Path) -> Self {
        Self {
            inner: Mutex::new(Inner {
                file: tempfile::spooled_tempfile_in(IN_MEMORY_BYTES_MAX, folder),
                bytes: 0,
                broken: None,
            }),
        }
    }

    /// Bytes that are there by now.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Reads a part; past the end there is none.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn read(&self, from: u64, length: u64) -> io::Result<Window> {
        let mut inner = self.lock();
        let length = length
            .min(WINDOW_BYTES_MAX)
            .min(inner.bytes.saturating_sub(from));
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        if !bytes.is_empty() {
            inner.file.seek(SeekFrom::Start(from))?;
            inner.file.read_exact(&mut bytes)?;
        }
        Ok(Window {
            bytes,
            total: inner.bytes,
            broken: inner.broken.clone(),
        })
    }

    /// Where a text begins at or behind a place.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn find(&self, text: &[u8], from: u64) -> io::Result<Option<u64>> {
        if text.is_empty() {
            return Ok(None);
        }
        let finder = memchr::memmem::Finder::new(text);
        let mut at = from;
        loop {
            let window = self.read(at, WINDOW_BYTES_MAX)?;
            if let Some(found) = finder.find(&window.bytes) {
                return Ok(Some(at + found as u64));
            }
            let read = window.bytes.len() as u64;
            if at + read >= window.total || read <= text.len() as u64 {
                return Ok(None);
            }
            // What begins in this window may end in the next.
            at += read - (text.len() as u64 - 1);
        }
    }

    /// Writes all of it to a file.
    ///
    /// # Errors
    /// Where either disk fails.
    pub(crate) fn copy_to(&self, path: &std::path::Path) -> io::Result<u64> {
        let mut file = std::fs::File::create(path)?;
        let (mut at, mut total) = (0, self.bytes());
        while at < total {
            let window = self.read(at, WINDOW_BYTES_MAX)?;
            file.write_all(&window.bytes)?;
            at += window.bytes.len() as u64;
            total = window.total;
        }
        file.sync_all()?;
        Ok(at)
    }

    fn write(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        if inner.broken.is_some() {
            return;
        }
        let end = SeekFrom::Start(inner.bytes);
        let written = inner
            .file
            .seek(end)
            .and_then(|_| inner.file.write_all(bytes));
        match written {
            Ok(()) => inner.bytes += bytes.len() as u64,
            // The answer goes on without it: its beginning is on show, and what came so far is kept.
            Err(error) => inner.broken = Some(error.to_string()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a body as it comes.
pub(crate) struct Spool(Arc<Kept>);

impl AsyncWrite for Spool {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The last bodies, by the numbers of their sends.
pub(crate) struct Bodies {
    folder: PathBuf,
    kept: Mutex<VecDeque<(u64, Arc<Kept>)>>,
}

impl Bodies {
    /// Bodies whose files are in this folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            kept: Mutex::default(),
        }
    }

    /// A body that has not begun, and where it is to be written.
    pub(crate) fn begin(&self) -> (Arc<Kept>, Spool) {
        let kept = Arc::new(Kept::new(&self.folder));
        (Arc::clone(&kept), Spool(kept))
    }

    /// Keeps it as that of this send.
    pub(crate) fn keep(&self, request: u64, body: Arc<Kept>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == BODIES_KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((request, body));
    }

    /// That of a send. `None`: it is forgotten.
    pub(crate) fn find(&self, request: u64) -> Option<Arc<Kept>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|(number, _)| *number == request);
        found.map(|(_, body)| Arc::clone(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8]) -> (tempfile::TempDir, Arc<Kept>) {
        let folder = tempfile::tempdir().expect("a folder");
        let (kept, spool) = Bodies::new(folder.path().to_owned()).begin();
        for piece in bytes.chunks(1_000) {
            spool.0.write(piece);
        }
        (folder, kept)
    }

    #[test]
    fn a_body_is_read_in_windows_while_it_grows_and_leaves_no_file() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let (folder, kept) = body(&bytes);
        for (from, length, expected) in [
            (0, 10, &bytes[..10]),
            (299_990, 100, &bytes[299_990..]),
            (300_000, 10, &[][..]),
            (u64::MAX, 10, &[][..]),
            (5, u64::MAX, &bytes[5..5 + 256 * 1024]),
        ] {
            let window = kept.read(from, length).expect("readable");
            assert!(
                window.bytes == expected && window.total == 300_000,
                "{from}"
            );
        }
        let names = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 0, "its file has no name");
        let copy = folder.path().join("copy");
        assert_eq!(kept.copy_to(&copy).expect("copied"), 300_000);
        assert!(std::fs::read(copy).expect("a file") == bytes);
    }

    #[test]
    fn a_text_is_found_also_where_two_windows_meet() {
        let mut bytes = vec![b'.'; 600_000];
        let meets = usize::try_from(WINDOW_BYTES_MAX).expect("small") - 3;
        bytes[meets..meets + 6].copy_from_slice(b"needle");
        bytes[599_994..].copy_from_slice(b"needle");
        let (_folder, kept) = body(&bytes);
        for (from, expected) in [
            (0, Some(meets as u64)),
            (meets as u64 + 1, Some(599_994)),
            (599_995, None),
        ] {
            assert_eq!(kept.find(b"needle", from).expect("readable"), expected);
        }
        assert_eq!(kept.find(b"", 0).expect("readable"), None);
    }

    #[test]
    fn the_last_bodies_are_kept_and_no_more() {
        let bodies = Bodies::new(std::env::temp_dir());
        for request in 0..=BODIES_KEPT_MAX as u64 {
            bodies.keep(request, bodies.begin().0);
        }
        assert!(bodies.find(0).is_none() && bodies.find(1).is_some());
    }
}
