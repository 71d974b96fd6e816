//! What can be said of one send: what went with it, who answered, and what the answer was taken for.

use serde::{Deserialize, Serialize};

use crate::token::claims::TokenClaims;

/// An `Authorization` header that the user typed: what kind of credential it is, never the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(optional_fields))]
pub struct TypedAuthorization {
    /// Its scheme, if it has one that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// What is odd about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<TypedFlaw>,
    /// What the token in it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<TokenClaims>,
}

/// What is odd about a typed `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TypedFlaw {
    /// No scheme stands in front of it.
    NoScheme,
    /// Nothing stands behind the scheme.
    Empty,
    /// The scheme stands there twice.
    DoubledScheme,
    /// It is an example, not a credential.
    Placeholder,
    /// It is in quotes.
    Quoted,
    /// There is more than one such header.
    Several,
}

/// Who answered a request, as far as the head of the answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(optional_fields))]
pub struct Answerer {
    /// The software that calls itself the server (`Server`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The gateways that it came through (`Via`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The kind of body (`Content-Type`), without parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Answerer {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a request went without the session's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// The target's origin is not on the session's list, and the user chose to send without the token.
    OriginNotAllowed,
    /// The user typed an `Authorization` header of their own.
    OwnAuthorization,
    /// The user chose to send without the session.
    NoSession,
}

/// What an answer means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Returned as it is.
    Returned,
    /// The token was refused: a newer one may help.
    TokenRefused,
    /// It names another address, which is called next.
    Redirected,
    /// The server wants a nonce of its own in the proof of possession (RFC 9449 §9).
    NonceNeeded,
    /// The token is good, and not good enough: only a further sign-in helps.
    StepUpNeeded,
    /// A web page where JSON was asked for: most likely one to sign in on.
    LoginPage,
}

/// What a request's body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BodyClass {
    /// Nothing.
    None,
    /// What is in memory: it can be sent any number of times.
    Memory,
    /// Files, at least in part: they can be sent again while they do not change.
    Files,
    /// A stream that can be read once.
    OneShot,
}

/// Why a body cannot be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Unrepeatable {
    /// It could be read only once.
    OneShot,
    /// A file of it is not what it was.
    FileChanged,
    /// A file of it cannot be read any more.
    FileUnreadable,
}

/// How a send ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An HTTP answer was returned, whatever its status.
    Answered,
    /// No answer: the error says why.
    Failed,
    /// The user stopped it.
    Stopped,
}
