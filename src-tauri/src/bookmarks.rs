//! What a user marked in the timeline of a workspace: events, a stretch, the filter in force and those saved by name.
//!
//! One small file in the data folder, written whole beside the old one and renamed over it. It can be lost without harm, so
//! what cannot be read is set aside and everything begins anew. It holds no secret: filters are masked like the log.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sandglass_engine::clock::{Clock as _, SystemClock, WallMs};
use sandglass_engine::error::{Code, Failure};
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::timeline::filter::FILTER_CHARS_MAX;
use serde::{Deserialize, Serialize};

use crate::log;

/// The file's name in the data folder.
pub const FILE: &str = "bookmarks.json";
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Workspaces that are remembered. Beyond that nothing is kept for another one.
const WORKSPACES_MAX: usize = 64;
/// Marks of one workspace; the oldest go.
pub const MARKS_MAX: usize = 500;
/// Saved filters of one workspace; the oldest go.
pub const FILTERS_MAX: usize = 50;
/// Characters of a saved filter's name.
pub const NAME_CHARS_MAX: usize = 60;

/// What is kept for one workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct Bookmarks {
    /// The events that were marked, in the order in which they were.
    pub marks: Vec<Mark>,
    /// The stretch that was chosen.
    pub range: Option<Stretch>,
    /// The filter in force.
    pub filter: String,
    /// The filters that have names, in the order in which they were saved.
    pub filters: Vec<SavedFilter>,
}

/// One event that was marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Which one.
    pub key: EventKey,
    /// When it happened, by the local clock.
    pub at_ms: WallMs,
}

/// A stretch of the local clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Its beginning.
    pub from_ms: WallMs,
    /// Its end.
    pub to_ms: WallMs,
}

/// A filter with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct SavedFilter {
    /// What the user calls it.
    pub name: String,
    /// Its words.
    pub filter: String,
}

impl Bookmarks {
    /// The same within bounds, and without what looks like a secret.
    fn fit(mut self) -> Self {
        self.marks
            .drain(..self.marks.len().saturating_sub(MARKS_MAX));
        let over = self.filters.len().saturating_sub(FILTERS_MAX);
        self.filters.drain(..over);
        self.filter = kept(&self.filter, FILTER_CHARS_MAX);
        for saved in &mut self.filters {
            saved.name = kept(&saved.name, NAME_CHARS_MAX);
            saved.filter = kept(&saved.filter, FILTER_CHARS_MAX);
        }
        self
    }
}

fn kept(text: &str, chars_max: usize) -> String {
    log::mask(text).chars().take(chars_max).collect()
}

/// The bookmarks of every workspace, by the workspace's folder; the demo's has no name.
type All = BTreeMap<String, Bookmarks>;

/// The file of the bookmarks.
pub(crate) struct BookmarksFile {
    path: PathBuf,
    all: Mutex<All>,
    notice: Option<Failure>,
}

impl BookmarksFile {
    /// Reads the file in this data folder. Where it is broken, the notice says so, and there are none.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let (all, notice) = match read(&path) {
            Ok(all) => (all, None),
            Err(error) => (All::new(), Some(set_aside(&path, &error))),
        };
        Self {
            path,
            all: Mutex::new(all),
            notice,
        }
    }

    /// What was wrong with the file at the start.
    pub(crate) fn notice(&self) -> Option<Failure> {
        self.notice.clone()
    }

    /// What is kept for this workspace. None: the demo.
    pub(crate) fn of(&self, workspace: Option<&str>) -> Bookmarks {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(workspace.unwrap_or_default())
            .cloned()
            .unwrap_or_default()
    }

    /// Keeps them. Blocks on the disk. Where that fails they hold for this run, and only the next start misses them.
    pub(crate) fn keep(&self, workspace: Option<&str>, bookmarks: Bookmarks) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let name = workspace.unwrap_or_default();
        if !all.contains_key(name) && all.len() >= WORKSPACES_MAX {
            return;
        }
        all.insert(name.to_owned(), bookmarks.fit());
        if let Err(error) = write(&self.path, &all) {
            tracing::warn!(%error, "the bookmarks could not be written");
        }
    }
}

fn read(path: &Path) -> io::Result<All> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(All::new()),
        Err(error) => return Err(error),
    };
    if length > FILE_BYTES_MAX {
        let detail = format!("it has {length} bytes, and at most {FILE_BYTES_MAX} are read");
        return Err(io::Error::other(detail));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn write(path: &Path, all: &All) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    fs::write(&fresh, serde_json::to_vec(all)?)?;
    fs::rename(fresh, path)
}

fn set_aside(path: &Path, error: &io::Error) -> Failure {
    let aside = path.with_file_name(format!("{FILE}.corrupt-{}", SystemClock::default().wall()));
    let failure = Failure::new(Code::BookmarksCorrupt)
        .with("path", path.display())
        .with("detail", error);
    match fs::rename(path, &aside) {
        Ok(()) => failure.with("kept_as", aside.display()),
        Err(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seq: u64) -> Mark {
        Mark {
            key: EventKey { run: 1, seq },
            at_ms: WallMs(0),
        }
    }

    fn named(name: &str, filter: &str) -> SavedFilter {
        SavedFilter {
            name: name.to_owned(),
            filter: filter.to_owned(),
        }
    }

    #[test]
    fn they_are_kept_over_a_restart_and_each_workspace_has_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let bookmarks = Bookmarks {
            marks: vec![mark(7)],
            range: Some(Stretch {
                from_ms: WallMs(1),
                to_ms: WallMs(2),
            }),
            filter: "is:failed".to_owned(),
            filters: vec![named("refusals", "status:401")],
        };
        BookmarksFile::open(folder.path()).keep(Some("/home/ada/shop"), bookmarks.clone());
        let again = BookmarksFile::open(folder.path());
        assert_eq!(again.of(Some("/home/ada/shop")), bookmarks);
        assert_eq!(again.of(None), Bookmarks::default());
        assert_eq!(again.notice(), None);
    }

    #[test]
    fn what_looks_like_a_secret_is_masked_and_the_oldest_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = BookmarksFile::open(folder.path());
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1LTE3In0.c2lnbmF0dXJl";
        let many = u64::try_from(MARKS_MAX).expect("a number") + 3;
        file.keep(
            None,
            Bookmarks {
                marks: (0..many).map(mark).collect(),
                filter: token.to_owned(),
                filters: vec![named(token, &format!("host:api.test {token}"))],
                ..Bookmarks::default()
            },
        );
        let text = fs::read_to_string(folder.path().join(FILE)).expect("a file");
        assert!(
            !text.contains(token) && text.contains("host:api.test"),
            "{text}"
        );
        let kept = file.of(None);
        assert_eq!((kept.marks.len(), kept.marks[0].key.seq), (MARKS_MAX, 3));
    }

    #[test]
    fn a_broken_file_is_set_aside_and_said() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["{ torn", "[]", r#"{"": {"marks": [7]}}"#] {
            fs::write(folder.path().join(FILE), text).expect("a file");
            let file = BookmarksFile::open(folder.path());
            assert_eq!(file.of(None), Bookmarks::default());
            let notice = file.notice().expect("the user is told");
            assert_eq!(notice.code, Code::BookmarksCorrupt);
            let aside = fs::read_to_string(&notice.params["kept_as"]).expect("it is kept");
            assert_eq!(aside, text);
        }
    }
}
