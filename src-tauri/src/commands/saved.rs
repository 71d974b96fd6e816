//! Commands about saved requests: the files of the workspace that is open.

use sandglass_engine::engine::saving;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::workspace::SavedRequest;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::Nothing;
use crate::elsewhere;
use crate::shell::Shell;

/// The saved requests, and what of the workspace could not be read.
#[derive(Debug, Serialize, TS)]
pub struct SavedRequests {
    /// All of them, by id.
    pub requests: Vec<SavedRequest>,
    /// The files that were left out when the folder was read last.
    pub unreadable: Vec<Failure>,
}

/// Which saved request.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfSaved {
    /// Its id.
    pub id: String,
}

/// Which saved request, in the state in which it was read.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteRequest {
    /// Its id.
    pub id: String,
    /// What was read before.
    pub revision: String,
}

/// A request that has no file yet.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// The folders that it is to be in, with `/` between them. Empty: none.
    pub collection: String,
    /// The request; its id and revision do not count.
    pub request: SavedRequest,
}

/// A request that has a file now.
#[derive(Debug, Serialize, TS)]
pub struct Created {
    /// As it was written.
    pub request: SavedRequest,
    /// The folder that it was written to, where that is not the one that is open.
    pub folder: Option<String>,
}

/// A saved request, and where it is to be.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// Its id until now.
    pub id: String,
    /// What was read before.
    pub revision: String,
    /// The folders that it is to be in, with `/` between them. Empty: none.
    pub collection: String,
    /// What it is to be called.
    pub name: String,
}

/// Lists the saved requests.
#[tauri::command]
pub(crate) async fn list_requests(shell: State<'_, Shell>, args: Nothing) -> Result<SavedRequests> {
    let Nothing {} = args;
    let requests = shell.engine().await?.workspace().requests.clone();
    Ok(SavedRequests {
        requests,
        unreadable: shell.unreadable(),
    })
}

/// Reads the file of one, as it is on disk now.
#[tauri::command]
pub(crate) async fn read_request_file(
    shell: State<'_, Shell>,
    args: OfSaved,
) -> Result<SavedRequest> {
    shell.engine().await?.read_request_file(&args.id).await
}

/// Writes the file of one.
#[tauri::command]
pub(crate) async fn save_request(
    shell: State<'_, Shell>,
    args: SavedRequest,
) -> Result<SavedRequest> {
    if args.revision.is_none() {
        return Err(Failure::new(Code::WorkspaceChanged).with("path", &args.id));
    }
    shell.engine().await?.save_request(args).await
}

/// Writes one into a new file.
#[tauri::command]
pub(crate) async fn create_request(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: NewRequest,
) -> Result<Created> {
    let NewRequest {
        collection,
        request,
    } = args;
    let engine = shell.engine().await?;
    if engine.workspace().path.is_some() {
        return Ok(Created {
            request: engine.create_request(&collection, request).await?,
            folder: None,
        });
    }
    let folder = elsewhere::choose(&app, &shell).await?;
    let request = saving::create(&folder, &collection, request)?;
    shell.settings.keep_workspace(Some(&folder), None);
    Ok(Created {
        request,
        folder: Some(folder.display().to_string()),
    })
}

/// Gives one another name or place.
#[tauri::command]
pub(crate) async fn move_request(
    shell: State<'_, Shell>,
    args: MoveRequest,
) -> Result<SavedRequest> {
    let MoveRequest {
        id,
        revision,
        collection,
        name,
    } = args;
    let engine = shell.engine().await?;
    engine
        .move_request(&id, &revision, &collection, &name)
        .await
}

/// Removes the file of one.
#[tauri::command]
pub(crate) async fn delete_request(
    shell: State<'_, Shell>,
    args: DeleteRequest,
) -> Result<Nothing> {
    let engine = shell.engine().await?;
    engine.delete_request(&args.id, &args.revision).await?;
    Ok(Nothing {})
}
