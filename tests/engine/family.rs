//! Sessions that share a refresh token, and processes that share a session: one exchange at a time, and nobody is left behind.

use std::time::Duration;

use sandglass_demo::{Act, Fault, Place, Reuse, Settings};
use sandglass_engine::Engine;
use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, FlightClass, LoginCause, StateName};
use sandglass_engine::verdict::explanation::Course;
use serde_json::json;
use tests_engine::{JSON, OAUTH, World, quick};

use crate::storm::holds_its_guarantees;

/// Two more sessions of one family, for two APIs of the demo.
async fn sharing() -> World {
    let mut world = World::new().await;
    let origin = world.demo.origin().to_owned();
    for (name, resource) in [("orders", "/orders"), ("people", "/me")] {
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/oauth/token\"\nclient_id = \"desktop\"\nfamily = \"shared\"\nresource = \"{origin}{resource}\"\n"
        );
        let path = world
            .folder
            .path()
            .join(format!("workspace/sessions/{name}.toml"));
        std::fs::write(path, file).expect("written");
    }
    world.restart().await;
    world.sign_in("orders").await.expect("signed in");
    world
}

/// Scenario 9.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_share_a_refresh_token_take_turns() {
    let world = sharing().await;
    assert_eq!(
        world.orders("people").await.status,
        200,
        "the other session gets its own token from the family"
    );
    assert_eq!(world.session("people").family, "shared");
    for _ in 0..3 {
        world.demo.expire_all();
        let before = world.demo.counts().refreshes_answered;
        let both = ["orders", "people"].map(|session| {
            (0..20)
                .map(|_| {
                    world
                        .engine
                        .send(world.get("/orders", session))
                        .expect("accepted")
                })
                .collect::<Vec<_>>()
        });
        for sending in both.into_iter().flatten() {
            assert_eq!(sending.finished().await.expect("an answer").status, 200);
        }
        assert_eq!(
            world.demo.counts().refreshes_answered - before,
            2,
            "one for each"
        );
    }
    assert_eq!(
        (
            world.demo.counts().reuses_seen,
            world.demo.counts().families_revoked
        ),
        (0, 0)
    );
    holds_its_guarantees(&world.events());
}

/// Scenario 15.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_token_is_got_once_for_everybody_who_asks() {
    let world = sharing().await;
    let before = world.demo.counts().refreshes_answered;
    let sendings: Vec<_> = (0..30)
        .map(|_| {
            world
                .engine
                .send(world.get("/orders", "people"))
                .expect("accepted")
        })
        .collect();
    for sending in sendings {
        assert_eq!(sending.finished().await.expect("an answer").status, 200);
    }
    assert_eq!(world.demo.counts().refreshes_answered - before, 1);
}

/// Scenario 14.
#[tokio::test]
async fn a_401_of_the_token_endpoint_is_no_reason_to_refresh() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Status {
            code: 401,
            retry_after_s: None,
        }),
    );
    assert_eq!(world.orders(JSON).await.status, 401);
    let flights = world.events();
    let flights = flights
        .iter()
        .filter(|event| event.subject.flight.is_some());
    let sent = flights
        .filter(|event| matches!(event.fact, Fact::ExchangeSent { .. }))
        .count();
    assert_eq!((world.count("FlightStarted"), sent), (1, 1));
}

/// Scenario 10.
#[tokio::test]
async fn a_flight_of_one_session_never_ends_anothers_wait() {
    let world = World::signed_in(JSON).await;
    world.sign_in(OAUTH).await.expect("signed in");
    world.demo.expire_all();
    let (one, other) = tokio::join!(world.orders(JSON), world.orders(OAUTH));
    assert_eq!((one.status, other.status), (200, 200));
    let flights: Vec<_> = world
        .events()
        .iter()
        .filter(|event| matches!(event.fact, Fact::FlightStarted { .. }))
        .map(|event| event.subject.session.clone())
        .collect();
    assert_eq!(flights.len(), 2, "{flights:?}");
}

async fn get(world: &World, engine: &Engine) -> u16 {
    let sending = engine.send(world.get("/orders", JSON)).expect("accepted");
    sending.finished().await.expect("an answer").status
}

