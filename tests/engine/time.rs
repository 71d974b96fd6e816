//! What time does to a session: proactive refreshes, sleeps, steps of the clock. The local clock is a hint, never a judge.

use std::time::Duration;

use sandglass_demo::{Act, Fault, Place, Settings};
use sandglass_engine::timeline::event::{Fact, FlightClass, LoginCause, Need, StateName};
use serde_json::json;
use tests_engine::{JSON, World, quick};

/// Access tokens that live long enough to be refreshed ahead of their expiry.
async fn long_lived() -> World {
    let world = World::with(Settings {
        access_ttl: Duration::from_secs(600),
        ..quick()
    })
    .await;
    world.sign_in(JSON).await.expect("signed in");
    world
}

/// Scenario 112: the machine sleeps into the margin, and past the expiry.
#[tokio::test]
async fn a_session_in_use_is_refreshed_within_a_tick_after_the_machine_wakes() {
    for asleep in [Duration::from_secs(500), Duration::from_secs(595)] {
        let world = long_lived().await;
        world.orders(JSON).await;
        world.clock.advance(asleep);
        let flight = world
            .until(|event| matches!(event.fact, Fact::FlightStarted { .. }))
            .await;
        assert!(matches!(
            flight.fact,
            Fact::FlightStarted { need: Need::Expiry }
        ));
        world
            .until(|event| {
                matches!(
                    event.fact,
                    Fact::FlightFinished {
                        class: FlightClass::Committed,
                        ..
                    }
                )
            })
            .await;
        assert_eq!(world.orders(JSON).await.attempts, 1, "{asleep:?}");
    }
}

/// Scenario 112: past the expiry nothing is refreshed ahead any more; the first request does it.
#[tokio::test]
async fn the_first_request_after_a_long_sleep_refreshes() {
    let world = long_lived().await;
    world.orders(JSON).await;
    world.clock.advance(Duration::from_secs(8 * 3_600));
    world
        .until(|event| matches!(event.fact, Fact::TokenExpired {}))
        .await;
    world.demo.expire_all();
    let response = world.orders(JSON).await;
    assert_eq!(
        (
            response.status,
            response.attempts,
            world.count("FlightStarted")
        ),
        (200, 2, 1)
    );
}

/// Scenario 115.
#[tokio::test]
async fn a_session_that_nobody_uses_is_not_rotated() {
    let world = World::with(Settings {
        access_ttl: Duration::from_secs(4_000),
        ..quick()
    })
    .await;
    world.sign_in(JSON).await.expect("signed in");
    world.orders(JSON).await;
    world.clock.advance(Duration::from_secs(3_500));
    world.clock.advance(Duration::from_secs(600));
    world
        .until(|event| matches!(event.fact, Fact::TokenExpired {}))
        .await;
    assert_eq!(world.count("FlightStarted"), 0);
}

/// Scenario 116.
#[tokio::test]
async fn a_dead_family_whose_access_token_works_is_used_up_first() {
    let world = long_lived().await;
    world.orders(JSON).await;
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Answer {
            code: 400,
            body: json!({ "error": "invalid_grant" }),
        }),
    );
    world.clock.advance(Duration::from_secs(520));
    world
        .until(|event| matches!(event.fact, Fact::DegradedUntil { .. }))
        .await;
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::Degraded, Some(LoginCause::InvalidGrant))
    );
    assert_eq!(
        world.orders(JSON).await.status,
        200,
        "what is left of it is used"
    );
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 401);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::InvalidGrant))
    );
    assert!(session.evidence.len() >= 3, "the refresh and the refusal");
}

/// Scenario 114 and N58.
#[tokio::test]
async fn a_step_of_the_clock_makes_no_storm_and_stops_nothing() {
    for step_ms in [7_200_000, -7_200_000, 86_400_000, -86_400_000] {
        let world = long_lived().await;
        world.orders(JSON).await;
        world.clock.step(step_ms);
        let jump = world
            .until(|event| matches!(event.fact, Fact::ClockJump { .. }))
            .await;
        assert!(
            matches!(jump.fact, Fact::ClockJump { delta_ms } if (delta_ms - step_ms).abs() < 1_000),
            "{jump:?}"
        );
        for _ in 0..10 {
            assert_eq!(world.orders(JSON).await.status, 200, "{step_ms}");
        }
        assert!(world.count("FlightStarted") <= 1, "{step_ms}");
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200, "{step_ms}");
        assert_eq!(world.session(JSON).state, StateName::Active);
    }
}

/// Scenario 89.
#[tokio::test]
async fn a_new_token_that_has_expired_by_the_local_clock_is_used_all_the_same() {
    let world = World::signed_in(JSON).await;
    world.clock.step(7_200_000);
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::always(Act::OmitExpiresIn));
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
    let skewed = world
        .until(|event| matches!(event.fact, Fact::ClockSkewed { .. }))
        .await;
    assert!(
        matches!(skewed.fact, Fact::ClockSkewed { skew_ms } if (-7_205_000..-7_195_000).contains(&skew_ms)),
        "{skewed:?}"
    );
    assert_eq!(world.orders(JSON).await.attempts, 1, "no loop");
}

/// Scenario 113.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_wake_together_do_not_storm_their_server() {
    let mut world = World::with(Settings {
        access_ttl: Duration::from_secs(600),
        ..quick()
    })
    .await;
    let template =
        std::fs::read_to_string(world.folder.path().join("workspace/sessions/demo.toml"))
            .expect("readable");
    let names: Vec<String> = (0..20).map(|number| format!("session-{number}")).collect();
    for name in &names {
        std::fs::write(
            world
                .folder
                .path()
                .join(format!("workspace/sessions/{name}.toml")),
            &template,
        )
        .expect("written");
    }
    world.restart().await;
    for name in &names {
        let credentials = sandglass_engine::session::credentials::Credentials::password(
            sandglass_demo::DEMO_USER,
            sandglass_demo::DEMO_PASSWORD,
        );
        world
            .engine
            .sign_in(name, credentials)
            .await
            .expect("signed in");
        world.orders(name).await;
    }
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            delay_ms: 30,
            ..Fault::always(Act::Nothing)
        },
    );
    world.clock.advance(Duration::from_secs(560));
    let mut landed = 0;
    let mut reader = world.engine.timeline().reader(0);
    let (mut open, mut most) = (0_usize, 0);
    while landed < names.len() {
        for event in reader.next(10_000) {
            match event.fact {
                Fact::FlightStarted { .. } => open += 1,
                Fact::FlightFinished { class, .. } => {
                    assert_eq!(class, FlightClass::Committed);
                    open -= 1;
                    landed += 1;
                }
                _ => {}
            }
            most = most.max(open);
        }
        if landed < names.len() {
            tokio::time::timeout(tests_engine::PATIENCE, reader.changed())
                .await
                .expect("they all fly");
        }
    }
    assert!(most <= 4, "{most} at once");
    assert_eq!(world.demo.counts().refreshes_answered, 20, "one each");
}
