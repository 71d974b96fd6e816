//! The timeline on its way to the window: in batches, about one a frame, each small enough for the direct path.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sandglass_engine::timeline::event::{Event, EventKey};
use sandglass_engine::timeline::others::Others;
use sandglass_engine::timeline::{Reader, Timeline};
use serde::Serialize;
use tauri::async_runtime::{JoinHandle, spawn, spawn_blocking};
use tauri::ipc::Channel;

/// Events of earlier runs that a window gets at first.
pub const TIMELINE_REPLAY_MAX: usize = 2_000;
/// Largest message, in bytes of JSON. From 8,192 on, a message is parked and fetched by a second call.
pub const MESSAGE_BYTES_MAX: usize = 8_000;
/// Events that are read from the timeline at once.
const READ_MAX: usize = 512;
/// Time between two rounds: one frame at 60 Hz.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two looks at what other processes have written.
const OTHERS_EVERY: Duration = Duration::from_millis(250);
/// What a message holds besides its events: the names of the fields, and the newest key with its longest numbers.
const ENVELOPE_BYTES: usize =
    r#"{"events":[],"newest":{"run":18446744073709551615,"seq":18446744073709551615}}"#.len();

/// Some events, in order.
#[derive(Clone, Debug, Serialize, ts_rs::TS)]
pub struct TimelineBatch {
    /// They follow the batch before without a hole, run by run.
    pub events: Vec<Arc<Event>>,
    /// The newest event of this process. More batches are on their way until the view has it.
    pub newest: EventKey,
}

/// The one watch of the window: a newer one ends it.
#[derive(Default)]
pub struct Watch {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Watch {
    /// Sends the timeline through this channel, from `since` on, until the view goes away or watches again. `others` are the
    /// last events that the view has of runs beside this one.
    pub fn start(
        &self,
        timeline: &Timeline,
        since: Option<EventKey>,
        others: &[EventKey],
        channel: Channel<TimelineBatch>,
    ) {
        let feed = Feed::new(timeline.clone(), since, others);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = task.take() {
            before.abort();
        }
        // The first question about the past would otherwise wait until all of its groups are read.
        let warmed = timeline.clone();
        drop(spawn_blocking(move || warmed.warm()));
        *task = Some(spawn(pump(timeline.clone(), feed, channel)));
    }
}

/// What the view has not had yet: of this run and those before it, and of the runs that other processes write.
struct Feed {
    timeline: Timeline,
    own: Reader,
    /// The last event of each other run that was read.
    read: BTreeMap<u64, u64>,
    others: Option<Others>,
    looked: Option<Instant>,
}

impl Feed {
    fn new(timeline: Timeline, since: Option<EventKey>, others: &[EventKey]) -> Self {
        let own = match since {
            Some(key) => timeline.reader_after(key),
            None => timeline.reader(TIMELINE_REPLAY_MAX),
        };
        Self {
            read: others.iter().map(|key| (key.run, key.seq)).collect(),
            timeline,
            own,
            others: None,
            looked: None,
        }
    }

    /// The next events, at most [`READ_MAX`]; empty where there are none yet. May read SQLite, so it can block for a moment.
    fn next(&mut self) -> Vec<Arc<Event>> {
        let mut events = self.own.next(READ_MAX);
        let here = self.timeline.run();
        let before = events.iter().filter(|event| event.key.run != here);
        self.read
            .extend(before.map(|event| (event.key.run, event.key.seq)));
        let due = self.looked.is_none_or(|at| at.elapsed() >= OTHERS_EVERY);
        // The runs of before come first, and whole.
        if due && events.len() < READ_MAX {
            events.extend(self.of_others(READ_MAX - events.len()));
        }
        events
    }