/// Scenarios 8 and 45.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_has_refreshed_is_adopted_and_nothing_is_sent() {
    let world = World::signed_in(JSON).await;
    let peer = world.peer().await;
    for _ in 0..5 {
        world.demo.expire_all();
        let before = world.demo.counts().refreshes_answered;
        let (one, other) = tokio::join!(get(&world, &world.engine), get(&world, &peer));
        assert_eq!((one, other), (200, 200));
        assert_eq!(
            world.demo.counts().refreshes_answered - before,
            1,
            "one refresh for both"
        );
    }
    assert_eq!(world.demo.counts().reuses_seen, 0);
    let adopted = [world.events(), peer.timeline().events()]
        .concat()
        .into_iter();
    let adopted = adopted.filter(|event| {
        matches!(
            event.fact,
            Fact::FlightFinished {
                class: FlightClass::Adopted,
                ..
            }
        )
    });
    assert_eq!(adopted.count(), 5);
    let courses = [&world.engine, &peer].map(|engine| {
        let timeline = engine.timeline();
        let events = timeline.events();
        let ended = events
            .iter()
            .filter(|event| matches!(event.fact, Fact::RequestFinished { .. }));
        let explained = ended
            .filter_map(|event| engine.explain_request(timeline.run(), event.subject.request?));
        explained.map(|why| why.course).collect::<Vec<_>>()
    });
    let repaired = |by_its_own: bool| {
        let courses = courses.iter().flatten();
        let fits = |course: &&Course| matches!(course, Course::Repaired { flight, .. } if flight.is_some() == by_its_own);
        courses.filter(fits).count()
    };
    assert_eq!(
        (repaired(true), repaired(false)),
        (5, 5),
        "whoever took a token over did not refresh: {courses:?}"
    );
    holds_its_guarantees(&world.events());
}

/// Scenario 46: no lock kept them apart, and the loser is told that its token is dead.
#[tokio::test(flavor = "multi_thread")]
async fn the_loser_of_a_race_takes_over_what_the_winner_stored() {
    let world = World::signed_in(JSON).await;
    let (stranger, _data) = world.stranger().await;
    world.demo.expire_all();
    let dead = Act::Answer {
        code: 400,
        body: json!({ "error": "invalid_grant" }),
    };
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            delay_ms: 500,
            ..Fault::once(dead)
        },
    );
    let loser = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    assert_eq!(
        get(&world, &stranger).await,
        200,
        "the winner refreshes meanwhile"
    );
    let response = loser.finished().await.expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 2));
    assert_eq!(
        (world.session(JSON).state, world.count("AdoptedFromPeer")),
        (StateName::Active, 1)
    );
}

/// Scenarios 24 and 31: an answer was lost, and what came instead of its repetition proves nothing.
#[tokio::test]
async fn a_doubt_about_a_refresh_stays_until_new_tokens_come() {
    let reuse = Reuse::Grace(Duration::from_secs(3_600));
    let world = World::with(Settings { reuse, ..quick() }).await;
    world.sign_in(JSON).await.expect("signed in");
    world.demo.expire_all();
    // The first answer is lost after a while; the repetition meets a server that is busy.
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 700,
            ..Fault::once(Act::DropReply)
        },
    );
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    while world.demo.counts().faults_applied == 0 {
        tokio::task::yield_now().await;
    }
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Status {
            code: 503,
            retry_after_s: None,
        }),
    );
    assert_eq!(sending.finished().await.expect("the 401").status, 401);
    assert_eq!(world.session(JSON).state, StateName::Indeterminate);
    world.demo.faults().clear();
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.session(JSON).state, StateName::Active);
}

/// Scenarios 18 and 50: the flight waits for a lock that somebody else holds; who started it leaves, and meanwhile the
/// token that it would have sent is replaced. It is read after the lock, so nothing is sent, and nobody is told a lie.
#[tokio::test(flavor = "multi_thread")]
async fn a_flight_that_waits_for_the_lock_reads_the_token_after_it() {
    let world = World::signed_in(JSON).await;
    let (stranger, _data) = world.stranger().await;
    let families = std::fs::read_dir(world.folder.path().join("families")).expect("a folder");
    let path = families
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "lock"))
        .expect("the sign-in left its lock file");
    let held = std::fs::File::open(path).expect("the lock file");
    held.lock().expect("it is free");
    world.demo.expire_all();

    let leader = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::FlightStarted { .. }))
        .await;
    let waiter = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::WaiterJoined { .. }))
        .await;
    world.engine.stop(leader.request);
    assert_eq!(get(&world, &stranger).await, 200);
    drop(held);

    let response = waiter.finished().await.expect("an answer");
    assert_eq!((response.status, world.count("AdoptedFromPeer")), (200, 1));
    assert_eq!(
        world.demo.counts().refreshes_answered,
        1,
        "only the stranger's"
    );
    assert!(leader.finished().await.is_err(), "who left is told so");
}

/// Scenario 122.
#[tokio::test]
async fn a_peer_that_signed_out_is_believed() {
    let world = World::signed_in(JSON).await;
    let peer = world.peer().await;
    peer.sign_out(JSON).await.expect("signed out");
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 401);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::PeerSignedOut))
    );
    assert_eq!(
        world.demo.counts().refreshes_answered,
        0,
        "nothing was sent"
    );
}

