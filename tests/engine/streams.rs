//! Streams of server-sent events: they outlive their connections, and a refresh does not touch them.

use std::sync::Arc;

use sandglass_engine::engine::Streaming;
use sandglass_engine::error::Code;
use sandglass_engine::exchange::body::Body;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::sse::{EVENT_BYTES_MAX, ServerEvent};
use sandglass_engine::exchange::stream::StreamEnd;
use sandglass_engine::timeline::event::{Fact, Outcome};
use tests_engine::{JSON, PATIENCE, World, failed};
use tokio::sync::Notify;

use crate::bodies::world_for;
use crate::recorder::{Recorder, Reply};
use crate::storm::holds_its_guarantees;

const REFUSED: &str = "401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"";
const NOTHING_MORE: &str = "204 No Content";

fn draft(recorder: &Recorder, method: &str) -> Draft {
    Draft {
        method: method.to_owned(),
        url: format!("{}/stream", recorder.origin()),
        headers: Vec::new(),
        body: None,
        session: Some(JSON.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    }
}

/// Events with these ids, and a short wait before the next connection.
fn events(ids: &[u64]) -> String {
    let events = ids
        .iter()
        .map(|id| format!("id: {id}\ndata: number {id}\n\n"));
    format!("retry: 100\n{}", events.collect::<String>())
}

async fn next(stream: &mut Streaming) -> Option<ServerEvent> {
    tokio::time::timeout(PATIENCE, stream.next())
        .await
        .expect("an event, or the end")
}

/// The ids of the events up to the end, and the end.
async fn to_the_end(
    mut stream: Streaming,
) -> (Vec<String>, sandglass_engine::error::Result<StreamEnd>) {
    let mut ids = Vec::new();
    while let Some(event) = next(&mut stream).await {
        assert_eq!(
            (event.event.as_str(), event.data),
            ("message", format!("number {}", event.id))
        );
        ids.push(event.id);
    }
    (ids, stream.finished().await)
}

/// The one end of the only request, as the timeline tells it.
fn finished(world: &World) -> (Outcome, Option<u16>, Option<Code>) {
    let ends: Vec<_> = world
        .events()
        .iter()
        .filter_map(|event| match event.fact {
            Fact::RequestFinished {
                outcome,
                status,
                error,
                ..
            } => Some((outcome, status, error)),
            _ => None,
        })
        .collect();
    let [end] = ends.as_slice() else {
        panic!("exactly one end: {ends:?}");
    };
    *end
}

/// Scenarios 107 and 110.
#[tokio::test]
async fn a_stream_whose_token_is_refused_is_opened_after_one_refresh_and_read_to_its_end() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    let before = world.demo.counts();
    let draft = world.get("/events?total=5&burst=2&every_ms=0&retry_ms=100", JSON);
    let mut stream = world.engine.open_stream(draft).expect("accepted");
    let mut numbers = Vec::new();
    while let Some(event) = next(&mut stream).await {
        assert_eq!(event.event, "order");
        numbers.push(event.data);
    }
    let expected: Vec<_> = (1..=5).map(|id| format!("{{\"number\": {id}}}")).collect();
    assert_eq!(numbers, expected, "each event once, in order");
    let end = stream.finished().await.expect("an end");
    assert_eq!(
        (
            end.status,
            end.rule_id.as_str(),
            end.connections,
            end.events
        ),
        (204, "stream.nothing_more", 3, 5)
    );
    let counts = world.demo.counts();
    assert_eq!(counts.refreshes_answered - before.refreshes_answered, 1);
    assert_eq!(finished(&world), (Outcome::Answered, Some(204), None));
    holds_its_guarantees(&world.events());
}

