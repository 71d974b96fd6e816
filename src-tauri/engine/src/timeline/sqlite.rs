//! The timeline on disk: one table, written behind by one thread in batches, read by key.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::event::{Event, EventKey, SCHEMA};
use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};

/// Events that may wait for the disk. Beyond that the newest are kept in memory only, and the failure says so.
const QUEUE_MAX: usize = 500_000;
/// Events written in one transaction.
const BATCH_MAX: usize = 2_000;
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
";

/// The database, its writer and this process's run.
pub(super) struct Disk {
    run: u64,
    highest: (u64, u64),
    reader: Mutex<Connection>,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Event>>,
    written: u64,
    closed: bool,
    failure: Option<Failure>,
}

impl Disk {
    /// Opens or creates the database and begins a run in it. A file that is no database is set aside, with a notice.
    pub(super) fn open(path: &Path, now: WallMs) -> Result<(Self, Option<Failure>)> {
        match Self::begin(path, now) {
            Ok(disk) => Ok((disk, None)),
            Err(OpenError::Newer) => {
                Err(Failure::new(Code::DatabaseNewer).with("path", path.display()))
            }
            Err(OpenError::Sqlite(error)) if is_corrupt(&error) => {
                let kept_as = set_aside(path, now).map_err(|io| unavailable(path, &io))?;
                let notice = Failure::new(Code::DatabaseCorrupt)
                    .with("path", path.display())
                    .with("kept_as", kept_as.display())
                    .with("detail", &error);
                match Self::begin(path, now) {
                    Ok(disk) => Ok((disk, Some(notice))),
                    Err(OpenError::Newer) => {
                        Err(Failure::new(Code::DatabaseNewer).with("path", path.display()))
                    }
                    Err(OpenError::Sqlite(error)) => Err(unavailable(path, &error)),
                }
            }
            Err(OpenError::Sqlite(error)) => Err(unavailable(path, &error)),
        }
    }

