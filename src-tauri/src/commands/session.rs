//! Commands about one session.

use sandglass_engine::engine::UserCode;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::token::details::TokenDetails;
use sandglass_engine::verdict::Explanation;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Newest, Nothing, aside};
use crate::key_files::{KeyFile, UsedKeyFile};
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
    /// A file that was chosen for what the client authenticates with. Null: none was.
    pub key_file: Option<UsedKeyFile>,
}

/// Which event.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfEvent {
    /// Its key.
    pub event: EventKey,
}

/// What the browser ended at, brought by hand.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CameBack {
    /// The session's name.
    pub session: String,
    /// The address that the browser ended at.
    #[ts(type = "string")]
    pub address: SecretString,
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
    let SignIn {
        session,
        mut credentials,
        key_file,
    } = args;
    if let Some(file) = &key_file {
        shell.key_files.fill(&mut credentials, file)?;
    }
    trust::hosts_of_issuer(&shell, &app, &session).await?;
    engine.sign_in(&session, credentials).await?;
    Ok(Newest {
        newest: engine.timeline().newest(),
    })
}

/// Lets the user choose the file of a key or a certificate. The page gets its name, not what is in it.
#[tauri::command]
pub(crate) async fn pick_key_file(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: Nothing,
) -> Result<Option<KeyFile>> {
    let Nothing {} = args;
    let title = "The client's key or certificate";
    let path = shell.confirm.pick_file(&app, title).await?;
    path.map(|path| shell.key_files.take(&path)).transpose()
}

/// Brings a sign-in what the browser ended at, from where that cannot come back by itself.
#[tauri::command]
pub(crate) async fn bring_sign_in_back(shell: State<'_, Shell>, args: CameBack) -> Result<Nothing> {
    let engine = shell.engine().await?;
    engine.came_back(&args.session, args.address.expose_secret())?;
    Ok(Nothing {})
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

/// Opens the address to sign in at.
#[tauri::command]
pub(crate) async fn open_sign_in_link(shell: State<'_, Shell>, args: OfSession) -> Result<Nothing> {
    shell.engine().await?.open_sign_in_link(&args.session)?;
    Ok(Nothing {})
}

/// Reads the code that the user types on another device.
#[tauri::command]
pub(crate) async fn read_user_code(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<Option<UserCode>> {
    Ok(shell.engine().await?.user_code(&args.session))
}

/// Sends the browser to the server's own sign-out.
#[tauri::command]
pub(crate) async fn end_session(shell: State<'_, Shell>, args: OfSession) -> Result<Nothing> {
    shell.engine().await?.end_session(&args.session)?;
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

/// Reads what was said in an event of a sign-in or a refresh.
#[tauri::command]
pub(crate) async fn read_message(shell: State<'_, Shell>, args: OfEvent) -> Result<Option<String>> {
    Ok(shell.engine().await?.message(args.event))
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
