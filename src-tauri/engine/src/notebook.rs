//! What the window remembers of a person's work: the requests that are open, written or half written, and what was sent. It
//! lives in a database of its own beside the timeline, and holds what people wrote, never a token of a session.

pub mod history;
pub(crate) mod secret_free;
pub mod tabs;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};
use crate::timeline::opening::{is_corrupt, set_aside, unavailable};

/// The file's name in the data folder.
pub const FILE: &str = "notebook.db";
/// Version of the tables; a newer one is left alone.
const SCHEMA: u32 = 1;
/// How long one process waits for another one's lock.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS tabs (
        place TEXT NOT NULL,
        id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        draft TEXT NOT NULL,
        PRIMARY KEY (place, id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS active_tabs (
        place TEXT PRIMARY KEY,
        id INTEGER NOT NULL
    ) WITHOUT ROWID;
";

/// The database.
pub struct Notebook {
    connection: Mutex<Connection>,
}

impl Notebook {
    /// Opens or creates it. A file that is no database is set aside, and one that cannot be used is done without for this
    /// run; the failure says so either way.
    ///
    /// # Errors
    /// `database.unavailable` where there is no memory for one either.
    pub fn open(path: &Path, now: WallMs) -> Result<(Self, Option<Failure>)> {
        match connect(path) {
            Ok(connection) => Ok((Self::over(connection), None)),
            Err(Unopened::Newer) => {
                let failure = Failure::new(Code::DatabaseNewer).with("path", path.display());
                Ok((Self::in_memory()?, Some(failure)))
            }
            Err(Unopened::Sqlite(error)) if is_corrupt(&error) => {
                let kept_as = set_aside(path, now).map_err(|error| unavailable(path, &error))?;
                let failure = Failure::new(Code::DatabaseCorrupt)
                    .with("path", path.display())
                    .with("kept_as", kept_as.display())
                    .with("detail", error);
                let fresh = match connect(path) {
                    Ok(connection) => Self::over(connection),
                    Err(_) => Self::in_memory()?,
                };
                Ok((fresh, Some(failure)))
            }
            Err(Unopened::Sqlite(error)) => {
                Ok((Self::in_memory()?, Some(unavailable(path, &error))))
            }
        }
    }

    /// One that ends with the process.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn in_memory() -> Result<Self> {
        let made = Connection::open_in_memory().and_then(|connection| {
            connection.execute_batch(TABLES)?;
            connection.execute_batch(history::TABLE)?;
            Ok(connection)
        });
        made.map(Self::over)
            .map_err(|error| unavailable(Path::new(FILE), &error))
    }

    fn over(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

enum Unopened {
    Newer,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unopened {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn connect(path: &Path) -> Result<Connection, Unopened> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > SCHEMA {
        return Err(Unopened::Newer);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was typed is on the disk once it is kept, also where the machine stops: it is little, and nobody waits for it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What was deleted is not left behind in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(history::TABLE)?;
    connection.pragma_update(None, "user_version", SCHEMA)?;
    Ok(connection)
}

/// A database that fails in the middle of its work.
fn failed(error: &rusqlite::Error) -> Failure {
    unavailable(Path::new(FILE), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebook::tabs::KeptTab;

    fn kept(notebook: &Notebook) -> Vec<String> {
        let tabs = notebook.tabs("shop").expect("readable").tabs;
        tabs.into_iter().map(|tab| tab.draft).collect()
    }

    fn keep(notebook: &Notebook) {
        let draft = "mine".to_owned();
        let tab = KeptTab { id: 1, draft };
        notebook.keep_tab("shop", &tab).expect("kept");
    }

    #[test]
    fn what_is_no_database_is_set_aside_and_one_of_tomorrow_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        std::fs::write(&path, "not a database at all, but long enough to look at").expect("a file");
        let (notebook, failure) = Notebook::open(&path, WallMs(7)).expect("usable");
        assert_eq!(
            failure.map(|failure| failure.code),
            Some(Code::DatabaseCorrupt)
        );
        keep(&notebook);
        drop(notebook);
        let (notebook, failure) = Notebook::open(&path, WallMs(8)).expect("usable");
        assert_eq!((kept(&notebook), failure), (vec!["mine".to_owned()], None));
        notebook
            .lock()
            .pragma_update(None, "user_version", SCHEMA + 1)
            .expect("tomorrow");
        drop(notebook);
        let (notebook, failure) = Notebook::open(&path, WallMs(9)).expect("usable in memory");
        assert_eq!(
            failure.map(|failure| failure.code),
            Some(Code::DatabaseNewer)
        );
        assert_eq!(kept(&notebook), Vec::<String>::new());
        keep(&notebook);
    }
}
