//! The timeline on disk, for whoever only wants to read it, now or as it grows: no run is begun, and nothing is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, params};

use super::event::{Event, EventKey, SCHEMA};
use super::excerpts::{Change, events, groups_changed_after, runs_from};
use super::filter::Filter;
use super::group::Group;
use super::opening::unavailable;
use super::others::{RUNS_BEFORE_MAX, run_after};
use super::sqlite::key_of;
use crate::error::{Code, Failure, Result};

/// Events that [`Stored::newer`] answers at once, or groups whose events it does.
const READ_MAX: usize = 500;
/// Groups of which it is remembered how far they were told; of more, the oldest are told anew if they grow.
const TOLD_MAX: usize = 50_000;

const NEWEST_GROUPS: &str = "SELECT summary FROM causal_groups ORDER BY run DESC, seq DESC";
const REST_OF_GROUP: &str = "SELECT event FROM events INDEXED BY events_by_group \
    WHERE run = ?1 AND causal_group = ?2 AND causal_group > 0 AND seq > ?3 ORDER BY seq";

/// A reader of a database that others write.
pub struct Stored {
    connection: Connection,
    filter: Filter,
    /// Without a filter: the last number that was read of each run.
    read: BTreeMap<u64, u64>,
    /// With one: the last number that was told of each group.
    told: BTreeMap<EventKey, u64>,
    changed: Change,
    /// The database as it was when nothing more was found in it.
    nothing_new: Option<i64>,
}

impl Stored {
    /// Opens a database to read of it what this filter wants. `None`: there is none yet.
    ///
    /// # Errors
    /// `database.unavailable`, `database.newer`.
    pub fn open(path: &Path, filter: Filter) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
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
        Ok(Some(Self {
            connection,
            filter,
            read: BTreeMap::new(),
            told: BTreeMap::new(),
            changed: Change::default(),
            nothing_new: None,
        }))
    }

    /// The last events, at most `max`, in the order of their keys. With a filter: those of the groups that match. What comes
    /// after them is [`Stored::newer`]'s. Blocks.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn last(&mut self, max: usize) -> Result<Vec<Arc<Event>>> {
        let read = match self.filter.is_empty() {
            true => self.last_of_all(max),
            false => self.last_matching(max),
        };
        read.map_err(failure)
    }

    /// What others have written since, run by run; empty where that is nothing. With a filter: of each group that matches
    /// now, what was not told of it. Blocks.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn newer(&mut self) -> Result<Vec<Arc<Event>>> {
        let version = self
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0));
        let version = version.map_err(failure)?;
        if self.nothing_new == Some(version) {
            return Ok(Vec::new());
        }
        let read = match self.filter.is_empty() {
            true => self.next_of_all(),
            false => self.next_matching(),
        };
        let events = read.map_err(failure)?;
        self.nothing_new = events.is_empty().then_some(version);
        Ok(events)
    }

    fn last_of_all(&mut self, max: usize) -> rusqlite::Result<Vec<Arc<Event>>> {
        // One look at one state of the database: what is written meanwhile comes next.
        let look = self.connection.unchecked_transaction()?;
        let runs = runs_from(&look, oldest_followed(&look)?)?;
        self.read = runs.into_iter().map(|(run, _, last)| (run, last)).collect();
        let mut found = events(
            &look,
            "SELECT event FROM events ORDER BY run DESC, seq DESC LIMIT ?1",
            params![i64::try_from(max).unwrap_or(i64::MAX)],
        )?;
        found.reverse();
        Ok(found)
    }

    fn next_of_all(&mut self) -> rusqlite::Result<Vec<Arc<Event>>> {
        let mut found = Vec::new();
        for (run, _, last) in runs_from(&self.connection, oldest_followed(&self.connection)?)? {
            let after = self.read.get(&run).copied().unwrap_or(0);
            let left = READ_MAX.saturating_sub(found.len());
            if last <= after || left == 0 {
                continue;
            }
            let events = run_after(&self.connection, run, after, left)?;
            // What cannot be read is passed over, or it would be met again and again.
            let whole = events.len() < left;
            let newest = events.last().map_or(after, |event| event.key.seq);
            let read = if whole { last.max(newest) } else { newest };
            self.read.insert(run, read);
            found.extend(events);
        }
        Ok(found)
    }

    fn last_matching(&mut self, max: usize) -> rusqlite::Result<Vec<Arc<Event>>> {
        let look = self.connection.unchecked_transaction()?;
        self.changed = look.query_row(
            "SELECT changed, run, seq FROM causal_groups ORDER BY changed DESC, run DESC, seq DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        ).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(Change::default()),
            error => Err(error),
        })?;
        let mut statement = look.prepare(NEWEST_GROUPS)?;
        let mut rows = statement.query([])?;
        let (mut chosen, mut count) = (Vec::new(), 0);
        while let Some(row) = rows.next()?
            && count < max as u64
        {
            let group = serde_json::from_str::<Group>(row.get_ref(0)?.as_str()?);
            if let Ok(group) = group
                && self.filter.finds(&group)
            {
                count += group.events;
                chosen.push(group);
            }
        }
        let mut found = Vec::new();
        for group in chosen {
            found.extend(rest_of(&look, group.first, 0)?);
            self.told.insert(group.first, group.last_seq);
        }
        found.sort_by_key(|event| event.key);
        found.drain(..found.len().saturating_sub(max));
        Ok(found)
    }

    fn next_matching(&mut self) -> rusqlite::Result<Vec<Arc<Event>>> {
        let mut found = Vec::new();
        while found.is_empty() {
            let (changed, groups) = groups_changed_after(&self.connection, self.changed, READ_MAX)?;
            for group in groups.iter().filter(|group| self.filter.finds(group)) {
                let after = self.told.get(&group.first).copied().unwrap_or(0);
                let rest = rest_of(&self.connection, group.first, after)?;
                let last = rest.last().map_or(after, |event| event.key.seq);
                self.told.insert(group.first, last);
                found.extend(rest);
            }
            if changed == self.changed {
                break;
            }
            self.changed = changed;
        }
        while self.told.len() > TOLD_MAX {
            self.told.pop_first();
        }
        found.sort_by_key(|event| event.key);
        Ok(found)
    }
}

