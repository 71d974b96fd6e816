//! Commands of the session editor. What a session may use is asked outside the window before it is written.

use sandglass_engine::engine::trust::{Trust, TrustChange};
use sandglass_engine::error::Result;
use sandglass_engine::preset::{self, Preset};
use sandglass_engine::session::config::server::Metadata;
use sandglass_engine::timeline::event::{EventKey, Widening};
use sandglass_engine::workspace::writer::{self, SessionKeys, StoredSession};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Nothing, OfSession};
use crate::confirm::question::Question;
use crate::elsewhere;
use crate::shell::Shell;
use crate::trust;

/// A session's file as it is to be.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveSession {
    /// The session's name.
    pub session: String,
    /// What its file is to say.
    pub keys: SessionKeys,
    /// What was read before. Null: it is a new one.
    pub revision: Option<String>,
}

/// A session's file that is to go.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteSession {
    /// The session's name.
    pub session: String,
    /// What was read before.
    pub revision: String,
}

/// How a question was answered, and what came of it.
#[derive(Debug, Serialize, TS)]
pub struct Decided {
    /// The user said yes. No: nothing has changed.
    pub allowed: bool,
    /// The folder that was written to, where it is not the one that is open.
    pub folder: Option<String>,
    /// The newest event.
    pub newest: EventKey,
}

/// Whom to ask where everything is.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The issuer's identifier, exactly.
    pub issuer: String,
    /// The session whose connection is used. Null: it is a new one.
    pub session: Option<String>,
}

/// Asks an issuer for what it says of itself.
#[tauri::command]
pub(crate) async fn discover(shell: State<'_, Shell>, args: Issuer) -> Result<Metadata> {
    let engine = shell.engine().await?;
    engine.discover(&args.issuer, args.session.as_deref()).await
}

/// Lists what is known of providers.
#[tauri::command]
pub(crate) async fn list_presets(args: Nothing) -> Vec<Preset> {
    let Nothing {} = args;
    preset::all()
}

/// Reads a session's file.
#[tauri::command]
pub(crate) async fn read_session_file(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<StoredSession> {
    shell.engine().await?.read_session_file(&args.session).await
}

/// Writes a session's file, and takes it in. Where it is to use more than before, the user is asked first, outside the window.
#[tauri::command]
pub(crate) async fn save_session(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: SaveSession,
) -> Result<Decided> {
    let engine = shell.engine().await?;
    let SaveSession {
        session,
        keys,
        revision,
    } = args;
    let change = engine.trust_change(&session, &keys)?;
    let asks = change.widens();
    let asked = question(&session, &change);
    let mut decided = Decided {
        allowed: !asks || trust::allows(&shell, &app, &session, Widening::Addresses, asked).await?,
        folder: None,
        newest: engine.timeline().newest(),
    };
    if !decided.allowed {
        return Ok(decided);
    }
    if engine.workspace().path.is_none() {
        return save_elsewhere(&app, &shell, &session, &keys, decided).await;
    }
    engine
        .save_session(&session, keys, revision.as_deref())
        .await?;
    engine.approve_change(&session).await?;
    decided.newest = engine.timeline().newest();
    Ok(decided)
}

/// A workspace that lives in memory keeps nothing: the session goes to a folder of the user's choice, which the next start opens.
async fn save_elsewhere(
    app: &AppHandle,
    shell: &Shell,
    session: &str,
    keys: &SessionKeys,
    decided: Decided,
) -> Result<Decided> {
    let folder = elsewhere::choose(app, shell).await?;
    writer::write_session(&folder, session, keys, None)?;
    shell.settings.keep_workspace(Some(&folder), None);
    Ok(Decided {
        folder: Some(folder.display().to_string()),
        ..decided
    })
}

/// Signs a session out, and removes its file.
#[tauri::command]
pub(crate) async fn delete_session(
    shell: State<'_, Shell>,
    args: DeleteSession,
) -> Result<Decided> {
    let engine = shell.engine().await?;
    engine.delete_session(&args.session, &args.revision).await?;
    Ok(Decided {
        allowed: true,
        folder: None,
        newest: engine.timeline().newest(),
    })
}

/// Asks, outside the window, whether a session may use what its file names now instead of what was approved.
#[tauri::command]
pub(crate) async fn approve_binding(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<Decided> {
    let engine = shell.engine().await?;
    let allowed = match engine.questioned(&args.session)? {
        Some(change) => {
            let asked = question(&args.session, &change);
            trust::allows(&shell, &app, &args.session, Widening::Addresses, asked).await?
        }
        None => false,
    };
    if allowed {
        engine.approve_binding(&args.session).await?;
    }
    Ok(Decided {
        allowed,
        folder: None,
        newest: engine.timeline().newest(),
    })
}

fn question(session: &str, change: &TrustChange) -> Question {
    let text = match &change.before {
        Some(before) => format!(
            "The session “{session}” would use other addresses than you approved.\n\nUntil now\n{}\n\nFrom now on\n{}\n\nAllow this only if you know the new addresses.",
            lines(before),
            lines(&change.after)
        ),
        None => format!(
            "The session “{session}” would use these addresses.\n\n{}\n\nIts token is never sent anywhere else.",
            lines(&change.after)
        ),
    };
    Question {
        title: "Sandglass: where may this session go?".to_owned(),
        text: text.into(),
        allow: "Allow".to_owned(),
    }
}

fn lines(trust: &Trust) -> String {
    let joined = |addresses: &[String]| {
        if addresses.is_empty() {
            "nowhere".to_owned()
        } else {
            addresses.join(", ")
        }
    };
    format!(
        "Token goes to: {}\nSigns in and refreshes at: {}",
        joined(&trust.origins),
        joined(&trust.endpoints)
    )
}
