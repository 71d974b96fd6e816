//! What other processes add to the same database while this one runs: each of their runs is read on from where it was left.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::Timeline;
use super::event::{Event, EventKey};
use super::excerpts::events;
use super::sqlite::Disk;
use crate::error::Result;

/// Runs before this process's own that may still be written to; the processes of older ones are taken for ended.
pub const RUNS_BEFORE_MAX: u64 = 64;

/// Reads the runs of other processes, each at its own place.
pub struct Others {
    timeline: Timeline,
    /// The last number that was read of each run.
    read: BTreeMap<u64, u64>,
    /// The database as it was when nothing more was found in it.
    nothing_new: Option<i64>,
}

impl Timeline {
    /// A reader of what other processes write. It goes on after these events, one of each run; of the runs of before that
    /// are not among them it reads what is written from now on. `None`: no database is shared. Reads SQLite, so it blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn others(&self, known: &[EventKey]) -> Result<Option<Others>> {
        let Some(disk) = &self.inner.disk else {
            return Ok(None);
        };
        let before = disk.runs_from(self.oldest_followed())?;
        let mut read: BTreeMap<u64, u64> = before
            .into_iter()
            .filter(|(run, ..)| *run < self.inner.run)
            .map(|(run, _, last)| (run, last))
            .collect();
        read.extend(known.iter().map(|key| (key.run, key.seq)));
        Ok(Some(Others {
            timeline: self.clone(),
            read,
            nothing_new: None,
        }))
    }

    fn oldest_followed(&self) -> u64 {
        self.inner.run.saturating_sub(RUNS_BEFORE_MAX)
    }
}

impl Others {
    /// The next events of other runs, at most `max`, run by run; empty where there are none yet. Reads SQLite, so it blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next(&mut self, max: usize) -> Result<Vec<Arc<Event>>> {
        let inner = &self.timeline.inner;
        let Some(disk) = &inner.disk else {
            return Ok(Vec::new());
        };
        let version = disk.data_version()?;
        if self.nothing_new == Some(version) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (run, _, last) in disk.runs_from(self.timeline.oldest_followed())? {
            let after = self.read.get(&run).copied().unwrap_or(0);
            if run == inner.run || last <= after {
                continue;
            }
            let left = max.saturating_sub(found.len());
            if left == 0 {
                return Ok(found);
            }
            let events = disk.run_after(run, after, left)?;
            // What cannot be read is passed over, or it would be met again and again.
            let whole = events.len() < left;
            let newest = events.last().map_or(after, |event| event.key.seq);
            self.read
                .insert(run, if whole { last.max(newest) } else { newest });
            found.extend(events);
        }
        if found.is_empty() {
            self.nothing_new = Some(version);
        }
        Ok(found)
    }
}

impl Disk {
    /// A number that changes when another connection has written.
    fn data_version(&self) -> Result<i64> {
        self.ask(|reader| reader.query_row("PRAGMA data_version", [], |row| row.get(0)))
    }

    fn run_after(&self, run: u64, after: u64, max: usize) -> Result<Vec<Arc<Event>>> {
        self.ask(|reader| run_after(reader, run, after, max))
    }
}

/// Events of one run after this number, at most `max`, in order.
pub(super) fn run_after(
    reader: &Connection,
    run: u64,
    after: u64,
    max: usize,
) -> rusqlite::Result<Vec<Arc<Event>>> {
    events(
        reader,
        "SELECT event FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        params![
            run.cast_signed(),
            after.cast_signed(),
            i64::try_from(max).unwrap_or(i64::MAX)
        ],
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::SystemClock;
    use crate::timeline::Entry;
    use crate::timeline::event::{Actor, Fact, Subject};

    fn open(path: &Path) -> Timeline {
        let (timeline, failures) = Timeline::open(Some(path), Arc::new(SystemClock::default()));
        assert_eq!(failures, []);
        timeline
    }

    fn append(timeline: &Timeline, count: u64) {
        for _ in 0..count {
            timeline.append(Entry::new(
                Actor::User,
                &Subject::default(),
                Fact::SignInStarted {},
            ));
        }
        assert!(timeline.flush());
    }

    fn keys(others: &mut Others, max: usize) -> Vec<(u64, u64)> {
        let events = others.next(max).expect("readable");
        events
            .iter()
            .map(|event| (event.key.run, event.key.seq))
            .collect()
    }

    #[test]
    fn runs_beside_this_one_are_read_as_they_grow_and_never_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.db");
        let (ended, earlier) = (open(&path), open(&path));
        append(&ended, 3);
        drop(ended);
        append(&earlier, 1);
        let own = open(&path);
        append(&own, 5);
        let known = [EventKey { run: 2, seq: 1 }];
        let mut others = own.others(&known).expect("readable").expect("a database");
        assert_eq!(keys(&mut others, 9), [(2, 2)], "what is known is not read");
        assert_eq!(keys(&mut others, 9), []);
        append(&own, 2);
        assert_eq!(keys(&mut others, 9), [], "its own run comes another way");

        let later = open(&path);
        append(&later, 3);
        append(&earlier, 2);
        assert_eq!(keys(&mut others, 3), [(2, 3), (2, 4), (4, 1)]);
        assert_eq!(keys(&mut others, 3), [(4, 2), (4, 3), (4, 4)]);
        assert_eq!(keys(&mut others, 3), []);
        append(&later, 1);
        assert_eq!(keys(&mut others, 3), [(4, 5)]);
    }

    #[test]
    fn a_timeline_in_memory_has_nobody_beside_it() {
        let (timeline, _) = Timeline::open(None, Arc::new(SystemClock::default()));
        assert!(timeline.others(&[]).expect("nothing to read").is_none());
    }
}
