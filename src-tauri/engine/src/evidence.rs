//! Evidence to share: a part of the timeline as a file that somebody else can read, without anything that could be sent.
//!
//! ```text
//! Selection -> events, with what explains them -> Markdown | HAR 1.2 | JSON Lines
//! ```
//!
//! This is the product's one writer of HAR and of Markdown. Tokens stand in it as keyed fingerprints, which is how the
//! timeline knows them: equal ones stay equal, and nobody but this installation can tell which they are (N25). Bodies,
//! cookies and the headers of requests are not in the timeline, and so not here; the one exception is [`Secrets`] (N26).

mod har;
mod ladder;
mod markdown;
mod moment;
pub(crate) mod secrets;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::secrets::Secrets;

use crate::timeline::event::{Event, EventKey, Fact};
use crate::verdict::Explanation;

/// Events of one piece of evidence; a longer range is cut, and says so.
pub const EVIDENCE_EVENTS_MAX: usize = 20_000;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Selection {
    /// One event, all that it belongs to, and what that waited for.
    Group {
        /// The event.
        key: EventKey,
    },
    /// Everything from one event to another of the same run.
    Range {
        /// The first.
        from: EventKey,
        /// The last.
        to: EventKey,
    },
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people: verdicts, a ladder of who said what to whom, and every event.
    Markdown,
    /// For tools that read HTTP: HAR 1.2, with what the timeline knows beside it in fields that begin with `_`.
    Har,
    /// For programs: one event a line, as the timeline has it.
    JsonLines,
}

impl Format {
    /// The ending of a file of this form.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Har => "har",
            Self::JsonLines => "jsonl",
        }
    }
}

/// The words for what a file for people says; they belong to whoever shows them.
pub trait Words {
    /// One event, in a sentence without a full stop.
    fn event(&self, event: &Event) -> String;
    /// A verdict, in whole sentences.
    fn verdict(&self, explanation: &Explanation) -> String;
}

/// A part of the timeline, and the verdicts on the sends in it.
#[derive(Debug)]
pub struct Evidence {
    /// The events in order.
    pub events: Vec<Arc<Event>>,
    /// Why the sends in it ended as they did.
    pub verdicts: Vec<Explanation>,
    /// There was more than [`EVIDENCE_EVENTS_MAX`].
    pub cut: bool,
    /// What was sent, secrets and all. Absent: the file holds none, which is the rule.
    pub secrets: Option<Secrets>,
}

impl Evidence {
    /// It as a file of this form.
    pub fn write(&self, format: Format, words: &dyn Words) -> String {
        match format {
            Format::Markdown => markdown::write(self, words),
            Format::Har => har::write(self),
            Format::JsonLines => self.lines(),
        }
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        for event in &self.events {
            text += &serde_json::to_string(&**event).expect("an event is plain data");
            text.push('\n');
        }
        text
    }
}

/// What one event belongs to: its request or flight with all their events, the flights that those waited for, and what all
/// of that was caused by.
pub(crate) fn group(events: &[Arc<Event>], key: EventKey) -> Vec<Arc<Event>> {
    let Some(seed) = events.iter().find(|event| event.key == key) else {
        return Vec::new();
    };
    let request = seed.subject.request;
    let mut flights: BTreeSet<u64> = seed.subject.flight.into_iter().collect();
    let waited = events.iter().filter(|event| {
        request.is_some()
            && event.subject.request == request
            && matches!(event.fact, Fact::WaitingForRefresh { .. })
    });
    flights.extend(waited.filter_map(|event| event.subject.flight));
    let belongs = |event: &Event| {
        let own = request.is_some() && event.subject.request == request;
        let of_flight = event
            .subject
            .flight
            .is_some_and(|flight| flights.contains(&flight));
        // Others that waited for the same flight are not this one's story.
        let leads = matches!(event.fact, Fact::FlightStarted { .. });
        event.key == key || own || (of_flight && (event.subject.request.is_none() || leads))
    };
    let mut kept: BTreeSet<EventKey> = events
        .iter()
        .filter(|event| belongs(event))
        .map(|event| event.key)
        .collect();
    // Backwards: causes come first, so one pass finds the causes of causes.
    for event in events.iter().rev() {
        if kept.contains(&event.key) {
            kept.extend(&event.cause_seq);
        }
    }
    // Forwards: what has no other subject and follows from what is kept.
    for event in events {
        let follows = event.cause_seq.iter().any(|cause| kept.contains(cause));
        let free = event.subject.request.is_none() && event.subject.flight.is_none();
        if follows && free {
            kept.insert(event.key);
        }
    }
    events
        .iter()
        .filter(|event| kept.contains(&event.key))
        .cloned()
        .collect()
}
