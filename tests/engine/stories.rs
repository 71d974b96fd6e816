//! Whole timelines of live runs, kept as files: what the engine tells of twelve scenarios, event by event. The view's own
//! tests tell their stories from the same files, so that words, lanes and engine cannot drift apart.
//!
//! Times, ports and fingerprints differ from run to run and are replaced. Requests that go on at the same time after a
//! flight are put in the order of their numbers; everything else stands as it happened.

use std::collections::BTreeSet;
use std::path::Path;

use sandglass_demo::{Act, Fault, Place, Reuse, Settings};
use sandglass_engine::timeline::event::{Event, Fact};
use serde_json::{Value, json};
use tests_engine::{Elsewhere, JSON, World, answer, quick};

/// Set this to write the files anew instead of comparing them.
const WRITE: &str = "SANDGLASS_WRITE_STORIES";
/// When a kept run begins, and how far its events are apart, in milliseconds.
const BEGIN_MS: u64 = 1_795_431_600_000;
const STEP_MS: u64 = 50;

/// Compares the timeline of this world with the one that is kept, or keeps it.
fn told(world: &World, name: &str) {
    let events = in_order(
        world
            .events()
            .iter()
            .map(|event| Event::clone(event))
            .collect(),
    );
    let mut ports = vec![port(world.demo.origin())];
    let lines: Vec<String> = events
        .iter()
        .map(|event| steady(event, &events, &mut ports).to_string())
        .collect();
    let text = lines.join("\n") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("stories/{name}.jsonl"));
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder");
        std::fs::write(&file, &text).expect("the file");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    for (number, (now, before)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(
            now,
            before,
            "{name}, event {}; {WRITE}=1 keeps it anew",
            number + 1
        );
    }
    assert_eq!(
        text.lines().count(),
        kept.lines().count(),
        "{name}; {WRITE}=1 keeps it anew"
    );
}

/// After a flight those who waited go on at once: their events are sorted by their numbers, each in its own order.
fn in_order(mut events: Vec<Event>) -> Vec<Event> {
    let landed = events
        .iter()
        .position(|event| matches!(event.fact, Fact::FlightFinished { .. }));
    let after = landed.map_or(events.len(), |landed| landed + 1);
    let requests: BTreeSet<_> = events[after..]
        .iter()
        .filter_map(|event| event.subject.request)
        .collect();
    if requests.len() > 1 {
        events[after..].sort_by_key(|event| event.subject.request);
    }
    events
}

/// An event with its numbers in order and nothing in it that differs from run to run.
fn steady(event: &Event, all: &[Event], ports: &mut Vec<String>) -> Value {
    let place = |key: &Value| {
        let found = all.iter().position(|one| json!(one.key) == *key);
        json!({ "run": 1, "seq": found.map_or(0, |at| at + 1) })
    };
    let mut value = serde_json::to_value(event).expect("events are JSON");
    let seq = place(&json!(event.key))["seq"].as_u64().expect("its place");
    if let Some(causes) = value.get_mut("cause_seq").and_then(Value::as_array_mut) {
        for cause in causes {
            *cause = place(cause);
        }
    }
    value["run"] = json!(1);
    value["seq"] = json!(seq);
    value["mono_ns"] = json!(seq * STEP_MS * 1_000_000);
    value["wall_ms"] = json!(BEGIN_MS + seq * STEP_MS);
    if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
        for (name, held) in data {
            *held = steady_value(name, held, seq, ports);
        }
    }
    value
}

