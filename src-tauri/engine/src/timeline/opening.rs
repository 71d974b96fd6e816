//! Opening the timeline's database: created, taken in from an older version, left alone where it is newer, set aside
//! where it is broken.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::event::SCHEMA;
use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};

/// Databases up to this size are checked page by page when they are opened.
const CHECKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long one connection waits for another one's lock.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT,
        started_ms INTEGER NOT NULL,
        pid INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS events (
        run INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        wall_ms INTEGER NOT NULL,
        session TEXT,
        request INTEGER,
        flight INTEGER,
        event TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS causal_groups (
        run INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        request INTEGER,
        summary TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) WITHOUT ROWID;
";
/// Databases of before have no such column; their events are placed by the next process that opens them.
const GROUP_COLUMN: &str = "ALTER TABLE events ADD COLUMN causal_group INTEGER";
const INDICES: &str = "
    CREATE INDEX IF NOT EXISTS events_by_request ON events (request) WHERE request IS NOT NULL;
    CREATE INDEX IF NOT EXISTS events_by_flight ON events (flight) WHERE flight IS NOT NULL;
    CREATE INDEX IF NOT EXISTS events_by_group ON events (run, causal_group) WHERE causal_group > 0;
    CREATE INDEX IF NOT EXISTS events_unplaced ON events (run, seq) WHERE causal_group IS NULL;
    CREATE INDEX IF NOT EXISTS groups_by_change ON causal_groups (changed);
    CREATE INDEX IF NOT EXISTS groups_by_request ON causal_groups (request) WHERE request IS NOT NULL;
";

/// Where a database is.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    File(&'a Path),
    Memory,
}

/// Creates what is missing; a database of an older version gets what it lacks.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    let has_groups = connection
        .prepare("SELECT 1 FROM pragma_table_info('events') WHERE name = 'causal_group'")?
        .exists([])?;
    if !has_groups {
        connection.execute_batch(GROUP_COLUMN)?;
    }
    connection.execute_batch(INDICES)?;
    connection.pragma_update(None, "user_version", SCHEMA)
}

/// The connection that writes, and the one that reads.
pub(super) fn connect(place: Place<'_>) -> Result<(Connection, Connection), OpenError> {
    let path = match place {
        Place::File(path) => path,
        Place::Memory => {
            static NUMBER: AtomicU64 = AtomicU64::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("file:timeline-{number}?mode=memory&cache=shared");
            let (writer, reader) = (Connection::open(&name)?, Connection::open(&name)?);
            // Readers of a shared cache would otherwise meet the writer's lock, for which nobody waits.
            reader.pragma_update(None, "read_uncommitted", true)?;
            return Ok((writer, reader));
        }
    };
    let writer = Connection::open(path)?;
    writer.busy_timeout(BUSY_LIMIT)?;
    let version: u32 = writer.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > SCHEMA {
        return Err(OpenError::Newer);
    }
    if std::fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_BYTES_MAX) {
        let found: String = writer.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(code, Some(found)).into());
        }
    }
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "synchronous", "NORMAL")?;
    let reader = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    reader.busy_timeout(BUSY_LIMIT)?;
    Ok((writer, reader))
}

pub(super) enum OpenError {
    Newer,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

pub(crate) fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

pub(crate) fn unavailable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::DatabaseUnavailable)
        .with("path", path.display())
        .with("detail", error)
}

/// Renames the database and what SQLite keeps beside it, so that nothing of it is lost.
pub(crate) fn set_aside(path: &Path, now: WallMs) -> std::io::Result<PathBuf> {
    let beside = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let kept_as = beside(path, &format!(".corrupt-{now}"));
    std::fs::rename(path, &kept_as)?;
    for suffix in ["-wal", "-shm"] {
        let part = beside(path, suffix);
        if part.exists() {
            std::fs::rename(&part, beside(&kept_as, suffix))?;
        }
    }
    Ok(kept_as)
}
