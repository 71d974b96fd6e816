//! Everything that happened, numbered, with causes: in memory for the window, in SQLite for tomorrow.
//!
//! `append` is the only way in. It takes its number under one lock, and is called while the lock of the state that
//! changes is held, so that the order of the log is the order of the states (design.md, invariant 3). It never blocks
//! on the disk and never drops silently: readers pull by number and meet an explicit [`Fact::Gap`] if they fell behind.

pub mod density;
pub mod event;
mod excerpts;
pub mod filter;
mod group;
mod index;
pub(crate) mod opening;
pub mod others;
mod passing;
pub mod query;
mod shelf;
mod sqlite;
pub mod stored;

use std::collections::VecDeque;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::event::{Actor, Event, EventKey, Fact, Subject};
use self::filter::Filter;
use self::index::Index;
use self::passing::Passing;
use self::sqlite::Disk;
use crate::clock::Clock;
use crate::error::{Code, Failure, Result};

/// Events of this run that stay in memory. Older ones are read from SQLite, or are a gap where there is none.
pub const EVENTS_IN_MEMORY_MAX: usize = 200_000;
/// How long the end of a run waits for the disk to catch up.
pub const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// An event before it has its number and time.
#[derive(Debug)]
pub(crate) struct Entry {
    actor: Actor,
    subject: Subject,
    cause_seq: Vec<EventKey>,
    fact: Fact,
}

impl Entry {
    pub(crate) fn new(actor: Actor, subject: &Subject, fact: Fact) -> Self {
        Self::about(actor, subject.clone(), fact)
    }

    /// The same, about what only this entry is about.
    pub(crate) fn about(actor: Actor, subject: Subject, fact: Fact) -> Self {
        Self {
            actor,
            subject,
            cause_seq: Vec::new(),
            fact,
        }
    }

    /// The same entry with one more cause, if there is one.
    pub(crate) fn because(mut self, cause: impl Into<Option<EventKey>>) -> Self {
        if let Some(cause) = cause.into() {
            // Most have one, and room for no more is what most events keep.
            match self.cause_seq.is_empty() {
                true => self.cause_seq = vec![cause],
                false => self.cause_seq.push(cause),
            }
        }
        self
    }

    /// The same entry as a fact of this generation.
    pub(crate) fn of_generation(mut self, epoch: u32, generation: u32) -> Self {
        self.subject.epoch = Some(epoch);
        self.subject.generation = Some(generation);
        self
    }
}

/// The timeline of one run, and the way to those before it. Cheap to clone.
#[derive(Clone)]
pub struct Timeline {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    run: u64,
    log: Mutex<Log>,
    /// The newest number given, and who waits for one.
    newest: AtomicU64,
    grown: Notify,
    disk: Option<Disk>,
    /// What is asked of the timeline where there is no disk.
    passing: Passing,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Log {
    /// The newest number given.
    last: u64,
    /// The newest events; their numbers are consecutive and end with `last`.
    ring: VecDeque<Arc<Event>>,
}

impl Timeline {
    /// Opens the timeline in this database, or in memory only where that fails.
    ///
    /// The failure that comes with it is for the user: the timeline works either way.
    pub(crate) fn open(path: Option<&Path>, clock: Arc<dyn Clock>) -> (Self, Vec<Failure>) {
        let (disk, failures) = match path.map(|path| Disk::open(path, clock.wall())) {
            None => (None, Vec::new()),
            Some(Ok((disk, notice))) => (Some(disk), notice.into_iter().collect()),
            Some(Err(failure)) => (None, vec![failure]),
        };
        let run = disk.as_ref().map_or(0, Disk::run);
        let timeline = Self {
            inner: Arc::new(Inner {
                clock,
                run,
                log: Mutex::default(),
                newest: AtomicU64::new(0),
                grown: Notify::new(),
                disk,
                passing: Passing::default(),
                index: Mutex::default(),
            }),
        };
        timeline.append(Entry::new(
            Actor::User,
            &Subject::default(),
            Fact::RunStarted {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
            },
        ));
        (timeline, failures)
    }

    /// This process's run.
    pub fn run(&self) -> u64 {
        self.inner.run
    }

