//! What the questions about a timeline read from its database: the groups that changed, and the events to show.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::event::{Event, EventKey};
use super::group::Group;
use super::sqlite::{Disk, key_of};
use crate::error::{Code, Failure, Result};

// SQLite knows nothing of how many events a run has, and would read all of a run for each group, and all groups for what is
// new: the index is named.
const GROUPS_CHANGED: &str = "SELECT changed, run, seq, summary FROM causal_groups INDEXED BY groups_by_change \
    WHERE (changed, run, seq) > (?1, ?2, ?3) ORDER BY changed, run, seq LIMIT ?4";
const EVENTS_OF_GROUP: &str = "SELECT event FROM events INDEXED BY events_by_group \
    WHERE run = ?1 AND causal_group = ?2 AND causal_group > 0 ORDER BY seq LIMIT ?3 OFFSET ?4";
const END_OF_GROUP: &str = "SELECT event FROM (SELECT seq, event FROM events INDEXED BY events_by_group \
    WHERE run = ?1 AND causal_group = ?2 AND causal_group > 0 ORDER BY seq DESC LIMIT ?3) ORDER BY seq";

/// When a group was written: the number of the transaction, and its run and number.
pub(super) type Change = (i64, i64, i64);

impl Disk {
    /// The groups that were written after this one, in the order in which they were, at most `max`; and which was the last.
    pub(super) fn groups_changed_after(
        &self,
        after: Change,
        max: usize,
    ) -> Result<(Change, Vec<Group>)> {
        self.ask(|reader| groups_changed_after(reader, after, max))
    }

    /// Events of a group from place `skip` on.
    pub(super) fn events_of(
        &self,
        group: EventKey,
        skip: u64,
        max: usize,
    ) -> Result<Vec<Arc<Event>>> {
        let limits = [i64::try_from(max).unwrap_or(i64::MAX), skip.cast_signed()];
        self.ask(|reader| {
            events(
                reader,
                EVENTS_OF_GROUP,
                params![
                    group.run.cast_signed(),
                    group.seq.cast_signed(),
                    limits[0],
                    limits[1]
                ],
            )
        })
    }

    /// The events of a group, or the first and the last half of `max` of them; and whether that was all.
    pub(super) fn ends_of(&self, group: EventKey, max: usize) -> Result<(Vec<Arc<Event>>, bool)> {
        let mut first = self.events_of(group, 0, max + 1)?;
        if first.len() <= max {
            return Ok((first, true));
        }
        first.truncate(max / 2);
        let half = i64::try_from(max / 2).unwrap_or(i64::MAX);
        let last = self.ask(|reader| {
            events(
                reader,
                END_OF_GROUP,
                params![group.run.cast_signed(), group.seq.cast_signed(), half],
            )
        })?;
        first.extend(last);
        Ok((first, false))
    }

    /// Events in the order of their keys, from this one on.
    pub(super) fn events_from(&self, from: EventKey, max: usize) -> Result<Vec<Arc<Event>>> {
        self.ask(|reader| {
            events(
                reader,
                "SELECT event FROM events WHERE (run, seq) >= (?1, ?2) ORDER BY run, seq LIMIT ?3",
                params![
                    from.run.cast_signed(),
                    from.seq.cast_signed(),
                    i64::try_from(max).unwrap_or(i64::MAX)
                ],
            )
        })
    }

    /// The group of an event, if it has one.
    pub(super) fn group_of(&self, key: EventKey) -> Result<Option<EventKey>> {
        self.ask(|reader| {
            reader
                .prepare_cached("SELECT causal_group FROM events WHERE run = ?1 AND seq = ?2 AND causal_group > 0")?
                .query_row(params![key.run.cast_signed(), key.seq.cast_signed()], |row| row.get::<_, i64>(0))
                .optional()
                .map(|found| {
                    found.map(|seq| EventKey {
                        run: key.run,
                        seq: seq.unsigned_abs(),
                    })
                })
        })
    }

    /// Each run that has events, with the first and the last number of them, in order.
    pub(super) fn runs(&self) -> Result<Vec<(u64, u64, u64)>> {
        self.runs_from(0)
    }

    /// The same from this run on.
    pub(super) fn runs_from(&self, run: u64) -> Result<Vec<(u64, u64, u64)>> {
        self.ask(|reader| runs_from(reader, run))
    }

    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        question(&self.reader())
            .map_err(|error| Failure::new(Code::DatabaseUnavailable).with("detail", &error))
    }
}

/// See [`Disk::groups_changed_after`].
pub(super) fn groups_changed_after(
    reader: &Connection,
    after: Change,
    max: usize,
) -> rusqlite::Result<(Change, Vec<Group>)> {
    let mut statement = reader.prepare_cached(GROUPS_CHANGED)?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![after.0, after.1, after.2, limit])?;
    let (mut last, mut groups) = (after, Vec::new());
    while let Some(row) = rows.next()? {
        last = (row.get(0)?, row.get(1)?, row.get(2)?);
        match serde_json::from_str(row.get_ref(3)?.as_str()?) {
            Ok(group) => groups.push(group),
            Err(error) => tracing::warn!(%error, "a stored group cannot be read"),
        }
    }
    Ok((last, groups))
}

/// See [`Disk::runs_from`].
pub(super) fn runs_from(reader: &Connection, run: u64) -> rusqlite::Result<Vec<(u64, u64, u64)>> {
    let mut runs = Vec::new();
    let mut first = reader
        .prepare_cached("SELECT run, seq FROM events WHERE run > ?1 ORDER BY run, seq LIMIT 1")?;
    let mut last = reader
        .prepare_cached("SELECT run, seq FROM events WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?;
    let mut after = run.cast_signed() - 1;
    while let Some(low) = first.query_row([after], key_of).optional()? {
        after = low.run.cast_signed();
        let high = last.query_row([after], key_of)?;
        runs.push((low.run, low.seq, high.seq));
    }
    Ok(runs)
}

/// Reads events. What cannot be read is left out and logged.
pub(super) fn events(
    reader: &Connection,
    sql: &str,
    arguments: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Arc<Event>>> {
    let mut statement = reader.prepare_cached(sql)?;
    let mut rows = statement.query(arguments)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        match serde_json::from_str(row.get_ref(0)?.as_str()?) {
            Ok(event) => events.push(Arc::new(event)),
            Err(error) => tracing::warn!(%error, "a stored event cannot be read"),
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::opening::create;

    #[test]
    fn no_question_about_groups_reads_a_whole_run() {
        let connection = Connection::open_in_memory().expect("a database");
        create(&connection).expect("its tables");
        for (question, expected) in [
            (
                GROUPS_CHANGED,
                "groups_by_change ((changed,run,seq)>(?,?,?))",
            ),
            (
                EVENTS_OF_GROUP,
                "events_by_group (run=? AND causal_group=?)",
            ),
            (END_OF_GROUP, "events_by_group (run=? AND causal_group=?)"),
        ] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {question}"))
                .expect("a question");
            let arguments = vec![1_i64; statement.parameter_count()];
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(arguments), |row| row.get(3))
                .expect("a plan")
                .collect::<rusqlite::Result<_>>()
                .expect("its steps");
            assert!(plan.iter().any(|step| step.contains(expected)), "{plan:?}");
        }
    }
}
