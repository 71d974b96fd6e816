//! Several files of a workspace at once: each is read as it would be later, then all are written beside their places, and
//! only then do they take them. Where that fails half way, what was there is put back.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Lasts, beside, put, sync_folder, unwritable};
use crate::error::{Code, Failure, Result};
use crate::workspace::environment::{self, Variables};
use crate::workspace::{
    invalid, read_manifest_text, request_file, session_file, variables_anywhere,
};

/// Files of one batch.
pub const BATCH_FILES_MAX: usize = 12_000;

/// New files that are waited for one by one. More are made to last in one call, where the system has that: waiting for the
/// disk thousands of times takes minutes.
#[cfg(target_os = "linux")]
const SYNCED_ALONE_MAX: usize = 64;

/// A file as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is below the workspace's folder, with `/` between the parts.
    pub path: String,
    /// The text that it takes the place of. Absent: there must be none.
    pub before: Option<String>,
    /// The text.
    pub after: String,
}

/// Writes all of them, or none. `go_on` is asked before each file; after the first one has its place it is not.
///
/// # Errors
/// `workspace.invalid` with what the reader would refuse, or a path that leaves the folder; `workspace.exists`,
/// `workspace.changed` where somebody else was faster; `workspace.unwritable`; that of `go_on`. Nothing has changed then.
pub fn write_all(
    folder: &Path,
    changes: &[FileChange],
    go_on: &dyn Fn() -> Result<()>,
) -> Result<()> {
    if changes.len() > BATCH_FILES_MAX {
        let detail = format!("at most {BATCH_FILES_MAX} files are written at once");
        return Err(invalid(folder, None, &detail));
    }
    let folder = folder
        .canonicalize()
        .map_err(|error| invalid(folder, None, &error))?;
    let mut paths = Vec::with_capacity(changes.len());
    for change in changes {
        paths.push(inside(&folder, &change.path)?);
    }
    readable(&folder, changes, &paths)?;
    let mut made = Folders::default();
    let staged = stage(changes, &paths, &mut made, go_on);
    let done = staged.and_then(|staged| {
        all_last(&folder, changes, &staged).map_err(|error| unwritable(&folder, &error))?;
        put_all(changes, &paths, staged)
    });
    match done {
        Ok(()) => {
            let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
            // What lies in a new folder lasts with the folder's own name.
            for folder in folders {
                sync_folder(&folder.join("."));
            }
            Ok(())
        }
        Err(failure) => {
            made.remove_empty();
            Err(failure)
        }
    }
}

/// Where a file is. Its path has plain parts only, and none of its folders is a link that leads out.
pub(super) fn inside(folder: &Path, path: &str) -> Result<PathBuf> {
    let relative = Path::new(path);
    let plain = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let refused = || {
        invalid(
            &folder.join(path),
            None,
            &"it would not be inside the workspace",
        )
    };
    if !plain || path.is_empty() || path.contains('\\') {
        return Err(refused());
    }
    let whole = folder.join(relative);
    let there = whole.ancestors().skip(1).find(|ancestor| ancestor.exists());
    let real = there.and_then(|there| there.canonicalize().ok());
    let is_link = fs::symlink_metadata(&whole).is_ok_and(|about| about.is_symlink());
    if is_link || !real.is_some_and(|real| real.starts_with(folder)) {
        return Err(refused());
    }
    Ok(whole)
}

/// Whether every text is what the reader of its folder takes.
fn readable(folder: &Path, changes: &[FileChange], paths: &[PathBuf]) -> Result<()> {
    let mut variables = variables_anywhere(folder);
    let each = || changes.iter().zip(paths);
    for (change, path) in each() {
        let more: Option<Variables> = if change.path == "workspace.toml" {
            Some(read_manifest_text(path, &change.after)?.1)
        } else if change.path.starts_with("environments/") {
            Some(environment::read("", path, &change.after)?.variables)
        } else {
            None
        };
        if let Some(more) = more {
            variables = variables.with(&more);
        }
    }
    let filler = variables.filler();
    for (change, path) in each() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if change.path.starts_with("requests/") {
            request_file::read(&name, path, &change.after)?;
        } else if change.path.starts_with("sessions/") {
            session_file::read(&name, path, &change.after, &filler)?;
        }
    }
    Ok(())
}