    fn begin(path: &Path, now: WallMs) -> Result<Self, OpenError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > SCHEMA {
            return Err(OpenError::Newer);
        }
        if std::fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_BYTES_MAX) {
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
                return Err(rusqlite::Error::SqliteFailure(code, Some(found)).into());
            }
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
        transaction.execute(
            "INSERT INTO runs (started_ms, pid) VALUES (?1, ?2)",
            params![now.0, std::process::id()],
        )?;
        let run = transaction.last_insert_rowid().unsigned_abs();
        let highest = transaction.query_row(
            "SELECT COALESCE(MAX(request), 0), COALESCE(MAX(flight), 0) FROM events",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?.unsigned_abs(),
                    row.get::<_, i64>(1)?.unsigned_abs(),
                ))
            },
        )?;
        transaction.commit()?;
        let reader = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        reader.busy_timeout(BUSY_LIMIT)?;

        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let writer = std::thread::Builder::new()
            .name("timeline".to_owned())
            .spawn({
                let (shared, path) = (Arc::clone(&shared), path.to_owned());
                move || write_behind(&shared, &mut connection, &path)
            })
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Self {
            run,
            highest,
            reader: Mutex::new(reader),
            shared,
            writer: Some(writer),
        })
    }

    pub(super) fn run(&self) -> u64 {
        self.run
    }

    /// The highest request and flight numbers of earlier runs.
    pub(super) fn highest_numbers(&self) -> (u64, u64) {
        self.highest
    }

    /// Hands one event to the writer. Called under the log's lock, so events arrive in order.
    pub(super) fn queue(&self, event: Arc<Event>) {
        let mut queue = self.shared.lock();
        if queue.waiting.len() == QUEUE_MAX {
            queue.failure.get_or_insert_with(|| {
                Failure::new(Code::DatabaseUnavailable).with(
                    "detail",
                    format!("more than {QUEUE_MAX} events wait for the disk"),
                )
            });
            return;
        }
        queue.waiting.push(event);
        if queue.waiting.len() == 1 {
            self.shared.changed.notify_all();
        }
    }

    /// Waits until this number is on disk; false after `limit`, or where the disk failed.
    pub(super) fn wait_for(&self, seq: u64, limit: Duration) -> bool {
        let (queue, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), limit, |queue| {
                queue.written < seq && queue.failure.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        queue.written >= seq
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        self.shared.lock().failure.clone()
    }

    /// The key just before the last `count` events of the runs before `run`.
    pub(super) fn nth_last_before(&self, run: u64, count: usize) -> Option<EventKey> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let found = reader
            .query_row(
                "SELECT run, seq FROM events WHERE run < ?1 ORDER BY run DESC, seq DESC LIMIT 1 OFFSET ?2",
                params![run.cast_signed(), i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1).max(0)],
                key_of,
            )
            .optional();
        match found {
            Ok(Some(key)) if count > 0 => Some(EventKey {
                seq: key.seq - 1,
                ..key
            }),
            Ok(None) if count > 0 => Some(EventKey { run: 0, seq: 0 }),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "reading earlier events");
                None
            }
        }
    }

    /// Stored events after this one, at most `max`, in the order of their keys. Unreadable rows are left out and logged.
    pub(super) fn read_after(&self, after: EventKey, max: usize) -> Vec<Arc<Event>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || -> rusqlite::Result<Vec<Arc<Event>>> {
            let mut statement = reader
                .prepare_cached("SELECT event FROM events WHERE (run, seq) > (?1, ?2) AND run <= ?3 ORDER BY run, seq LIMIT ?4")?;
            let keys = params![
                after.run.cast_signed(),
                after.seq.cast_signed(),
                self.run.cast_signed(),
                i64::try_from(max).unwrap_or(i64::MAX)
            ];
            let mut events = Vec::new();
            for text in statement.query_map(keys, |row| row.get::<_, String>(0))? {
                match serde_json::from_str(&text?) {
                    Ok(event) => events.push(Arc::new(event)),
                    Err(error) => tracing::warn!(%error, "a stored event cannot be read"),
                }
            }
            Ok(events)
        };
        read().unwrap_or_else(|error| {
            tracing::warn!(%error, "reading stored events");
            Vec::new()
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(Err(_)) = self.writer.take().map(JoinHandle::join) {
            tracing::error!("the timeline's writer panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_behind(shared: &Shared, connection: &mut Connection, path: &Path) {
    loop {
        let batch = {
            let mut queue = shared
                .changed
                .wait_while(shared.lock(), |queue| {
                    queue.waiting.is_empty() && !queue.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            if queue.waiting.is_empty() {
                return;
            }
            std::mem::take(&mut queue.waiting)
        };
        for part in batch.chunks(BATCH_MAX) {
            let written = write(connection, part);
            let mut queue = shared.lock();
            match written {
                Ok(()) => queue.written = part.last().map_or(queue.written, |event| event.key.seq),
                Err(error) => {
                    tracing::error!(%error, "writing the timeline");
                    queue
                        .failure
                        .get_or_insert_with(|| unavailable(path, &error));
                }
            }
            shared.changed.notify_all();
        }
    }
}

fn write(connection: &mut Connection, events: &[Arc<Event>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO events (run, seq, wall_ms, session, request, flight, event) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for event in events {
            let text = serde_json::to_string(&**event)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            insert.execute(params![
                event.key.run.cast_signed(),
                event.key.seq.cast_signed(),
                event.wall_ms.0,
                event.subject.session.as_deref(),
                event.subject.request.map(u64::cast_signed),
                event.subject.flight.map(u64::cast_signed),
                text,
            ])?;
        }
    }
    transaction.commit()
}

fn key_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<EventKey> {
    Ok(EventKey {
        run: row.get::<_, i64>(0)?.unsigned_abs(),
        seq: row.get::<_, i64>(1)?.unsigned_abs(),
    })
}

enum OpenError {
    Newer,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

fn unavailable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::DatabaseUnavailable)
        .with("path", path.display())
        .with("detail", error)
}

/// Renames the database and what SQLite keeps beside it, so that nothing of it is lost.
fn set_aside(path: &Path, now: WallMs) -> std::io::Result<PathBuf> {
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
