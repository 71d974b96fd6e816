//! Where the body of an answer goes: stdout, or a file that is replaced only by a whole body.

use std::path::{Path, PathBuf};

use sandglass_engine::exchange::outlet::Outlet;
use tempfile::NamedTempFile;

use super::exit::{Exit, Stop};

/// A body's way out.
pub(super) enum Output {
    Stdout,
    /// Written beside the file, and put in its place at the end.
    File {
        path: PathBuf,
        beside: NamedTempFile,
    },
    /// A device or a pipe: written as it is.
    Device(PathBuf),
}

impl Output {
    /// Where this path says; stdout without one.
    ///
    /// # Errors
    /// Where nothing can be written there. Nothing was sent then.
    pub(super) fn to(path: Option<PathBuf>) -> Result<Self, Stop> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
            return Ok(Self::Device(path));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let beside = tempfile::Builder::new()
            .prefix(".sandglass-")
            .suffix(".part")
            .tempfile_in(folder)
            .map_err(|error| unwritable(&path, &error))?;
        Ok(Self::File { path, beside })
    }

    /// What the engine writes to.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub(super) fn outlet(&self) -> Result<Outlet, Stop> {
        let (path, file) = match self {
            Self::Stdout => return Ok(Outlet::new(tokio::io::stdout())),
            Self::File { path, beside } => (path, beside.reopen()),
            Self::Device(path) => (path, std::fs::OpenOptions::new().write(true).open(path)),
        };
        let file = file.map_err(|error| unwritable(path, &error))?;
        Ok(Outlet::new(tokio::fs::File::from_std(file)))
    }

    /// The body is whole.
    ///
    /// # Errors
    /// Where the file cannot be put in its place.
    pub(super) fn keep(self) -> Result<(), Stop> {
        match self {
            Self::File { path, beside } => beside
                .persist(&path)
                .map(drop)
                .map_err(|error| unwritable(&path, &error.error)),
            Self::Stdout | Self::Device(_) => Ok(()),
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(
        Exit::File,
        format!("{} cannot be written: {error}", path.display()),
    )
}
