//! The causal groups while the writer fills them: in memory as long as they grow, in the database for good.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::event::{Event, EventKey};
use super::group::{Group, Placed, Shelf, place};
use super::sqlite::key_of;

/// Events whose places are remembered in memory; for older ones the database is asked.
const PLACES_MAX: usize = 50_000;

/// What a process remembers of its own run while it writes it.
#[derive(Default)]
pub(super) struct Memory {
    groups: HashMap<EventKey, Group>,
    places: HashMap<EventKey, Placed>,
    requests: HashMap<(u64, u64), u64>,
    flights: HashMap<(u64, u64), u64>,
    touched: BTreeSet<EventKey>,
}

impl Memory {
    /// Forgets what the database knows too, where it has become too much.
    fn trim(&mut self) {
        if self.places.len() > PLACES_MAX {
            *self = Self::default();
        }
    }
}

/// The memory, with the database behind it, within one transaction.
struct Bench<'a> {
    memory: &'a mut Memory,
    connection: &'a Connection,
}

/// Puts one event into its group. The database holds all events before it.
pub(super) fn shelve(
    memory: &mut Memory,
    connection: &Connection,
    event: &Event,
) -> rusqlite::Result<Option<u64>> {
    place(event, &mut Bench { memory, connection })
}

/// Writes down the groups that have changed since the last call.
pub(super) fn save(memory: &mut Memory, connection: &Connection) -> rusqlite::Result<()> {
    let changed: i64 = connection.query_row(
        "SELECT COALESCE(MAX(changed), 0) + 1 FROM causal_groups",
        [],
        |row| row.get(0),
    )?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO causal_groups (run, seq, changed, request, summary) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for key in std::mem::take(&mut memory.touched) {
        let Some(group) = memory.groups.get(&key) else {
            continue;
        };
        let summary = serde_json::to_string(group)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        insert.execute(params![
            key.run.cast_signed(),
            key.seq.cast_signed(),
            changed,
            group.request.map(u64::cast_signed),
            summary
        ])?;
    }
    memory.trim();
    Ok(())
}

/// Puts some more of the events that have no group yet into theirs: those of an older version of this program. Answers
/// whether there may be more.
pub(super) fn place_more(connection: &mut Connection, max: usize) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let events: Vec<(EventKey, String)> = transaction
        .prepare_cached(
            "SELECT run, seq, event FROM events WHERE causal_group IS NULL ORDER BY run, seq LIMIT ?1",
        )?
        .query_map([i64::try_from(max).unwrap_or(i64::MAX)], |row| Ok((key_of(row)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    // Another process may place some in between, so nothing is remembered over the end of a transaction.
    let mut memory = Memory::default();
    {
        let mut update = transaction
            .prepare_cached("UPDATE events SET causal_group = ?3 WHERE run = ?1 AND seq = ?2")?;
        for (key, text) in &events {
            let group = match serde_json::from_str(text) {
                Ok(event) => shelve(&mut memory, &transaction, &event)?,
                Err(error) => {
                    tracing::warn!(%error, "a stored event cannot be read");
                    None
                }
            };
            update.execute(params![
                key.run.cast_signed(),
                key.seq.cast_signed(),
                group.unwrap_or(0).cast_signed()
            ])?;
        }
    }
    save(&mut memory, &transaction)?;
    transaction.commit()?;
    Ok(events.len() == max)
}

impl Bench<'_> {
    fn number(&self, sql: &str, run: u64, of: u64) -> rusqlite::Result<Option<u64>> {
        self.connection
            .prepare_cached(sql)?
            .query_row(params![run.cast_signed(), of.cast_signed()], |row| {
                row.get::<_, i64>(0)
            })
            .optional()
            .map(|found| found.map(i64::unsigned_abs))
    }
}

impl Shelf for Bench<'_> {
    type Error = rusqlite::Error;

    fn placed(&mut self, key: EventKey) -> rusqlite::Result<Option<Placed>> {
        if let Some(placed) = self.memory.places.get(&key) {
            return Ok(Some(*placed));
        }
        let number = |row: &rusqlite::Row<'_>, at| {
            row.get::<_, Option<i64>>(at)
                .map(|found| found.map(i64::unsigned_abs))
        };
        self.connection
            .prepare_cached(
                "SELECT causal_group, request, flight FROM events WHERE run = ?1 AND seq = ?2",
            )?
            .query_row(
                params![key.run.cast_signed(), key.seq.cast_signed()],
                |row| {
                    Ok(Placed {
                        group: number(row, 0)?.filter(|first| *first > 0),
                        request: number(row, 1)?,
                        flight: number(row, 2)?,
                    })
                },
            )
            .optional()
    }

    fn of_request(&mut self, run: u64, request: u64) -> rusqlite::Result<Option<u64>> {
        match self.memory.requests.get(&(run, request)) {
            Some(first) => Ok(Some(*first)),
            None => self.number("SELECT seq FROM causal_groups WHERE request = ?2 AND run = ?1 ORDER BY seq LIMIT 1", run, request),
        }
    }

    fn of_flight(&mut self, run: u64, flight: u64) -> rusqlite::Result<Option<u64>> {
        match self.memory.flights.get(&(run, flight)) {
            Some(first) => Ok(Some(*first)),
            None => self.number(
                "SELECT causal_group FROM events WHERE flight = ?2 AND run = ?1 AND causal_group > 0 ORDER BY seq LIMIT 1",
                run,
                flight,
            ),
        }
    }

    fn group(&mut self, first: EventKey) -> rusqlite::Result<Option<&mut Group>> {
        if !self.memory.groups.contains_key(&first) {
            let summary: Option<String> = self
                .connection
                .prepare_cached("SELECT summary FROM causal_groups WHERE run = ?1 AND seq = ?2")?
                .query_row(
                    params![first.run.cast_signed(), first.seq.cast_signed()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(group) = summary.and_then(|text| serde_json::from_str(&text).ok()) {
                self.memory.groups.insert(first, group);
            }
        }
        Ok(self.memory.groups.get_mut(&first))
    }

    fn open(&mut self, group: Group) {
        if let Some(request) = group.request {
            self.memory
                .requests
                .insert((group.first.run, request), group.first.seq);
        }
        self.memory.groups.insert(group.first, group);
    }

    fn remember(&mut self, key: EventKey, placed: Placed) {
        self.memory.places.insert(key, placed);
        if let Some(first) = placed.group {
            self.memory.touched.insert(EventKey {
                run: key.run,
                seq: first,
            });
            if let Some(flight) = placed.flight {
                self.memory
                    .flights
                    .entry((key.run, flight))
                    .or_insert(first);
            }
        }
    }
}