    fn of_others(&mut self, max: usize) -> Vec<Arc<Event>> {
        self.looked = Some(Instant::now());
        let mut read = || -> sandglass_engine::error::Result<_> {
            if self.others.is_none() {
                let known: Vec<_> = (self.read.iter())
                    .map(|(run, seq)| EventKey {
                        run: *run,
                        seq: *seq,
                    })
                    .collect();
                self.others = self.timeline.others(&known)?;
            }
            match &mut self.others {
                Some(others) => others.next(max),
                None => Ok(Vec::new()),
            }
        };
        // The next look may find what this one could not read.
        read().unwrap_or_else(|error| {
            tracing::warn!(%error, "reading what other processes wrote");
            Vec::new()
        })
    }
}

async fn pump(timeline: Timeline, mut feed: Feed, channel: Channel<TimelineBatch>) {
    loop {
        // Old events come from the database, which may take a moment.
        let read = spawn_blocking(move || {
            let events = feed.next();
            (feed, events)
        });
        let Ok((returned, events)) = read.await else {
            return;
        };
        feed = returned;
        if events.is_empty() {
            // Nothing tells when another process has written.
            let _: Result<(), tokio::time::error::Elapsed> =
                tokio::time::timeout(OTHERS_EVERY, feed.own.changed()).await;
            continue;
        }
        let newest = timeline.newest();
        for events in in_messages(events, MESSAGE_BYTES_MAX) {
            if channel.send(TimelineBatch { events, newest }).is_err() {
                return;
            }
        }
        tokio::time::sleep(FRAME).await;
    }
}

/// Splits events into messages below this size. An event that is larger by itself goes alone.
fn in_messages(events: Vec<Arc<Event>>, bytes_max: usize) -> Vec<Vec<Arc<Event>>> {
    let mut messages: Vec<Vec<Arc<Event>>> = Vec::new();
    let mut bytes = usize::MAX;
    for event in events {
        let length = json_bytes(&event) + ",".len();
        match messages.last_mut() {
            Some(message) if bytes.saturating_add(length) <= bytes_max => {
                bytes += length;
                message.push(event);
            }
            _ => {
                bytes = ENVELOPE_BYTES + length;
                messages.push(vec![event]);
            }
        }
    }
    messages
}

/// Length of a value as JSON, counted without keeping the text.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written will not be sent either: a channel's own error says so.
    let _: serde_json::Result<()> = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandglass_engine::Engine;
    use sandglass_engine::clock::WallMs;
    use sandglass_engine::engine::Options;
    use sandglass_engine::timeline::event::{Actor, Fact, Kept, Subject};

    fn event(seq: u64, url_bytes: usize) -> Arc<Event> {
        let url = "u".repeat(url_bytes);
        Arc::new(Event {
            key: EventKey { run: 1, seq },
            mono_ns: seq * 1_000_000,
            wall_ms: WallMs(1_700_000_000_000),
            actor: Actor::User,
            subject: Subject {
                request: Some(seq),
                ..Subject::default()
            },
            cause_seq: vec![EventKey {
                run: 1,
                seq: seq.saturating_sub(1),
            }],
            fact: Fact::RequestQueued {
                method: "GET".into(),
                url,
                origin: "http://127.0.0.1:1".into(),
            },
        })
    }

    #[test]
    fn messages_stay_below_the_limit_and_lose_nothing() {
        let events: Vec<_> = (1..=500)
            .map(|seq| event(seq, (seq as usize * 37) % 900))
            .collect();
        let messages = in_messages(events.clone(), MESSAGE_BYTES_MAX);
        for message in &messages {
            let newest = EventKey {
                run: u64::MAX,
                seq: u64::MAX,
            };
            let text = serde_json::to_string(&TimelineBatch {
                events: message.clone(),
                newest,
            })
            .expect("JSON");
            assert!(text.len() <= MESSAGE_BYTES_MAX, "{} bytes", text.len());
        }
        assert!(
            messages.len() < 80,
            "they are filled: {} messages",
            messages.len()
        );
        assert_eq!(messages.into_iter().flatten().collect::<Vec<_>>(), events);
    }

