//! An answer as it is returned: of the last attempt, with its body up to a limit.

use serde::{Deserialize, Serialize};

use crate::error::Failure;

/// What came back for one send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ResponseDetails {
    /// The send: R12.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub request: u64,
    /// Tries that went to the wire; this is the answer to the last one.
    pub attempts: u32,
    /// The HTTP status code.
    pub status: u16,
    /// The protocol, such as `HTTP/1.1`.
    pub version: String,
    /// The headers in the order of the wire. Known secrets in them are masked by fingerprint.
    pub headers: Vec<(String, String)>,
    /// Time since the send was accepted, in microseconds.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub took_us: u64,
    /// The media type that the answer names, without parameters.
    pub media_type: Option<String>,
    /// Length of the body, in bytes.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub body_bytes: u64,
    /// The body as text, at most `BODY_SHOWN_BYTES_MAX` of it; known secrets in it are masked. Absent: it is not text.
    pub text: Option<String>,
    /// The text is only the beginning of the body.
    pub cut: bool,
    /// Why a refused request was not repeated, where a refresh was tried or could not be.
    pub not_repeated: Option<Failure>,
}
