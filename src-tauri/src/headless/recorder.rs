//! Follows the timeline of this run: counts what the summary needs, and writes the events to a file where that is wanted.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandglass_engine::Engine;
use sandglass_engine::timeline::event::{Event, Fact, FlightClass};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::exit::{Exit, Stop};

/// Events that are taken in one go.
pub(super) const EVENTS_AT_ONCE: usize = 1_000;

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Refreshes that brought new tokens, by this process.
    pub(super) refreshes: u64,
    /// Sends that waited for a refresh that another one had begun.
    pub(super) joined: u64,
    /// Sends that were repeated.
    pub(super) retried: u64,
}

impl Counts {
    fn count(&mut self, event: &Event) {
        match &event.fact {
            Fact::FlightFinished {
                class: FlightClass::Committed,
                ..
            } => self.refreshes += 1,
            Fact::WaitingForRefresh { joined: true } => self.joined += 1,
            Fact::RetryDecided { retry: true, .. } => self.retried += 1,
            _ => {}
        }
    }
}

/// Follows until it is told that nothing more comes.
pub(super) struct Recorder {
    ended: Arc<Notify>,
    task: JoinHandle<Result<Counts, Stop>>,
}

impl Recorder {
    /// Begins with the first event of this run.
    ///
    /// # Errors
    /// Where the file cannot be made. Nothing was sent then.
    pub(super) fn start(engine: &Engine, path: Option<PathBuf>) -> Result<Self, Stop> {
        let mut file = match path {
            None => None,
            Some(path) => {
                let file = File::create(&path).map_err(|error| unwritable(&path, &error))?;
                Some((BufWriter::new(file), path))
            }
        };
        let mut reader = engine.timeline().reader(0);
        let ended = Arc::new(Notify::new());
        let told = Arc::clone(&ended);
        let task = tokio::spawn(async move {
            let mut counts = Counts::default();
            let mut last_look = false;
            loop {
                let events = reader.next(EVENTS_AT_ONCE);
                for event in &events {
                    counts.count(event);
                    if let Some((file, path)) = &mut file {
                        serde_json::to_writer(&mut *file, &**event)
                            .map_err(std::io::Error::from)
                            .and_then(|()| file.write_all(b"\n"))
                            .map_err(|error| unwritable(path, &error))?;
                    }
                }
                if !events.is_empty() {
                    continue;
                }
                if let Some((file, path)) = &mut file {
                    file.flush().map_err(|error| unwritable(path, &error))?;
                }
                if last_look {
                    return Ok(counts);
                }
                tokio::select! {
                    () = reader.changed() => {}
                    () = told.notified() => last_look = true,
                }
            }
        });
        Ok(Self { ended, task })
    }

    /// The numbers, once everything that was told is read and written.
    ///
    /// # Errors
    /// Where the file could not be written.
    pub(super) async fn end(self) -> Result<Counts, Stop> {
        self.ended.notify_one();
        match self.task.await {
            Ok(counts) => counts,
            Err(error) => Err(Stop::new(Exit::Other, error.to_string())),
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Stop {
    let why = format!(
        "the timeline cannot be written to {}: {error}",
        path.display()
    );
    Stop::new(Exit::File, why)
}