    #[test]
    fn an_event_above_the_limit_goes_alone() {
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            let events = sizes
                .iter()
                .zip(1..)
                .map(|(size, seq)| event(seq, *size))
                .collect();
            in_messages(events, MESSAGE_BYTES_MAX)
                .iter()
                .map(Vec::len)
                .collect()
        };
        assert_eq!(lengths(&[10, 9_000, 10, 10]), [1, 1, 2]);
        assert_eq!(lengths(&[]), [0; 0]);
    }

    type Seen = Arc<Mutex<Vec<EventKey>>>;

    /// A channel that remembers what came through it, as the view would.
    fn channel() -> (Channel<TimelineBatch>, Seen) {
        let seen = Seen::default();
        let channel = Channel::new({
            let seen = Arc::clone(&seen);
            move |body| {
                let batch: serde_json::Value = body.deserialize()?;
                let keys = batch["events"].as_array().into_iter().flatten();
                let key = |event: &serde_json::Value| {
                    Some(EventKey {
                        run: event["run"].as_u64()?,
                        seq: event["seq"].as_u64()?,
                    })
                };
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(keys.filter_map(key));
                Ok(())
            }
        });
        (channel, seen)
    }

    async fn until(seen: &Seen, newest: EventKey) -> Vec<u64> {
        let arrived = async {
            loop {
                let keys = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if keys.last() >= Some(&newest) {
                    return keys.iter().map(|key| key.seq).collect();
                }
                tokio::time::sleep(FRAME).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived)
            .await
            .expect("the events arrive")
    }

    #[tokio::test]
    async fn a_watch_resumes_without_a_hole_and_a_newer_one_ends_it() {
        let workspace = crate::demo::empty_workspace();
        let options = Options {
            kept: Kept::Memory,
            ..Options::default()
        };
        let engine = Engine::open(workspace, options).expect("an engine in memory");
        let send = async || {
            let draft = r#"{"method": "GET", "url": "http://127.0.0.1:1/"}"#;
            let draft = serde_json::from_str(draft).expect("a draft");
            let sending = engine.send(draft).expect("accepted");
            // Nobody listens on port 1: the failure is as good a row of events as an answer.
            sending.finished().await.expect_err("unreachable");
        };
        let (watch, timeline) = (Watch::default(), engine.timeline());
        let (first, seen_by_first) = channel();
        watch.start(timeline, None, &[], first);
        for _ in 0..40 {
            send().await;
        }
        let half = timeline.newest();
        assert_eq!(
            until(&seen_by_first, half).await,
            (1..=half.seq).collect::<Vec<_>>()
        );

        let (second, seen_by_second) = channel();
        watch.start(timeline, Some(half), &[], second);
        for _ in 0..40 {
            send().await;
        }
        let newest = timeline.newest();
        assert_eq!(
            until(&seen_by_second, newest).await,
            (half.seq + 1..=newest.seq).collect::<Vec<_>>()
        );
        assert_eq!(
            until(&seen_by_first, half).await.last(),
            Some(&half.seq),
            "the first watch is over"
        );
    }

    #[tokio::test]
    async fn what_another_process_writes_comes_too_and_a_new_watch_goes_on_in_each_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || {
            let options = Options {
                kept: Kept::Memory,
                data_folder: Some(folder.path().to_owned()),
                ..Options::default()
            };
            Engine::open(crate::demo::empty_workspace(), options).expect("an engine")
        };
        let (window, script) = (open(), open());
        let (watch, timeline) = (Watch::default(), window.timeline());
        let (first, seen_by_first) = channel();
        watch.start(timeline, None, &[], first);
        let of_script = until(&seen_by_first, script.timeline().newest()).await;
        assert!(of_script.contains(&1), "{of_script:?}");

        let held = script.timeline().newest();
        let (second, seen_by_second) = channel();
        watch.start(timeline, Some(timeline.newest()), &[held], second);
        let draft = r#"{"method": "GET", "url": "http://127.0.0.1:1/"}"#;
        let draft = serde_json::from_str(draft).expect("a draft");
        let sending = script.send(draft).expect("accepted");
        sending.finished().await.expect_err("unreachable");
        let newest = script.timeline().newest();
        assert_eq!(
            until(&seen_by_second, newest).await,
            (held.seq + 1..=newest.seq).collect::<Vec<_>>()
        );
    }
}
