//! The files that a person chose in a dialog of the system: the only ones that the page may have sent.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use ts_rs::TS;

/// Files that are remembered as chosen; the oldest is forgotten first, and asked for again.
const PICKED_MAX: usize = 1_000;

/// A file that was chosen.
#[derive(Debug, Serialize, TS)]
pub struct PickedFile {
    /// Where it is.
    pub path: String,
    /// What it is called.
    pub name: String,
    /// Its length now. Null: it cannot be told.
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
}

/// What was chosen since the window was opened.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    paths: Mutex<VecDeque<PathBuf>>,
}

impl Picked {
    /// Remembers a file as chosen.
    pub(crate) fn take(&self, path: PathBuf) -> PickedFile {
        let file = PickedFile {
            path: path.display().to_string(),
            name: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            bytes: std::fs::metadata(&path).ok().map(|about| about.len()),
        };
        let mut paths = self.lock();
        // The page names it by the text that it was given.
        let shown = PathBuf::from(&file.path);
        paths.retain(|known| *known != shown);
        if paths.len() == PICKED_MAX {
            paths.pop_front();
        }
        paths.push_back(shown);
        file
    }

    /// The first of these files that was not chosen. `None`: all were.
    pub(crate) fn stranger<'p>(&self, files: &[&'p Path]) -> Option<&'p Path> {
        let paths = self.lock();
        files
            .iter()
            .copied()
            .find(|file| !paths.iter().any(|known| known == file))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<PathBuf>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_chosen_may_be_sent_and_the_oldest_is_forgotten_first() {
        let picked = Picked::default();
        let (mine, other) = (Path::new("/tmp/mine"), Path::new("/tmp/mine/../other"));
        assert_eq!(picked.stranger(&[mine]), Some(mine));
        assert_eq!(picked.take(mine.into()).name, "mine");
        assert_eq!(picked.stranger(&[mine]), None);
        assert_eq!(picked.stranger(&[mine, other]), Some(other));
        for number in 0..PICKED_MAX {
            picked.take(format!("/tmp/{number}").into());
        }
        assert_eq!(picked.stranger(&[mine]), Some(mine));
    }
}
