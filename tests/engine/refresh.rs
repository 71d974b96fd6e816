//! One refusal: what the engine makes of it, by what the token endpoint answers.

use std::time::Duration;

use sandglass_demo::{Act, Fault, Malformed, Place, Reuse, Settings};
use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, LoginCause, ReplyClass, StateName};
use tests_engine::{JSON, OAUTH, World, kind, quick};

use crate::storm::holds_its_guarantees;

#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_the_request_repeated_once() {
    for session in [JSON, OAUTH] {
        let world = World::signed_in(session).await;
        world.demo.expire_all();
        let response = world.orders(session).await;
        assert_eq!((response.status, response.attempts), (200, 2));
        assert_eq!(
            world.story(response.request),
            [
                "RequestQueued",
                "LeaseTaken",
                "AttemptStarted",
                "ResponseHead",
                "ResponseClassified",
                "FlightStarted",
                "WaitingForRefresh",
                "LockAcquired",
                "StoreReloaded",
                "IntentLogged",
                "ExchangeSent",
                "ExchangeReplied",
                "ReplyParsed",
                "Persisted",
                "Published",
                "FlightFinished",
                "RetryDecided",
                "LeaseTaken",
                "AttemptStarted",
                "ResponseHead",
                "ResponseClassified",
                "RequestFinished",
            ]
        );
        assert_eq!(
            (
                world.session(session).generation,
                world.session(session).state
            ),
            (Some(2), StateName::Active)
        );
        holds_its_guarantees(&world.events());
    }
}

#[tokio::test]
async fn every_step_of_the_chain_names_its_cause() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.orders(JSON).await;
    let events = world.events();
    let finished = events
        .iter()
        .rfind(|event| kind(&event.fact) == "RequestFinished")
        .expect("it finished");
    let mut seen = Vec::new();
    let mut next = vec![finished.key];
    while let Some(key) = next.pop() {
        let event = events
            .iter()
            .find(|event| event.key == key)
            .expect("a cause is in the log");
        if !seen.contains(&kind(&event.fact)) {
            seen.push(kind(&event.fact));
        }
        next.extend(&event.cause_seq);
    }
    for wanted in [
        "RetryDecided",
        "Published",
        "Persisted",
        "ExchangeReplied",
        "FlightStarted",
        "ResponseHead",
        "LeaseTaken",
        "RequestQueued",
    ] {
        assert!(
            seen.contains(&wanted.to_owned()),
            "{wanted} led to the answer: {seen:?}"
        );
    }
}

/// Scenario 2.
#[tokio::test]
async fn a_refusal_of_an_older_generation_is_repeated_with_the_newer_one_without_a_refresh() {
    let world = World::signed_in(JSON).await;
    // The first answer is held back until the second request has refreshed.
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Api,
        Fault {
            hold_ms: 400,
            times: Some(1),
            ..Fault::default()
        },
    );
    let slow = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::AttemptStarted { .. }))
        .await;
    world.engine.refresh(JSON).await.expect("refreshed");
    let answered = world.demo.counts().refreshes_answered;
    let response = slow.finished().await.expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 2));
    assert_eq!(
        world.demo.counts().refreshes_answered,
        answered,
        "no refresh for an older refusal"
    );
    let decided = world
        .until(|event| matches!(event.fact, Fact::RetryDecided { .. }))
        .await;
    assert!(
        matches!(&decided.fact, Fact::RetryDecided { retry: true, rule_id } if rule_id == "lease.newer_generation")
    );
}

/// Scenario 11.
#[tokio::test]
async fn a_fresh_token_that_is_refused_again_is_shown_and_not_answered_again() {
    let world = World::signed_in(JSON).await;
    world.demo.faults().set(
        Place::Api,
        Fault::always(Act::Status {
            code: 401,
            retry_after_s: None,
        }),
    );
    let before = world.demo.counts().refreshes_answered;
    let response = world.orders(JSON).await;
    assert_eq!((response.status, response.attempts), (401, 2));
    assert_eq!(world.demo.counts().refreshes_answered - before, 1);
    assert_eq!(
        world.session(JSON).state,
        StateName::Active,
        "the session is kept"
    );
}