/// The folders that were made for it.
#[derive(Default)]
struct Folders(Vec<PathBuf>);

impl Folders {
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|ancestor| !ancestor.exists())
            .collect();
        fs::create_dir_all(folder)?;
        self.0
            .extend(missing.into_iter().rev().map(Path::to_path_buf));
        Ok(())
    }

    fn remove_empty(&self) {
        for folder in self.0.iter().rev() {
            // One that somebody else has put something into stays.
            let _: io::Result<()> = fs::remove_dir(folder);
        }
    }
}

fn stage(
    changes: &[FileChange],
    paths: &[PathBuf],
    made: &mut Folders,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Vec<tempfile::TempPath>> {
    let mut staged = Vec::with_capacity(changes.len().min(BATCH_FILES_MAX));
    for (change, path) in changes.iter().zip(paths) {
        go_on()?;
        match &change.before {
            // Only the user's own edits are read back within the reader's limit; a record may be longer.
            Some(before) if fs::read_to_string(path).ok().as_ref() != Some(before) => {
                return Err(Failure::new(Code::WorkspaceChanged).with("path", path.display()));
            }
            None if path.exists() => {
                return Err(Failure::new(Code::WorkspaceExists).with("path", path.display()));
            }
            Some(_) | None => {}
        }
        let folder = path.parent().unwrap_or(path);
        let lasts = if change.before.is_some() {
            Lasts::BeforeItsName
        } else {
            Lasts::WithTheOthers
        };
        let file = made
            .make(folder)
            .and_then(|()| beside(folder, path, &change.after, change.before.is_some(), lasts))
            .map_err(|error| unwritable(path, &error))?;
        // Closed at once: a batch has more files than a process may have open.
        staged.push(file.into_temp_path());
    }
    Ok(staged)
}

/// Waits until the texts of the new files are on the disk: a power cut leaves none of them empty under its name.
fn all_last(
    folder: &Path,
    changes: &[FileChange],
    staged: &[tempfile::TempPath],
) -> io::Result<()> {
    let new: Vec<&tempfile::TempPath> = changes
        .iter()
        .zip(staged)
        .filter(|(change, _)| change.before.is_none())
        .map(|(_, file)| file)
        .collect();
    #[cfg(target_os = "linux")]
    if new.len() > SYNCED_ALONE_MAX {
        return Ok(rustix::fs::syncfs(fs::File::open(folder)?)?);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = folder;
    for file in new {
        fs::OpenOptions::new().write(true).open(file)?.sync_all()?;
    }
    Ok(())
}

fn put_all(
    changes: &[FileChange],
    paths: &[PathBuf],
    staged: Vec<tempfile::TempPath>,
) -> Result<()> {
    for (index, file) in staged.into_iter().enumerate() {
        if let Err(error) = put(file, &paths[index], changes[index].before.is_some()) {
            put_back(&changes[..index], paths);
            return Err(match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    Failure::new(Code::WorkspaceExists).with("path", paths[index].display())
                }
                _ => unwritable(&paths[index], &error),
            });
        }
    }
    Ok(())
}

/// As it was before, as far as the disk still lets us.
fn put_back(changes: &[FileChange], paths: &[PathBuf]) {
    for (change, path) in changes.iter().zip(paths).rev() {
        let folder = path.parent().unwrap_or(path);
        let undone = match &change.before {
            Some(before) => beside(folder, path, before, true, Lasts::BeforeItsName)
                .and_then(|file| put(file.into_temp_path(), path, true)),
            None => fs::remove_file(path),
        };
        if let Err(error) = undone {
            tracing::warn!(%error, path = %path.display(), "a file of a batch that failed could not be put back");
        }
    }
}
