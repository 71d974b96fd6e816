//! The timeline as text, for a terminal: one line an event, with its number, its time and words.

pub mod failures;
pub(crate) mod left_out;
pub mod verdict;

use std::io::{self, Write};
use std::sync::Arc;

use sandglass_engine::timeline::event::{
    Event, Fact, Kept, Need, Outcome, Purpose, Verdict, Withheld,
};
use sandglass_engine::token::TokenKind;

/// Writes the events in order. Times are seconds since the program started.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(events: &[Arc<Event>], out: &mut impl Write) -> io::Result<()> {
    events
        .iter()
        .try_for_each(|event| writeln!(out, "{}", line(event)))
}

fn line(event: &Event) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a time that people read has three digits after the point"
    )]
    let seconds = event.mono_ns as f64 / 1e9;
    let causes: Vec<String> = event
        .cause_seq
        .iter()
        .map(|cause| format!("#{}", cause.seq))
        .collect();
    let because = if causes.is_empty() {
        String::new()
    } else {
        format!("  because of {}", causes.join(", "))
    };
    format!(
        "{:>5}  {seconds:>8.3} s  {}{because}",
        format!("#{}", event.key.seq),
        words(event)
    )
}

/// One event in words.
pub fn words(event: &Event) -> String {
    let subject = &event.subject;
    let r = subject.request.map(|n| format!("R{n}")).unwrap_or_default();
    let f = subject.flight.map(|n| format!("F{n}")).unwrap_or_default();
    let g = subject
        .generation
        .map(|n| format!("G{n}"))
        .unwrap_or_default();
    let session = subject.session.as_deref().unwrap_or_default();
    let attempt = subject.attempt.unwrap_or(1);
    match &event.fact {
        Fact::RunStarted { version, .. } => format!("Sandglass {version} started"),
        Fact::RequestQueued { method, url, .. } => format!("{r}: {method} {url}"),
        Fact::LeaseTaken { expires_in_ms, .. } => match expires_in_ms {
            Some(left) if *left < 0 => format!(
                "{r} carries {g}, which expired {} ago",
                seconds(left.unsigned_abs())
            ),
            Some(left) => format!(
                "{r} carries {g}, which has {} left",
                seconds(left.unsigned_abs())
            ),
            None => format!("{r} carries {g}"),
        },
        Fact::TokenWithheld { reason } => match reason {
            Withheld::OriginNotAllowed => {
                format!("{r} goes without a token: that origin is not on the session's list")
            }
            Withheld::OwnAuthorization => format!("{r} goes with its own Authorization header"),
            Withheld::NoSession => format!("{r} goes without a session"),
        },
        Fact::AttemptStarted { origin, .. } => format!("{r} attempt {attempt} sent to {origin}"),
        Fact::BodySent { bytes, whole, .. } => {
            let extent = if *whole { "all" } else { "not all" };
            format!("{r} attempt {attempt} had sent {bytes} bytes of its body, {extent} of it")
        }
        Fact::AttemptFailed {
            error,
            verdict,
            rule_id,
        } => {
            let taken = match verdict {
                Verdict::TokenRefused => ", taken for a refusal of the token",
                _ => "",
            };
            format!("{r} attempt {attempt} failed: {error}{taken} ({rule_id})")
        }
        Fact::NotReplayable { reason } => {
            format!("{r}: the body cannot be sent once more: {}", name(reason))
        }
        Fact::ResponseHead {
            status, took_us, ..
        } => format!(
            "{r} attempt {attempt} answered {status} after {}",
            micros(*took_us)
        ),
        Fact::RevocationAnswered {
            token,
            revoked: true,
            ..
        } => format!("{session}: the server took the {} back", which(*token)),
        Fact::RevocationAnswered {
            token, again_in_ms, ..
        } => {
            let again = again_in_ms.map_or_else(String::new, |wait_ms| {
                format!("; it is asked again in {} s", wait_ms.div_ceil(1_000))
            });
            let which = which(*token);
            format!("{session}: the server did not take the {which} back{again}")
        }
        Fact::RevocationGivenUp { token, rule_id, .. } => format!(
            "{session}: the {} is not given back any more and may live until it expires ({rule_id})",
            which(*token)
        ),
        Fact::IdTokenChecked {
            valid: true,
            rule_id,
            ..
        } => format!("{session}: the ID token is good ({rule_id})"),
        Fact::IdTokenChecked { rule_id, .. } => {
            format!("{session}: the ID token is not to be believed ({rule_id})")
        }
        Fact::ResponseClassified { verdict, rule_id } => match verdict {
            Verdict::Returned => format!("{r}: the answer is returned as it is ({rule_id})"),
            Verdict::TokenRefused => format!("{r}: the token was refused ({rule_id})"),
            Verdict::Redirected => format!("{r}: the answer leads elsewhere ({rule_id})"),
            Verdict::NonceNeeded => format!("{r}: the server wants a nonce ({rule_id})"),
            Verdict::StepUpNeeded => {
                format!("{r}: the token is good, and not good enough ({rule_id})")
            }
            Verdict::LoginPage => format!("{r}: a page to sign in on came back ({rule_id})"),
        },
        Fact::Redirected {
            to,
            status,
            stripped,
            ..
        } => {
            let left = if stripped.is_empty() {
                String::new()
            } else {
                format!(", without {}", stripped.join(", "))
            };
            format!("{r} is redirected ({status}) to {to}{left}")
        }
        Fact::StepUpNeeded {
            scopes, acr_values, ..
        } => {
            let wanted: Vec<&str> = scopes
                .iter()
                .chain(acr_values)
                .map(String::as_str)
                .collect();
            format!(
                "{session} needs a further sign-in for: {}",
                wanted.join(" ")
            )
        }
        Fact::LoginPageDetected { url } => {
            format!("{r} was answered with a web page at {url}, not with data")
        }
        Fact::WaitingForRefresh { joined: true } => format!("{r} joins refresh {f}"),
        Fact::WaitingForRefresh { joined: false } => format!("{r} waits for refresh {f}"),
        Fact::RetryDecided {
            retry: true,
            rule_id,
        } => format!("{r} is repeated ({rule_id})"),
        Fact::RetryDecided {
            retry: false,
            rule_id,
        } => format!("{r} is not repeated ({rule_id})"),
        Fact::StreamOpened { connection: 1 } => format!("{r}: the stream is open"),
        Fact::StreamOpened { connection } => {
            format!("{r}: the stream is open again, on connection {connection}")
        }
        Fact::StreamInterrupted { events, error } => {
            let error =
                error.map_or_else(|| "in order".to_owned(), |error| format!("with {error}"));
            format!("{r}: the connection ended {error} after {events} event(s)")
        }
        Fact::ReconnectDecided {
            reconnect: true,
            rule_id,
            wait_ms,
        } => {
            let wait = wait_ms.map(seconds).unwrap_or_default();
            format!("{r} connects again after {wait} ({rule_id})")
        }
        Fact::ReconnectDecided {
            reconnect: false,
            rule_id,
            ..
        } => format!("{r} does not connect again ({rule_id})"),
        Fact::RequestFinished {
            outcome,
            status,
            attempts,
            took_us,
            error,
            ..
        } => {
            let how = match (outcome, status, error) {
                (Outcome::Answered, Some(status), _) => format!("finished with {status}"),
                (Outcome::Stopped, ..) => "was stopped".to_owned(),
                (_, _, Some(error)) => format!("failed: {error}"),
                _ => "failed".to_owned(),
            };
            format!(
                "{r} {how} after {}, in {attempts} attempt(s)",
                micros(*took_us)
            )
        }
        Fact::SecondOpinionAsked { authorized, .. } => {
            let token = if *authorized { "with" } else { "without" };
            format!("Second opinion on {r}: another client asks the same {token} its token")
        }
        Fact::SecondOpinionGiven {
            status: Some(status),
            conclusion,
            ..
        } => format!("Second opinion on {r}: {status} ({})", name(conclusion)),
        Fact::SecondOpinionGiven {
            error, conclusion, ..
        } => {
            let error = error.map_or_else(String::new, |error| error.to_string());
            format!(
                "Second opinion on {r}: no answer, {error} ({})",
                name(conclusion)
            )
        }
        Fact::FlightStarted { need } => match need {
            Need::Refused => format!("Refresh {f} of {session} begins: the API refused the token"),
            Need::Expiry => format!("Refresh {f} of {session} begins: the token expires"),
            Need::Asked => format!("Refresh {f} of {session} begins: asked for"),
            Need::Absent => {
                format!("Refresh {f} of {session} begins: there is no access token yet")
            }
            Need::Recovery => {
                format!("Refresh {f} of {session} begins: the last one was cut short")
            }
        },
        Fact::WaiterJoined { waiters } => format!("{waiters} requests wait for {f}"),
        Fact::ExchangeSent {
            purpose, endpoint, ..
        } => match purpose {
            Purpose::SignIn => format!("Sign-in sent to {endpoint}"),
            Purpose::Refresh => format!("{f} sent to {endpoint}"),
        },
        Fact::ExchangeReplied {
            status,
            error,
            took_us,
            ..
        } => {
            let answer = status.map_or_else(
                || "no answer".to_owned(),
                |status| format!("answer {status}"),
            );
            let error = error
                .as_ref()
                .map(|error| format!(" ({error})"))
                .unwrap_or_default();
            format!(
                "{answer}{error} from the token endpoint after {}",
                micros(*took_us)
            )
        }
        Fact::ReplyParsed {
            lifetime_ms,
            rotated,
            ..
        } => {
            let lifetime = lifetime_ms.map_or_else(
                || "of unknown lifetime".to_owned(),
                |ms| format!("for {}", seconds(ms)),
            );
            format!(
                "New access token {lifetime}; the refresh token {}",
                if *rotated { "is new" } else { "stays" }
            )
        }
        Fact::Persisted {
            kept: Kept::Keychain,
            took_us,
        } => format!("Kept in the system keychain after {}", micros(*took_us)),
        Fact::Persisted {
            kept: Kept::Memory, ..
        } => "Kept in memory".to_owned(),
        Fact::PersistFailed { error } => format!("Not kept in the keychain: {error}"),
        Fact::Published { .. } => format!("{session} now carries {g}"),
        Fact::Superseded {} => format!("{f} came too late and is not used"),
        Fact::FlightFinished {
            class,
            waiters,
            took_us,
        } => {
            format!(
                "Refresh {f} ended as {} after {}, for {waiters} request(s)",
                name(class),
                micros(*took_us)
            )
        }
        Fact::SignInStarted {} => format!("Signing in to {session}"),
        Fact::AuthorizationPushed {
            status: Some(status),
            ..
        } => format!("The request was put at the server first, which answered {status}"),
        Fact::AuthorizationPushed { .. } => {
            "The request was to be put at the server first, which gave no answer".to_owned()
        }
        Fact::ServerAsked {
            question, status, ..
        } => match status {
            Some(status) => format!(
                "The server was asked ({}), and answered {status}",
                name(question)
            ),
            None => format!(
                "The server was asked ({}), and gave no answer",
                name(question)
            ),
        },
        Fact::EndSessionAwaited { endpoint, opened } => {
            let opened = if *opened { "opened" } else { "not opened here" };
            format!("The browser ({opened}) signs out of the server at {endpoint}")
        }
        Fact::UserCodeShown {
            verification_uri, ..
        } => format!("Waiting for the code to be typed at {verification_uri}"),
        Fact::BrowserAwaited {
            endpoint, opened, ..
        } => {
            let opened = if *opened { "opened" } else { "not opened here" };
            format!("Waiting for the browser ({opened}) at {endpoint}")
        }
        Fact::CallbackRefused { reason } => {
            format!("A call was not the answer: {}", name(reason))
        }
        Fact::CallbackTaken { error: None, .. } => "The browser came back with a code".to_owned(),
        Fact::CallbackTaken {
            error: Some(error), ..
        } => format!("The browser came back: the server said {error}"),
        Fact::CookiesRenewed { .. } => format!("The API renewed the cookies of {session}"),
        Fact::SignedIn {} => format!("Signed in to {session}"),
        Fact::SignInFailed { error } => format!("Signing in to {session} failed: {error}"),
        Fact::SignedOut {} => format!("Signed out of {session}"),
        Fact::StateChanged { from, to } => format!("{session}: {} -> {}", name(from), name(to)),
        Fact::TokenExpired {} => format!("{g} of {session} expired"),
        Fact::CooldownStarted { failures, .. } => {
            format!("{session} rests after {failures} failed refresh(es)")
        }
        Fact::LoginRequired { cause } => format!("{session} needs a new sign-in: {}", name(cause)),
        Fact::SessionRestored { .. } => format!("{session} found in the vault"),
        Fact::RecordSetAside { reason } => {
            format!("A record of {session} was not used: {}", name(reason))
        }
        Fact::LockAcquired {
            contended: true,
            waited_ms,
        } => {
            format!("{f} waited {} for another process", seconds(*waited_ms))
        }
        Fact::LockAcquired { .. } => format!("{f} has the session to itself"),
        Fact::LockWeak { detail } => format!("Other processes are not kept out: {detail}"),
        Fact::LockLost {} => {
            format!("{f} lost its lock, whose file somebody removed, and takes it anew")
        }
        Fact::StoreReloaded { rule_id, .. } => format!("{f} read the vault again ({rule_id})"),
        Fact::AdoptedFromPeer {} => format!("{f} takes what another process has refreshed"),
        Fact::IntentLogged {} => format!("{f} is written down before it is sent"),
        Fact::JournalFailed { detail } => format!("The journal cannot be written: {detail}"),
        Fact::RefreshTokenKept {} => {
            format!("{f} brought no access token; its refresh token is kept")
        }
        Fact::ReplayWithheld { rule_id } => {
            format!("{f} is not sent again, as its server does not forgive that ({rule_id})")
        }
        Fact::HabitFollowed {
            rule_id,
            earlier_ms,
        } => match earlier_ms {
            Some(earlier) => {
                let earlier = seconds(*earlier);
                format!(
                    "The refresh begins {earlier} earlier, as its server takes its time ({rule_id})"
                )
            }
            None => format!("The refresh token is spared, as it may be spent ({rule_id})"),
        },
        Fact::RotationRecovered {} => format!("{f} recovered the tokens of a lost answer"),
        Fact::TokenUnchanged {} => format!("{f} brought the very same token"),
        Fact::ScopeChanged { lost, gained } => format!(
            "The scope changed: lost [{}], gained [{}]",
            lost.join(" "),
            gained.join(" ")
        ),
        Fact::AccountMismatch {} => format!("The tokens of {session} belong to another account"),
        Fact::StoreWentBack { found, expected } => {
            format!("The vault holds G{found}, and G{expected} was stored")
        }
        Fact::OriginQuarantined { origin, .. } => {
            format!("{origin} refuses fresh tokens; it starts no refresh for now")
        }
        Fact::DegradedUntil { .. } => {
            format!("{session} has ended; its access token works until it expires")
        }
        Fact::NeedsAttention {} => format!("{session} is refused without a reason for long"),
        Fact::BindingQuestioned {} => format!("The file of {session} names other addresses"),
        Fact::BindingApproved {} => format!("The addresses of {session} were approved"),
        Fact::ClockJump { delta_ms } => format!("The local clock jumped by {delta_ms} ms"),
        Fact::ClockSkewed { skew_ms } => format!("The server's clock differs by {skew_ms} ms"),
        Fact::StoreSlow {} => "The keychain takes long".to_owned(),
        Fact::StoreUnavailable { error } => format!("The keychain cannot be used: {error}"),
        Fact::StoreChosen { kept } => format!("Tokens are kept from now on in: {}", name(kept)),
        Fact::EnvironmentChosen {
            environment: Some(environment),
        } => format!("The environment is {environment} from here"),
        Fact::EnvironmentChosen { environment: None } => {
            "No environment from here; the workspace's own variables count".to_owned()
        }
        Fact::WorkspaceRead { .. } => "The workspace's files were read again".to_owned(),
        Fact::FaultSwitched { fault, on } => {
            let state = if *on { "on" } else { "off" };
            format!("Fault {} of {session} is {state}", name(&fault.name))
        }
        Fact::FaultInjected { fault } => format!("On purpose: {}", name(fault)),
        Fact::TrustAsked { widening, granted } => {
            let answer = if *granted { "yes" } else { "no" };
            format!("Asked outside the window: {}: {answer}", name(widening))
        }
        Fact::TokenWanted { allowed: true } => {
            format!("Another tool asks for the token of {session}")
        }
        Fact::TokenWanted { allowed: false } => {
            format!("Another tool asks for the token of {session}, which is not allowed")
        }
        Fact::TokenHandedOut { which, how } => {
            format!("The {} token of {session} was {}", name(which), name(how))
        }
        Fact::Gap { from, to } => format!("Events {from} to {to} are no longer known"),
    }
}

