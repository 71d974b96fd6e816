//! A body on its way: from memory, from files that are read while they are sent, or from a stream that is gone afterwards.
//!
//! ```text
//! Payload --measure--> length known --open--> Outgoing (one attempt) --> Progress
//!            ^                          ^
//!   files exist and can be read     again: files are compared with what was sent of them before
//! ```

use std::collections::VecDeque;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use http_body::Body as _;
use reqwest::header::HeaderValue;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::body::{Body, OneShot};
use super::multipart::{self, Piece};
use super::outgoing::{CHUNK_BYTES, Open, Outgoing, Progress, lock};
use crate::error::{Code, Failure, Result};
use crate::rules;
use crate::timeline::event::{BodyClass, Unrepeatable};

/// The body of one send.
pub(crate) struct Payload {
    source: Source,
    media_type: Option<HeaderValue>,
    forced_media_type: bool,
}

enum Source {
    Empty,
    Parts(Vec<Part>),
    OneShot {
        /// Taken by the first attempt.
        stream: Mutex<Option<OneShot>>,
        bytes: Option<u64>,
    },
}

enum Part {
    Memory(Bytes),
    File(Arc<FilePart>),
}

/// A file of the body, and what was sent of it last.
pub(super) struct FilePart {
    path: PathBuf,
    mark: Mutex<Option<Mark>>,
}

/// What a file was when it was sent, and what was sent of it.
#[derive(Clone)]
struct Mark {
    len: u64,
    modified: Option<SystemTime>,
    sent: u64,
    hasher: Sha256,
}

/// Why a body cannot be sent once more.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) reason: Unrepeatable,
    pub(crate) failure: Failure,
}

impl Unfit {
    /// The rule that forbids it, while it is in force.
    pub(crate) fn rule_id(&self) -> Option<&'static str> {
        match self.reason {
            Unrepeatable::OneShot if rules::on("body.one_shot") => Some("body.one_shot"),
            Unrepeatable::FileChanged if rules::on("body.file_changed") => {
                Some("body.file_changed")
            }
            Unrepeatable::FileUnreadable if rules::on("body.file_unreadable") => {
                Some("body.file_unreadable")
            }
            _ => None,
        }
    }
}

impl Payload {
    /// A body that was written down.
    ///
    /// # Errors
    /// `body.invalid` where it cannot be put together.
    pub(crate) fn new(body: Option<Body>) -> Result<Self> {
        let file = |path| {
            Part::File(Arc::new(FilePart {
                path,
                mark: Mutex::default(),
            }))
        };
        let wrong = |_| {
            Failure::new(Code::BodyInvalid).with(
                "detail",
                "the media type holds a line break or a control character",
            )
        };
        Ok(match body {
            None => Self::empty(),
            Some(Body::Text(text)) if text.is_empty() => Self::empty(),
            Some(Body::Text(text)) => Self::of(Source::Parts(vec![Part::Memory(text.into())])),
            Some(Body::File { path, media_type }) => Self {
                media_type: media_type
                    .map(|media_type| HeaderValue::from_str(&media_type))
                    .transpose()
                    .map_err(wrong)?,
                ..Self::of(Source::Parts(vec![file(path)]))
            },
            Some(Body::Multipart { parts }) => {
                let boundary = multipart::boundary()?;
                let pieces = multipart::pieces(&parts, &boundary)?;
                let parts = pieces.into_iter().map(|piece| match piece {
                    Piece::Memory(bytes) => Part::Memory(bytes.into()),
                    Piece::File(path) => file(path),
                });
                let media_type = format!("multipart/form-data; boundary={boundary}");
                Self {
                    media_type: Some(HeaderValue::from_str(&media_type).map_err(wrong)?),
                    forced_media_type: true,
                    ..Self::of(Source::Parts(parts.collect()))
                }
            }
        })
    }

    /// No body.
    pub(crate) fn empty() -> Self {
        Self::of(Source::Empty)
    }