    /// Reads a filter; `since:` counts from now.
    ///
    /// # Errors
    /// When a word cannot be read: see [`Filter::parse`].
    pub fn filter(&self, text: &str) -> Result<Filter> {
        Filter::parse(text, self.inner.clock.wall())
    }

    /// The newest event.
    pub fn newest(&self) -> EventKey {
        EventKey {
            run: self.inner.run,
            seq: self.inner.newest.load(Ordering::Acquire),
        }
    }

    /// What the last runs named their requests and flights, so that this one goes on counting.
    pub(crate) fn highest_numbers(&self) -> (u64, u64) {
        self.inner
            .disk
            .as_ref()
            .map_or((0, 0), Disk::highest_numbers)
    }

    /// Numbers one more event. Never blocks on anything but other appends.
    pub(crate) fn append(&self, entry: Entry) -> EventKey {
        let mut log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = EventKey {
            run: self.inner.run,
            seq: log.last + 1,
        };
        debug_assert!(
            entry
                .cause_seq
                .iter()
                .all(|cause| cause.run != key.run || cause.seq < key.seq),
            "a cause comes first"
        );
        let event = Event {
            key,
            mono_ns: u64::try_from(self.inner.clock.mono().as_nanos()).unwrap_or(u64::MAX),
            wall_ms: self.inner.clock.wall(),
            actor: entry.actor,
            subject: entry.subject,
            cause_seq: entry.cause_seq,
            fact: entry.fact,
        };
        log.last = key.seq;
        if log.ring.len() == EVENTS_IN_MEMORY_MAX {
            log.ring.pop_front();
        }
        let event = Arc::new(event);
        if let Some(disk) = &self.inner.disk {
            disk.queue(Arc::clone(&event));
        }
        log.ring.push_back(event);
        self.inner.newest.store(key.seq, Ordering::Release);
        drop(log);
        self.inner.grown.notify_waiters();
        key
    }

    /// A reader whose first event is the one after `after`; events of earlier runs come from SQLite.
    pub fn reader_after(&self, after: EventKey) -> Reader {
        Reader {
            timeline: self.clone(),
            after,
        }
    }

    /// A reader that begins with the last `earlier_max` events of earlier runs, then all of this one.
    pub fn reader(&self, earlier_max: usize) -> Reader {
        let first = self
            .inner
            .disk
            .as_ref()
            .and_then(|disk| disk.nth_last_before(self.inner.run, earlier_max));
        self.reader_after(first.unwrap_or(EventKey {
            run: self.inner.run,
            seq: 0,
        }))
    }

    /// All events of this run that are in memory, for tests and for the end of a script.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ring
            .iter()
            .cloned()
            .collect()
    }

    /// The events of one run that are about a request or about sessions, in order: the request's own, and of the others at
    /// most `max`, the newest up to the request's last event and as many after it. May read SQLite, so it can block for a
    /// moment.
    pub(crate) fn about(
        &self,
        run: u64,
        request: Option<u64>,
        sessions: &[Arc<str>],
        max: usize,
    ) -> Vec<Arc<Event>> {
        let wanted = |event: &Event| is_about(&event.subject, request, sessions);
        let events = if run == self.inner.run {
            let log = self
                .inner
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            log.ring
                .iter()
                .filter(|event| wanted(event))
                .cloned()
                .collect()
        } else {
            let disk = self.inner.disk.as_ref();
            disk.map_or_else(Vec::new, |disk| {
                disk.read_about(run, request, sessions, ABOUT_READ_MAX)
            })
        };
        nearest(events, request, max)
    }

    /// The runs before this one that the database knows, the newest first, at most `max`.
    pub(crate) fn earlier_runs(&self, max: usize) -> Vec<u64> {
        let disk = self.inner.disk.as_ref();
        disk.map_or_else(Vec::new, |disk| disk.earlier_runs(max))
    }

    /// Waits until all events so far are on disk; false where that took longer than [`FLUSH_LIMIT`]. Blocks.
    pub fn flush(&self) -> bool {
        let disk = self.inner.disk.as_ref();
        disk.is_none_or(|disk| disk.wait_for(self.newest().seq, FLUSH_LIMIT))
    }

    /// Where the database cannot be written any more: what it said.
    pub fn disk_failure(&self) -> Option<Failure> {
        self.inner.disk.as_ref().and_then(Disk::failure)
    }

