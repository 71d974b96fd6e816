//! Commands about the requests that are open in the window.

use sandglass_engine::error::Result;
use sandglass_engine::notebook::tabs::{KeptTab, OpenTabs};
use serde::Deserialize;
use tauri::State;
use ts_rs::TS;

use super::{Nothing, aside};
use crate::shell::Shell;

/// The order of the tabs.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ArrangeTabs {
    /// Their ids.
    pub order: Vec<u32>,
    /// The one on show.
    pub active: u32,
}

/// Reads what was open in this workspace.
#[tauri::command]
pub(crate) async fn read_tabs(shell: State<'_, Shell>, args: Nothing) -> Result<OpenTabs> {
    let Nothing {} = args;
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.tabs(&place)).await?
}

/// Keeps what is written in one tab.
#[tauri::command]
pub(crate) async fn keep_tab(shell: State<'_, Shell>, args: KeptTab) -> Result<Nothing> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.keep_tab(&place, &args)).await??;
    Ok(Nothing {})
}

/// Keeps which tabs there are.
#[tauri::command]
pub(crate) async fn arrange_tabs(shell: State<'_, Shell>, args: ArrangeTabs) -> Result<Nothing> {
    let opened = shell.opened().await?;
    let (notebook, place) = (opened.notebook.clone(), opened.place());
    aside(move || notebook.arrange_tabs(&place, &args.order, args.active)).await??;
    Ok(Nothing {})
}