/// Scenarios 65 and 66.
#[tokio::test]
async fn another_refusal_than_401_starts_no_refresh() {
    for code in [400, 403, 404, 407, 429, 500, 503] {
        let world = World::signed_in(JSON).await;
        world.demo.faults().set(
            Place::Api,
            Fault::always(Act::Status {
                code,
                retry_after_s: None,
            }),
        );
        assert_eq!(
            (
                world.orders(JSON).await.status,
                world.count("FlightStarted")
            ),
            (code, 0)
        );
    }
}

/// Scenario 72.
#[tokio::test]
async fn a_refused_refresh_asks_for_sign_in_once_and_deletes_nothing() {
    let world = World::signed_in(JSON).await;
    let kept = crate::vault::newest_record(&world);
    world.demo.revoke_all().expect("revoked");
    let response = world.orders(JSON).await;
    assert_eq!(response.status, 401);
    assert_eq!(
        response.not_repeated.as_ref().map(|failure| failure.code),
        Some(Code::RefreshInvalidGrant)
    );
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::InvalidGrant))
    );
    let events = world.events();
    let evidence: Vec<_> = session
        .evidence
        .iter()
        .map(|key| {
            kind(
                &events
                    .iter()
                    .find(|event| event.key == *key)
                    .expect("linked")
                    .fact,
            )
        })
        .collect();
    assert_eq!(evidence, ["FlightStarted", "ExchangeReplied"]);
    assert_eq!(
        crate::vault::newest_record(&world),
        kept,
        "the record is kept"
    );

    let again = tests_engine::failed(world.send(world.get("/orders", JSON)).await);
    assert_eq!(again.code, Code::SignInNeeded);
    assert_eq!(world.count("LoginRequired"), 1);
    assert_eq!(world.count("AttemptStarted"), 1, "nothing more was sent");
    world.sign_in(JSON).await.expect("signing in again helps");
    assert_eq!(world.orders(JSON).await.status, 200);
    holds_its_guarantees(&world.events());
}

/// Scenarios 27, 74, 78, 80, 81, 82, 83 and N43: none of these ends a session, and none makes a loop.
#[tokio::test]
async fn a_refresh_that_does_not_get_through_keeps_the_session() {
    let status = |code, retry_after_s| Act::Status {
        code,
        retry_after_s,
    };
    for (act, class) in [
        (status(408, None), ReplyClass::Busy),
        (status(429, Some(120)), ReplyClass::Busy),
        (status(500, None), ReplyClass::Busy),
        (status(503, None), ReplyClass::Busy),
        (status(401, None), ReplyClass::Unexplained),
        (status(403, None), ReplyClass::Unexplained),
        (status(307, None), ReplyClass::Protocol),
        (Act::DropBefore, ReplyClass::Ambiguous),
        (status(502, None), ReplyClass::Ambiguous),
    ] {
        let world = World::signed_in(JSON).await;
        world.demo.expire_all();
        world
            .demo
            .faults()
            .set(Place::Refresh, Fault::always(act.clone()));
        let response = world.orders(JSON).await;
        assert_eq!(response.status, 401, "{act:?}");
        assert_eq!(
            response.not_repeated.as_ref().map(|failure| failure.code),
            Some(Code::RefreshTransient),
            "{act:?}"
        );
        let replied = world
            .until(|event| {
                event.subject.flight.is_some() && matches!(event.fact, Fact::ExchangeReplied { .. })
            })
            .await;
        assert!(
            matches!(replied.fact, Fact::ExchangeReplied { class: found, .. } if found == class),
            "{act:?}: {replied:?}"
        );
        let state = if class == ReplyClass::Ambiguous {
            StateName::Indeterminate
        } else {
            StateName::Cooldown
        };
        assert_eq!(world.session(JSON).state, state, "{act:?}");

        let sent = world.count("ExchangeSent");
        let meanwhile = world.orders(JSON).await;
        assert_eq!(
            (meanwhile.status, world.count("ExchangeSent")),
            (401, sent),
            "nothing is sent while it cools down: {act:?}"
        );

        world.demo.faults().clear();
        world.clock.advance(Duration::from_secs(600));
        assert_eq!(world.orders(JSON).await.status, 200, "{act:?}");
        assert_eq!(world.session(JSON).state, StateName::Active, "{act:?}");
        holds_its_guarantees(&world.events());
    }
}

