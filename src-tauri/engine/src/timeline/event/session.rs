//! What can be said of a session: its state, where its tokens are, why it ended, and what it was trusted with.

use serde::{Deserialize, Serialize};

/// A session's state, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// No token.
    SignedOut,
    /// A token that may be sent.
    Active,
    /// A flight is under way.
    Refreshing,
    /// The last refresh did not get through; not tried again before a time.
    Cooldown,
    /// The session's set-up was refused by the server.
    ConfigError,
    /// The vault did not answer, so it is unknown whether there is a token.
    StoreUnavailable,
    /// The last refresh was sent and its outcome is unknown.
    Indeterminate,
    /// The server ended the session, but the access token still works.
    Degraded,
    /// The session file proposes other endpoints or origins than were approved.
    BindingChanged,
    /// Only signing in again helps.
    LoginRequired,
}

/// Why signing in again is the only way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LoginCause {
    /// The server answered that the refresh token is dead.
    InvalidGrant,
    /// An answer was lost, and the server would not repeat it.
    ResponseLost,
    /// The server wants the user in person.
    Interaction,
    /// There is no refresh token, and the access token was refused.
    NoRefreshToken,
    /// The server saw a refresh token used twice.
    Reuse,
    /// Another process signed the session out.
    PeerSignedOut,
    /// New tokens came and were lost with the process that had them.
    SuccessorLost,
    /// The server refused the refresh token twice in words that OAuth does not know.
    ServerDialect,
    /// The tokens belong to another account.
    AccountMismatch,
    /// The tokens are bound to a key that is not in the vault any more.
    KeyLost,
}

/// Why a call of the address that the browser comes back to was not the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CallRefused {
    /// Its method is not GET.
    Method,
    /// It is for another host: a name of this machine that was not given to anybody.
    Host,
    /// It is for another path.
    Path,
    /// Its state is not the one of this sign-in.
    State,
    /// It is longer than any answer.
    TooLong,
    /// It cannot be read, or holds neither a code nor an error.
    Malformed,
}

/// Where tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The system keychain.
    Keychain,
    /// This process's memory, by the user's choice.
    Memory,
}

/// Why a record in the vault was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SetAside {
    /// It was approved for other endpoints or origins than the session file now names.
    BindingChanged,
    /// Its tokens were asked for by another client, from another issuer, or for other scopes or another API than the
    /// session file now names: they are not this session's.
    AnotherKey,
    /// It cannot be read.
    Corrupt,
}

/// What is trusted further if the user says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Widening {
    /// A token is shown.
    Reveal,
    /// A refresh token is copied.
    CopyRefreshToken,
    /// A fault is switched on for which a server may end the session.
    RiskyFault,
    /// A session may use addresses that it might not use before.
    Addresses,
    /// `sandglass token` may give out a session's access token.
    TokenCommand,
    /// Evidence is written with the secrets in it.
    Secrets,
}

/// How a token was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HandedOut {
    /// Shown in a dialog outside the window.
    Revealed,
    /// Put into the clipboard.
    Copied,
    /// Written to stdout for another tool.
    Printed,
}

/// What a server is asked beside tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A code for the user to type on another device (RFC 8628 §3.1).
    DeviceCode,
    /// What a token is worth (RFC 7662).
    Introspection,
    /// Who the user is (OpenID Connect Core §5.3).
    Userinfo,
    /// Which servers give tokens for an API (RFC 9728). The API is asked.
    ResourceMetadata,
}