/// Scenario 53.
#[tokio::test]
async fn a_restored_backup_is_not_used() {
    let world = World::signed_in(JSON).await;
    let backup = crate::vault::items(&world);
    for _ in 0..2 {
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200);
    }
    crate::vault::put_back(&world, &backup);
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200, "memory goes on");
    assert_eq!(
        (
            world.count("StoreWentBack"),
            world.demo.counts().reuses_seen
        ),
        (1, 0)
    );
    assert_eq!(world.session(JSON).generation, Some(4));
}

/// Scenario 51, in one process: the owner of a pair that the vault refused goes on with it; what is stored is spent.
#[tokio::test]
async fn what_the_vault_refused_is_not_replaced_by_what_it_holds() {
    use std::sync::atomic::Ordering;
    let world = World::signed_in(JSON).await;
    world.store_faults.read_only.store(true, Ordering::SeqCst);
    for generation in 2..5 {
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200);
        assert_eq!(world.session(JSON).generation, Some(generation));
    }
    assert_eq!(world.demo.counts().reuses_seen, 0);
}

/// Scenario 19.
#[tokio::test]
async fn a_send_waits_no_longer_than_it_may_and_the_refresh_goes_on() {
    let mut world = World::signed_in(JSON).await;
    world.limits.waiter = Duration::from_millis(100);
    world.restart().await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault {
            hold_ms: 600,
            times: Some(1),
            ..Fault::default()
        },
    );
    let response = world.orders(JSON).await;
    assert_eq!(
        response.not_repeated.as_ref().map(|failure| failure.code),
        Some(Code::RefreshSlow)
    );
    world
        .until(|event| {
            matches!(event.fact, Fact::Published { .. }) && event.subject.generation == Some(2)
        })
        .await;
    assert_eq!(world.orders(JSON).await.attempts, 1);
}

/// Scenario 76.
#[tokio::test]
async fn a_refusal_in_unusual_words_is_believed_when_it_is_repeated() {
    let world = World::signed_in(JSON).await;
    let refusal = Act::Answer {
        code: 400,
        body: json!({ "error": "invalid_request" }),
    };
    world.demo.expire_all();
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::always(refusal));
    world.orders(JSON).await;
    assert_eq!(world.session(JSON).state, StateName::Cooldown, "not yet");
    world.orders(JSON).await;
    assert_eq!(
        world.session(JSON).state,
        StateName::Cooldown,
        "half a minute has to pass"
    );
    world.clock.advance(Duration::from_secs(31));
    world.orders(JSON).await;
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::ServerDialect))
    );
}

/// Scenario 75.
#[tokio::test]
async fn a_reuse_that_the_server_saw_is_named() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Answer {
            code: 401,
            body: json!({ "error": "refresh_token_reused" }),
        }),
    );
    world.orders(JSON).await;
    assert_eq!(world.session(JSON).login_cause, Some(LoginCause::Reuse));
}

/// Scenario 74.
#[tokio::test]
async fn a_bare_refusal_never_ends_a_session_and_asks_for_attention_after_a_quarter_of_an_hour() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Status {
            code: 401,
            retry_after_s: None,
        }),
    );
    world.orders(JSON).await;
    assert!(!world.session(JSON).needs_attention);
    world.clock.advance(Duration::from_secs(16 * 60));
    world.orders(JSON).await;
    let session = world.session(JSON);
    assert!(session.needs_attention);
    assert_eq!(
        (session.state, world.count("NeedsAttention")),
        (StateName::Cooldown, 1)
    );
}

/// Scenarios 77 and 93: nor is another way to authenticate tried.
#[tokio::test]
async fn a_refused_set_up_keeps_the_tokens_and_is_not_tried_again() {
    for error in [
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_target",
    ] {
        let world = World::signed_in(JSON).await;
        world.demo.expire_all();
        world.demo.faults().set(
            Place::Refresh,
            Fault::always(Act::Answer {
                code: 400,
                body: json!({ "error": error }),
            }),
        );
        world.orders(JSON).await;
        assert_eq!(world.session(JSON).state, StateName::ConfigError, "{error}");
        let sent = world.count("ExchangeSent");
        assert_eq!(
            world
                .orders(JSON)
                .await
                .not_repeated
                .as_ref()
                .map(|failure| failure.code),
            Some(Code::RefreshConfig)
        );
        assert_eq!(world.count("ExchangeSent"), sent, "{error}");
        assert!(crate::vault::newest_record(&world)["grant"]["refresh_token"].is_string());
    }
}

