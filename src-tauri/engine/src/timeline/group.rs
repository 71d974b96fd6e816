//! Causal groups: the events that one cause set in motion, summed up so that a million events can be asked about.
//!
//! A group belongs to one run and is named by its first event. What opens a group, and which group an event falls into,
//! is decided by the events' own names and causes; nothing is inferred from nearness in time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKey, Fact, FlightClass, Outcome};
use crate::clock::WallMs;

/// Statuses, generations and names that a group remembers, each; a longer story is told by its events.
const REMEMBERED_MAX: usize = 16;
/// Characters of an address that free text is looked for in.
const TEXT_CHARS_MAX: usize = 300;

/// Events that one cause set in motion: one row of the story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// Its first event, which names it.
    pub first: EventKey,
    /// The number of its last event so far, in the same run.
    pub last_seq: u64,
    /// How many events it has so far.
    pub events: u64,
    /// What it is about.
    pub kind: GroupKind,
    /// When its first event happened.
    pub from_ms: WallMs,
    /// When the latest of its events happened.
    pub to_ms: WallMs,
    /// The session's name.
    pub session: Option<Arc<str>>,
    /// The send, of a group that one opened.
    pub request: Option<u64>,
    /// The refreshes that took off in it.
    pub flights: Vec<u64>,
    /// The method of the send.
    pub method: String,
    /// Host and port of the send.
    pub host: String,
    /// The address of the send.
    pub text: String,
    /// The statuses that came, of the API and of the token endpoint.
    pub statuses: Vec<u16>,
    /// The generations that were carried or brought.
    pub generations: Vec<u32>,
    /// The sends and refreshes of other groups that something here was caused by.
    pub caused_by: Vec<String>,
    /// The codes of what went wrong.
    pub errors: Vec<String>,
    /// How long its send, or else its refresh, took, in microseconds. Absent: it is not over.
    pub took_us: Option<u64>,
    /// What can be said of it.
    #[serde(flatten)]
    pub traits: Traits,
}

/// What can be said of a group in one word each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Traits {
    /// Something was sent more than once.
    pub retry: bool,
    /// A send waited for a refresh that another had asked for.
    pub joined: bool,
    /// It did not end as it should have.
    pub failed: bool,
    /// It is not over.
    pub pending: bool,
    /// It brought new tokens.
    pub published: bool,
}

/// What a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupKind {
    /// One press of Send, with the refreshes that it asked for.
    Request,
    /// A refresh that no send asked for.
    Refresh,
    /// A sign-in.
    SignIn,
    /// A token that expired.
    Expiry,
    /// A session that began or ended otherwise.
    Session,
    /// The vault.
    Store,
    /// The run itself.
    Run,
}

/// Where an event was put, and what it was about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// The number of the first event of its group.
    pub(super) group: Option<u64>,
    pub(super) request: Option<u64>,
    pub(super) flight: Option<u64>,
}

/// What is known of the events before one that is to be placed.
pub(super) trait Shelf {
    type Error;
    /// Where this event was put.
    fn placed(&mut self, key: EventKey) -> Result<Option<Placed>, Self::Error>;
    /// The group that holds this send.
    fn of_request(&mut self, run: u64, request: u64) -> Result<Option<u64>, Self::Error>;
    /// The group that holds this refresh.
    fn of_flight(&mut self, run: u64, flight: u64) -> Result<Option<u64>, Self::Error>;
    /// The group that this event opened.
    fn group(&mut self, first: EventKey) -> Result<Option<&mut Group>, Self::Error>;
    /// Keeps a group that was opened.
    fn open(&mut self, group: Group);
    /// Remembers where an event was put.
    fn remember(&mut self, key: EventKey, placed: Placed);
}

/// Puts an event into its group, and answers the number of that group's first event. None: it stands alone.
pub(super) fn place<S: Shelf>(event: &Event, shelf: &mut S) -> Result<Option<u64>, S::Error> {
    let run = event.key.run;
    let mut causes = Vec::new();
    for cause in &event.cause_seq {
        causes.extend(shelf.placed(*cause)?.map(|placed| (*cause, placed)));
    }
    let by_cause = causes
        .iter()
        .find_map(|(cause, placed)| placed.group.filter(|_| cause.run == run));
    let group = match (opens(&event.fact), &event.fact) {
        (Some(_), fact) if by_cause.is_some() && may_follow(fact) => by_cause,
        (Some(_), _) => Some(event.key.seq),
        (None, _) => {
            let subject = &event.subject;
            let mut found = None;
            if let Some(request) = subject.request {
                found = shelf.of_request(run, request)?;
            }
            if let Some(flight) = subject.flight.filter(|_| found.is_none()) {
                found = shelf.of_flight(run, flight)?;
            }
            found.or(by_cause)
        }
    };
    if let Some(first) = group {
        let key = EventKey { run, seq: first };
        if first == event.key.seq {
            let kind = opens(&event.fact).unwrap_or(GroupKind::Run);
            shelf.open(Group::opened_by(event, kind));
        }
        let mut names = Vec::new();
        for (cause, placed) in &causes {
            if cause.run == run && placed.group == Some(first) {
                continue;
            }
            names.extend(placed.flight.map(|flight| format!("F{flight}")));
            let of_group = match placed.group {
                Some(seq) => shelf
                    .group(EventKey {
                        run: cause.run,
                        seq,
                    })?
                    .and_then(|group| group.request),
                None => None,
            };
            names.extend(
                placed
                    .request
                    .or(of_group)
                    .map(|request| format!("R{request}")),
            );
        }
        if let Some(group) = shelf.group(key)? {
            group.take(event);
            for name in names {
                remember(&mut group.caused_by, name);
            }
        }
    }
    let placed = Placed {
        group,
        request: event.subject.request,
        flight: event.subject.flight,
    };
    shelf.remember(event.key, placed);
    Ok(group)
}