/// Scenarios 24, 25 and 28: the reply was lost, and the server has a grace window.
#[tokio::test]
async fn a_lost_reply_is_asked_for_once_more() {
    for act in [Act::DropReply, Act::Malformed(Malformed::Truncated)] {
        let world = World::with(Settings {
            reuse: Reuse::Grace(Duration::from_secs(60)),
            ..quick()
        })
        .await;
        world.sign_in(JSON).await.expect("signed in");
        world.demo.expire_all();
        world
            .demo
            .faults()
            .set(Place::Refresh, Fault::once(act.clone()));
        assert_eq!(world.orders(JSON).await.status, 200, "{act:?}");
        let replays: Vec<bool> = world
            .events()
            .iter()
            .filter_map(|event| match event.fact {
                Fact::ExchangeSent {
                    replay,
                    purpose: sandglass_engine::timeline::event::Purpose::Refresh,
                    ..
                } => Some(replay),
                _ => None,
            })
            .collect();
        assert_eq!(replays, [false, true], "{act:?}");
    }
}

/// Scenario 26: the reply was lost, and the server is strict.
#[tokio::test]
async fn a_lost_reply_at_a_strict_server_ends_the_session_and_says_that_the_reply_was_lost() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::once(Act::DropReply));
    assert_eq!(world.orders(JSON).await.status, 401);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::ResponseLost))
    );
}

/// Scenario 86.
#[tokio::test]
async fn an_omitted_refresh_token_keeps_the_old_one() {
    let world = World::signed_in(JSON).await;
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::once(Act::OmitRefreshToken));
    for _ in 0..2 {
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200);
    }
    assert_eq!(world.session(JSON).generation, Some(3));
}

/// Scenarios 29 and 87, and N45.
#[tokio::test]
async fn an_odd_lifetime_costs_no_session_and_makes_no_loop() {
    use serde_json::json;
    for lifetime in [
        json!(0),
        json!(-1),
        json!("3600"),
        json!(3600.5),
        json!("abc"),
        json!(1e308),
        json!(i64::MAX),
        json!(null),
        json!({}),
    ] {
        let world = World::signed_in(JSON).await;
        world.demo.faults().set(
            Place::Refresh,
            Fault::once(Act::ExpiresIn(lifetime.clone())),
        );
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200, "{lifetime}");
        assert_eq!(world.orders(JSON).await.status, 200, "{lifetime}");
        assert_eq!(
            (world.count("FlightStarted"), world.session(JSON).generation),
            (1, Some(2)),
            "{lifetime}"
        );
    }
}

/// Scenario 5.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_for_a_failed_flight_hear_the_same() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            delay_ms: 300,
            ..Fault::always(Act::Status {
                code: 503,
                retry_after_s: None,
            })
        },
    );
    let sendings: Vec<_> = (0..100)
        .map(|_| {
            world
                .engine
                .send(world.get("/orders", JSON))
                .expect("accepted")
        })
        .collect();
    for sending in sendings {
        match sending.finished().await {
            Ok(response) => assert_eq!(
                response.not_repeated.as_ref().map(|failure| failure.code),
                Some(Code::RefreshTransient)
            ),
            Err(failure) => assert_eq!(failure.code, Code::RefreshTransient),
        }
    }
    assert_eq!(world.count("FlightStarted"), 1);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn the_timeline_tells_when_a_token_expires() {
    let world = World::with(Settings {
        access_ttl: Duration::from_secs(1),
        ..quick()
    })
    .await;
    world.sign_in(JSON).await.expect("signed in");
    let expired = world
        .until(|event| matches!(event.fact, Fact::TokenExpired {}))
        .await;
    assert_eq!(expired.subject.generation, Some(1));
    assert_eq!(
        world.orders(JSON).await.attempts,
        2,
        "a token that has expired is sent all the same; the server judges"
    );
}
