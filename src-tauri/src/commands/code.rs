//! Commands about a request as code. None of them has a secret in it.

use sandglass_engine::code::{self, Language};
use sandglass_engine::error::Result;
use sandglass_engine::exchange::draft::Draft;
use serde::{Deserialize, Serialize};
use tauri::State;
use ts_rs::TS;

use super::Nothing;
use crate::shell::Shell;

/// What is written as what.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CodeOf {
    /// The request.
    pub draft: Draft,
    /// The language.
    pub language: Language,
}

/// A request as code.
#[derive(Debug, Serialize, TS)]
pub struct WrittenCode {
    /// All of it, runnable as it stands.
    pub text: String,
}

/// Writes a request as code. Its token is not in it; a comment says where it goes.
#[tauri::command]
pub(crate) async fn write_code(shell: State<'_, Shell>, args: CodeOf) -> Result<WrittenCode> {
    let text = code::write(
        args.draft,
        &shell.engine().await?.workspace(),
        args.language,
    )?;
    Ok(WrittenCode { text })
}

/// Puts a request as code into the clipboard.
#[tauri::command]
pub(crate) async fn copy_code(shell: State<'_, Shell>, args: CodeOf) -> Result<Nothing> {
    let text = code::write(
        args.draft,
        &shell.engine().await?.workspace(),
        args.language,
    )?;
    shell.clipboard.copy_text(text).await?;
    Ok(Nothing {})
}
