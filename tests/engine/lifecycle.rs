//! Stopping, signing out, starting again: what goes on, and what does not come back.

use sandglass_demo::{Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, Outcome, StateName};
use tests_engine::{JSON, OAUTH, World, failed};

use crate::storm::holds_its_guarantees;

/// Scenarios 16, 17, 22 and 23.
#[tokio::test]
async fn a_send_that_is_stopped_leaves_the_flight_it_started_in_the_air() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 300,
            ..Fault::default()
        },
    );
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    let request = sending.request;
    world
        .until(|event| matches!(event.fact, Fact::WaitingForRefresh { .. }))
        .await;
    world.engine.stop(request);
    assert_eq!(failed(sending.finished().await).code, Code::RequestStopped);
    let finished = world
        .until(|event| matches!(event.fact, Fact::RequestFinished { .. }))
        .await;
    assert!(matches!(
        finished.fact,
        Fact::RequestFinished {
            outcome: Outcome::Stopped,
            ..
        }
    ));

    world
        .until(|event| {
            matches!(event.fact, Fact::Published { .. }) && event.subject.generation == Some(2)
        })
        .await;
    assert_eq!(
        world.orders(JSON).await.attempts,
        1,
        "the new token is used"
    );
    assert_eq!(world.demo.counts().families_revoked, 0);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_restart_finds_the_session_and_goes_on_counting() {
    for session in [JSON, OAUTH] {
        let mut world = World::signed_in(session).await;
        let first = world.orders(session).await.request;
        world.demo.expire_all();
        world.orders(session).await;
        world.restart().await;
        let found = world.session(session);
        assert_eq!(
            (found.state, found.generation),
            (StateName::Active, Some(2))
        );
        let logins = world.demo.counts().logins;
        let response = world.orders(session).await;
        assert_eq!((response.status, response.attempts), (200, 1));
        assert_eq!(response.request, first + 2, "numbers go on over a restart");
        assert_eq!(world.demo.counts().logins, logins, "without a new sign-in");
        world.demo.expire_all();
        assert_eq!(world.orders(session).await.status, 200);
        assert_eq!(world.session(session).generation, Some(3));
    }
}

/// Scenarios 117 and 118.
#[tokio::test]
async fn signing_out_during_a_flight_discards_what_it_brings() {
    let mut world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 300,
            ..Fault::default()
        },
    );
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    let engine = world.engine.clone();
    let signed_out = tokio::spawn(async move { engine.sign_out(JSON).await });
    world
        .until(|event| matches!(event.fact, Fact::SignedOut {}))
        .await;
    assert_eq!(
        world.session(JSON).state,
        StateName::SignedOut,
        "at once, whatever is in the air"
    );
    let response = sending.finished().await.expect("the 401");
    assert_eq!(
        response.not_repeated.as_ref().map(|failure| failure.code),
        Some(Code::Superseded)
    );
    signed_out
        .await
        .expect("it ends")
        .expect("the vault took the tombstone");
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    assert_eq!(
        (world.count("Superseded"), world.session(JSON).generation),
        (1, None)
    );
    holds_its_guarantees(&world.events());
    world.restart().await;
    assert_eq!(
        world.session(JSON).state,
        StateName::SignedOut,
        "a restart does not bring it back"
    );
}

/// Scenario 120.
#[tokio::test]
async fn a_request_of_one_sign_in_is_never_repeated_under_another() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Api,
        Fault {
            hold_ms: 400,
            times: Some(1),
            ..Fault::default()
        },
    );
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::AttemptStarted { .. }))
        .await;
    world.engine.sign_out(JSON).await.expect("signed out");
    world.sign_in(JSON).await.expect("signed in as somebody");
    let response = sending.finished().await.expect("the 401");
    assert_eq!((response.status, response.attempts), (401, 1));
    assert_eq!(
        response.not_repeated.as_ref().map(|failure| failure.code),
        Some(Code::Superseded)
    );
}

