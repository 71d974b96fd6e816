//! What a request carries, as it was written down: text, a file, a form of several parts, or a stream that comes only once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;

/// Most parts of one form; its files are open all at once.
pub const MULTIPART_PARTS_MAX: usize = 100;

/// A body that can be written down. In JSON, text is a plain string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a body is text, {kind: \"file\", path, media_type?} or {kind: \"multipart\", parts}"
)]
pub enum Body {
    /// The content of a file, read while it is sent.
    File {
        /// Where it is.
        path: PathBuf,
        /// Sent as `Content-Type`, unless the headers name one.
        #[serde(default)]
        media_type: Option<String>,
    },
    /// A form of several parts (RFC 7578). Its `Content-Type` is always ours, since the boundary is.
    Multipart {
        /// At most [`MULTIPART_PARTS_MAX`], sent in this order.
        parts: Vec<Part>,
    },
    /// Text, sent as UTF-8. Empty is no body.
    #[serde(untagged)]
    Text(String),
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// A field.
    Text {
        /// The field's name.
        name: String,
        /// Its value.
        text: String,
    },
    /// A file, read while it is sent.
    File {
        /// The field's name.
        name: String,
        /// Where the file is.
        path: PathBuf,
        /// What the server is told that it is called. Absent: its own name.
        #[serde(default)]
        file_name: Option<String>,
        /// Its media type. Absent: `application/octet-stream`.
        #[serde(default)]
        media_type: Option<String>,
    },
}

impl Body {
    /// The files that it is read from.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::File { path, .. } => vec![path],
            Self::Multipart { parts } => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text { .. } => None,
                    Part::File { path, .. } => Some(path.as_path()),
                })
                .collect(),
        }
    }
}

impl Part {
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Length of the text that it holds itself.
    pub(crate) fn text_bytes(&self) -> u64 {
        match self {
            Self::Text { name, text } => (name.len() + text.len()) as u64,
            Self::File { name, .. } => name.len() as u64,
        }
    }
}

/// A body that is read from somewhere once and cannot be read again: a pipe, another answer.
pub struct OneShot {
    pub(crate) reader: Pin<Box<dyn AsyncRead + Send + Sync>>,
    pub(crate) bytes: Option<u64>,
}

impl OneShot {
    /// A body of unknown length: it is sent in chunks.
    pub fn new(reader: impl AsyncRead + Send + Sync + 'static) -> Self {
        Self {
            reader: Box::pin(reader),
            bytes: None,
        }
    }

    /// A body of this many bytes; what the reader holds beyond is not sent.
    pub fn with_length(reader: impl AsyncRead + Send + Sync + 'static, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            ..Self::new(reader)
        }
    }
}

impl fmt::Debug for OneShot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneShot")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_text_or_says_its_kind() {
        let file = |media_type: Option<&str>| Body::File {
            path: "/tmp/a.bin".into(),
            media_type: media_type.map(str::to_owned),
        };
        let field = Part::Text {
            name: "a".to_owned(),
            text: "1".to_owned(),
        };
        for (text, expected) in [
            ("null", Some(None)),
            (
                r#""{\"a\": 1}""#,
                Some(Some(Body::Text(r#"{"a": 1}"#.to_owned()))),
            ),
            (
                r#"{"kind": "file", "path": "/tmp/a.bin"}"#,
                Some(Some(file(None))),
            ),
            (
                r#"{"kind": "file", "path": "/tmp/a.bin", "media_type": "image/png"}"#,
                Some(Some(file(Some("image/png")))),
            ),
            (
                r#"{"kind": "multipart", "parts": [{"kind": "text", "name": "a", "text": "1"}]}"#,
                Some(Some(Body::Multipart { parts: vec![field] })),
            ),
            (r#"{"kind": "file"}"#, None),
            (r#"{"kind": "file", "path": "/a", "mode": 1}"#, None),
            (r#"{"kind": "pipe"}"#, None),
            ("7", None),
        ] {
            let read = serde_json::from_str::<Option<Body>>(text);
            assert_eq!(read.as_ref().ok(), expected.as_ref(), "{text}: {read:?}");
            if let Ok(body) = read {
                let again = serde_json::to_string(&body).expect("it can be written");
                assert_eq!(serde_json::from_str(&again).ok(), Some(body), "{again}");
            }
        }
    }
}
