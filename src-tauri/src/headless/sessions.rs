//! `sandglass sessions`: which there are, how they stand, and what a server says of one.

use std::path::PathBuf;

use sandglass_engine::Engine;
use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::event::StateName;
use sandglass_engine::token::TokenKind;

use super::exit::{Exit, Stop};
use super::{print, signals, workspace};
use crate::cli::{Place, SessionsArgs};

pub(super) async fn run(
    args: SessionsArgs,
    place: &Place,
    data_dir: PathBuf,
) -> Result<Exit, Stop> {
    let workspace = workspace::read(place, args.env.as_deref())?;
    let engine = workspace::open(workspace, data_dir).await?;
    if let Some(session) = &args.session {
        return ask(&engine, session, args.introspect).await;
    }
    let sessions = engine.sessions();
    engine.shut_down().await;
    let mut text = String::new();
    if args.json {
        for session in &sessions {
            let line = serde_json::to_string(session)
                .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
            text.push_str(&line);
            text.push('\n');
        }
    } else {
        let width = sessions
            .iter()
            .map(|session| session.name.chars().count())
            .max()
            .unwrap_or(0);
        let now = SystemClock::default().wall().0;
        for session in &sessions {
            let line = format!(
                "{:width$}  {:<16}  {}\n",
                session.name,
                state(session, now),
                session.origins.join(" ")
            );
            text.push_str(&line);
        }
    }
    print(text.as_bytes())
}

/// Prints what the server says of a session's access token, or of its user.
async fn ask(engine: &Engine, session: &str, introspect: bool) -> Result<Exit, Stop> {
    let asked = async {
        if introspect {
            engine.introspect(session, TokenKind::Access).await
        } else {
            engine.userinfo(session).await
        }
    };
    let ended = signals::until_told(asked, engine.shut_down()).await;
    if ended.is_ok() {
        engine.shut_down().await;
    }
    let answer = match ended {
        Ok(answer) => answer?,
        Err(exit) => return Ok(exit),
    };
    let text = serde_json::to_string(&answer.members)
        .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
    print(format!("{text}\n").as_bytes())
}

/// Where it stands, in words.
fn state(session: &SessionSnapshot, now_ms: i64) -> String {
    match session.state {
        StateName::SignedOut => "signed out".to_owned(),
        StateName::Active | StateName::Refreshing => match session.expires_at_ms {
            Some(at) if at.0 > now_ms => format!("active, {} s left", (at.0 - now_ms) / 1000),
            Some(_) => "active, expired".to_owned(),
            None => "active".to_owned(),
        },
        StateName::Cooldown => "waits to retry".to_owned(),
        StateName::ConfigError => "set-up refused".to_owned(),
        StateName::StoreUnavailable => "keychain closed".to_owned(),
        StateName::Indeterminate => "outcome unknown".to_owned(),
        StateName::Degraded => "ends soon".to_owned(),
        StateName::BindingChanged => "file changed".to_owned(),
        StateName::LoginRequired => "needs sign-in".to_owned(),
    }
}