/// Scenario 108: a stream that a POST opened goes on by GET, with the token of that moment and the last whole event's id.
#[tokio::test]
async fn an_interrupted_stream_goes_on_with_the_current_token_and_never_repeats_what_opened_it() {
    let more = Arc::new(Notify::new());
    let half = "id: 2\ndata: number 2\n".to_owned();
    let recorder = Recorder::start([
        Reply::Halves(events(&[1]), Arc::clone(&more), half),
        Reply::Events(events(&[2, 3])),
        Reply::Lines(NOTHING_MORE),
    ]);
    let world = world_for(&recorder).await;
    let mut stream = world
        .engine
        .open_stream(Draft {
            headers: [
                ("Idempotency-Key", "17"),
                ("Content-Type", "application/json"),
                ("X-Mine", "1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: Some(Body::Text("{\"ask\": 1}".to_owned())),
            ..draft(&recorder, "POST")
        })
        .expect("accepted");
    assert_eq!(next(&mut stream).await.expect("the first").id, "1");
    world.engine.refresh(JSON).await.expect("refreshed");
    more.notify_one();
    let (ids, end) = to_the_end(stream).await;
    assert_eq!(ids, ["2", "3"], "the half event came whole, and once");
    assert_eq!(end.expect("an end").status, 204);

    let requests = recorder.requests();
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].header("accept"), Some("text/event-stream"));
    assert_eq!(requests[0].header("last-event-id"), None);
    for (request, last_id) in requests[1..].iter().zip(["1", "3"]) {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
        assert_eq!(request.header("last-event-id"), Some(last_id));
        assert_eq!(request.header("x-mine"), Some("1"));
        assert_eq!(request.header("accept"), Some("text/event-stream"));
        for name in ["idempotency-key", "content-type", "content-length"] {
            assert_eq!(
                request.header(name),
                None,
                "{name} belonged to the first request"
            );
        }
        assert_ne!(
            request.header("authorization"),
            requests[0].header("authorization")
        );
    }
    holds_its_guarantees(&world.events());
}

/// Scenario 109.
#[tokio::test]
async fn a_stream_that_is_refused_again_after_a_refresh_ends_once() {
    let recorder = Recorder::start([
        Reply::Events(events(&[1])),
        Reply::Lines(REFUSED),
        Reply::Lines(REFUSED),
    ]);
    let world = world_for(&recorder).await;
    let stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    let (ids, end) = to_the_end(stream).await;
    assert_eq!(ids, ["1"]);
    let end = end.expect("a refusal is an answer");
    assert_eq!((end.status, end.rule_id.as_str()), (401, "stream.refused"));
    assert_eq!(recorder.requests().len(), 3);
    assert_eq!(
        world.session(JSON).generation,
        Some(2),
        "one refresh was tried"
    );
    let (outcome, status, _) = finished(&world);
    assert_eq!((outcome, status), (Outcome::Answered, Some(401)));
    holds_its_guarantees(&world.events());
}

/// Scenario 110.
#[tokio::test]
async fn nothing_more_is_the_end_at_once() {
    let recorder = Recorder::start([Reply::Lines(NOTHING_MORE)]);
    let world = world_for(&recorder).await;
    let stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    let (ids, end) = to_the_end(stream).await;
    assert!(ids.is_empty());
    let end = end.expect("an end");
    assert_eq!((end.status, end.connections), (204, 0));
    assert_eq!(recorder.requests().len(), 1);
}

