//! The body that the command line names: text, a file, or stdin.

use std::io::Cursor;
use std::path::PathBuf;

use sandglass_engine::exchange::body::{Body, OneShot};
use sandglass_engine::exchange::draft::Draft;
use tokio::io::AsyncReadExt as _;

use super::super::exit::{Exit, Stop};

/// Of stdin, this much is kept, so that the request can be repeated; more is sent as it comes, and only once.
const STDIN_KEPT_BYTES_MAX: u64 = 1024 * 1024;

/// What is sent.
pub(super) enum Content {
    /// What the saved request says.
    Kept,
    /// This instead.
    Written(Body),
    /// This instead, which comes only once.
    Once(OneShot),
}

impl Content {
    pub(super) fn put_into(self, draft: Draft) -> (Draft, Option<OneShot>) {
        match self {
            Self::Kept => (draft, None),
            Self::Written(body) => (
                Draft {
                    body: Some(body),
                    ..draft
                },
                None,
            ),
            Self::Once(stream) => (
                Draft {
                    body: None,
                    ..draft
                },
                Some(stream),
            ),
        }
    }
}

/// Reads `TEXT`, `@FILE` or `-`.
///
/// # Errors
/// Where stdin cannot be read. A file is looked at when it is sent.
pub(super) async fn read(text: &str) -> Result<Content, Stop> {
    if let Some(path) = text.strip_prefix('@') {
        return Ok(Content::Written(Body::File {
            path: PathBuf::from(path),
            media_type: None,
        }));
    }
    if text != "-" {
        return Ok(Content::Written(Body::Text(text.to_owned())));
    }
    let mut stdin = tokio::io::stdin();
    let mut kept = Vec::new();
    (&mut stdin)
        .take(STDIN_KEPT_BYTES_MAX + 1)
        .read_to_end(&mut kept)
        .await
        .map_err(|error| Stop::new(Exit::File, format!("stdin cannot be read: {error}")))?;
    if kept.len() as u64 > STDIN_KEPT_BYTES_MAX {
        return Ok(Content::Once(OneShot::new(Cursor::new(kept).chain(stdin))));
    }
    Ok(match String::from_utf8(kept) {
        Ok(text) => Content::Written(Body::Text(text)),
        Err(bytes) => Content::Once(OneShot::new(Cursor::new(bytes.into_bytes()))),
    })
}
