//! A folder for what is saved while the workspace lives in memory only: of the user's choice, and a workspace from then on.

use std::path::PathBuf;

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::workspace::writer;
use tauri::AppHandle;

use crate::shell::Shell;

/// Lets the user choose a folder, and makes it a workspace where it is none.
///
/// # Errors
/// `workspace.in_memory` where none was chosen; `workspace.unwritable`.
pub(crate) async fn choose(app: &AppHandle, shell: &Shell) -> Result<PathBuf> {
    let title = "A folder for your new workspace";
    let Some(folder) = shell.confirm.choose_folder(app, title).await? else {
        return Err(Failure::new(Code::WorkspaceInMemory));
    };
    let name = folder.file_name().map_or_else(
        || "Workspace".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    match writer::create(&folder, &name) {
        Err(failure) if failure.code != Code::WorkspaceExists => Err(failure),
        Ok(()) | Err(_) => Ok(folder),
    }
}
