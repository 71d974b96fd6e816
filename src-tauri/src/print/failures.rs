//! Failures in words, for a terminal: what happened, and what to do. The window has buttons for that, and words of its own
//! in `ui/src/words/failures.ts`. A code without words does not compile.

use sandglass_engine::error::{Code, Failure};

/// One failure as a sentence or two.
pub fn words(failure: &Failure) -> String {
    let param = |name: &str| failure.params.get(name).map_or("", String::as_str);
    let session = param("session");
    let detail = match (param("detail"), param("error"), param("error_description")) {
        ("", "", _) => String::new(),
        ("", error, "") => format!(" ({error})"),
        ("", error, description) => format!(" ({error}: {description})"),
        (detail, ..) => format!(" ({detail})"),
    };
    match failure.code {
        Code::UrlInvalid => format!("{:?} is no whole http or https address{detail}", param("url")),
        Code::MethodInvalid => format!("{:?} is no method", param("method")),
        Code::HeaderInvalid => format!("the header {:?} cannot be sent{detail}", param("header")),
        Code::BodyInvalid => format!("the body cannot be put together{detail}"),
        Code::BodyUnreadable => format!("{} cannot be read{detail}; nothing was sent", param("path")),
        Code::BodyChanged => {
            format!("{} changed while it was sent{detail}; send it again as it is now", param("path"))
        }
        Code::BodySpent => {
            "the body could be read only once, so the request was not repeated; the session is fresh for the next one"
                .to_owned()
        }
        Code::BodyBroken => format!("what the body is read from failed before its end{detail}"),
        Code::StreamNotEvents => format!("the answer is {:?} and no stream of events", param("media_type")),
        Code::StreamEventTooLong => format!("an event is longer than {} bytes", param("limit")),
        Code::HostUnreachable => {
            format!("{} cannot be reached{detail}; the session is untouched", or(param("host"), "the server"))
        }
        Code::TlsUntrusted => format!("the certificate of {} is not trusted{detail}; nothing was sent", param("host")),
        Code::RequestTimeout => format!(
            "{} did not answer within {} s; it may have acted on the request all the same",
            param("host"),
            param("seconds")
        ),
        Code::ConnectionLost => format!(
            "{} closed the connection before the answer was whole{detail}; it may have acted on the request all the same",
            or(param("host"), "the server")
        ),
        Code::FilterUnknownWord => format!(
            "\"{}:\" is no word of a filter; the words are {}. Anything without a colon is looked for as text",
            param("word"),
            param("expected")
        ),
        Code::FilterBadValue => format!(
            "\"{}:\" in a filter cannot be {:?}; write for example {}",
            param("word"),
            param("value"),
            param("expected")
        ),
        Code::ImportInvalid => format!("this cannot be taken in{detail}"),
        Code::IdTokenRefused => format!("the ID token of {session} cannot be trusted{detail}; nothing was kept"),
        Code::DiscoveryFailed => format!(
            "{} does not say where its endpoints are{detail}; name them in the session's file",
            param("issuer")
        ),
        Code::DiscoveryIssuerMismatch => format!(
            "the server at {} says that it is {}; nothing was sent. If that is its name, write it in the session's file",
            param("issuer"),
            param("found")
        ),
        Code::DiscoveryEndpointRefused => format!(
            "{} names {} as its {}{detail}; nothing was sent",
            param("issuer"),
            param("url"),
            param("endpoint")
        ),
        Code::DiscoveryElsewhere => format!(
            "{} names endpoints on other hosts: {}. If they belong to it, name them in the session's file, or approve them in the window",
            param("issuer"),
            param("endpoints")
        ),
        Code::SignInIssuerMismatch => format!(
            "the answer came from {} and not from {}; nothing was kept, and nothing was sent to either",
            param("found"),
            param("issuer")
        ),
        Code::SignInNoPkce => format!(
            "{} does not protect a sign-in against a stolen code (PKCE with S256), so none was begun",
            param("issuer")
        ),
        Code::SignInTimedOut => format!(
            "nobody signed in within {} minutes; {session} is as it was",
            param("minutes")
        ),
        Code::SignInStopped => format!("the sign-in was stopped; {session} is as it was"),
        Code::SignInNotTheAnswer => {
            "that is not the address that the browser was sent back to in this sign-in".to_owned()
        }
        Code::ServerRefused => format!("{} did not answer that{detail}", param("endpoint")),
        Code::ResourceMetadataFailed => format!("what the API says of itself cannot be used{detail}"),
        Code::ServerNotOffered => format!(
            "the server of {session} is not known to answer that: its {} is neither in the session's file nor in the issuer's metadata",
            param("endpoint")
        ),
        Code::UserinfoAnotherUser => format!(
            "what {} says is about somebody else than the user of {session}, so it is not shown",
            param("host")
        ),
        Code::BrowserUnavailable => format!("no browser could be opened here{detail}"),
        Code::ListenerUnavailable => {
            format!("the browser cannot come back to {}{detail}", param("address"))
        }
        Code::AnotherAccount => {
            format!("somebody else signed in to {session}; the tokens of before are kept")
        }
        Code::RequestStopped => "stopped; what had left this machine may have been acted on".to_owned(),
        Code::TooManyRequests => format!("at most {} sends run at the same time", param("limit")),
        Code::OriginBlocked => format!(
            "the token was not sent: {} is not on the list of session {session}, which allows {}; add it to the session's file if it belongs there, or send with --no-session",
            param("origin"),
            or(param("allowed"), "no origin")
        ),
        Code::OriginCleartext => format!(
            "the token was not sent: {} is plain http on another machine, where anybody on the way could read it; use https, or --no-session",
            param("origin")
        ),
        Code::RedirectCleartext => format!(
            "{} redirects to clear text at {}; it was not followed",
            param("from"),
            param("to")
        ),
        Code::RedirectBody => format!(
            "{} redirects the body to {}; nothing was sent there",
            param("from"),
            param("to")
        ),
        Code::RedirectLoop => format!("the redirects go round in a circle: {}", param("chain")),
        Code::RedirectTooMany => format!("more than {} redirects: {}", param("limit"), param("chain")),
        Code::RedirectInvalid => format!("{} redirects to nothing that can be sent to{detail}", param("from")),
        Code::LoginPage => format!(
            "a web page came instead of data, from {}; sign in again if the API does not take the token any more",
            param("url")
        ),
        Code::SecondOpinionForgotten => {
            format!("what {} asked is not held any more; send it again first", param("request"))
        }
        Code::SecondOpinionTokenGone => format!(
            "the token of that attempt ({}) is not the current one of {session} any more; ask without it",
            param("generation")
        ),
        Code::SessionUnknown => {
            format!("there is no session {session:?}; `sandglass sessions` lists those of the workspace")
        }
        Code::SignInNeeded => format!(
            "session {session} needs a sign-in{}: `sandglass login {session}`",
            cause(param("cause"))
        ),
        Code::StepUpNeeded => format!(
            "the token is good, and not good enough: sign in to {session} again for {}",
            [param("scopes"), param("acr_values")].join(" ").trim()
        ),
        Code::AudienceMismatch => format!(
            "{} refused a fresh token too, because it is meant for another audience; check the file of session {session}",
            param("origin")
        ),
        Code::Superseded => {
            format!("somebody signed {session} out or in meanwhile; a request is never repeated as somebody else")
        }
        Code::SignInRefused => format!("the server did not accept this sign-in to {session}{detail}; nothing was kept"),
        Code::SignInWrongKind => format!("session {session} signs in another way: it needs {}", param("expected")),
        Code::KeyInvalid => format!("the key cannot be used{detail}"),
        Code::RefreshInvalidGrant => format!(
            "the server ended session {session}{detail}; the old record is kept. Sign in again: `sandglass login {session}`"
        ),
        Code::RefreshTransient => {
            format!("the refresh of {session} is not getting through{detail}; the session is untouched")
        }
        Code::RefreshSlow => format!(
            "the refresh of {session} takes longer than {} s; it goes on by itself",
            param("seconds")
        ),
        Code::BindingChanged => format!(
            "the file of session {session} names other addresses than you approved, so nothing was sent. Approved: {}. Now: {}. If that is right, sign in again: `sandglass login {session}`",
            param("approved"),
            param("proposed")
        ),
        Code::RefreshConfig => {
            format!("the server refuses the set-up of session {session}{detail}; check client and endpoint in its file")
        }
        Code::ReplyMalformed => format!(
            "the token endpoint of {session} sent no tokens{detail}; if they stand elsewhere in its reply, say where in [reply]"
        ),
        Code::RefreshAborted => format!("the refresh of {session} was cut short; nothing is known to be lost"),
        Code::StoreLocked => format!("the system keychain is locked{detail}; unlock it, and try again"),
        Code::StoreAbsent => {
            format!("no system keychain answered{detail}; on Linux, start gnome-keyring or KWallet in this session")
        }
        Code::StoreSlow => format!(
            "the keychain has not answered for {} s; it may be asking for a password in a window",
            param("seconds")
        ),
        Code::StoreFailed => format!("the keychain refused a record{detail}"),
        Code::DatabaseCorrupt => format!(
            "the timeline could not be read and was set aside as {}; sessions are not kept there",
            param("kept_as")
        ),
        Code::DatabaseUnavailable => format!("the timeline cannot be written{detail}; its events are in memory only"),
        Code::DatabaseNewer => format!("the timeline was written by a newer Sandglass and is left alone: {}", param("path")),
        Code::BookmarksCorrupt => format!("the marks in the timeline could not be read and were set aside as {}", param("kept_as")),
        Code::SettingsCorrupt => format!("the settings could not be read and were set aside as {}", param("kept_as")),
        Code::WorkspaceInvalid => match param("line") {
            "" => format!("{}: {}", param("path"), param("detail")),
            line => format!("{}:{line}: {}", param("path"), param("detail")),
        },
        Code::WorkspaceInMemory => "this workspace lives in memory; nothing can be saved in it".to_owned(),
        Code::WorkspaceChanged => format!("{} was changed by somebody else; nothing was written", param("path")),
        Code::WorkspaceUnwritable => format!("{} cannot be written{detail}", param("path")),
        Code::WorkspaceExists => format!("{} is there already and stays as it is", param("path")),
        Code::SessionNameInvalid => format!("a session cannot be called {session:?}"),
        Code::EnvironmentUnknown => format!(
            "there is no environment {:?}; {}",
            param("environment"),
            match (param("meant"), param("known")) {
                ("", "") => "the workspace has none".to_owned(),
                ("", known) => format!("the workspace has {known}"),
                (meant, _) => format!("did you mean {meant:?}?"),
            }
        ),
        Code::VariableUnknown => format!(
            "there is no variable {:?} in this environment; nothing was sent. Write \\{{{{ for two braces",
            param("variable")
        ),
        Code::VariableUnset => {
            let name = param("variable");
            format!("the secret {name:?} has no value yet; nothing was sent: `sandglass login --variable {name}`")
        }
        Code::VariableMisplaced => format!(
            "the secret {:?} stands in the host of an address, where everybody could see it; nothing was sent",
            param("variable")
        ),
        Code::ProfileUnwritable => {
            format!("what was learned of the server could not be written down{detail}")
        }
        Code::EvidenceUnconfirmed => {
            "secrets are written into a file only where that is typed out; nothing was written".to_owned()
        }
        Code::EvidenceUnwritable => format!("the evidence could not be written{detail}"),
        Code::OutputFailed => format!("the body could not be written{detail}; the rest of it was not read"),
        Code::DemoUnavailable => format!("the demo server could not be started{detail}"),
        Code::ConfirmDeclined => "the answer was no; nothing was done".to_owned(),
        Code::ConfirmTooOften => "nobody was asked: another question was open a moment ago".to_owned(),
        Code::FaultInvalid => "this fault cannot be switched on with these numbers".to_owned(),
        Code::FaultUnconfirmed => format!("this fault may end the session; confirm it with its name, {session:?}"),
        Code::TokenTooLong => format!("more than {} bytes are not looked at as a token", param("limit")),
        Code::TokenNotAllowed => format!(
            "no other tool may have the token of {session}. To allow it, at a terminal: sandglass token --session {session} --allow"
        ),
        Code::TokenNotPortable => format!(
            "the token of {session} is worth nothing to another tool ({}): it is bound to a key, or is a jar of cookies. Use sandglass send",
            param("scheme")
        ),
        Code::ClipboardUnavailable => format!("the clipboard cannot be used{detail}; nothing was copied"),
        Code::SystemUnavailable => format!("the system did not give what Sandglass needs{detail}"),
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn cause(cause: &str) -> String {
    if cause.is_empty() {
        String::new()
    } else {
        format!(" ({})", cause.replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_and_what_to_do() {
        for (failure, expected) in [
            (
                Failure::new(Code::SignInNeeded)
                    .with("session", "main")
                    .with("cause", "invalid_grant"),
                "session main needs a sign-in (invalid grant): `sandglass login main`",
            ),
            (
                Failure::new(Code::WorkspaceInvalid)
                    .with("path", "sessions/main.toml")
                    .with("line", 3)
                    .with(
                        "detail",
                        "`origin` is not known here; did you mean `origins`?",
                    ),
                "sessions/main.toml:3: `origin` is not known here; did you mean `origins`?",
            ),
            (
                Failure::new(Code::HostUnreachable)
                    .with("host", "127.0.0.1:9")
                    .with("detail", "refused"),
                "127.0.0.1:9 cannot be reached (refused); the session is untouched",
            ),
        ] {
            assert_eq!(words(&failure), expected);
        }
    }
}
