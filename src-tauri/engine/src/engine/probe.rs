//! For the bench only (feature `probe`): parts of the engine that are not reached alone from outside.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Engine;
use crate::error::Result;
use crate::exchange::Exchange;
use crate::exchange::draft::Draft;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Answerer, Fact, Outcome, Subject, Verdict};

/// A send up to the wire: checked, passed through the gate, its token attached, all of it told. Nothing is sent.
///
/// # Errors
/// As [`Engine::send`], and where there is no token.
pub async fn attach(engine: &Engine, draft: Draft) -> Result<reqwest::Request> {
    let (ready, session) = engine.check(draft)?;
    let inner = &engine.inner;
    let request = inner.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let exchange = Exchange::accept(
        Arc::clone(&inner.context),
        ready,
        session,
        engine.all_sessions(),
        request,
    );
    exchange.attached().await
}

/// Appends so many events to the timeline, in the order and the form of requests that are answered.
pub fn append(engine: &Engine, events: u64) {
    let timeline = engine.timeline();
    let mut cause = None;
    for number in 0..events {
        let (request, place) = (number / 5, number % 5);
        let fact = match place {
            0 => Fact::RequestQueued {
                method: "GET".to_owned(),
                url: "https://api.example/resource".to_owned(),
                origin: "https://api.example".to_owned(),
            },
            1 => Fact::AttemptStarted {
                origin: "https://api.example".to_owned(),
                authorized: true,
                scheme: None,
                typed: None,
            },
            2 => Fact::ResponseHead {
                status: 200,
                challenges: Vec::new(),
                took_us: 1_200,
                skew_ms: Some(0),
                answerer: Answerer::default(),
            },
            3 => Fact::ResponseClassified {
                verdict: Verdict::Returned,
                rule_id: "answer.not_401".to_owned(),
            },
            _ => Fact::RequestFinished {
                outcome: Outcome::Answered,
                status: Some(200),
                attempts: 1,
                took_us: 1_500,
                body_bytes: 1_024,
                error: None,
            },
        };
        let subject = Subject {
            request: Some(request + 1),
            ..Subject::default()
        };
        let entry = Entry::new(Actor::Request, &subject, fact);
        let told = timeline.append(entry.because(cause.filter(|_| place > 0)));
        cause = Some(told);
    }
}
