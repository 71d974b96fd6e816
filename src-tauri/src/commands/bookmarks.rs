//! Commands about what the user marked in the timeline of this workspace.

use sandglass_engine::error::Result;
use tauri::State;

use super::{Nothing, aside};
use crate::bookmarks::Bookmarks;
use crate::shell::Shell;

/// Reads what is kept.
#[tauri::command]
pub(crate) async fn read_bookmarks(shell: State<'_, Shell>, args: Nothing) -> Result<Bookmarks> {
    let Nothing {} = args;
    let workspace = shell.workspace().await?;
    Ok(shell.bookmarks.of(workspace.as_deref()))
}

/// Keeps it.
#[tauri::command]
pub(crate) async fn keep_bookmarks(shell: State<'_, Shell>, args: Bookmarks) -> Result<Nothing> {
    let workspace = shell.workspace().await?;
    let file = std::sync::Arc::clone(&shell.bookmarks);
    aside(move || file.keep(workspace.as_deref(), args)).await?;
    Ok(Nothing {})
}
