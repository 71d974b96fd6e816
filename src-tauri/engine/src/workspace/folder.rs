//! The files of a workspace's folder: which there are, and their texts, within limits.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::invalid;
use crate::error::{Failure, Result};

/// Files of one kind that are read from a workspace; more are reported, not read.
const FILES_MAX: usize = 10_000;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Folders inside each other that are looked into.
const DEPTH_MAX: usize = 8;

/// How far the files of one kind may lie apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All in one folder.
    Flat,
    /// In folders inside it too. A link to a folder is not followed.
    Nested,
}

/// The TOML files of one folder by their ids, sorted: `orders/list` for `orders/list.toml`. A missing folder holds none.
pub(super) fn files(
    folder: &Path,
    depth: Depth,
    failures: &mut Vec<Failure>,
) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), folder.to_path_buf(), 1)];
    while let Some((prefix, folder, level)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                failures.push(invalid(&folder, None, &error));
                continue;
            }
        };
        for entry in entries {
            let about = entry.and_then(|entry| Ok((entry.file_type()?, entry.path())));
            let (kind, path) = match about {
                Ok(about) => about,
                Err(error) => {
                    failures.push(invalid(&folder, None, &error));
                    continue;
                }
            };
            let name = |part: Option<&std::ffi::OsStr>| {
                part.and_then(|part| part.to_str())
                    .map(|part| format!("{prefix}{part}"))
            };
            if kind.is_dir() {
                if depth == Depth::Nested
                    && let Some(prefix) = name(path.file_name())
                {
                    if level == DEPTH_MAX {
                        let detail =
                            format!("folders are read {DEPTH_MAX} deep, and this is deeper");
                        failures.push(invalid(&path, None, &detail));
                    } else {
                        folders.push((format!("{prefix}/"), path, level + 1));
                    }
                }
            } else if path.extension().is_some_and(|ending| ending == "toml")
                && let Some(id) = name(path.file_stem())
            {
                found.push((id, path));
            }
        }
    }
    found.sort();
    if found.len() > FILES_MAX {
        let detail = format!(
            "only the first {FILES_MAX} of {} files are read",
            found.len()
        );
        failures.push(invalid(folder, None, &detail));
        found.truncate(FILES_MAX);
    }
    found
}

/// The text of one file.
pub(super) fn text(path: &Path) -> Result<String> {
    let about = std::fs::metadata(path).map_err(|error| invalid(path, None, &error))?;
    // A pipe or a device may never end.
    if !about.is_file() {
        return Err(invalid(path, None, &"it is no plain file"));
    }
    let length = about.len();
    if length > FILE_BYTES_MAX {
        return Err(invalid(
            path,
            None,
            &format!("it has {length} bytes, and at most {FILE_BYTES_MAX} are read"),
        ));
    }
    std::fs::read_to_string(path).map_err(|error| invalid(path, None, &error))
}
