//! Commands about the body of an answer: read in windows, found in, written to a file.

use sandglass_engine::error::{Code, Failure, Result};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{OfRequest, aside};
use crate::bodies::Kept;
use crate::shell::Shell;

/// Which part of a body.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BodyWindowOf {
    /// The send: R12.
    #[ts(type = "number")]
    pub request: u64,
    /// Where it begins, in bytes.
    #[ts(type = "number")]
    pub from: u64,
    /// At most so many bytes; never more than 256 KiB.
    #[ts(type = "number")]
    pub length: u64,
}

/// A part of a body.
#[derive(Debug, Serialize, TS)]
pub struct BodyWindow {
    /// Its bytes, two hexadecimal digits each.
    pub hex: String,
    /// Bytes that are there by now.
    #[ts(type = "number")]
    pub total: u64,
    /// Why there are no more, where the disk refused.
    pub broken: Option<String>,
}

/// What to look for in a body.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FindInBody {
    /// The send: R12.
    #[ts(type = "number")]
    pub request: u64,
    /// The text, byte for byte.
    pub text: String,
    /// Where to begin, in bytes.
    #[ts(type = "number")]
    pub from: u64,
}

/// Where a text was found.
#[derive(Debug, Serialize, TS)]
pub struct FoundInBody {
    /// In bytes. Null: nowhere.
    #[ts(type = "number | null")]
    pub at: Option<u64>,
}

/// How much of an answer is here by now.
#[derive(Debug, Serialize, TS)]
pub struct BodyProgress {
    /// In bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// A body that was written to a file.
#[derive(Debug, Serialize, TS)]
pub struct SavedBody {
    /// Where. Null: no file was named.
    pub path: Option<String>,
}

/// Reads a part of a body.
#[tauri::command]
pub(crate) async fn read_body(shell: State<'_, Shell>, args: BodyWindowOf) -> Result<BodyWindow> {
    let body = find(&shell, args.request).await?;
    let window = aside(move || body.read(args.from, args.length)).await?;
    let window = window.map_err(failed)?;
    Ok(BodyWindow {
        hex: hex(&window.bytes),
        total: window.total,
        broken: window.broken,
    })
}

/// Finds a text in a body.
#[tauri::command]
pub(crate) async fn find_in_body(shell: State<'_, Shell>, args: FindInBody) -> Result<FoundInBody> {
    let body = find(&shell, args.request).await?;
    let at = aside(move || body.find(args.text.as_bytes(), args.from)).await?;
    Ok(FoundInBody {
        at: at.map_err(failed)?,
    })
}

/// How much of an answer is here by now.
#[tauri::command]
pub(crate) async fn watch_body(shell: State<'_, Shell>, args: OfRequest) -> Result<BodyProgress> {
    let bytes = find(&shell, args.request).await?.bytes();
    Ok(BodyProgress { bytes })
}

/// Writes a body to a file that the user names in a dialog.
#[tauri::command]
pub(crate) async fn save_body(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: OfRequest,
) -> Result<SavedBody> {
    let body = find(&shell, args.request).await?;
    let name = format!("R{}.body", args.request);
    let title = "A file for the body of this answer";
    let Some(path) = shell.confirm.choose_file(&app, title, &name).await? else {
        return Ok(SavedBody { path: None });
    };
    let to = path.clone();
    aside(move || body.copy_to(&to)).await?.map_err(failed)?;
    Ok(SavedBody {
        path: Some(path.display().to_string()),
    })
}

async fn find(shell: &Shell, request: u64) -> Result<std::sync::Arc<Kept>> {
    let bodies = &shell.opened().await?.bodies;
    let gone = || {
        Failure::new(Code::OutputFailed).with("detail", "the body of this answer is no longer held")
    };
    bodies.find(request).ok_or_else(gone)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(Code::OutputFailed).with("detail", error)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
