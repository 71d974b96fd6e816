//! What the engine is asked about the past: why a send ended as it did, and why a session needs a new sign-in.

use std::sync::Arc;

use url::Url;

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::evidence::{self, EVIDENCE_EVENTS_MAX, Evidence, Selection};
use crate::oauth::protected_resource::{ProtectedResource, fetch};
use crate::redact;
use crate::session::config::connection::Connection;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Event, EventKey, Fact, Question, Subject};
use crate::verdict::{self, Case, Ending, Explanation};

/// Events about a session that an explanation looks at, before and after what it explains.
const EXPLAINED_BY_MAX: usize = 20_000;
/// Earlier runs that are asked why a session ended.
const EXPLAINED_RUNS_MAX: usize = 8;
/// Sends of one piece of evidence that are explained; a burst is one cause a thousand times.
const VERDICTS_MAX: usize = 20;

impl Engine {
    /// Why a send ended as it did, or stands as it does: "Why 401?". `None`: no event of it is known. May read SQLite, so it
    /// can block for a moment.
    pub fn explain_request(&self, run: u64, request: u64) -> Option<Explanation> {
        self.with_case(run, request, verdict::explain)
    }

    /// What the API says of itself that refused this send (RFC 9728), where its challenge names that: asked of the API's own
    /// origin, without any secret. It is for a person to decide what comes of it.
    ///
    /// # Errors
    /// `resource.metadata_failed`, also where the refusal names none.
    pub async fn resource_metadata(&self, run: u64, request: u64) -> Result<ProtectedResource> {
        let named = self.with_case(run, request, |case| {
            let (key, metadata, asked) = case.resource_metadata()?;
            let session = case.session.map(str::to_owned);
            Some((key, metadata.to_owned(), asked, session))
        });
        let Some((cause, metadata, asked, session)) = named.flatten() else {
            let detail = "no refusal of this send names any";
            return Err(Failure::new(Code::ResourceMetadataFailed).with("detail", detail));
        };
        let session = session.and_then(|name| self.session(&name).ok());
        let usual = Connection::default();
        let connection = session
            .as_ref()
            .map_or(&usual, |session| &session.config.connection);
        let context = &self.inner.context;
        let found = fetch(&metadata, &asked, &context.token_client, connection).await;
        let fact = Fact::ServerAsked {
            question: Question::ResourceMetadata,
            endpoint: Url::parse(&metadata).map_or_else(|_| String::new(), |url| redact::url(&url)),
            status: found.is_ok().then_some(200),
            error: None,
        };
        let subject = Subject {
            session: session.map(|session| Arc::clone(&session.config.name)),
            request: (run == self.timeline().run()).then_some(request),
            ..Subject::default()
        };
        let entry = Entry::new(Actor::User, &subject, fact).because(cause);
        self.timeline().append(entry);
        found
    }

