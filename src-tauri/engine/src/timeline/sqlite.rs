//! The timeline on disk: its events and the causal groups that they fall into, written behind by one thread in batches.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::event::{Event, EventKey};
use super::opening::{OpenError, Place, connect, create, is_corrupt, set_aside, unavailable};
use super::shelf::{self, Memory};
use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};

/// Events that may wait for the disk. Beyond that the newest are kept in memory only, and the failure says so.
const QUEUE_MAX: usize = 500_000;
/// Events written in one transaction.
const BATCH_MAX: usize = 2_000;
/// Events of a run that no disk keeps, which can be asked about; beyond that, the oldest go.
pub(super) const PASSING_EVENTS_MAX: u64 = 50_000;
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
    /// Events of before are still without their groups.
    placing: AtomicBool,
    /// Events of this run before this one have been given up, where nothing is kept for good.
    floor: AtomicU64,
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
        match Self::begin(Place::File(path), now) {
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
                match Self::begin(Place::File(path), now) {
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

    /// A database in memory, for as long as this process: what is asked of a timeline is asked in one way.
    pub(super) fn passing(now: WallMs) -> Option<Self> {
        match Self::begin(Place::Memory, now) {
            Ok(disk) => Some(disk),
            Err(OpenError::Newer) => None,
            Err(OpenError::Sqlite(error)) => {
                tracing::warn!(%error, "no database in memory");
                None
            }
        }
    }

    fn begin(place: Place<'_>, now: WallMs) -> Result<Self, OpenError> {
        let (mut connection, reader) = connect(place)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        create(&transaction)?;
        let run = match place {
            Place::File(_) => {
                transaction.execute(
                    "INSERT INTO runs (started_ms, pid) VALUES (?1, ?2)",
                    params![now.0, std::process::id()],
                )?;
                transaction.last_insert_rowid().unsigned_abs()
            }
            Place::Memory => 0,
        };
        let highest = transaction.query_row(
            "SELECT COALESCE((SELECT MAX(request) FROM events WHERE request IS NOT NULL), 0),
                    COALESCE((SELECT MAX(flight) FROM events WHERE flight IS NOT NULL), 0)",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?.unsigned_abs(),
                    row.get::<_, i64>(1)?.unsigned_abs(),
                ))
            },
        )?;
        transaction.commit()?;

        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
            // A database in memory has no events of before.
            placing: AtomicBool::new(matches!(place, Place::File(_))),
            floor: AtomicU64::new(0),
        });
        let path = match place {
            Place::File(path) => Some(path.to_owned()),
            Place::Memory => None,
        };
        let writer = std::thread::Builder::new()
            .name("timeline".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || write_behind(&shared, &mut connection, path.as_deref())
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

    /// Whether events of before are still being put into their groups.
    pub(super) fn is_placing(&self) -> bool {
        self.shared.placing.load(Ordering::Relaxed)
    }

    /// The first event of this run that is still held.
    pub(super) fn floor(&self) -> u64 {
        self.shared.floor.load(Ordering::Relaxed)
    }

    /// For the questions of the modules beside this: the connection that reads.
    pub(super) fn reader(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key just before the last `count` events of the runs before `run`.
    pub(super) fn nth_last_before(&self, run: u64, count: usize) -> Option<EventKey> {
        let reader = self.reader();
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
        let reader = self.reader();
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

    /// Stored events of one run about a request, these sessions, or all of them: the newest `max`, in order.
    pub(super) fn read_about(
        &self,
        run: u64,
        request: Option<u64>,
        sessions: &[Arc<str>],
        max: usize,
    ) -> Vec<Arc<Event>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || -> rusqlite::Result<Vec<Arc<Event>>> {
            // A list of names as one value: SQLite takes it apart, so that the statement is the same for any number of them.
            let names = serde_json::to_string(sessions)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            let mut statement = reader.prepare_cached(
                "SELECT event FROM events WHERE run = ?1 AND (request = ?2 \
                 OR session IN (SELECT value FROM json_each(?3)) \
                 OR (session IS NULL AND request IS NULL)) ORDER BY seq DESC LIMIT ?4",
            )?;
            let about = params![
                run.cast_signed(),
                request.map(u64::cast_signed),
                names,
                i64::try_from(max).unwrap_or(i64::MAX)
            ];
            let mut events = Vec::new();
            for text in statement.query_map(about, |row| row.get::<_, String>(0))? {
                match serde_json::from_str(&text?) {
                    Ok(event) => events.push(Arc::new(event)),
                    Err(error) => tracing::warn!(%error, "a stored event cannot be read"),
                }
            }
            events.reverse();
            Ok(events)
        };
        read().unwrap_or_else(|error| {
            tracing::warn!(%error, "reading stored events");
            Vec::new()
        })
    }

    /// The runs that other processes wrote, the newest first, at most `max`.
    pub(super) fn earlier_runs(&self, max: usize) -> Vec<u64> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || -> rusqlite::Result<Vec<u64>> {
            let mut statement = reader.prepare_cached(
                "SELECT run FROM runs WHERE run <> ?1 ORDER BY run DESC LIMIT ?2",
            )?;
            let limits = params![
                self.run.cast_signed(),
                i64::try_from(max).unwrap_or(i64::MAX)
            ];
            let runs = statement.query_map(limits, |row| row.get::<_, i64>(0))?;
            runs.map(|run| run.map(i64::unsigned_abs)).collect()
        };
        read().unwrap_or_else(|error| {
            tracing::warn!(%error, "reading the list of runs");
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

fn write_behind(shared: &Shared, connection: &mut Connection, path: Option<&Path>) {
    let mut memory = Memory::default();
    loop {
        let (batch, closed) = {
            let mut queue = shared
                .changed
                .wait_while(shared.lock(), |queue| {
                    queue.waiting.is_empty()
                        && !queue.closed
                        && !shared.placing.load(Ordering::Relaxed)
                })
                .unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut queue.waiting), queue.closed)
        };
        if batch.is_empty() {
            if closed {
                return;
            }
            let more = shelf::place_more(connection, BATCH_MAX).unwrap_or_else(|error| {
                tracing::warn!(%error, "events of before stay without groups");
                false
            });
            shared.placing.store(more, Ordering::Relaxed);
        }
        for part in batch.chunks(BATCH_MAX) {
            let written = write(connection, &mut memory, part);
            if path.is_none() {
                trim(shared, connection, part);
            }
            let mut queue = shared.lock();
            match written {
                Ok(()) => queue.written = part.last().map_or(queue.written, |event| event.key.seq),
                Err(error) => {
                    tracing::error!(%error, "writing the timeline");
                    // What it remembers was not written.
                    memory = Memory::default();
                    queue.failure.get_or_insert_with(|| {
                        unavailable(path.unwrap_or(Path::new("memory")), &error)
                    });
                }
            }
            drop(queue);
            shared.changed.notify_all();
        }
    }
}

fn write(
    connection: &mut Connection,
    memory: &mut Memory,
    events: &[Arc<Event>],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO events (run, seq, wall_ms, session, request, flight, event, causal_group) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for event in events {
            let group = shelf::shelve(memory, &transaction, event)?;
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
                group.unwrap_or(0).cast_signed(),
            ])?;
        }
        shelf::save(memory, &transaction)?;
    }
    transaction.commit()
}

/// Gives up the oldest events of a database in memory, before anybody is told of the newest.
fn trim(shared: &Shared, connection: &Connection, newest: &[Arc<Event>]) {
    let last = newest.last().map_or(0, |event| event.key.seq);
    let floor = last.saturating_sub(PASSING_EVENTS_MAX);
    // Not for each event that comes.
    if floor < shared.floor.load(Ordering::Relaxed) + PASSING_EVENTS_MAX / 10 {
        return;
    }
    let trimmed = connection
        .execute("DELETE FROM events WHERE seq < ?1", [floor.cast_signed()])
        .and_then(|_| {
            connection.execute(
                "DELETE FROM causal_groups WHERE seq < ?1",
                [floor.cast_signed()],
            )
        });
    match trimmed {
        Ok(_) => shared.floor.store(floor, Ordering::Relaxed),
        Err(error) => tracing::warn!(%error, "the timeline in memory grows"),
    }
}

pub(super) fn key_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<EventKey> {
    Ok(EventKey {
        run: row.get::<_, i64>(0)?.unsigned_abs(),
        seq: row.get::<_, i64>(1)?.unsigned_abs(),
    })
}