/// Scenario 111.
#[tokio::test]
async fn a_rotation_leaves_an_open_stream_alone() {
    let more = Arc::new(Notify::new());
    let recorder = Recorder::start([
        Reply::Halves(events(&[1]), Arc::clone(&more), events(&[2, 3])),
        Reply::Lines(NOTHING_MORE),
    ]);
    let world = world_for(&recorder).await;
    let mut stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    assert_eq!(next(&mut stream).await.expect("the first").id, "1");
    for _ in 0..2 {
        world.engine.refresh(JSON).await.expect("refreshed");
    }
    assert_eq!(world.session(JSON).generation, Some(3));
    assert_eq!(world.count("StreamInterrupted"), 0);
    assert_eq!(
        recorder.requests().len(),
        0,
        "the first connection is still open"
    );
    more.notify_one();
    let (ids, end) = to_the_end(stream).await;
    assert_eq!(ids, ["2", "3"]);
    assert_eq!(end.expect("an end").connections, 1);
    let first = world
        .until(|event| matches!(event.fact, Fact::StreamInterrupted { .. }))
        .await;
    assert!(
        matches!(
            first.fact,
            Fact::StreamInterrupted {
                events: 3,
                error: None
            }
        ),
        "{first:?}"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_one_that_never_was_is_not() {
    let recorder = Recorder::start([
        Reply::Events(events(&[1])),
        Reply::Reset,
        Reply::Lines("503 Service Unavailable"),
        Reply::Events(events(&[2])),
        Reply::Lines(NOTHING_MORE),
    ]);
    let world = world_for(&recorder).await;
    let stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    let (ids, end) = to_the_end(stream).await;
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(end.expect("an end").status, 204);

    let recorder = Recorder::start([Reply::Reset]);
    let world = world_for(&recorder).await;
    let stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    let (_, end) = to_the_end(stream).await;
    assert_eq!(failed(end).code, Code::ConnectionLost);
    assert_eq!(
        finished(&world),
        (Outcome::Failed, None, Some(Code::ConnectionLost))
    );
}

#[tokio::test]
async fn an_answer_to_a_post_that_names_no_ids_ends_with_its_connection() {
    let recorder = Recorder::start([Reply::Events("data: number \n\n".to_owned())]);
    let world = world_for(&recorder).await;
    let stream = world
        .engine
        .open_stream(draft(&recorder, "POST"))
        .expect("accepted");
    let (ids, end) = to_the_end(stream).await;
    assert_eq!(ids, [""]);
    let end = end.expect("an end");
    assert_eq!(
        (end.status, end.rule_id.as_str()),
        (200, "stream.not_resumable")
    );
    assert_eq!(finished(&world), (Outcome::Answered, Some(200), None));
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_said_to_be_none() {
    let too_long = format!("data: {}\n\n", "a".repeat(EVENT_BYTES_MAX));
    for (reply, code) in [
        (
            Reply::Lines("200 OK\r\nContent-Type: application/json"),
            Code::StreamNotEvents,
        ),
        (Reply::Events(too_long), Code::StreamEventTooLong),
    ] {
        let recorder = Recorder::start([reply]);
        let world = world_for(&recorder).await;
        let stream = world
            .engine
            .open_stream(draft(&recorder, "GET"))
            .expect("accepted");
        let (ids, end) = to_the_end(stream).await;
        assert!(ids.is_empty());
        assert_eq!(failed(end).code, code);
        assert_eq!(finished(&world).2, Some(code));
        holds_its_guarantees(&world.events());
    }
}

#[tokio::test]
async fn a_stream_that_nobody_wants_any_more_ends_as_stopped() {
    for by_hand in [true, false] {
        let never = Arc::new(Notify::new());
        let recorder = Recorder::start([Reply::Halves(events(&[1]), never, String::new())]);
        let world = world_for(&recorder).await;
        let mut stream = world
            .engine
            .open_stream(draft(&recorder, "GET"))
            .expect("accepted");
        assert_eq!(next(&mut stream).await.expect("the first").id, "1");
        if by_hand {
            world.engine.stop(stream.request);
        } else {
            drop(stream);
        }
        world
            .until(|event| matches!(event.fact, Fact::RequestFinished { .. }))
            .await;
        assert_eq!(
            finished(&world),
            (Outcome::Stopped, None, Some(Code::RequestStopped))
        );
    }
}

/// Scenario 125.
#[tokio::test]
async fn a_token_in_an_event_is_masked() {
    let events = "id: {{token}}\nevent: {{token}}\ndata: {{token}}\n\n".to_owned();
    let recorder = Recorder::start([Reply::Events(events), Reply::Lines(NOTHING_MORE)]);
    let world = world_for(&recorder).await;
    let mut stream = world
        .engine
        .open_stream(draft(&recorder, "GET"))
        .expect("accepted");
    let event = next(&mut stream).await.expect("an event");
    let bearer = recorder.requests()[0]
        .header("authorization")
        .expect("it came with a token")
        .to_owned();
    let token = bearer.trim_start_matches("Bearer ");
    assert!(!format!("{event:?}").contains(token), "{event:?}");
    assert!(!event.data.is_empty());
    assert_eq!(stream.finished().await.expect("an end").status, 204);
    assert_eq!(
        recorder.requests()[1].header("last-event-id"),
        Some(token),
        "the server gets back what it sent"
    );
    let told = serde_json::to_string(&world.events()).expect("events are JSON");
    assert!(!told.contains(token), "nor is it in the timeline");
}
