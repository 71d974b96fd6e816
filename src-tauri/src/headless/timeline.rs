//! `sandglass timeline`: what happened on this machine, in words or as JSON Lines.

use std::path::Path;
use std::sync::Arc;

use sandglass_engine::timeline::Timeline;
use sandglass_engine::timeline::event::Event;

use super::exit::{Exit, Stop};
use super::print;
use crate::cli::TimelineArgs;
use crate::print as words;

pub(super) async fn run(args: &TimelineArgs, data_dir: &Path) -> Result<Exit, Stop> {
    let path = data_dir.join("timeline.db");
    let last = args.last;
    let read = tokio::task::spawn_blocking(move || Timeline::stored(&path, last)).await;
    let mut events = read.map_err(|error| Stop::new(Exit::Other, error.to_string()))??;
    if let Some(session) = &args.session {
        events.retain(|event| event.subject.session.as_deref() == Some(session));
    }
    let mut text = Vec::new();
    if args.json {
        for event in &events {
            serde_json::to_writer(&mut text, &**event)
                .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
            text.push(b'\n');
        }
    } else {
        for run in events.chunk_by(|one, next| one.key.run == next.key.run) {
            text.extend(format!("run {}\n", run[0].key.run).into_bytes());
            // Writing to memory does not fail.
            let _: std::io::Result<()> = words::print(run as &[Arc<Event>], &mut text);
        }
    }
    print(&text)
}
