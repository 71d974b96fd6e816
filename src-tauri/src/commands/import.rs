//! Commands about imports: read, shown, and written as a whole or not at all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sandglass_engine::engine::Engine;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::import;
use sandglass_engine::import::placing::{self, ImportPlan, ImportPreview, SessionChoice};
use sandglass_engine::import::source::{Source, Watch};
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::workspace::SavedRequest;
use sandglass_engine::workspace::writer::batch;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Nothing, aside};
use crate::shell::Shell;

/// A file, or a folder of Bruno.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PickImport {
    /// A folder is chosen, and not a file.
    pub folder: bool,
}

/// A text that was pasted.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ImportText {
    /// All of it.
    pub text: String,
}

/// What becomes of the sessions of an import.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ImportChoices {
    /// By their names in the import; the others as is usual.
    pub sessions: BTreeMap<String, SessionChoice>,
}

/// How far an import is.
#[derive(Debug, Serialize, TS)]
pub struct ImportProgress {
    /// Requests that were read so far.
    #[ts(type = "number")]
    pub requests: usize,
}

/// What came of an import.
#[derive(Debug, Serialize, TS)]
pub struct ImportDone {
    /// The folder that was written to, where it is not the one that is open. The next start opens it.
    pub folder: Option<String>,
    /// The saved requests as they are now.
    pub requests: Vec<SavedRequest>,
    /// What could not be read afterwards.
    pub failures: Vec<Failure>,
    /// The newest event.
    pub newest: EventKey,
}

/// Lets the user choose a file or a folder, and reads it. Null: none was chosen.
#[tauri::command]
pub(crate) async fn pick_import(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: PickImport,
) -> Result<Option<ImportPreview>> {
    let confirm = &shell.confirm;
    let chosen = match args.folder {
        true => confirm.choose_folder(&app, "A folder of Bruno").await?,
        false => confirm.pick_file(&app, "A file to import").await?,
    };
    match chosen {
        Some(path) => read(&shell, Given::Path(path)).await.map(Some),
        None => Ok(None),
    }
}

/// Waits for a file or a folder that is dropped on the window, and reads it. Null: another call waits since.
#[tauri::command]
pub(crate) async fn take_drop(
    shell: State<'_, Shell>,
    args: Nothing,
) -> Result<Option<ImportPreview>> {
    let Nothing {} = args;
    match shell.imports.next_drop().await {
        Some(path) => read(&shell, Given::Path(path)).await.map(Some),
        None => Ok(None),
    }
}

/// Reads a text that was pasted.
#[tauri::command]
pub(crate) async fn read_import(
    shell: State<'_, Shell>,
    args: ImportText,
) -> Result<ImportPreview> {
    read(&shell, Given::Text(args.text)).await
}

/// Plans what was read anew, with these choices.
#[tauri::command]
pub(crate) async fn plan_import(
    shell: State<'_, Shell>,
    args: ImportChoices,
) -> Result<ImportPreview> {
    let (read, _) = shell.imports.current()?;
    let engine = shell.engine().await?;
    Ok(engine.plan_import(read, args.sessions).await?.preview)
}

/// How far the reading is.
#[tauri::command]
pub(crate) async fn import_progress(
    shell: State<'_, Shell>,
    args: Nothing,
) -> Result<ImportProgress> {
    let Nothing {} = args;
    Ok(ImportProgress {
        requests: shell.imports.requests(),
    })
}

/// Ends an import where it stands; nothing half is written.
#[tauri::command]
pub(crate) async fn stop_import(shell: State<'_, Shell>, args: Nothing) -> Result<Nothing> {
    shell.imports.stop();
    Ok(args)
}

/// Writes what was read, all of it or nothing. A workspace that lives in memory is given a folder first, by the user.
#[tauri::command]
pub(crate) async fn write_import(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: ImportChoices,
) -> Result<ImportDone> {
    let (read, watch) = shell.imports.current()?;
    let engine = shell.engine().await?;
    let mut done = ImportDone {
        folder: None,
        requests: Vec::new(),
        failures: Vec::new(),
        newest: engine.timeline().newest(),
    };
    if engine.workspace().path.is_some() {
        let plan = engine.plan_import(read, args.sessions).await?;
        done.failures = engine.write_import(plan, watch).await?;
    } else {
        let title = "A folder for your new workspace";
        let Some(folder) = shell.confirm.choose_folder(&app, title).await? else {
            return Err(Failure::new(Code::WorkspaceInMemory));
        };
        let written = folder.clone();
        aside(move || {
            let plan = placing::plan(Some(&written), &read, &args.sessions)?;
            write(&written, &plan, &watch)
        })
        .await??;
        shell.settings.keep_workspace(Some(&folder), None);
        done.folder = Some(folder.display().to_string());
    }
    shell.imports.stop();
    done.requests = requests(engine);
    done.newest = engine.timeline().newest();
    Ok(done)
}

fn write(folder: &std::path::Path, plan: &ImportPlan, watch: &Watch) -> Result<()> {
    batch::write_all(folder, &plan.changes, &|| watch.check())
}

fn requests(engine: &Engine) -> Vec<SavedRequest> {
    engine.workspace().requests.clone()
}

/// Where an import comes from.
enum Given {
    Path(PathBuf),
    Text(String),
}

async fn read(shell: &Shell, given: Given) -> Result<ImportPreview> {
    let watch = shell.imports.begin();
    let read = aside({
        let watch = Arc::clone(&watch);
        move || {
            let source = match given {
                Given::Path(path) => Source::open(&path)?,
                Given::Text(text) => Source::File {
                    name: "Pasted".to_owned(),
                    bytes: text.into_bytes(),
                },
            };
            import::read(&source, &watch)
        }
    });
    let read = shell.imports.keep(&watch, read.await??)?;
    let engine = shell.engine().await?;
    Ok(engine.plan_import(read, BTreeMap::new()).await?.preview)
}
