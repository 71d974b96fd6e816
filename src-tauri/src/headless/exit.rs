//! How a verb ends: one number for each thing that whoever called it might do next. `cli::EXIT_CODES` says them in words.

use std::process::ExitCode;

use sandglass_engine::error::{Code, Failure};

use crate::print::failures;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; for a send: answered, whatever the status.
    Done = 0,
    /// Something else failed.
    Other = 1,
    /// The command line is wrong. clap has this number too.
    Usage = 2,
    /// A file, request, session, environment or variable of the workspace.
    Workspace = 3,
    /// Signing in is needed, or was refused.
    SignIn = 4,
    /// A token or a body was not sent, because it does not belong there.
    Origin = 5,
    /// The network, or a server that does not answer as it should.
    Network = 6,
    /// The keychain.
    Keychain = 7,
    /// A file: the body to send, or where the output goes.
    File = 8,
    /// Answered with 400 or above, where that counts as a failure. curl has this number too.
    Status = 22,
    /// By SIGINT.
    Interrupted = 130,
    /// By SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not get to its end.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    pub(crate) why: String,
}

impl Stop {
    pub(crate) fn new(exit: Exit, why: impl Into<String>) -> Self {
        Self {
            exit,
            why: why.into(),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::new(of(failure.code), failures::words(&failure))
    }
}

/// What a failure is to whoever called.
pub(crate) fn of(code: Code) -> Exit {
    match code {
        Code::UrlInvalid
        | Code::MethodInvalid
        | Code::HeaderInvalid
        | Code::BodyInvalid
        | Code::FilterUnknownWord
        | Code::FilterBadValue
        | Code::ImportInvalid
        | Code::FaultInvalid
        | Code::FaultUnconfirmed
        | Code::EvidenceUnconfirmed
        | Code::TokenTooLong => Exit::Usage,
        Code::SessionUnknown
        | Code::SessionNameInvalid
        | Code::WorkspaceInvalid
        | Code::WorkspaceInMemory
        | Code::WorkspaceChanged
        | Code::WorkspaceUnwritable
        | Code::WorkspaceExists
        | Code::EnvironmentUnknown
        | Code::VariableUnknown
        | Code::VariableUnset
        | Code::VariableMisplaced => Exit::Workspace,
        Code::SignInNeeded
        | Code::StepUpNeeded
        | Code::Superseded
        | Code::SignInRefused
        | Code::SignInWrongKind
        | Code::KeyInvalid
        | Code::IdTokenRefused
        | Code::AnotherAccount
        | Code::DiscoveryIssuerMismatch
        | Code::SignInIssuerMismatch
        | Code::SignInNoPkce
        | Code::SignInNotTheAnswer
        | Code::SignInTimedOut
        | Code::UserinfoAnotherUser
        | Code::RefreshInvalidGrant
        | Code::RefreshConfig => Exit::SignIn,
        Code::OriginBlocked
        | Code::OriginCleartext
        | Code::RedirectCleartext
        | Code::RedirectBody
        | Code::DiscoveryEndpointRefused
        | Code::DiscoveryElsewhere
        | Code::TokenNotAllowed
        | Code::TokenNotPortable
        | Code::SecondOpinionTokenGone
        | Code::BindingChanged => Exit::Origin,
        Code::HostUnreachable
        | Code::DiscoveryFailed
        | Code::TlsUntrusted
        | Code::RequestTimeout
        | Code::ConnectionLost
        | Code::StreamNotEvents
        | Code::StreamEventTooLong
        | Code::RedirectLoop
        | Code::RedirectTooMany
        | Code::RedirectInvalid
        | Code::LoginPage
        | Code::AudienceMismatch
        | Code::RefreshTransient
        | Code::RefreshSlow
        | Code::ServerRefused
        | Code::ResourceMetadataFailed
        | Code::ReplyMalformed => Exit::Network,
        Code::StoreLocked | Code::StoreAbsent | Code::StoreSlow | Code::StoreFailed => {
            Exit::Keychain
        }
        Code::BodyUnreadable
        | Code::BodyChanged
        | Code::BodySpent
        | Code::BodyBroken
        | Code::EvidenceUnwritable
        | Code::ProfileUnwritable
        | Code::OutputFailed => Exit::File,
        Code::RequestStopped | Code::SignInStopped => Exit::Interrupted,
        Code::TooManyRequests
        | Code::SecondOpinionForgotten
        | Code::RefreshAborted
        | Code::DatabaseCorrupt
        | Code::DatabaseUnavailable
        | Code::DatabaseNewer
        | Code::SettingsCorrupt
        | Code::BookmarksCorrupt
        | Code::DemoUnavailable
        | Code::ConfirmDeclined
        | Code::ConfirmTooOften
        | Code::ClipboardUnavailable
        | Code::ListenerUnavailable
        | Code::BrowserUnavailable
        | Code::ServerNotOffered
        | Code::SystemUnavailable => Exit::Other,
    }
}
