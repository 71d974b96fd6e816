//! The command that asks another HTTP client the same.

use sandglass_engine::error::Result;
use sandglass_engine::second_opinion::{AskOpinion, SecondOpinion};
use tauri::State;

use crate::shell::Shell;

/// Asks once more what a send of this run asked, and compares the answers.
#[tauri::command]
pub(crate) async fn ask_second_opinion(
    shell: State<'_, Shell>,
    args: AskOpinion,
) -> Result<SecondOpinion> {
    shell.engine().await?.second_opinion(args).await
}
