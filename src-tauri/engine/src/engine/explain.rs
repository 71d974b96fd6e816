//! What the engine is asked about the past: why a send ended as it did, and why a session needs a new sign-in.

use std::sync::Arc;

use super::Engine;
use crate::error::Result;
use crate::timeline::event::Event;
use crate::verdict::{self, Case, Ending, Explanation};

/// Events about a session that an explanation looks at, before and after what it explains.
const EXPLAINED_BY_MAX: usize = 20_000;
/// Earlier runs that are asked why a session ended.
const EXPLAINED_RUNS_MAX: usize = 8;

impl Engine {
    /// Why a send ended as it did, or stands as it does: "Why 401?". `None`: no event of it is known. May read SQLite, so it
    /// can block for a moment.
    pub fn explain_request(&self, run: u64, request: u64) -> Option<Explanation> {
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
        Some(verdict::explain(&case))
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
}