    /// Events of this run after `seq` that are in memory, at most `max`; a gap first where some have left it.
    fn in_memory_after(&self, seq: u64, max: usize) -> Vec<Arc<Event>> {
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = log.last + 1 - log.ring.len() as u64;
        let skip = usize::try_from((seq + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let mut events = Vec::new();
        if seq + 1 < first {
            let lost = Fact::Gap {
                from: seq + 1,
                to: first - 1,
            };
            if let Some(next) = log.ring.front() {
                events.push(Arc::new(Event {
                    key: EventKey {
                        run: self.inner.run,
                        seq: first - 1,
                    },
                    subject: Subject::default(),
                    cause_seq: Vec::new(),
                    fact: lost,
                    ..Event::clone(next)
                }));
            }
        }
        events.extend(log.ring.iter().skip(skip).take(max).cloned());
        events
    }

    /// The events of one flight of this run that are in memory, in order, from its first one on.
    pub(crate) fn of_flight(&self, started: EventKey, flight: u64) -> Vec<Arc<Event>> {
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = log.last + 1 - log.ring.len() as u64;
        let skip = usize::try_from(started.seq.saturating_sub(first)).unwrap_or(usize::MAX);
        let since = log.ring.iter().skip(skip);
        since
            .filter(|event| event.subject.flight == Some(flight))
            .cloned()
            .collect()
    }

    /// What a question is put to: the database, or one in memory that is made for questions.
    fn database(&self) -> Result<&Disk> {
        if let Some(disk) = &self.inner.disk {
            return Ok(disk);
        }
        let newer = |seq, max| {
            let log = self
                .inner
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let new = usize::try_from(log.last.saturating_sub(seq)).unwrap_or(usize::MAX);
            let skip = log.ring.len().saturating_sub(new.min(max));
            log.ring.iter().skip(skip).cloned().collect()
        };
        let passing = &self.inner.passing;
        passing
            .caught_up(self.inner.clock.wall(), newer)
            .ok_or_else(|| {
                Failure::new(Code::DatabaseUnavailable).with("detail", "there is no database")
            })
    }

    fn is_in_memory(&self, after: EventKey) -> bool {
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        after.run == self.inner.run && after.seq + 1 + log.ring.len() as u64 > log.last
    }
}

/// Events of an earlier run that are read from the disk at once.
const ABOUT_READ_MAX: usize = 100_000;

/// Whether an event is about this request, one of these sessions, or all of them.
fn is_about(subject: &Subject, request: Option<u64>, sessions: &[Arc<str>]) -> bool {
    match &subject.session {
        Some(session) => {
            sessions.contains(session) || request.is_some() && subject.request == request
        }
        None => subject.request.is_none() || subject.request == request,
    }
}

/// A request's own events, and the `max` nearest ones on either side of its end.
fn nearest(events: Vec<Arc<Event>>, request: Option<u64>, max: usize) -> Vec<Arc<Event>> {
    let own = |event: &Arc<Event>| request.is_some() && event.subject.request == request;
    let end = match events.iter().rposition(own) {
        Some(at) => at + 1,
        None => events.len(),
    };
    let window = end.saturating_sub(max)..end.saturating_add(max);
    let kept =
        |(at, event): (usize, Arc<Event>)| (window.contains(&at) || own(&event)).then_some(event);
    events.into_iter().enumerate().filter_map(kept).collect()
}

/// Reads the timeline from one event on, at its own pace.
pub struct Reader {
    timeline: Timeline,
    after: EventKey,
}

impl Reader {
    /// The next events, at most `max`; empty where there are none yet. May read SQLite, so it can block for a moment.
    pub fn next(&mut self, max: usize) -> Vec<Arc<Event>> {
        let inner = &self.timeline.inner;
        if let Some(disk) = inner
            .disk
            .as_ref()
            .filter(|_| !self.timeline.is_in_memory(self.after))
        {
            let stored = disk.read_after(self.after, max);
            if !stored.is_empty() {
                return self.advance(stored);
            }
            if self.after.run < inner.run {
                self.after = EventKey {
                    run: inner.run,
                    seq: 0,
                };
            }
        }
        let events = self.timeline.in_memory_after(self.after.seq, max);
        self.advance(events)
    }

    /// Waits until there is an event that [`Reader::next`] has not returned.
    pub async fn changed(&mut self) {
        loop {
            let mut grown = pin!(self.timeline.inner.grown.notified());
            // What is appended from here on is heard of.
            grown.as_mut().enable();
            if self.timeline.newest() > self.after {
                return;
            }
            grown.await;
        }
    }

    fn advance(&mut self, events: Vec<Arc<Event>>) -> Vec<Arc<Event>> {
        if let Some(last) = events.last() {
            self.after = last.key;
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn open(path: Option<&Path>) -> (Timeline, Vec<Failure>) {
        Timeline::open(path, Arc::new(SystemClock::default()))
    }

    fn append(timeline: &Timeline, request: u64) -> EventKey {
        let subject = Subject {
            request: Some(request),
            ..Subject::default()
        };
        timeline.append(
            Entry::new(Actor::User, &subject, Fact::SignInStarted {}).because(timeline.newest()),
        )
    }

    fn all(mut reader: Reader) -> Vec<EventKey> {
        std::iter::from_fn(|| Some(reader.next(7)).filter(|events| !events.is_empty()))
            .flatten()
            .map(|event| event.key)
            .collect()
    }

    #[test]
    fn numbers_grow_by_one_from_many_threads() {
        let (timeline, _) = open(None);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let timeline = &timeline;
                scope.spawn(move || (0..500).for_each(|_| _ = append(timeline, thread)));
            }
        });
        let numbers: Vec<u64> = timeline
            .events()
            .iter()
            .map(|event| event.key.seq)
            .collect();
        assert_eq!(numbers, (1..=4001).collect::<Vec<_>>());
    }

    #[test]
    fn events_survive_a_restart_and_are_read_across_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.db");
        let (first, failures) = open(Some(&path));
        assert_eq!(failures, []);
        (0..40).for_each(|n| _ = append(&first, n));
        assert!(first.flush());
        let kept = first.events();
        drop(first);

        let (second, _) = open(Some(&path));
        assert_eq!(second.highest_numbers().0, 39);
        append(&second, 40);
        let mut reader = second.reader(1_000);
        let events: Vec<_> =
            std::iter::from_fn(|| Some(reader.next(16)).filter(|events| !events.is_empty()))
                .flatten()
                .collect();
        assert_eq!(
            events[..41],
            kept[..],
            "the stored events are the ones that were written"
        );
        assert_eq!(
            events[41..]
                .iter()
                .map(|event| event.key)
                .collect::<Vec<_>>(),
            [EventKey { run: 2, seq: 1 }, EventKey { run: 2, seq: 2 }]
        );
        assert_eq!(
            all(second.reader(3)).len(),
            5,
            "the last three of before, and both of now"
        );
        assert_eq!(all(second.reader(0)).len(), 2);
        assert_eq!(
            all(second.reader_after(EventKey { run: 1, seq: 40 })).len(),
            3,
            "from any number on"
        );
    }

