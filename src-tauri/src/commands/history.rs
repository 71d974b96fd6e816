//! Commands about what was sent before.

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::notebook::history::{HistoryPage, SendKey, SentDraft};
use serde::{Deserialize, Serialize};
use tauri::State;
use ts_rs::TS;

use super::{Nothing, aside};
use crate::shell::Shell;

/// What to look for.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HistoryOf {
    /// Words that all have to be in it. Empty: everything.
    pub question: String,
    /// Only older ones than this.
    pub before: Option<SendKey>,
}

/// Whether a send stays when older ones go.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PinSent {
    /// Which.
    pub key: SendKey,
    /// It stays.
    pub pinned: bool,
}

/// What is to be forgotten.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ForgetSent {
    /// Which. Null: all of this workspace.
    pub key: Option<SendKey>,
}

/// What was looked for after it was forgotten.
#[derive(Debug, Serialize, TS)]
pub struct Forgotten {
    /// So many are left of it: none.
    pub left: u32,
}

/// Finds sends of the past.
#[tauri::command]
pub(crate) async fn read_history(shell: State<'_, Shell>, args: HistoryOf) -> Result<HistoryPage> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.history(&place, &args.question, args.before)).await?
}

/// Reads what was written for one.
#[tauri::command]
pub(crate) async fn read_sent(shell: State<'_, Shell>, args: SendKey) -> Result<Option<SentDraft>> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.sent(&place, args)).await?
}

/// Lets one stay.
#[tauri::command]
pub(crate) async fn pin_sent(shell: State<'_, Shell>, args: PinSent) -> Result<Nothing> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.pin(&place, args.key, args.pinned)).await??;
    Ok(Nothing {})
}

/// Forgets one, or all, and looks whether they are gone.
#[tauri::command]
pub(crate) async fn forget_sent(shell: State<'_, Shell>, args: ForgetSent) -> Result<Forgotten> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    let left = aside(move || notebook.forget(&place, args.key)).await??;
    if left > 0 {
        let detail = format!("{left} of what was to be deleted are still there");
        return Err(Failure::new(Code::DatabaseUnavailable).with("detail", detail));
    }
    Ok(Forgotten { left })
}
