//! One error for two audiences: a short code with parameters for whoever can act on it, the chain of causes for the log.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::redact::Masker;

/// What went wrong, by what can be done about it. The window holds one message (what, why, what to do) for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Code {
    /// The address is not an absolute http or https URL. Params: `url`, `detail`.
    #[serde(rename = "url.invalid")]
    UrlInvalid,
    /// The method is not an HTTP token. Params: `method`.
    #[serde(rename = "method.invalid")]
    MethodInvalid,
    /// A header's name or value cannot be sent. Params: `header`.
    #[serde(rename = "header.invalid")]
    HeaderInvalid,
    /// The body cannot be put together. Params: `detail`.
    #[serde(rename = "body.invalid")]
    BodyInvalid,
    /// A file of the body is missing, is no plain file, or cannot be read. Params: `path`, `detail`.
    #[serde(rename = "body.unreadable")]
    BodyUnreadable,
    /// A file of the body changed since it was sent, or while it was; it is not sent again. Params: `path`, `detail`.
    #[serde(rename = "body.changed")]
    BodyChanged,
    /// The body can be read only once, and was; the request is not sent again. No params.
    #[serde(rename = "body.spent")]
    BodySpent,
    /// What the body is read from failed before its end. Params: `detail`.
    #[serde(rename = "body.broken")]
    BodyBroken,
    /// What was opened as a stream of events is something else. Params: `media_type`.
    #[serde(rename = "stream.not_events")]
    StreamNotEvents,
    /// One event of a stream is longer than `EVENT_BYTES_MAX`. Params: `limit`.
    #[serde(rename = "stream.event_too_long")]
    StreamEventTooLong,
    /// What was pasted or picked is not what it should be. Params: `format`, `detail`.
    #[serde(rename = "import.invalid")]
    ImportInvalid,
    /// Nobody listens there, or the name does not resolve. Params: `host`, `detail`.
    #[serde(rename = "host.unreachable")]
    HostUnreachable,
    /// The server's certificate is not trusted. Params: `host`, `detail`, `sha256` of the certificate where it sent one.
    #[serde(rename = "tls.untrusted")]
    TlsUntrusted,
    /// No answer in time. Params: `host`, `seconds`.
    #[serde(rename = "request.timeout")]
    RequestTimeout,
    /// The connection broke before the answer was whole. Params: `host`, `detail`.
    #[serde(rename = "connection.lost")]
    ConnectionLost,
    /// A word of a filter is not known. Params: `word`, `from` and `to` (in characters), `expected`.
    #[serde(rename = "filter.unknown_word")]
    FilterUnknownWord,
    /// A word of a filter has a value that it cannot have. Params: `word`, `value`, `from` and `to` (in characters), `expected`.
    #[serde(rename = "filter.bad_value")]
    FilterBadValue,
    /// The user stopped it. No params.
    #[serde(rename = "request.stopped")]
    RequestStopped,
    /// More sends at once than `SENDS_OPEN_MAX`. Params: `limit`.
    #[serde(rename = "request.too_many")]
    TooManyRequests,
    /// The target is not on the session's list of origins; nothing was sent. Params: `origin`, `session`, `allowed`.
    #[serde(rename = "origin.blocked")]
    OriginBlocked,
    /// The token would travel in clear text to another machine; nothing was sent. Params: `origin`, `session`.
    #[serde(rename = "origin.cleartext")]
    OriginCleartext,
    /// An https address redirects to clear text; it was not followed. Params: `from`, `to`, `chain`.
    #[serde(rename = "redirect.cleartext")]
    RedirectCleartext,
    /// A redirect would carry the body to another origin; it was not followed. Params: `from`, `to`, `chain`, `status`.
    #[serde(rename = "redirect.body")]
    RedirectBody,
    /// A redirect leads back to where the send has been. Params: `from`, `to`, `chain`.
    #[serde(rename = "redirect.loop")]
    RedirectLoop,
    /// More redirects than `HOPS_MAX`. Params: `from`, `to`, `chain`, `limit`.
    #[serde(rename = "redirect.too_many")]
    RedirectTooMany,
    /// A redirect names nothing that can be sent to. Params: `from`, `location`, `detail`.
    #[serde(rename = "redirect.invalid")]
    RedirectInvalid,
    /// A web page for people answered a call of a program; it is returned. Params: `session`, `url`.
    #[serde(rename = "answer.login_page")]
    LoginPage,
    /// What a send asked is not held any more, so that nobody else can be asked the same. Params: `request`.
    #[serde(rename = "second_opinion.forgotten")]
    SecondOpinionForgotten,
    /// The token of the attempt under study is not the session's current one any more. Params: `session`.
    #[serde(rename = "second_opinion.token_gone")]
    SecondOpinionTokenGone,
    /// No session has this name. Params: `session`.
    #[serde(rename = "session.unknown")]
    SessionUnknown,
    /// The session has no token, or the server ended it. Params: `session`, `cause`.
    #[serde(rename = "session.sign_in_needed")]
    SignInNeeded,
    /// The token is good, and not good enough; no refresh can help. Params: `session`, `scopes`, `acr_values`.
    #[serde(rename = "session.step_up_needed")]
    StepUpNeeded,
    /// A fresh token was refused too, because it is meant for somebody else. Params: `session`, `origin`.
    #[serde(rename = "token.audience_mismatch")]
    AudienceMismatch,
    /// The session was signed out or in while this waited. Params: `session`.
    #[serde(rename = "session.superseded")]
    Superseded,
    /// The server said no to what was typed. Params: `session`, `error`, `error_description`, `status`.
    #[serde(rename = "sign_in.refused")]
    SignInRefused,
    /// What was given does not fit this kind of session. Params: `session`, `expected`.
    #[serde(rename = "sign_in.wrong_kind")]
    SignInWrongKind,
    /// What was given as a key or a certificate is none that can be used. Params: `detail`.
    #[serde(rename = "key.invalid")]
    KeyInvalid,
    /// The ID token that came with the tokens is not to be believed, so neither are they. Params: `session`, `rule_id`.
    #[serde(rename = "id_token.refused")]
    IdTokenRefused,
    /// A sign-in that was to give an account more rights brought another account; it is not kept. Params: `session`.
    #[serde(rename = "sign_in.another_account")]
    AnotherAccount,
    /// An issuer's metadata cannot be had, or is none. Params: `issuer`, `detail`.
    #[serde(rename = "discovery.failed")]
    DiscoveryFailed,
    /// The metadata is another issuer's, if only by one character. Params: `issuer`, `found`.
    #[serde(rename = "discovery.issuer_mismatch")]
    DiscoveryIssuerMismatch,
    /// The metadata names an endpoint that secrets may not go to. Params: `issuer`, `endpoint`, `url`, `detail`.
    #[serde(rename = "discovery.endpoint_refused")]
    DiscoveryEndpointRefused,
    /// The metadata names endpoints on other hosts than the issuer's, which nobody approved. Params: `issuer`, `endpoints`.
    #[serde(rename = "discovery.elsewhere")]
    DiscoveryElsewhere,
    /// The answer to a sign-in came from another server than the one that was asked (RFC 9207). Params: `session`,
    /// `issuer`, `found`.
    #[serde(rename = "sign_in.issuer_mismatch")]
    SignInIssuerMismatch,
    /// The server does not take the proof of who began the sign-in (RFC 7636 with S256), so nothing was begun. Params:
    /// `session`, `issuer`.
    #[serde(rename = "sign_in.no_pkce")]
    SignInNoPkce,
    /// Nobody came back from the browser, or entered the code, in time. Params: `session`, `minutes`.
    #[serde(rename = "sign_in.timed_out")]
    SignInTimedOut,
    /// The user stopped the sign-in; the session is as it was. Params: `session`.
    #[serde(rename = "sign_in.stopped")]
    SignInStopped,
    /// What was pasted is not what the browser was sent back to in this sign-in; it goes on waiting. No params.
    #[serde(rename = "sign_in.not_the_answer")]
    SignInNotTheAnswer,
    /// The server refused to answer a question. Params: `session`, `host`, `endpoint`, `status`, `error`,
    /// `error_description`.
    #[serde(rename = "server.refused")]
    ServerRefused,
    /// The server is not known to answer this. Params: `session`, `endpoint`.
    #[serde(rename = "server.not_offered")]
    ServerNotOffered,
    /// What the server says of the user is about somebody else than the session's user. Params: `session`, `host`.
    #[serde(rename = "userinfo.another_user")]
    UserinfoAnotherUser,
    /// What an API says of itself cannot be had, or is about something else. Params: `url`, `detail`.
    #[serde(rename = "resource.metadata_failed")]
    ResourceMetadataFailed,
    /// The browser cannot be opened here. Params: `detail`.
    #[serde(rename = "browser.unavailable")]
    BrowserUnavailable,
    /// The address that the browser comes back to cannot be listened on. Params: `address`, `detail`.
    #[serde(rename = "listener.unavailable")]
    ListenerUnavailable,
    /// The server ended the session (`invalid_grant` or its like). Params: `session`, `error`, `error_description`.
    #[serde(rename = "refresh.invalid_grant")]
    RefreshInvalidGrant,
    /// The refresh did not get through; the session is untouched. Params: `session`, `detail`, `retry_at_ms`.
    #[serde(rename = "refresh.transient")]
    RefreshTransient,
    /// The refresh takes longer than this request may wait; it goes on. Params: `session`, `seconds`.
    #[serde(rename = "refresh.slow")]
    RefreshSlow,
    /// The session file proposes other endpoints or origins than its tokens were approved for. Params: `session`,
    /// `approved`, `proposed`.
    #[serde(rename = "session.binding_changed")]
    BindingChanged,
    /// The server refused the session's own set-up. Params: `session`, `error`, `error_description`.
    #[serde(rename = "refresh.config")]
    RefreshConfig,
    /// A token endpoint answered with something that holds no tokens. Params: `session`, `endpoint`, `detail`.
    #[serde(rename = "reply.malformed")]
    ReplyMalformed,
    /// The refresh task died; nothing is known to be lost, and the next request starts another. Params: `session`.
    #[serde(rename = "refresh.aborted")]
    RefreshAborted,
    /// The system keychain is locked. Params: `detail`.
    #[serde(rename = "store.locked")]
    StoreLocked,
    /// No system keychain answered. Params: `detail`.
    #[serde(rename = "store.absent")]
    StoreAbsent,
    /// A keychain call took longer than its limit. Params: `seconds`.
    #[serde(rename = "store.slow")]
    StoreSlow,
    /// The keychain refused or garbled a record. Params: `detail`.
    #[serde(rename = "store.failed")]
    StoreFailed,
    /// The timeline's database could not be read; it was set aside and a new one begun. Params: `path`, `kept_as`, `detail`.
    #[serde(rename = "database.corrupt")]
    DatabaseCorrupt,
    /// The timeline's database cannot be written; events are in memory only. Params: `path`, `detail`.
    #[serde(rename = "database.unavailable")]
    DatabaseUnavailable,
    /// The database was written by a newer version; it is left alone, events are in memory only. Params: `path`.
    #[serde(rename = "database.newer")]
    DatabaseNewer,
    /// The settings file could not be read; it was set aside and defaults are used. Params: `path`, `kept_as`, `detail`.
    #[serde(rename = "settings.corrupt")]
    SettingsCorrupt,
    /// The file of the marks in the timeline could not be read; it was set aside. Params: `path`, `kept_as`, `detail`.
    #[serde(rename = "bookmarks.corrupt")]
    BookmarksCorrupt,
    /// A workspace folder or file cannot be used. Params: `path`, `line`, `detail`.
    #[serde(rename = "workspace.invalid")]
    WorkspaceInvalid,
    /// The workspace lives in memory only; nothing can be saved in it. No params.
    #[serde(rename = "workspace.in_memory")]
    WorkspaceInMemory,
    /// A file was changed by somebody else since it was read; nothing was written. Params: `path`.
    #[serde(rename = "workspace.changed")]
    WorkspaceChanged,
    /// A file or folder of the workspace cannot be written; what was there is there. Params: `path`, `detail`.
    #[serde(rename = "workspace.unwritable")]
    WorkspaceUnwritable,
    /// A session, or workspace, of this name is there already. Params: `path`.
    #[serde(rename = "workspace.exists")]
    WorkspaceExists,
    /// A session cannot have this name, which is also its file's. Params: `session`.
    #[serde(rename = "session.name_invalid")]
    SessionNameInvalid,
    /// The workspace has no environment of this name. Params: `environment`, `known`, `meant`.
    #[serde(rename = "environment.unknown")]
    EnvironmentUnknown,
    /// A request holds a variable that has no value in this environment; nothing was sent. Params: `variable`.
    #[serde(rename = "variable.unknown")]
    VariableUnknown,
    /// A secret variable has no value in the keychain; nothing was sent. Params: `variable`.
    #[serde(rename = "variable.unset")]
    VariableUnset,
    /// A secret variable stands in the host of an address; nothing was sent. Params: `variable`.
    #[serde(rename = "variable.misplaced")]
    VariableMisplaced,
    /// A file of evidence could not be written. Params: `path`, `detail`.
    #[serde(rename = "evidence.unwritable")]
    EvidenceUnwritable,
    /// Evidence with secrets was not confirmed by its words. No params.
    #[serde(rename = "evidence.unconfirmed")]
    EvidenceUnconfirmed,
    /// What was learned of a server, or chosen for it, could not be written down; it holds for now. Params: `detail`.
    #[serde(rename = "profile.unwritable")]
    ProfileUnwritable,
    /// The answer's body could not be written to where it was wanted; the rest was not read. Params: `detail`.
    #[serde(rename = "output.failed")]
    OutputFailed,
    /// The demo server could not be started. Params: `address`, `detail`.
    #[serde(rename = "demo.unavailable")]
    DemoUnavailable,
    /// The user was asked outside the window and said no; nothing was done. No params.
    #[serde(rename = "confirm.declined")]
    ConfirmDeclined,
    /// A question was asked too soon after another one; nobody saw it. No params.
    #[serde(rename = "confirm.too_often")]
    ConfirmTooOften,
    /// A fault's amount or number of times is out of bounds. Params: `least`, `most`.
    #[serde(rename = "fault.invalid")]
    FaultInvalid,
    /// A fault that may end the session was not confirmed by the session's name. Params: `session`.
    #[serde(rename = "fault.unconfirmed")]
    FaultUnconfirmed,
    /// What was pasted is longer than any token. Params: `limit`.
    #[serde(rename = "token.too_long")]
    TokenTooLong,
    /// The user has not allowed `sandglass token` for this session, or not for the addresses that its file names now. Params:
    /// `session`.
    #[serde(rename = "token.not_allowed")]
    TokenNotAllowed,
    /// The session's token is worth nothing to another tool: it is bound to a key or is a jar of cookies. Params: `session`,
    /// `scheme`.
    #[serde(rename = "token.not_portable")]
    TokenNotPortable,
    /// The system's clipboard cannot be used. Params: `detail`.
    #[serde(rename = "clipboard.unavailable")]
    ClipboardUnavailable,
    /// The system's random numbers or TLS could not be set up. Params: `detail`.
    #[serde(rename = "system.unavailable")]
    SystemUnavailable,
}

/// A failure as it crosses a boundary: the code, and the values its message needs. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Failure {
    /// What went wrong.
    pub code: Code,
    /// Values for the message, already redacted.
    pub params: BTreeMap<String, String>,
}

impl Failure {
    /// A failure without parameters yet.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
        }
    }

    /// The same failure with one more value for its message.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same failure, with known secrets in its values masked.
    #[must_use]
    pub(crate) fn masked(mut self, masker: &Masker) -> Self {
        for value in self.params.values_mut() {
            *value = masker.mask(value).into_owned();
        }
        self
    }
}

impl fmt::Display for Failure {
    /// For logs and terminals: the code as the wire spells it, then the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        for (index, (name, value)) in self.params.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if self.params.is_empty() {
            Ok(())
        } else {
            f.write_str(")")
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What the engine's verbs answer.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_its_code_and_its_values() {
        let failure = Failure::new(Code::HostUnreachable)
            .with("host", "127.0.0.1:9")
            .with("detail", "refused");
        assert_eq!(
            failure.to_string(),
            "host.unreachable (detail: refused, host: 127.0.0.1:9)"
        );
        assert_eq!(
            Failure::new(Code::RequestStopped).to_string(),
            "request.stopped"
        );
    }
}