/// Whether a fact that opens a group belongs to its cause's, where it has one.
fn may_follow(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::FlightStarted { .. }
            | Fact::FaultSwitched { .. }
            | Fact::TrustAsked { .. }
            | Fact::TokenWanted { .. }
            | Fact::TokenHandedOut { .. }
    )
}

/// The kind of group that a fact opens.
fn opens(fact: &Fact) -> Option<GroupKind> {
    match fact {
        Fact::RequestQueued { .. } => Some(GroupKind::Request),
        Fact::FlightStarted { .. } => Some(GroupKind::Refresh),
        Fact::SignInStarted {} => Some(GroupKind::SignIn),
        Fact::TokenExpired {} => Some(GroupKind::Expiry),
        Fact::SignedOut {}
        | Fact::LoginRequired { .. }
        | Fact::SessionRestored { .. }
        | Fact::RecordSetAside { .. }
        | Fact::FaultSwitched { .. }
        | Fact::TrustAsked { .. }
        | Fact::TokenWanted { .. }
        | Fact::TokenHandedOut { .. }
        | Fact::ClockJump { .. } => Some(GroupKind::Session),
        Fact::StoreSlow {}
        | Fact::StoreUnavailable { .. }
        | Fact::StoreChosen { .. }
        | Fact::WorkspaceRead { .. }
        | Fact::EnvironmentChosen { .. } => Some(GroupKind::Store),
        Fact::RunStarted { .. } | Fact::Gap { .. } => Some(GroupKind::Run),
        _ => None,
    }
}

impl Group {
    fn opened_by(event: &Event, kind: GroupKind) -> Self {
        Self {
            first: event.key,
            last_seq: event.key.seq,
            events: 0,
            kind,
            from_ms: event.wall_ms,
            to_ms: event.wall_ms,
            session: event.subject.session.clone(),
            request: event.subject.request,
            flights: Vec::new(),
            method: String::new(),
            host: String::new(),
            text: String::new(),
            statuses: Vec::new(),
            generations: Vec::new(),
            caused_by: Vec::new(),
            errors: Vec::new(),
            took_us: None,
            traits: Traits {
                pending: matches!(
                    kind,
                    GroupKind::Request | GroupKind::Refresh | GroupKind::SignIn
                ),
                ..Traits::default()
            },
        }
    }

    /// Adds what one more event says.
    fn take(&mut self, event: &Event) {
        self.last_seq = self.last_seq.max(event.key.seq);
        self.events += 1;
        self.from_ms = self.from_ms.min(event.wall_ms);
        self.to_ms = self.to_ms.max(event.wall_ms);
        if self.session.is_none() {
            self.session.clone_from(&event.subject.session);
        }
        if let Some(generation) = event.subject.generation {
            remember(&mut self.generations, generation);
        }
        match &event.fact {
            Fact::FlightStarted { .. } => {
                if let Some(flight) = event.subject.flight {
                    remember(&mut self.flights, flight);
                }
            }
            Fact::RequestQueued {
                method,
                url,
                origin,
            } => {
                self.method.clone_from(method);
                self.host = origin
                    .split_once("://")
                    .map_or(origin.as_str(), |(_, host)| host)
                    .to_owned();
                self.text = url.chars().take(TEXT_CHARS_MAX).collect();
            }
            Fact::AttemptStarted { .. } => {
                self.traits.retry |= event.subject.attempt.is_some_and(|attempt| attempt > 1);
            }
            Fact::ResponseHead { status, .. }
            | Fact::ExchangeReplied {
                status: Some(status),
                ..
            } => remember(&mut self.statuses, *status),
            Fact::WaitingForRefresh { joined } => self.traits.joined |= *joined,
            Fact::Published { .. } | Fact::SessionRestored { .. } => self.traits.published = true,
            Fact::RequestFinished {
                outcome,
                status,
                took_us,
                error,
                ..
            } => {
                self.took_us = Some(*took_us);
                self.traits.pending = false;
                self.traits.failed =
                    *outcome == Outcome::Failed || status.is_some_and(|status| status >= 400);
                self.learn_error(*error);
            }
            Fact::FlightFinished { class, took_us, .. } if self.kind == GroupKind::Refresh => {
                self.took_us = Some(*took_us);
                self.traits.pending = false;
                self.traits.failed =
                    !matches!(class, FlightClass::Committed | FlightClass::Adopted);
            }
            Fact::SignedIn {} => self.traits.pending = false,
            Fact::SignInFailed { error } => {
                self.traits.pending = false;
                self.traits.failed = true;
                self.learn_error(Some(*error));
            }
            Fact::StoreUnavailable { error } => {
                self.traits.failed = true;
                self.learn_error(Some(*error));
            }
            Fact::PersistFailed { error } | Fact::AttemptFailed { error, .. } => {
                self.learn_error(Some(*error))
            }
            Fact::LoginRequired { .. } => self.traits.failed = true,
            _ => {}
        }
    }

    fn learn_error(&mut self, error: Option<crate::error::Code>) {
        if let Some(name) = error.and_then(|error| serde_json::to_value(error).ok()) {
            remember(
                &mut self.errors,
                name.as_str().unwrap_or_default().to_owned(),
            );
        }
    }

    /// Whether a stretch of the local clock and the group have a moment in common.
    pub(super) fn overlaps(&self, from: WallMs, to: WallMs) -> bool {
        self.from_ms <= to && self.to_ms >= from
    }
}

fn remember<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if list.len() < REMEMBERED_MAX && !list.contains(&value) {
        list.push(value);
    }
}
