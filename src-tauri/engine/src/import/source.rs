//! What an import is read from: the bytes of a file, or the files of a folder, within limits; and whether to go on.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::invalid;
use crate::error::{Code, Failure, Result};

/// Largest file that is read, in bytes; also what the files of a folder may have together.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Files of a folder.
const FILES_MAX: usize = 20_000;
/// Folders inside each other.
const DEPTH_MAX: usize = 32;

/// Where the bytes are from.
#[derive(Debug)]
pub enum Source {
    /// One file, or what was pasted or dropped.
    File {
        /// The file's name without its folders.
        name: String,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A folder of files.
    Folder {
        /// The folder's name.
        name: String,
        /// Names below the folder, with `/` between their parts, and bytes; sorted.
        files: Vec<(String, Vec<u8>)>,
    },
}

impl Source {
    /// What people would call it.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Folder { name, .. } => name,
        }
    }

    /// Reads a file, or the files of a folder that an import may consist of. Links are not followed.
    ///
    /// # Errors
    /// `import.invalid` where it cannot be read, or is larger than may be.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if path.is_dir() {
            let mut files = Vec::new();
            let mut left = FILE_BYTES_MAX;
            walk(path, "", 1, &mut left, &mut files)?;
            files.sort();
            return Ok(Self::Folder { name, files });
        }
        let mut left = FILE_BYTES_MAX;
        let bytes = bytes_of(path, &mut left)?;
        Ok(Self::File { name, bytes })
    }
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    left: &mut u64,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<()> {
    if depth > DEPTH_MAX {
        return Err(unreadable(
            folder,
            &format!("folders are read {DEPTH_MAX} deep, and this is deeper"),
        ));
    }
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, &format!("{prefix}{name}/"), depth + 1, left, files)?;
        } else if kind.is_file()
            && (name.ends_with(".bru") || name == "bruno.json" || name == "opencollection.yml")
        {
            if files.len() == FILES_MAX {
                return Err(unreadable(
                    folder,
                    &format!("more than {FILES_MAX} files are not read"),
                ));
            }
            files.push((format!("{prefix}{name}"), bytes_of(&path, left)?));
        }
    }
    Ok(())
}

fn bytes_of(path: &Path, left: &mut u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(*left + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
        unreadable(
            path,
            &format!("at most {} MB are read", FILE_BYTES_MAX / 1024 / 1024),
        )
    })?;
    Ok(bytes)
}

fn unreadable(path: &Path, detail: &dyn std::fmt::Display) -> Failure {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    invalid(&name, &detail.to_string())
}

/// How far an import is, and whether it is still wanted. Shared with whoever waits for it.
#[derive(Debug, Default)]
pub struct Watch {
    requests: AtomicUsize,
    stopped: AtomicBool,
}

impl Watch {
    /// Requests that were read.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Ends it at the next request.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn one_more(&self) -> Result<()> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.check()
    }

    /// Whether it goes on.
    ///
    /// # Errors
    /// `request.stopped`.
    pub fn check(&self) -> Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Failure::new(Code::RequestStopped));
        }
        Ok(())
    }
}
