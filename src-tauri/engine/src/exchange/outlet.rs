//! Where the body of an answer goes as it comes, whatever its length: nothing of it is held but what may be the beginning
//! of a secret.

use std::fmt;
use std::pin::Pin;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::error::{Code, Failure, Result};
use crate::redact::Masker;

/// Takes the body of an answer, with known secrets in it masked.
pub struct Outlet {
    writer: Pin<Box<dyn AsyncWrite + Send + Sync>>,
    beside: Option<u64>,
    held: Vec<u8>,
}

impl Outlet {
    /// Writes to this.
    pub fn new(writer: impl AsyncWrite + Send + Sync + 'static) -> Self {
        Self {
            writer: Box::pin(writer),
            beside: None,
            held: Vec::new(),
        }
    }

    /// Writes to this beside what is returned with the answer: its beginning, as without an outlet. At most so many bytes
    /// of it are read.
    pub fn beside(writer: impl AsyncWrite + Send + Sync + 'static, bytes_max: u64) -> Self {
        Self {
            beside: Some(bytes_max),
            ..Self::new(writer)
        }
    }

    /// The answer returns the beginning of the body too.
    pub(crate) fn is_beside(&self) -> bool {
        self.beside.is_some()
    }

    /// Bytes of a body that are read at most. Absent: all of it.
    pub(crate) fn bytes_max(&self) -> Option<u64> {
        self.beside
    }

    /// Writes one more piece of the body.
    ///
    /// # Errors
    /// `output.failed`.
    pub(crate) async fn write(&mut self, chunk: &[u8], masker: &Masker) -> Result<()> {
        self.held.extend_from_slice(chunk);
        let ready = masker.mask_beginning(&mut self.held, false);
        self.writer.write_all(&ready).await.map_err(failed)
    }

    /// Writes what was held back.
    ///
    /// # Errors
    /// `output.failed`.
    pub(crate) async fn finish(&mut self, masker: &Masker) -> Result<()> {
        let rest = masker.mask_beginning(&mut self.held, true);
        self.writer.write_all(&rest).await.map_err(failed)?;
        self.writer.flush().await.map_err(failed)
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(Code::OutputFailed).with("detail", error)
}