fn steady_value(name: &str, held: &Value, seq: u64, ports: &mut Vec<String>) -> Value {
    match (name, held) {
        (_, Value::Null) => Value::Null,
        ("took_us", _) => json!(120_000),
        // Both servers run here; what differs is that `Date` has whole seconds.
        ("waited_ms" | "skew_ms", _) => json!(0),
        // A busy machine makes a free lock look contended.
        ("contended", _) => json!(false),
        ("age_ms", _) => json!(500),
        ("pid", _) => json!(1),
        ("body_bytes", _) => json!(500),
        ("version", _) => json!("0.1.0"),
        ("fingerprint", _) => json!("0123456789abcdef"),
        ("expires_at_ms" | "until_ms", _) => json!(BEGIN_MS + seq * STEP_MS + 60_000),
        ("expires_in_ms" | "lifetime_ms", number) => {
            let number = number.as_i64().expect("milliseconds");
            json!(if number < 0 {
                -400
            } else {
                (number + 9_999) / 10_000 * 10_000
            })
        }
        ("issued_at_ms" | "not_before_ms" | "date_ms", _) => json!(BEGIN_MS + seq * STEP_MS),
        (_, Value::Object(fields)) => fields
            .iter()
            .map(|(name, field)| (name.clone(), steady_value(name, field, seq, ports)))
            .collect(),
        (_, Value::String(text)) => json!(with_steady_ports(text, ports)),
        (_, Value::Array(items)) => items
            .iter()
            .map(|item| steady_value("", item, seq, ports))
            .collect(),
        (_, other) => other.clone(),
    }
}

fn port(origin: &str) -> String {
    origin.rsplit(':').next().expect("a port").to_owned()
}

/// The first server is at port 40117, the next one at 40118.
fn with_steady_ports(text: &str, ports: &mut Vec<String>) -> String {
    let mut steady = text.to_owned();
    for found in text.split("127.0.0.1:").skip(1) {
        let digits: String = found.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() && !ports.contains(&digits) {
            ports.push(digits);
        }
    }
    for (index, port) in ports.iter().enumerate() {
        steady = steady.replace(
            &format!("127.0.0.1:{port}"),
            &format!("127.0.0.1:{}", 40_117 + index),
        );
    }
    steady
}

/// A fault that holds the answer back until the others are there.
fn held() -> Fault {
    Fault {
        hold_ms: 1_500,
        times: Some(1),
        ..Fault::default()
    }
}

/// Sends a request and waits until it waits for the flight.
async fn send_and_wait(world: &World) -> sandglass_engine::engine::Sending {
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    let request = sending.request;
    world
        .until(|event| {
            event.subject.request == Some(request)
                && matches!(event.fact, Fact::WaitingForRefresh { .. })
        })
        .await;
    sending
}

/// Waits until the flight has sent its exchange: what comes after that comes in one order.
async fn in_the_air(world: &World) {
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
}

/// Scenario 1.
#[tokio::test]
async fn three_requests_on_an_expired_token_share_one_refresh() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(Place::Refresh, held());
    let first = send_and_wait(&world).await;
    in_the_air(&world).await;
    let sendings = [
        first,
        send_and_wait(&world).await,
        send_and_wait(&world).await,
    ];
    for sending in sendings {
        assert_eq!(sending.finished().await.expect("an answer").status, 200);
    }
    told(&world, "001-one-refresh-for-all");
}

/// Scenario 2.
#[tokio::test]
async fn a_late_refusal_is_repeated_with_the_newer_token() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(Place::Api, held());
    let slow = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::AttemptStarted { .. }))
        .await;
    world.engine.refresh(JSON).await.expect("refreshed");
    assert_eq!(slow.finished().await.expect("an answer").status, 200);
    told(&world, "002-a-late-refusal");
}

/// Scenario 6: after the refresh failed for now, nothing more is sent to the token endpoint.
#[tokio::test]
async fn a_refresh_that_fails_for_now_leaves_the_session() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Status {
            code: 503,
            retry_after_s: Some(30),
        }),
    );
    for _ in 0..2 {
        assert_eq!(world.orders(JSON).await.status, 401);
    }
    told(&world, "006-a-server-that-is-busy");
}

/// Scenario 11.
#[tokio::test]
async fn a_fresh_token_that_is_refused_is_shown() {
    let world = World::signed_in(JSON).await;
    world.demo.faults().set(
        Place::Api,
        Fault::always(Act::Status {
            code: 401,
            retry_after_s: None,
        }),
    );
    assert_eq!(world.orders(JSON).await.status, 401);
    told(&world, "011-a-fresh-token-refused");
}