/// Runs before the newest one that may still be written to; the processes of older ones are taken for ended.
fn oldest_followed(reader: &Connection) -> rusqlite::Result<u64> {
    let newest = "SELECT run, seq FROM events ORDER BY run DESC LIMIT 1";
    let newest = match reader.query_row(newest, [], key_of) {
        Err(rusqlite::Error::QueryReturnedNoRows) => 0,
        newest => newest?.run,
    };
    Ok(newest.saturating_sub(RUNS_BEFORE_MAX))
}

fn rest_of(reader: &Connection, group: EventKey, after: u64) -> rusqlite::Result<Vec<Arc<Event>>> {
    events(
        reader,
        REST_OF_GROUP,
        params![
            group.run.cast_signed(),
            group.seq.cast_signed(),
            after.cast_signed()
        ],
    )
}

fn failure(error: rusqlite::Error) -> Failure {
    Failure::new(Code::DatabaseUnavailable).with("detail", &error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SystemClock, WallMs};
    use crate::timeline::event::{Actor, Fact, Subject};
    use crate::timeline::{Entry, Timeline};

    fn open(path: &Path) -> Timeline {
        let (timeline, failures) = Timeline::open(Some(path), Arc::new(SystemClock::default()));
        assert_eq!(failures, []);
        timeline
    }

    /// A sign-in to a session, as far as it has come.
    fn sign_in(timeline: &Timeline, session: &str, ends: bool) {
        let subject = Subject {
            session: Some(session.into()),
            ..Subject::default()
        };
        let began = timeline.append(Entry::new(Actor::User, &subject, Fact::SignInStarted {}));
        if ends {
            let failed = Fact::SignInFailed {
                error: Code::HostUnreachable,
            };
            timeline.append(Entry::new(Actor::User, &subject, failed).because(began));
        }
        assert!(timeline.flush());
    }

    fn stored(path: &Path, filter: &str) -> Stored {
        let filter = Filter::parse(filter, WallMs(0)).expect("a filter");
        Stored::open(path, filter)
            .expect("readable")
            .expect("there")
    }

    fn keys(events: Result<Vec<Arc<Event>>>) -> Vec<(u64, u64)> {
        let events = events.expect("readable");
        events
            .iter()
            .map(|event| (event.key.run, event.key.seq))
            .collect()
    }

    #[test]
    fn the_last_events_come_first_and_then_what_others_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.db");
        let everything = Filter::default();
        assert!(Stored::open(&path, everything).expect("no error").is_none());
        let one = open(&path);
        sign_in(&one, "a", true);
        let mut stored = stored(&path, "");
        assert_eq!(keys(stored.last(2)), [(1, 2), (1, 3)]);
        assert_eq!(keys(stored.newer()), []);
        sign_in(&one, "b", false);
        let other = open(&path);
        sign_in(&other, "c", false);
        assert_eq!(keys(stored.newer()), [(1, 4), (2, 1), (2, 2)]);
        assert_eq!(keys(stored.newer()), []);
        sign_in(&one, "d", false);
        assert_eq!(keys(stored.newer()), [(1, 5)], "the older run grows too");
    }

    #[test]
    fn a_filter_chooses_groups_and_a_group_that_comes_to_match_is_told_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.db");
        let timeline = open(&path);
        sign_in(&timeline, "a", true);
        sign_in(&timeline, "b", true);
        let subject = Subject {
            session: Some("c".into()),
            ..Subject::default()
        };
        let began = timeline.append(Entry::new(Actor::User, &subject, Fact::SignInStarted {}));
        assert!(timeline.flush());

        let mut of_b = stored(&path, "session:b");
        assert_eq!(keys(of_b.last(10)), [(1, 4), (1, 5)]);
        let mut failed = stored(&path, "is:failed");
        assert_eq!(keys(failed.last(3)), [(1, 3), (1, 4), (1, 5)]);
        let mut pending = stored(&path, "is:pending");
        assert_eq!(keys(pending.last(10)), [(1, 6)]);

        let end = Fact::SignInFailed {
            error: Code::HostUnreachable,
        };
        timeline.append(Entry::new(Actor::User, &subject, end).because(began));
        assert!(timeline.flush());
        assert_eq!(keys(of_b.newer()), []);
        assert_eq!(keys(failed.newer()), [(1, 6), (1, 7)], "its beginning too");
        assert_eq!(keys(pending.newer()), [], "it is not pending any more");
        assert_eq!(keys(failed.newer()), [], "and nothing twice");
    }
}
