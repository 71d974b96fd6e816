//! What can be said of one call of the token endpoint and of the flight around it.

use serde::{Deserialize, Serialize};

/// Why a flight took off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// An API refused the token.
    Refused,
    /// The token was about to expire, or had.
    Expiry,
    /// The user asked.
    Asked,
    /// There is a refresh token and no access token.
    Absent,
    /// The process before this one ended in the middle of a refresh.
    Recovery,
}

/// What a call of the token endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// First tokens from what the user typed.
    SignIn,
    /// New tokens from the refresh token.
    Refresh,
}

/// What came of one exchange with the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReplyClass {
    /// New tokens.
    Granted,
    /// The request never left: the refresh token is intact.
    NotSent,
    /// The server was busy (429, 503): the refresh token is almost surely intact.
    Busy,
    /// Sent, and no usable answer: the refresh token may have been spent.
    Ambiguous,
    /// The server says the refresh token (or the sign-in) is dead.
    Definitive,
    /// The request was wrong, not the token.
    Config,
    /// The server wants a nonce of its own in the proof of possession (RFC 9449 §8); nothing was spent.
    NonceNeeded,
    /// The server wants the user to sign in interactively.
    Interaction,
    /// The user has not decided yet on the other device (RFC 8628 §3.5): asked again later.
    Pending,
    /// Likewise, and it was asked too often: asked again later still.
    SlowDown,
    /// Refused with a 400 in words that OAuth does not know for a dead token: believed when it is repeated.
    Suspect,
    /// Refused without any reason (a bare 401 or 403): a gateway, most likely.
    Unexplained,
    /// Not an answer of a token endpoint (a redirect, a web page).
    Protocol,
}

/// Where the expiry of an access token was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// The reply's lifetime.
    Reply,
    /// The token's own `exp` claim.
    JwtExp,
    /// Nowhere: only a 401 will tell.
    Unknown,
}

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FlightClass {
    /// A new generation was published.
    Committed,
    /// Another process's generation was published.
    Adopted,
    /// It failed for now; the session is untouched.
    Transient,
    /// The server ended the session.
    Ended,
    /// The session's own set-up is wrong (client, scope, endpoint); tokens are kept.
    Misconfigured,
    /// The session changed hands meanwhile.
    Superseded,
    /// The flight's task died; the slot is free again.
    Aborted,
}