    /// A body that can be sent once.
    pub(crate) fn once(stream: OneShot) -> Self {
        let bytes = stream.bytes;
        Self::of(Source::OneShot {
            stream: Mutex::new(Some(stream)),
            bytes,
        })
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            media_type: None,
            forced_media_type: false,
        }
    }

    /// Its `Content-Type`, and whether that stands even where the headers name another.
    pub(crate) fn media_type(&self) -> Option<(&HeaderValue, bool)> {
        self.media_type
            .as_ref()
            .map(|media_type| (media_type, self.forced_media_type))
    }

    /// What it is made of.
    pub(crate) fn class(&self) -> BodyClass {
        match &self.source {
            Source::Empty => BodyClass::None,
            Source::OneShot { .. } => BodyClass::OneShot,
            Source::Parts(parts) if parts.iter().any(|part| matches!(part, Part::File(_))) => {
                BodyClass::Files
            }
            Source::Parts(_) => BodyClass::Memory,
        }
    }

    /// Its length in bytes, where that is known. Nothing is opened.
    ///
    /// # Errors
    /// `body.unreadable` where a file is missing or is no plain file.
    pub(crate) async fn measure(&self) -> Result<Option<u64>> {
        match &self.source {
            Source::Empty => Ok(Some(0)),
            Source::OneShot { bytes, .. } => Ok(*bytes),
            Source::Parts(parts) => {
                let mut total = 0_u64;
                for part in parts {
                    total = total.saturating_add(match part {
                        Part::Memory(bytes) => bytes.len() as u64,
                        Part::File(part) => stat(&part.path).await?.0,
                    });
                }
                Ok(Some(total))
            }
        }
    }

    /// Bytes of it that are in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let Source::Parts(parts) = &self.source else {
            return 0;
        };
        let held = parts.iter().map(|part| match part {
            Part::Memory(bytes) => bytes.len(),
            Part::File(_) => 0,
        });
        held.sum()
    }

    /// All of it, for somebody who reads no stream. `None`: it is longer than this.
    ///
    /// # Errors
    /// As [`Payload::open`], and where a file cannot be read to its end.
    pub(crate) async fn whole(&self, bytes_max: usize) -> Result<Option<Vec<u8>>> {
        let Some((mut body, _)) = self.open().await? else {
            return Ok(Some(Vec::new()));
        };
        let mut whole = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|error| {
                Failure::new(Code::BodyBroken).with("detail", crate::client::chain(error))
            })?;
            if let Ok(data) = frame.into_data() {
                whole.extend_from_slice(&data);
            }
            if whole.len() > bytes_max {
                return Ok(None);
            }
        }
        Ok(Some(whole))
    }

    /// Opens it for one attempt. `None`: there is no body.
    ///
    /// # Errors
    /// `body.unreadable`, `body.changed` and `body.spent`, as far as that shows without reading it;
    /// [`Payload::repeatable`] looks closer.
    pub(crate) async fn open(&self) -> Result<Option<(reqwest::Body, Arc<Progress>)>> {
        let (parts, total) = match &self.source {
            Source::Empty => return Ok(None),
            Source::OneShot { stream, bytes } => {
                let stream = lock(stream).take().ok_or_else(spent)?;
                (VecDeque::from([Open::Stream(stream.reader)]), *bytes)
            }
            Source::Parts(parts) => {
                let (mut open, mut total) = (VecDeque::with_capacity(parts.len()), 0_u64);
                for part in parts {
                    let (len, opened) = match part {
                        Part::Memory(bytes) => (bytes.len() as u64, Open::Memory(bytes.clone())),
                        Part::File(part) => part.open().await?,
                    };
                    total = total.saturating_add(len);
                    open.push_back(opened);
                }
                (open, Some(total))
            }
        };
        let progress = Arc::new(Progress::default());
        let outgoing = Outgoing::new(parts, total, Arc::clone(&progress));
        Ok(Some((reqwest::Body::wrap(outgoing), progress)))
    }

    /// Whether the next attempt would send the same bytes as the last one.
    ///
    /// # Errors
    /// Why not: it is a stream, or a file is gone or has changed.
    pub(crate) async fn repeatable(&self) -> Result<(), Unfit> {
        match &self.source {
            Source::Empty => Ok(()),
            Source::OneShot { .. } => Err(Unfit {
                reason: Unrepeatable::OneShot,
                failure: spent(),
            }),
            Source::Parts(parts) => {
                for part in parts {
                    if let Part::File(part) = part {
                        part.is_unchanged().await?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl FilePart {
    /// Opens it to be sent, from its beginning.
    async fn open(self: &Arc<Self>) -> Result<(u64, Open)> {
        let (len, modified) = stat(&self.path).await?;
        let file = File::open(&self.path)
            .await
            .map_err(|error| unreadable(&self.path, &error))?;
        let mut mark = lock(&self.mark);
        if mark
            .as_ref()
            .is_some_and(|mark| (mark.len, mark.modified) != (len, modified))
        {
            return Err(changed(&self.path, "it was written to"));
        }
        *mark = Some(Mark {
            len,
            modified,
            sent: 0,
            hasher: Sha256::new(),
        });
        let open = Open::File {
            part: Arc::clone(self),
            file,
            left: len,
        };
        Ok((len, open))
    }

    /// Remembers that this much more of it was sent.
    pub(super) fn sent(&self, chunk: &[u8]) {
        if let Some(mark) = &mut *lock(&self.mark) {
            mark.sent += chunk.len() as u64;
            mark.hasher.update(chunk);
        }
    }

    /// What is said where it cannot be read to its end.
    pub(super) fn failed(&self, error: &std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            changed(&self.path, "it became shorter while it was sent")
        } else {
            unreadable(&self.path, error)
        }
    }

    /// Compares the file with what was sent of it: its length, its time, and the hash of as many bytes as were sent.
    async fn is_unchanged(&self) -> Result<(), Unfit> {
        let Some(mark) = lock(&self.mark).clone() else {
            return Ok(());
        };
        let changed = |detail: &str| Unfit {
            reason: Unrepeatable::FileChanged,
            failure: changed(&self.path, detail),
        };
        let unreadable = |failure| Unfit {
            reason: Unrepeatable::FileUnreadable,
            failure,
        };
        let (len, modified) = stat(&self.path).await.map_err(unreadable)?;
        if len != mark.len {
            return Err(changed("its length is another one"));
        }
        if modified != mark.modified {
            return Err(changed("it was written to"));
        }
        let hash = hash(&self.path, mark.sent)
            .await
            .map_err(|error| unreadable(self::unreadable(&self.path, &error)))?;
        if hash.finalize() != mark.hasher.finalize() {
            return Err(changed("its content is another one"));
        }
        Ok(())
    }
}

/// The length of a plain file, and when it was last written to.
async fn stat(path: &Path) -> Result<(u64, Option<SystemTime>)> {
    let about = tokio::fs::metadata(path)
        .await
        .map_err(|error| unreadable(path, &error))?;
    if !about.is_file() {
        // A pipe would be waited for without end.
        return Err(Failure::new(Code::BodyUnreadable)
            .with("path", path.display())
            .with("detail", "it is no plain file"));
    }
    Ok((about.len(), about.modified().ok()))
}

/// The hash of the first bytes of a file; of all of it, where it is shorter.
async fn hash(path: &Path, bytes: u64) -> std::io::Result<Sha256> {
    let mut file = File::open(path).await?.take(bytes);
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut buffer).await? {
            0 => return Ok(hasher),
            read => hasher.update(&buffer[..read]),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BodyUnreadable)
        .with("path", path.display())
        .with("detail", error)
}

fn changed(path: &Path, detail: &str) -> Failure {
    Failure::new(Code::BodyChanged)
        .with("path", path.display())
        .with("detail", detail)
}

fn spent() -> Failure {
    Failure::new(Code::BodySpent)
}