#[tokio::test]
async fn a_session_file_that_names_another_endpoint_is_not_obeyed() {
    let mut world = World::signed_in(JSON).await;
    let file = world.folder.path().join("workspace/sessions/demo.toml");
    let text = std::fs::read_to_string(&file).expect("the session's file");
    std::fs::write(&file, text.replace("/auth/refresh", "/elsewhere")).expect("written");
    world.restart().await;
    let session = world.session(JSON);
    assert_eq!(session.state, StateName::BindingChanged);
    let question = session.binding.expect("both values are there");
    assert!(
        question
            .approved
            .refresh_endpoint
            .ends_with("/auth/refresh")
    );
    assert!(question.proposed.refresh_endpoint.ends_with("/elsewhere"));
    assert_eq!(
        failed(world.send(world.get("/orders", JSON)).await).code,
        Code::BindingChanged
    );
    std::fs::write(&file, text).expect("written");
    world.restart().await;
    assert_eq!(
        world.session(JSON).state,
        StateName::Active,
        "the record was left alone"
    );
}

/// Scenario 20.
#[tokio::test]
async fn the_end_of_the_engine_waits_for_a_refresh_that_was_sent() {
    let mut world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 300,
            ..Fault::default()
        },
    );
    drop(
        world
            .engine
            .send(world.get("/orders", JSON))
            .expect("accepted"),
    );
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    world.restart().await;
    assert_eq!(
        world.session(JSON).generation,
        Some(2),
        "the new pair was stored before the end"
    );
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.demo.counts().families_revoked, 0);
}

/// Scenario 119.
#[tokio::test]
async fn a_flight_of_the_one_who_signed_out_cannot_touch_the_next_sign_in() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 400,
            times: Some(1),
            ..Fault::default()
        },
    );
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    let engine = world.engine.clone();
    let signed_out = tokio::spawn(async move { engine.sign_out(JSON).await });
    world
        .until(|event| matches!(event.fact, Fact::SignedOut {}))
        .await;
    world.sign_in(JSON).await.expect("somebody else signs in");
    let epoch = world.session(JSON).epoch;
    assert_eq!(sending.finished().await.expect("the 401").status, 401);
    signed_out
        .await
        .expect("it ends")
        .expect("the vault took it");
    assert_eq!(
        (world.session(JSON).epoch, world.session(JSON).generation),
        (epoch, Some(1))
    );
    assert_eq!(
        (world.orders(JSON).await.status, world.count("Superseded")),
        (200, 1)
    );
}

/// Scenario 21.
#[tokio::test]
async fn an_engine_outlives_the_task_that_opened_it() {
    let mut world = World::signed_in(JSON).await;
    world.engine = {
        let opened = world.engine.clone();
        tokio::spawn(async move { opened })
            .await
            .expect("the task ends")
    };
    world.clock.advance(std::time::Duration::from_secs(3_600));
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
}

/// Scenario 127.
#[tokio::test]
async fn the_timeline_of_a_failing_run_tells_every_change_of_state() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::once(sandglass_demo::Act::Status {
            code: 503,
            retry_after_s: None,
        }),
    );
    world.orders(JSON).await;
    world.clock.advance(std::time::Duration::from_secs(600));
    world.orders(JSON).await;
    world.demo.revoke_all().expect("revoked");
    world.orders(JSON).await;
    world.engine.sign_out(JSON).await.expect("signed out");
    let lines: Vec<String> = world
        .events()
        .iter()
        .map(|event| serde_json::to_string(&**event).expect("JSON"))
        .collect();
    let mut state = StateName::SignedOut;
    let mut seen = Vec::new();
    for line in &lines {
        let event: sandglass_engine::timeline::event::Event =
            serde_json::from_str(line).expect("it reads back");
        if let Fact::StateChanged { from, to } = event.fact
            && event.subject.session.as_deref() == Some(JSON)
        {
            assert_eq!(from, state, "no change is missing");
            state = to;
            seen.push(to);
        }
    }
    assert_eq!(state, world.session(JSON).state);
    for passed in [
        StateName::Active,
        StateName::Refreshing,
        StateName::Cooldown,
        StateName::LoginRequired,
        StateName::SignedOut,
    ] {
        assert!(seen.contains(&passed), "{passed:?} in {seen:?}");
    }
}
