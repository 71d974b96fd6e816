//! What an import did not take over, item by item.

use serde::{Deserialize, Serialize};

use crate::redact::server_text;

/// Items that are listed; beyond, one more says how many there were.
pub const LEFT_OUT_MAX: usize = 10_000;
/// Characters of an item's place and name.
const NAME_CHARS_MAX: usize = 200;
/// Characters of a script that are shown.
const SCRIPT_CHARS_MAX: usize = 4_000;

/// Something that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LeftOut {
    /// Where it stands: the folders and the request. Empty: in the file itself.
    pub at: String,
    /// What it is, as its own format calls it. Never a value that may be secret.
    pub what: String,
    /// Why.
    pub why: WhyLeftOut,
    /// A script's own text, to be read by people.
    pub script: Option<String>,
}

impl LeftOut {
    pub(super) fn new(at: impl AsRef<str>, what: impl AsRef<str>, why: WhyLeftOut) -> Self {
        Self {
            at: server_text(at.as_ref(), NAME_CHARS_MAX),
            what: server_text(what.as_ref(), NAME_CHARS_MAX),
            why,
            script: None,
        }
    }

    pub(super) fn script(at: impl AsRef<str>, what: &str, text: &str) -> Self {
        Self {
            script: Some(text.chars().take(SCRIPT_CHARS_MAX).collect()),
            ..Self::new(at, what, WhyLeftOut::Script)
        }
    }
}

/// Why something was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WhyLeftOut {
    /// It names a file of the machine that it was written on.
    NamesFile,
    /// It takes options or credentials from somewhere else.
    ReadsSettings,
    /// It would trust a server that cannot be trusted.
    LoosensTls,
    /// It is about the way to the server, and not about the request.
    Connection,
    /// It cannot be sent from here.
    NotSupported,
    /// The format's own description does not have it.
    Unknown,
    /// A shell would have filled it in, or run it.
    Shell,
    /// One line is one request; this belongs to a second one.
    SecondRequest,
    /// A script or a test: shown, never run.
    Script,
    /// A secret stood in the file; a workspace's files hold none.
    Secret,
    /// Where a token may go, or what is trusted, is for the user to say and not for a file.
    TrustIsYours,
    /// It points to another file or host; nothing is fetched.
    RemoteReference,
    /// It points to itself.
    CircularReference,
    /// It points to nothing.
    BrokenReference,
    /// It was switched off there.
    SwitchedOff,
    /// It may be left away, and there is no example of it.
    Optional,
    /// It describes answers or is for reading, and is not part of a request.
    Documentation,
    /// An expression that would have to be worked out; it stays as text.
    Template,
    /// Another way to sign in; the first is taken.
    OtherSignIn,
    /// An address that a session cannot use: it is missing, relative or in clear text.
    UnusableAddress,
    /// It is a newer version, read as the newest that is known.
    NewerVersion,
    /// It is not what the format says that it should be.
    Malformed,
    /// There is more than fits.
    TooMany,
}
