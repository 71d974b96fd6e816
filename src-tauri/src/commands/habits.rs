//! Commands about what was learned of a session's server.

use sandglass_engine::engine::habits::Known;
use sandglass_engine::error::Result;
use sandglass_engine::profile::Replay;
use serde::Deserialize;
use tauri::State;
use ts_rs::TS;

use super::OfSession;
use crate::shell::Shell;

/// Whether the server of a session forgives a refresh token that comes twice.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReplayOf {
    /// The session's name.
    pub session: String,
    /// What the user says. Null: what was learned counts.
    pub replay: Option<Replay>,
}

/// Reads what is known of a session's server.
#[tauri::command]
pub(crate) async fn read_profile(shell: State<'_, Shell>, args: OfSession) -> Result<Known> {
    shell.engine().await?.profile(&args.session)
}

/// Takes the user's word for it.
#[tauri::command]
pub(crate) async fn choose_replay(shell: State<'_, Shell>, args: ReplayOf) -> Result<Known> {
    let engine = shell.engine().await?;
    engine.choose_replay(&args.session, args.replay).await?;
    engine.profile(&args.session)
}

/// Forgets what was learned.
#[tauri::command]
pub(crate) async fn forget_profile(shell: State<'_, Shell>, args: OfSession) -> Result<Known> {
    let engine = shell.engine().await?;
    engine.forget_profile(&args.session).await?;
    engine.profile(&args.session)
}