/// Scenarios 84 and 91.
#[tokio::test]
async fn a_reply_without_a_usable_access_token_still_gives_its_refresh_token() {
    for body in [
        json!({ "refreshToken": "a-successor" }),
        json!({ "accessToken": "an-odd-token", "refreshToken": "a-successor", "token_type": "mac" }),
    ] {
        let world = World::signed_in(JSON).await;
        world.demo.expire_all();
        world.demo.faults().set(
            Place::Refresh,
            Fault::once(Act::Answer {
                code: 200,
                body: body.clone(),
            }),
        );
        let response = world.orders(JSON).await;
        assert_eq!(
            response.not_repeated.as_ref().map(|failure| failure.code),
            Some(Code::ReplyMalformed),
            "{body}"
        );
        let record = crate::vault::newest_record(&world);
        assert_eq!(
            (
                record["generation"].as_u64(),
                record["grant"]["refresh_token"].as_str()
            ),
            (Some(2), Some("a-successor"))
        );
        assert_eq!(world.count("RefreshTokenKept"), 1);
    }
}

/// Scenario 90.
#[tokio::test]
async fn a_scope_that_changes_is_adopted_and_told() {
    for (scope, lost, gained) in [
        ("read", vec!["write"], vec![]),
        ("read write admin", vec![], vec!["admin"]),
    ] {
        let world = World::signed_in(OAUTH).await;
        let body = json!({ "access_token": "narrow-or-wide", "refresh_token": "r", "expires_in": 60, "scope": scope });
        world
            .demo
            .faults()
            .set(Place::Refresh, Fault::once(Act::Answer { code: 200, body }));
        world.engine.refresh(OAUTH).await.expect("refreshed");
        let told = world
            .until(|event| matches!(event.fact, Fact::ScopeChanged { .. }))
            .await;
        let Fact::ScopeChanged { lost: l, gained: g } = &told.fact else {
            unreachable!("this is what was waited for")
        };
        assert_eq!(
            (l.join(" "), g.join(" ")),
            (lost.join(" "), gained.join(" "))
        );
        let token = world.engine.token(OAUTH).expect("known").expect("there");
        assert_eq!(token.scope.join(" "), scope);
    }
}

/// Scenarios 12 and 128.
#[tokio::test]
async fn an_origin_that_refuses_fresh_tokens_costs_one_refresh_and_is_left_alone_while_they_live() {
    let world = World::signed_in(JSON).await;
    world.demo.faults().set(
        Place::Api,
        Fault::always(Act::Status {
            code: 401,
            retry_after_s: None,
        }),
    );
    for _ in 0..20 {
        assert_eq!(world.orders(JSON).await.status, 401);
    }
    assert_eq!(
        (
            world.count("FlightStarted"),
            world.count("OriginQuarantined")
        ),
        (1, 1)
    );
    assert_eq!(world.session(JSON).state, StateName::Active);
    // The generation expires: its refusals are about its age again, not about the origin.
    world.clock.advance(Duration::from_secs(61));
    world.orders(JSON).await;
    assert_eq!(world.count("FlightStarted"), 2);
}

/// Scenario 13.
#[tokio::test]
async fn a_refresh_that_gives_the_same_token_is_said_and_not_repeated_for_ever() {
    let world = World::signed_in(JSON).await;
    let token = crate::vault::newest_record(&world)["grant"]["access"][JSON]["token"].clone();
    world.demo.expire_all();
    let body = json!({ "accessToken": token, "refreshToken": "a-successor", "expiresIn": 60 });
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Answer { code: 200, body }),
    );
    let response = world.orders(JSON).await;
    assert_eq!((response.status, response.attempts), (401, 2));
    assert_eq!(
        (world.count("TokenUnchanged"), world.count("FlightStarted")),
        (1, 1)
    );
}

/// Scenario 52.
#[tokio::test]
async fn tokens_of_another_account_are_not_taken() {
    let world = World::signed_in(JSON).await;
    let body = json!({ "accessToken": jwt(&json!({ "sub": "somebody-else" })), "refreshToken": "r", "expiresIn": 60 });
    world.demo.expire_all();
    world.demo.faults().set(
        Place::Refresh,
        Fault::always(Act::Answer { code: 200, body }),
    );
    world.orders(JSON).await;
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::AccountMismatch))
    );
    assert_eq!(session.generation, Some(1));
}

/// An unsigned token with these claims, as another server might send.
fn jwt(claims: &serde_json::Value) -> String {
    let part = |text: String| {
        crate::sign_in::base64(text.as_bytes())
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_")
    };
    format!(
        "{}.{}.c2ln",
        part(r#"{"alg":"HS256"}"#.to_owned()),
        part(claims.to_string())
    )
}