    fn with_case<T>(&self, run: u64, request: u64, look: impl FnOnce(&Case<'_>) -> T) -> Option<T> {
        let timeline = self.timeline();
        let alone = timeline.about(run, Some(request), &[], 0);
        let sessions: Vec<_> = alone
            .iter()
            .find_map(|event| event.subject.session.clone())
            .into_iter()
            .collect();
        let mut events = timeline.about(run, Some(request), &sessions, EXPLAINED_BY_MAX);
        self.add_flights_of_others(&mut events, run, request);
        let answer = self.answer(request).filter(|_| run == timeline.run());
        let body = match &answer {
            Some(Ok(details)) => details.text.as_deref(),
            _ => None,
        };
        let reason = body.and_then(verdict::reason);
        let case = Case::read(&events, run, request, reason.as_deref())?;
        Some(look(&case))
    }

    /// A flight that a request waited for may have flown for another session of its family: its events count too.
    fn add_flights_of_others(&self, events: &mut Vec<Arc<Event>>, run: u64, request: u64) {
        let flew = |event: &&Arc<Event>| {
            event.subject.request == Some(request) && event.subject.flight.is_some()
        };
        let Some(session) = events
            .iter()
            .find(flew)
            .and_then(|event| event.subject.session.clone())
        else {
            return;
        };
        let Ok(session) = self.session(&session) else {
            return;
        };
        let others: Vec<_> = session
            .family
            .member_names()
            .into_iter()
            .filter(|name| *name != session.config.name)
            .collect();
        if others.is_empty() {
            return;
        }
        let flights = self.timeline().about(run, None, &others, EXPLAINED_BY_MAX);
        events.extend(
            flights
                .into_iter()
                .filter(|event| event.subject.flight.is_some()),
        );
        events.sort_unstable_by_key(|event| event.key);
        events.dedup_by_key(|event| event.key);
    }

    /// Why a session needs a new sign-in, or that it does not: "Why was I signed out?". May read SQLite, so it can block for a
    /// moment.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn explain_sign_out(&self, session: &str) -> Result<Explanation> {
        let session = self.session(session)?;
        let members = session.family.member_names();
        let timeline = self.timeline();
        let mut runs = timeline.earlier_runs(EXPLAINED_RUNS_MAX);
        runs.push(timeline.run());
        runs.sort_unstable();
        let events: Vec<_> = runs
            .iter()
            .flat_map(|run| timeline.about(*run, None, &members, EXPLAINED_BY_MAX))
            .collect();
        let snapshot = session.snapshot();
        Ok(verdict::explain_sign_out(&Ending {
            session: &snapshot.name,
            state: snapshot.state,
            set_aside: snapshot.set_aside,
            run: timeline.run(),
            as_of: timeline.newest(),
            events: &events,
        }))
    }

    /// A part of the timeline to share, with the verdicts on the sends in it. `None`: no event of it is known. May read
    /// SQLite, so it can block for a moment.
    pub fn evidence(&self, selection: Selection) -> Option<Evidence> {
        let (events, cut) = match selection {
            Selection::Group { key } => (self.group_of(key)?, false),
            Selection::Range { from, to } => self.events_between(from, to),
        };
        let queued = events
            .iter()
            .filter(|event| matches!(event.fact, Fact::RequestQueued { .. }));
        let verdicts = queued
            .filter_map(|event| self.explain_request(event.key.run, event.subject.request?))
            .take(VERDICTS_MAX)
            .collect();
        (!events.is_empty()).then_some(Evidence {
            events,
            verdicts,
            cut,
            secrets: None,
        })
    }

    fn group_of(&self, key: EventKey) -> Option<Vec<Arc<Event>>> {
        let (found, _) = self.events_between(key, key);
        let event = found.first()?;
        let sessions: Vec<_> = event.subject.session.clone().into_iter().collect();
        let request = event.subject.request;
        let timeline = self.timeline();
        let events = timeline.about(key.run, request, &sessions, EXPLAINED_BY_MAX);
        Some(evidence::group(&events, key))
    }

    /// The events from one to another of the same run, at most [`EVIDENCE_EVENTS_MAX`]; whether there are more.
    fn events_between(&self, from: EventKey, to: EventKey) -> (Vec<Arc<Event>>, bool) {
        let before = EventKey {
            seq: from.seq.saturating_sub(1),
            ..from
        };
        let mut reader = self.timeline().reader_after(before);
        let mut events: Vec<Arc<Event>> = Vec::new();
        loop {
            let page = reader.next(EVIDENCE_EVENTS_MAX - events.len());
            let read = page.len();
            events.extend(page.into_iter().take_while(|event| event.key <= to));
            let ended = events.last().is_some_and(|last| last.key >= to);
            if read == 0 || ended || events.len() >= EVIDENCE_EVENTS_MAX {
                let more = events.len() >= EVIDENCE_EVENTS_MAX && !ended;
                return (events, more);
            }
            if events.last().is_none_or(|last| last.key.run > to.run) {
                return (events, false);
            }
        }
    }
}
