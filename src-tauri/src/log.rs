//! Logs for people: to stderr, and to one file of a bounded size in the data folder. Nothing is written unmasked.
//!
//! Secrets have types that do not print. This is the net below them: fields that are secrets by their names are
//! dropped, and every line is masked for what looks like one, whoever wrote it.

mod file;
mod mask;

#[cfg(feature = "window")]
pub(crate) use self::mask::mask;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::fmt::{self, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::file::CappedFile;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "warn,sandglass_shell=info,sandglass_engine=info,sandglass_demo=info";

/// What of the log the terminal sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// The same as the file.
    #[cfg(feature = "window")]
    Everything,
    /// Nothing, unless `RUST_LOG` asks for it: what a verb has to say, it says itself.
    WhatIsAskedFor,
}

/// Starts logging, and makes a panic say where it happened and nothing else. Call it once.
pub(crate) fn start(data_dir: &Path, terminal: Terminal) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let shown = terminal != Terminal::WhatIsAskedFor || std::env::var_os("RUST_LOG").is_some();
    let stderr = shown.then(|| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Masking::new(io::stderr()))
            .fmt_fields(fields())
    });
    let (file, failure) = match CappedFile::open(data_dir) {
        Ok(file) => (
            Some(
                fmt::layer()
                    .with_ansi(false)
                    .with_writer(Masking::new(file))
                    .fmt_fields(fields()),
            ),
            None,
        ),
        Err(error) => (None, Some(error)),
    };
    // Only a second call can fail, and then there is a log already.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(stderr)
        .with(file)
        .try_init();
    if let Some(error) = failure {
        tracing::warn!(%error, "no log file: the log goes to stderr only");
    }
    std::panic::set_hook(Box::new(|panic| {
        // A panic's message may quote whatever was at hand.
        let place = panic
            .location()
            .map(|place| format!("{}:{}", place.file(), place.line()))
            .unwrap_or_default();
        tracing::error!(code = "panic", place, "a part of the program gave up");
    }));
}

/// Writes the fields of an event, without the values of those that are secrets by their names.
fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    debug_fn(|writer, field, value| {
        let name = field.name();
        if name == "message" {
            write!(writer, "{value:?}")
        } else if mask::is_secret_name(name) {
            write!(writer, "{name}={}", mask::MASK)
        } else {
            write!(writer, "{name}={value:?}")
        }
    })
    .delimited(" ")
}

/// Masks each line on its way to where it is written.
struct Masking<W>(Arc<Mutex<W>>);

impl<W: io::Write> Masking<W> {
    fn new(inner: W) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }
}

impl<'a, W: io::Write + 'static> MakeWriter<'a> for Masking<W> {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: io::Write> io::Write for Masking<W> {
    /// One call is one whole event: that is how the layer above writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let masked = mask::mask(&String::from_utf8_lossy(line));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(masked.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_reach_the_log_in_a_field_or_in_words() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(Masking(Arc::clone(&written)))
            .fmt_fields(fields());
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTE3In0.c2lnbmF0dXJl";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(
                session = "demo",
                refresh_token = "opaque-and-short",
                "sent {token}"
            );
            tracing::info!(header = ?format!("Bearer {}", "abc123"), "done");
        });
        let log = String::from_utf8(written.lock().expect("the lock").clone()).expect("text");
        assert!(
            !log.contains("opaque") && !log.contains("c2ln") && !log.contains("abc123"),
            "{log}"
        );
        assert!(
            log.contains("session=\"demo\"")
                && log.contains("refresh_token=***")
                && log.contains("sent ***"),
            "{log}"
        );
    }
}