/// Scenario 16.
#[tokio::test]
async fn who_started_the_flight_leaves() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(Place::Refresh, held());
    let sending = send_and_wait(&world).await;
    in_the_air(&world).await;
    world.engine.stop(sending.request);
    sending.finished().await.expect_err("stopped");
    world
        .until(|event| matches!(event.fact, Fact::FlightFinished { .. }))
        .await;
    told(&world, "016-who-started-it-leaves");
}

/// Scenario 24.
#[tokio::test]
async fn a_lost_reply_is_asked_for_once_more() {
    let world = World::with(Settings {
        reuse: Reuse::Grace(std::time::Duration::from_secs(60)),
        ..quick()
    })
    .await;
    world.sign_in(JSON).await.expect("signed in");
    world.demo.expire_all();
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::once(Act::DropReply));
    assert_eq!(world.orders(JSON).await.status, 200);
    told(&world, "024-a-lost-reply");
}

/// Scenario 26.
#[tokio::test]
async fn a_lost_reply_at_a_strict_server_ends_the_session() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::once(Act::DropReply));
    assert_eq!(world.orders(JSON).await.status, 401);
    told(&world, "026-a-lost-reply-at-a-strict-server");
}

/// Scenario 45.
#[tokio::test]
async fn what_another_process_refreshed_is_adopted() {
    let world = World::signed_in(JSON).await;
    let peer = world.peer().await;
    world.demo.expire_all();
    peer.refresh(JSON).await.expect("refreshed");
    assert_eq!(world.orders(JSON).await.status, 200);
    told(&world, "045-another-process-was-first");
}

/// Scenario 58.
#[tokio::test]
async fn a_wish_for_a_nonce_is_no_reason_to_refresh() {
    let world = World::signed_in(JSON).await;
    world.demo.faults().set(
        Place::Api,
        Fault::once(Act::Reply {
            status: 401,
            headers: vec![
                (
                    "WWW-Authenticate".to_owned(),
                    "DPoP error=\"use_dpop_nonce\"".to_owned(),
                ),
                ("DPoP-Nonce".to_owned(), "n-1".to_owned()),
            ],
            body: String::new(),
        }),
    );
    world.orders(JSON).await;
    told(&world, "058-a-wish-for-a-nonce");
}

/// Scenario 64.
#[tokio::test]
async fn a_missing_scope_is_no_reason_to_refresh() {
    let world = World::signed_in(JSON).await;
    let wish = "Bearer error=\"insufficient_scope\", scope=\"admin\"";
    world.demo.faults().set(
        Place::Api,
        Fault::once(Act::Reply {
            status: 403,
            headers: vec![("WWW-Authenticate".to_owned(), wish.to_owned())],
            body: String::new(),
        }),
    );
    assert_eq!(world.orders(JSON).await.status, 403);
    told(&world, "064-a-missing-scope");
}

/// Scenario 104.
#[tokio::test]
async fn a_redirect_elsewhere_loses_the_token() {
    let world = World::signed_in(JSON).await;
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let path = format!("/redirect?to={}/landing", elsewhere.origin);
    assert_eq!(
        world
            .send(world.get(&path, JSON))
            .await
            .expect("an answer")
            .status,
        200
    );
    told(&world, "104-a-redirect-elsewhere");
}

/// Scenario 117.
#[tokio::test]
async fn signing_out_during_a_flight_discards_it() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(Place::Refresh, held());
    let sending = send_and_wait(&world).await;
    in_the_air(&world).await;
    let engine = world.engine.clone();
    let signed_out = tokio::spawn(async move { engine.sign_out(JSON).await });
    assert_eq!(sending.finished().await.expect("the 401").status, 401);
    signed_out.await.expect("it ends").expect("signed out");
    world
        .until(|event| matches!(event.fact, Fact::FlightFinished { .. }))
        .await;
    told(&world, "117-signed-out-meanwhile");
}
