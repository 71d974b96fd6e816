//! `sandglass timeline`: what happened on this machine, and goes on happening, in words or as JSON Lines.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::error::Failure;
use sandglass_engine::timeline::event::Event;
use sandglass_engine::timeline::filter::Filter;
use sandglass_engine::timeline::stored::Stored;

use super::exit::{Exit, Stop};
use super::{print, signals};
use crate::cli::TimelineArgs;
use crate::print as words;

/// How often a database that is followed is looked at.
const GLANCE: Duration = Duration::from_millis(200);

pub(super) async fn run(args: &TimelineArgs, data_dir: &Path) -> Result<Exit, Stop> {
    let filter = Filter::parse(&args.filter.join(" "), SystemClock::default().wall())?;
    let mut output = Output {
        session: args.session.as_deref(),
        json: args.json,
        run: None,
    };
    let work = async {
        let path = data_dir.join("timeline.db");
        let open = || Stored::open(&path, filter.clone());
        let mut stored = blocking(open)?;
        while args.follow && stored.is_none() {
            tokio::time::sleep(GLANCE).await;
            stored = blocking(open)?;
        }
        let Some(mut stored) = stored else {
            return Ok(Exit::Done);
        };
        output.tell(&blocking(|| stored.last(args.last))?)?;
        if !args.follow {
            return Ok(Exit::Done);
        }
        loop {
            let events = blocking(|| stored.newer())?;
            if events.is_empty() {
                tokio::time::sleep(GLANCE).await;
            }
            output.tell(&events)?;
        }
    };
    match signals::until_told(work, std::future::ready(())).await {
        Ok(ended) => ended,
        Err(exit) => Ok(exit),
    }
}

/// The database is read where signals are still heard meanwhile.
fn blocking<T>(read: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    tokio::task::block_in_place(read)
}

struct Output<'a> {
    session: Option<&'a str>,
    json: bool,
    /// The run whose events were printed last.
    run: Option<u64>,
}

impl Output<'_> {
    fn tell(&mut self, events: &[Arc<Event>]) -> Result<(), Stop> {
        let wanted = |event: &&Arc<Event>| {
            self.session
                .is_none_or(|session| event.subject.session.as_deref() == Some(session))
        };
        let events: Vec<Arc<Event>> = events.iter().filter(wanted).cloned().collect();
        if events.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        if self.json {
            for event in &events {
                serde_json::to_writer(&mut text, &**event)
                    .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
                text.push(b'\n');
            }
        } else {
            for run in events.chunk_by(|one, next| one.key.run == next.key.run) {
                let number = run[0].key.run;
                if self.run.replace(number) != Some(number) {
                    text.extend(format!("run {number}\n").into_bytes());
                }
                // Writing to memory does not fail.
                let _: std::io::Result<()> = words::print(run, &mut text);
            }
        }
        print(&text).map(|_| ())
    }
}