    #[test]
    fn a_corrupt_database_is_set_aside_and_named() {
        for garbage in [
            &b"this is no database, and has never been one"[..],
            &[0xff; 8192][..],
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("timeline.db");
            std::fs::write(&path, garbage).expect("the file is written");
            let (timeline, failures) = open(Some(&path));
            assert_eq!(failures[0].code, Code::DatabaseCorrupt);
            assert_eq!(
                std::fs::read(&failures[0].params["kept_as"]).expect("the old file is kept"),
                garbage
            );
            assert_eq!(timeline.run(), 1);
            assert!(timeline.flush(), "the new database works");
        }
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.db");
        rusqlite::Connection::open(&path)
            .expect("a database")
            .pragma_update(None, "user_version", 99)
            .expect("a version");
        let before = std::fs::read(&path).expect("its bytes");
        let (timeline, failures) = open(Some(&path));
        assert_eq!(failures[0].code, Code::DatabaseNewer);
        append(&timeline, 1);
        assert_eq!(timeline.events().len(), 2, "the timeline works in memory");
        assert_eq!(std::fs::read(&path).expect("its bytes"), before);
    }

    #[test]
    fn a_database_that_cannot_be_opened_leaves_the_timeline_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let (timeline, failures) = open(Some(&folder.path().join("missing/timeline.db")));
        assert_eq!(failures[0].code, Code::DatabaseUnavailable);
        assert_eq!(timeline.run(), 0);
    }
}
