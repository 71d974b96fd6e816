//! Commands about a token: what it says, and the two ways in which the user may have it. None of them returns one.

use sandglass_engine::error::Result;
use sandglass_engine::token::TokenKind;
use sandglass_engine::token::answer::ServerAnswer;
use sandglass_engine::token::lineage::LineageStep;
use sandglass_engine::token::reading::Inspected;
use sandglass_engine::token::signature::SignatureState;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Newest, OfSession};
use crate::shell::Shell;
use crate::trust;

/// Which token.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfToken {
    /// The session's name.
    pub session: String,
    /// Which of its tokens.
    pub which: TokenKind,
}

/// Whether other tools may have a session's token.
#[derive(Debug, Serialize, TS)]
pub struct Portable {
    /// They may, by `sandglass token`.
    pub allowed: bool,
}

/// Whether other tools are to have a session's token.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MakePortable {
    /// The session's name.
    pub session: String,
    /// They are.
    pub allowed: bool,
}

/// A text that somebody pasted. It goes in and never comes out again.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Pasted {
    /// The text.
    #[ts(type = "string")]
    pub text: SecretString,
}

/// Reads where a token came from.
#[tauri::command]
pub(crate) async fn read_lineage(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<Vec<LineageStep>> {
    shell.engine().await?.lineage(&args.session)
}

/// Asks what a token is worth.
#[tauri::command]
pub(crate) async fn introspect_token(
    shell: State<'_, Shell>,
    args: OfToken,
) -> Result<ServerAnswer> {
    shell
        .engine()
        .await?
        .introspect(&args.session, args.which)
        .await
}

/// Asks who the user is.
#[tauri::command]
pub(crate) async fn read_userinfo(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<ServerAnswer> {
    shell.engine().await?.userinfo(&args.session).await
}

/// Reads a token that was pasted.
#[tauri::command]
pub(crate) async fn inspect_token(shell: State<'_, Shell>, args: Pasted) -> Result<Inspected> {
    shell.engine().await?.inspect(&args.text)
}

/// Checks a token's signature with its issuer's keys.
#[tauri::command]
pub(crate) async fn check_signature(
    shell: State<'_, Shell>,
    args: OfSession,
) -> Result<SignatureState> {
    shell.engine().await?.token_signature(&args.session).await
}

/// Shows a token outside the web view.
#[tauri::command]
pub(crate) async fn reveal_token(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: OfToken,
) -> Result<Newest> {
    trust::reveal(&shell, &app, &args.session, args.which).await?;
    Ok(Newest {
        newest: shell.engine().await?.timeline().newest(),
    })
}

/// Copies a token.
#[tauri::command]
pub(crate) async fn copy_token(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: OfToken,
) -> Result<Newest> {
    trust::copy(&shell, &app, &args.session, args.which).await?;
    Ok(Newest {
        newest: shell.engine().await?.timeline().newest(),
    })
}

/// Looks whether other tools may have a session's token.
#[tauri::command]
pub(crate) async fn read_portable(shell: State<'_, Shell>, args: OfSession) -> Result<Portable> {
    let allowed = shell.engine().await?.is_portable(&args.session).await?;
    Ok(Portable { allowed })
}

/// Allows other tools a session's token, if the user says yes outside the web view; or no longer, at once.
#[tauri::command]
pub(crate) async fn make_portable(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: MakePortable,
) -> Result<Portable> {
    let MakePortable { session, allowed } = args;
    trust::make_portable(&shell, &app, &session, allowed).await?;
    Ok(Portable { allowed })
}
