//! An expired token, and everybody at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sandglass_demo::Settings;
use sandglass_engine::timeline::event::{Event, Fact, StateName};
use tests_engine::{JSON, OAUTH, World, kind, quick};

/// Files and sockets that the largest storm needs, both ends in one process, and some to spare.
const OPEN_FILES: u64 = 8_192;

async fn a_storm_costs_one_refresh(session: &str, requests: usize) {
    rlimit::increase_nofile_limit(OPEN_FILES).expect("the limit can be raised to the hard one");
    // Nothing expires by itself, however long a busy machine takes.
    let world = World::with(Settings {
        access_ttl: Duration::from_secs(3_600),
        ..quick()
    })
    .await;
    world.sign_in(session).await.expect("signed in");
    assert_eq!(world.orders(session).await.status, 200);
    let before = world.demo.counts();
    world.demo.expire_all();

    let sendings: Vec<_> = (0..requests)
        .map(|_| {
            world
                .engine
                .send(world.get("/orders", session))
                .expect("accepted")
        })
        .collect();
    for sending in sendings {
        let response = sending.finished().await.expect("an answer");
        assert_eq!(
            (response.status, response.not_repeated.as_ref()),
            (200, None),
            "{response:?}"
        );
    }

    let counts = world.demo.counts();
    assert_eq!(
        counts.refreshes_answered - before.refreshes_answered,
        1,
        "one refresh for all"
    );
    assert_eq!(
        (
            counts.refreshes_refused,
            counts.families_revoked,
            counts.reuses_seen
        ),
        (0, 0, 0)
    );
    assert_eq!(
        counts.api_ok - before.api_ok,
        requests as u64,
        "each is answered once"
    );
    assert_eq!(world.count("FlightStarted"), 1);
    holds_its_guarantees(&world.events());

    // After a race the winner's token can still work while its family is dead: only one more refresh proves that it lives.
    world
        .engine
        .refresh(session)
        .await
        .expect("the family lives");
    let after = world.orders(session).await;
    assert_eq!(after.status, 200);
    assert_eq!(
        world.demo.counts().refreshes_answered - counts.refreshes_answered,
        1
    );
}

/// Scenario 1.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_on_an_expired_token_cost_one_refresh_in_json() {
    a_storm_costs_one_refresh(JSON, 1_000).await;
}

/// Scenario 1.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_on_an_expired_token_cost_one_refresh_in_oauth() {
    a_storm_costs_one_refresh(OAUTH, 1_000).await;
}

/// The same storm, and then an unrelated client asks the server whether the session lives: it holds the very tokens that
/// the engine ended with, because it reads them where the engine put them.
#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_goes_on_with_the_session_after_a_storm() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    let sendings: Vec<_> = (0..200)
        .map(|_| {
            world
                .engine
                .send(world.get("/orders", JSON))
                .expect("accepted")
        })
        .collect();
    for sending in sendings {
        assert_eq!(sending.finished().await.expect("an answer").status, 200);
    }
    let refresh_token = crate::vault::newest_record(&world)["grant"]["refresh_token"]
        .as_str()
        .expect("kept")
        .to_owned();
    let origin = world.demo.origin().to_owned();
    let refreshed = tests_engine::witness({
        let origin = origin.clone();
        move || {
            ureq::post(format!("{origin}/auth/refresh"))
                .send_json(serde_json::json!({ "refreshToken": refresh_token }))
        }
    })
    .await;
    let bearer = format!(
        "Bearer {}",
        refreshed["accessToken"].as_str().expect("a token")
    );
    let orders = tests_engine::witness(move || {
        ureq::get(format!("{origin}/orders"))
            .header("Authorization", bearer)
            .call()
    })
    .await;
    assert!(orders["items"].is_array(), "{orders}");
    assert_eq!(world.demo.counts().families_revoked, 0);
}

/// Scenarios 3 and 4: refusals keep coming before, during and after the flight.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_arrive_late_cost_no_second_refresh() {
    let world = World::with(Settings {
        delay: std::time::Duration::ZERO..=std::time::Duration::from_millis(120),
        ..quick()
    })
    .await;
    world.sign_in(JSON).await.expect("signed in");
    let before = world.demo.counts();
    world.demo.expire_all();
    let sendings: Vec<_> = (0..300)
        .map(|_| {
            world
                .engine
                .send(world.get("/orders", JSON))
                .expect("accepted")
        })
        .collect();
    for sending in sendings {
        assert_eq!(sending.finished().await.expect("an answer").status, 200);
    }
    assert_eq!(
        world.demo.counts().refreshes_answered - before.refreshes_answered,
        1
    );
    assert_eq!(world.session(JSON).state, StateName::Active);
    holds_its_guarantees(&world.events());
}

/// The ordering guarantees that a finished log holds (engine.md 3.11: 1, 2, 4 and 5).
pub(crate) fn holds_its_guarantees(events: &[Arc<Event>]) {
    let mut ends: HashMap<(&str, u64), i32> = HashMap::new();
    let mut open_exchange = false;
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.key.seq, index as u64 + 1, "numbers have no gap");
        assert!(
            event.cause_seq.iter().all(|cause| *cause < event.key),
            "causes come first: {event:?}"
        );
        let request = event.subject.request.unwrap_or_default();
        let flight = event.subject.flight.unwrap_or_default();
        match &event.fact {
            Fact::RequestQueued { .. } => *ends.entry(("request", request)).or_default() += 1,
            Fact::RequestFinished { .. } => *ends.entry(("request", request)).or_default() -= 1,
            Fact::FlightStarted { .. } => *ends.entry(("flight", flight)).or_default() += 1,
            Fact::FlightFinished { .. } => *ends.entry(("flight", flight)).or_default() -= 1,
            Fact::ExchangeSent { replay, .. } => {
                assert!(!open_exchange || *replay, "one exchange at a time");
                open_exchange = true;
            }
            Fact::ExchangeReplied { .. } => open_exchange = false,
            _ => {}
        }
    }
    for ((what, number), balance) in ends {
        assert_eq!(balance, 0, "{what} {number} has exactly one end");
    }
    let position = |wanted: &str| events.iter().position(|event| kind(&event.fact) == wanted);
    if let (Some(persisted), Some(published)) = (position("Persisted"), position("Published")) {
        assert!(persisted < published, "persist before publish");
    }
}
