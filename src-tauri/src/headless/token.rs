//! `sandglass token`: a session's access token for another tool, off until the user allows it for that session.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use sandglass_engine::Engine;
use sandglass_engine::error::{Code, Failure};
use sandglass_engine::timeline::event::Widening;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::exit::{Exit, Stop};
use super::prompt::{self, Question};
use super::{print, say, signals, workspace};
use crate::cli::{Place, TokenArgs};

/// What is asked before it is allowed.
const CONFIRM: &str = "Type the session's name to allow it";

pub(super) async fn run(args: TokenArgs, place: &Place, data_dir: PathBuf) -> Result<Exit, Stop> {
    let workspace = workspace::read(place, args.env.as_deref())?;
    let session = args.session.as_str();
    if args.allow && !io::stdin().is_terminal() {
        let why = "--allow is asked for at a terminal: a script cannot allow itself a token";
        return Err(Stop::new(Exit::Usage, why));
    }
    if !args.allow && !args.forbid && !args.show && io::stdout().is_terminal() {
        let why = "a terminal keeps what it shows: pipe the token to a tool, or say --show";
        return Err(Stop::new(Exit::Usage, why));
    }
    let engine = workspace::open(workspace, data_dir).await?;
    let work = async {
        if args.allow {
            allow(&engine, session).await
        } else if args.forbid {
            engine.make_portable(session, false).await?;
            say(&format!("no other tool may have the token of {session}"));
            Ok(None)
        } else {
            Ok(Some(engine.portable_header(session).await?))
        }
    };
    let ended = signals::until_told(work, engine.shut_down()).await;
    let given = match ended {
        Ok(given) => {
            // That it was given is on disk before it is.
            engine.shut_down().await;
            given?
        }
        Err(exit) => return Ok(exit),
    };
    let Some(header) = given else {
        return Ok(Exit::Done);
    };
    let header = header.expose_secret();
    let bare = header.rsplit(' ').next().unwrap_or_default();
    let line = if args.header { header } else { bare };
    print(Zeroizing::new(format!("{line}\n")).as_bytes())
}

/// Asks at the terminal. What was answered is told to the timeline.
async fn allow(engine: &Engine, session: &str) -> Result<Option<secrecy::SecretString>, Stop> {
    let known = engine
        .sessions()
        .into_iter()
        .find(|one| one.name == session);
    let known = known.ok_or_else(|| Failure::new(Code::SessionUnknown).with("session", session))?;
    say(&format!(
        "Whoever runs as you can then have the access token of {session} by one command, and use it at:\n  {}\nThe refresh token never leaves the keychain.",
        known.origins.join("\n  ")
    ));
    let question = Question {
        what: CONFIRM,
        secret: false,
    };
    let answer = tokio::task::spawn_blocking(move || prompt::ask(&[question]))
        .await
        .map_err(|error| Stop::new(Exit::Other, error.to_string()))??;
    let granted = answer
        .front()
        .is_some_and(|answer| answer.expose_secret().trim() == session);
    engine.tell_asked(Some(session), Widening::TokenCommand, granted);
    if !granted {
        return Err(Failure::new(Code::ConfirmDeclined).into());
    }
    engine.make_portable(session, true).await?;
    say(&format!("other tools may have the token of {session}"));
    Ok(None)
}
