//! Commands about one session.

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::token::details::TokenDetails;
use sandglass_engine::verdict::Explanation;
use serde::Deserialize;
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Newest, Nothing, aside};
use crate::shell::Shell;
use crate::trust;

/// Which session.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfSession {
    /// Its name.
    pub session: String,
}

/// Which session, and what the user typed. It goes in and never comes out again.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The session's name.
    pub session: String,
    /// What the user typed.
    pub credentials: Credentials,
}

/// Lists the sessions.
#[tauri::command]
pub(crate) async fn list_sessions(
    shell: State<'_, Shell>,
    args: Nothing,
) -> Result<Vec<SessionSnapshot>> {
    let Nothing {} = args;
    Ok(shell.engine().await?.sessions())
}

/// Signs in.
#[tauri::command]
pub(crate) async fn sign_in(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: SignIn,
) -> Result<Newest> {
    let engine = shell.engine().await?;
    trust::hosts_of_issuer(&shell, &app, &args.session).await?;
    engine.sign_in(&args.session, args.credentials).await?;
    Ok(Newest {
        newest: engine.timeline().newest(),
    })
}

/// Stops waiting for the browser.
#[tauri::command]
pub(crate) async fn stop_sign_in(shell: State<'_, Shell>, args: OfSession) -> Result<Nothing> {
    shell.engine().await?.stop_sign_in(&args.session);
    Ok(Nothing {})
}

/// Puts the address to sign in at into the clipboard. It does not cross to the window.
#[tauri::command]
pub(crate) async fn copy_sign_in_link(shell: State<'_, Shell>, args: OfSession) -> Result<Nothing> {
    let link = shell.engine().await?.sign_in_link(&args.session);
    let link =
        link.ok_or_else(|| Failure::new(Code::SignInStopped).with("session", &args.session))?;
    shell.clipboard.copy(link.to_string().into()).await?;
    Ok(Nothing {})
}

/// Signs out.
#[tauri::command]
pub(crate) async fn sign_out(shell: State<'_, Shell>, args: OfSession) -> Result<Newest> {
    let engine = shell.engine().await?;
    engine.sign_out(&args.session).await?;
    Ok(Newest {
        newest: engine.timeline().newest(),
    })
}

/// Refreshes, because the user asked.
#[tauri::command]
pub(crate) async fn refresh_now(shell: State<'_, Shell>, args: OfSession) -> Result<Newest> {
    let engine = shell.engine().await?;
    engine.refresh(&args.session).await?;
    Ok(Newest {
        newest: engine.timeline().newest(),
    })
}

/// Reads what is known of a token.
#[tauri::command]
pub(crate) async fn read_token(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<Option<TokenDetails>> {
    shell.engine().await?.token(&args.session)
}

/// Explains why a session needs a new sign-in.
#[tauri::command]
pub(crate) async fn explain_sign_out(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<Explanation> {
    let engine = shell.engine().await?.clone();
    aside(move || engine.explain_sign_out(&args.session)).await?
}
