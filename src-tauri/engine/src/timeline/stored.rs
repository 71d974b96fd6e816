//! The timeline of before, for whoever only wants to read it: no run is begun, and nothing is written.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, params};

use super::event::{Event, SCHEMA};
use super::opening::unavailable;
use crate::error::{Code, Failure, Result};

/// The last events of a database, at most `max`, in the order of their keys. Unreadable rows are left out and logged.
pub(super) fn last(path: &Path, max: usize) -> Result<Vec<Arc<Event>>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: rusqlite::Error| unavailable(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let version: u32 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    if version > SCHEMA {
        return Err(Failure::new(Code::DatabaseNewer).with("path", path.display()));
    }
    let read = || -> rusqlite::Result<Vec<Arc<Event>>> {
        let mut statement =
            connection.prepare("SELECT event FROM events ORDER BY run DESC, seq DESC LIMIT ?1")?;
        let rows = statement.query_map(params![i64::try_from(max).unwrap_or(i64::MAX)], |row| {
            row.get::<_, String>(0)
        })?;
        let mut events = Vec::new();
        for text in rows {
            match serde_json::from_str(&text?) {
                Ok(event) => events.push(Arc::new(event)),
                Err(error) => tracing::warn!(%error, "a stored event cannot be read"),
            }
        }
        events.reverse();
        Ok(events)
    };
    read().map_err(failed)
}
