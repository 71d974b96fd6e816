//! The workspace that a verb runs in, and the engine on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandglass_engine::Engine;
use sandglass_engine::engine::{Browser, Options};
use sandglass_engine::workspace::Workspace;

use super::exit::{Exit, Stop};
use super::say;
use crate::cli::Place;
use crate::print::failures;

/// The file that makes a folder a workspace.
const MANIFEST: &str = "workspace.toml";

/// The workspace of this folder or of one above it, unless another one is wanted.
fn folder(place: &Place) -> Result<Option<PathBuf>, Stop> {
    if let Some(folder) = &place.workspace {
        return Ok(Some(folder.clone()));
    }
    let here = std::env::current_dir()
        .map_err(|error| Stop::new(Exit::Workspace, format!("the current folder: {error}")))?;
    Ok(here
        .ancestors()
        .find(|folder| folder.join(MANIFEST).is_file())
        .map(Path::to_path_buf))
}

/// The folder of the workspace, or where a new one would be: here.
///
/// # Errors
/// Where the current folder is gone.
pub(super) fn folder_or_here(place: &Place) -> Result<PathBuf, Stop> {
    Ok(folder(place)?.unwrap_or_else(|| PathBuf::from(".")))
}

/// Reads the workspace. What cannot be used in it is said, and the rest is there.
///
/// # Errors
/// Where there is none, or it cannot be read at all.
pub(super) fn read(place: &Place, environment: Option<&str>) -> Result<Workspace, Stop> {
    let Some(folder) = folder(place)? else {
        return Err(Stop::new(
            Exit::Workspace,
            format!(
                "there is no {MANIFEST} in this folder or above it; name the workspace's folder by --workspace"
            ),
        ));
    };
    let (workspace, failures) = Workspace::read_in(&folder, environment)?;
    for failure in failures {
        say(&format!(
            "sandglass: left out: {}",
            failures::words(&failure)
        ));
    }
    Ok(workspace)
}

/// Reads the workspace, where there is one; else one without sessions, for addresses that need none.
///
/// # Errors
/// Where there is one and it cannot be read, or one is wanted.
pub(super) fn read_if_there(
    place: &Place,
    environment: Option<&str>,
    needed: bool,
) -> Result<Workspace, Stop> {
    if !needed && environment.is_none() && folder(place)?.is_none() {
        return Ok(Workspace::in_memory(
            "No workspace",
            "no workspace",
            Vec::new(),
            Vec::new(),
        ));
    }
    read(place, environment)
}

/// Opens an engine on it, and waits until it knows its sessions.
///
/// # Errors
/// `system.unavailable`.
pub(super) async fn open(workspace: Workspace, data_dir: PathBuf) -> Result<Engine, Stop> {
    open_with(workspace, data_dir, Options::default().browser).await
}

/// As [`open`], with what opens the user's browser.
pub(super) async fn open_with(
    workspace: Workspace,
    data_dir: PathBuf,
    browser: Arc<Browser>,
) -> Result<Engine, Stop> {
    let options = Options {
        data_folder: Some(data_dir),
        browser,
        ..Options::default()
    };
    let engine = Engine::open(workspace, options)?;
    for notice in engine.notices() {
        say(&format!("sandglass: {}", failures::words(notice)));
    }
    engine.settled().await;
    Ok(engine)
}