/// A closed set's member as the timeline spells it, with spaces.
fn which(token: TokenKind) -> &'static str {
    match token {
        TokenKind::Access => "access token",
        TokenKind::Refresh => "refresh token",
    }
}

fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        other => format!("{other:?}"),
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

fn micros(us: u64) -> String {
    if us < 1_000_000 {
        format!("{} ms", us / 1000)
    } else {
        seconds(us / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandglass_engine::clock::WallMs;
    use sandglass_engine::timeline::event::{Actor, EventKey, Subject};

    #[test]
    fn an_event_is_one_line_with_its_causes() {
        let event = Event {
            key: EventKey { run: 3, seq: 12 },
            mono_ns: 6_214_500_000,
            wall_ms: WallMs(0),
            actor: Actor::Timer,
            subject: Subject {
                session: Some("demo".into()),
                generation: Some(1),
                ..Subject::default()
            },
            cause_seq: vec![EventKey { run: 3, seq: 7 }],
            fact: Fact::TokenExpired {},
        };
        assert_eq!(
            line(&event),
            "  #12     6.215 s  G1 of demo expired  because of #7"
        );
    }

    #[test]
    fn times_have_the_digits_that_people_read() {
        assert_eq!(
            [micros(251_900), micros(1_951_900), seconds(400)],
            ["251 ms", "1.9 s", "0.4 s"]
        );
    }
}
