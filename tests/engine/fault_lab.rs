//! The fault lab over real sockets: every fault does what it says, the timeline tells it, and what it teaches holds.

use std::time::Duration;

use sandglass_demo::{Reuse, Settings};
use sandglass_engine::error::Code;
use sandglass_engine::fault::{Fault, FaultName};
use sandglass_engine::timeline::event::{
    Event, Fact, FlightClass, LoginCause, ReplyClass, StateName,
};
use sandglass_engine::token::TokenKind;
use tests_engine::{JSON, World, failed, quick};

/// A demo that forgives a refresh token that was sent twice, as most real servers do.
fn forgiving() -> Settings {
    Settings {
        reuse: Reuse::Grace(Duration::from_secs(600)),
        ..quick()
    }
}

async fn signed_in(settings: Settings) -> World {
    let world = World::with(settings).await;
    world.sign_in(JSON).await.expect("the demo knows its user");
    world
}

fn arm(world: &World, name: FaultName, amount: Option<i64>, times: Option<u32>) {
    let fault = Fault {
        name,
        amount,
        times,
    };
    world.engine.arm_fault(JSON, fault).expect("within bounds");
}

/// The events that say that this fault struck.
fn strikes(world: &World, name: FaultName) -> Vec<std::sync::Arc<Event>> {
    let struck =
        |event: &Event| matches!(event.fact, Fact::FaultInjected { fault } if fault == name);
    let events = world.events();
    events.into_iter().filter(|event| struck(event)).collect()
}

/// Whether something in the timeline names one of these events as its cause.
fn is_cause(world: &World, struck: &Event) -> bool {
    world
        .events()
        .iter()
        .any(|event| event.cause_seq.contains(&struck.key))
}

fn replies(world: &World) -> Vec<(Option<u16>, ReplyClass)> {
    let reply = |event: &std::sync::Arc<Event>| match event.fact {
        Fact::ExchangeReplied { status, class, .. } => Some((status, class)),
        _ => None,
    };
    world.events().iter().filter_map(reply).skip(1).collect()
}

fn landings(world: &World) -> Vec<FlightClass> {
    let landing = |event: &std::sync::Arc<Event>| match event.fact {
        Fact::FlightFinished { class, .. } => Some(class),
        _ => None,
    };
    world.events().iter().filter_map(landing).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_on_purpose_refreshes_before_anything_is_refused() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::ExpireNow, None, Some(1));
    let answer = world.orders(JSON).await;
    assert_eq!((answer.status, answer.attempts), (200, 1));
    assert_eq!(world.session(JSON).generation, Some(2));
    let struck = strikes(&world, FaultName::ExpireNow);
    assert_eq!(struck.len(), 1);
    assert!(
        is_cause(&world, &struck[0]),
        "the refresh names the fault as its cause"
    );
    assert!(world.session(JSON).faults.is_empty(), "it strikes once");
    assert_eq!(world.orders(JSON).await.attempts, 1);
    assert_eq!(world.session(JSON).generation, Some(2));
}

/// Scenario 1, on purpose: a burst on a token that counts as expired.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_on_a_token_that_expires_on_purpose_shares_one_refresh() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::ExpireNow, None, Some(1));
    // The refresh takes its time, so that all of them meet it.
    arm(&world, FaultName::SlowRefresh, Some(500), Some(1));
    let send = || {
        world
            .engine
            .send(world.get("/orders", JSON))
            .expect("accepted")
    };
    let sendings: Vec<_> = std::iter::repeat_with(send).take(20).collect();
    for sending in sendings {
        assert_eq!(sending.finished().await.expect("an answer").status, 200);
    }
    assert_eq!(world.count("FlightStarted"), 1);
    assert_eq!(world.count("WaitingForRefresh"), 20);
    assert_eq!(world.count("WaiterJoined"), 19);
    assert_eq!(strikes(&world, FaultName::SlowRefresh).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_that_is_pretended_valid_meets_the_401() {
    let world = signed_in(quick()).await;
    world.demo.expire_all();
    world.clock.advance(Duration::from_secs(120));
    arm(&world, FaultName::PretendValid, None, None);
    let answer = world.orders(JSON).await;
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(strikes(&world, FaultName::PretendValid).len(), 1);
    world
        .engine
        .clear_fault(JSON, FaultName::PretendValid)
        .expect("it is on");
    assert!(world.session(JSON).faults.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_token_is_refused_refreshed_and_repeated_once() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::CorruptAccessToken, None, Some(1));
    let answer = world.orders(JSON).await;
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert!(is_cause(
        &world,
        &strikes(&world, FaultName::CorruptAccessToken)[0]
    ));

    arm(&world, FaultName::CorruptAccessToken, None, None);
    let answer = world.orders(JSON).await;
    assert_eq!((answer.status, answer.attempts), (401, 2), "and no third");
    assert_eq!(world.session(JSON).state, StateName::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_refresh_token_asks_for_sign_in_and_comes_back() {
    let world = signed_in(quick()).await;
    world.demo.expire_all();
    arm(&world, FaultName::DropRefreshToken, None, None);
    let answer = world.orders(JSON).await;
    assert_eq!(answer.status, 401);
    let session = world.session(JSON);
    assert_eq!(session.state, StateName::LoginRequired);
    assert_eq!(session.login_cause, Some(LoginCause::NoRefreshToken));
    let struck = strikes(&world, FaultName::DropRefreshToken);
    assert!(
        session.evidence.contains(&struck[0].key),
        "the fault is the evidence"
    );

    world
        .engine
        .clear_fault(JSON, FaultName::DropRefreshToken)
        .expect("it is on");
    let answer = world.orders(JSON).await;
    assert_eq!(
        (answer.status, answer.attempts),
        (200, 2),
        "nothing was deleted"
    );
    assert_eq!(world.demo.counts().logins, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_refresh_token_is_kept_from_the_arming_on_and_ends_the_family_at_a_strict_server() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::ReuseRefreshToken, None, Some(1));
    world
        .engine
        .refresh(JSON)
        .await
        .expect("the first one is honest");
    assert_eq!(strikes(&world, FaultName::ReuseRefreshToken).len(), 0);
    let failure = failed(world.engine.refresh(JSON).await);
    assert_eq!(failure.code, Code::RefreshInvalidGrant);
    assert_eq!(world.demo.counts().reuses_seen, 1);
    assert_eq!(world.demo.counts().families_revoked, 1);
    assert!(is_cause(
        &world,
        &strikes(&world, FaultName::ReuseRefreshToken)[0]
    ));
    let after = world.orders(JSON).await;
    assert_eq!(after.status, 401);
    assert_eq!(world.session(JSON).state, StateName::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_one_refresh_end_the_family_at_a_strict_server() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::NoSingleFlight, Some(5), Some(1));
    world
        .engine
        .refresh(JSON)
        .await
        .expect("what was granted is kept");
    assert_eq!(
        world.count("FlightStarted"),
        1,
        "they are copies of one refresh"
    );
    let granted = replies(&world);
    let granted = granted
        .iter()
        .filter(|(_, class)| *class == ReplyClass::Granted);
    assert_eq!(granted.count(), 1, "the first copy got new tokens");
    assert!(world.demo.counts().reuses_seen >= 1);
    assert_eq!(world.demo.counts().families_revoked, 1);
    let failure = failed(world.engine.refresh(JSON).await);
    assert_eq!(failure.code, Code::RefreshInvalidGrant);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_one_refresh_cost_nothing_at_a_server_that_forgives() {
    let world = signed_in(forgiving()).await;
    arm(&world, FaultName::NoSingleFlight, Some(5), Some(1));
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.demo.counts().families_revoked, 0);
    world.engine.refresh(JSON).await.expect("the family lives");
}

/// A made-up answer of the token endpoint, in three facts: the answers that were seen, how the flight landed, and that the
/// session lives on without a sign-in, at a server that forgives nothing.
async fn a_made_up_answer_costs_no_session(
    name: FaultName,
    amount: Option<i64>,
    times: u32,
    seen: &[(Option<u16>, ReplyClass)],
) {
    let world = signed_in(quick()).await;
    let before = world.demo.counts();
    world.demo.expire_all();
    arm(&world, name, amount, Some(times));
    let answer = world.orders(JSON).await;
    assert_eq!(answer.status, 401, "{name:?}");
    let reason = answer.not_repeated.as_ref().map(|failure| failure.code);
    assert_eq!(reason, Some(Code::RefreshTransient), "{name:?}");
    assert_eq!(replies(&world), seen, "{name:?}");
    assert_eq!(landings(&world), [FlightClass::Transient], "{name:?}");
    let struck = strikes(&world, name);
    assert_eq!(struck.len(), times as usize, "{name:?}");
    assert!(
        struck.iter().all(|struck| is_cause(&world, struck)),
        "{name:?}"
    );
    let counts = world.demo.counts();
    let calls = counts.refreshes_answered + counts.refreshes_refused;
    assert_eq!(
        calls,
        before.refreshes_answered + before.refreshes_refused,
        "{name:?}: nothing was spent"
    );

    world.clock.advance(Duration::from_secs(4_000));
    let answer = world.orders(JSON).await;
    assert_eq!(answer.status, 200, "{name:?}");
    assert_eq!(world.demo.counts().logins, 1, "{name:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_answers_of_a_token_endpoint_cost_no_session() {
    let lost = (None, ReplyClass::Ambiguous);
    let half = (Some(200), ReplyClass::Ambiguous);
    let mut trials = tokio::task::JoinSet::new();
    for (name, amount, times, seen) in [
        (FaultName::NoAnswer, Some(50), 2, vec![lost, lost]),
        (FaultName::HalfReply, None, 2, vec![half, half]),
        (
            FaultName::ServerError,
            Some(500),
            1,
            vec![(Some(500), ReplyClass::Busy)],
        ),
        (
            FaultName::ServerError,
            Some(503),
            1,
            vec![(Some(503), ReplyClass::Busy)],
        ),
        (
            FaultName::TooManyRequests,
            Some(120),
            1,
            vec![(Some(429), ReplyClass::Busy)],
        ),
        (
            FaultName::BadJson,
            None,
            1,
            vec![(Some(200), ReplyClass::Protocol)],
        ),
    ] {
        trials.spawn(async move {
            a_made_up_answer_costs_no_session(name, amount, times, &seen).await;
        });
    }
    trials.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_retry_after_is_obeyed() {
    let world = signed_in(quick()).await;
    world.demo.expire_all();
    arm(&world, FaultName::TooManyRequests, Some(120), Some(1));
    world.orders(JSON).await;
    assert_eq!(world.session(JSON).state, StateName::Cooldown);
    world.clock.advance(Duration::from_secs(100));
    assert_eq!(world.orders(JSON).await.status, 401);
    assert_eq!(
        world.count("FlightStarted"),
        1,
        "nothing is tried before the time"
    );
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_without_its_token_type_is_taken_with_a_remark() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::NoTokenType, None, Some(1));
    world.engine.refresh(JSON).await.expect("new tokens");
    assert_eq!(world.session(JSON).generation, Some(2));
    assert_eq!(strikes(&world, FaultName::NoTokenType).len(), 1);
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_this_sessions_only_and_the_server_has_the_last_word() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::ClockSkew, Some(3_600_000), None);
    world
        .until(|event| matches!(event.fact, Fact::TokenExpired {}))
        .await;
    let answer = world.orders(JSON).await;
    assert_eq!(
        (answer.status, answer.attempts),
        (200, 1),
        "the server honours it"
    );
    let events = world.events();
    let expired = events.iter().find_map(|event| match event.fact {
        Fact::LeaseTaken { expires_in_ms, .. } => expires_in_ms,
        _ => None,
    });
    assert!(expired.is_some_and(|left| left < -3_000_000), "{expired:?}");
    world
        .engine
        .clear_fault(JSON, FaultName::ClockSkew)
        .expect("it is on");
    assert_eq!(world.orders(JSON).await.status, 200);
}

/// N46, on purpose.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_refuses_always_costs_one_refresh_and_one_retry() {
    let world = signed_in(quick()).await;
    let before = world.demo.counts();
    arm(&world, FaultName::RefuseAlways, None, None);
    let answer = world.orders(JSON).await;
    assert_eq!((answer.status, answer.attempts), (401, 2));
    assert_eq!(world.count("FlightStarted"), 1);
    assert_eq!(
        world.demo.counts().api_ok,
        before.api_ok,
        "the API was not called"
    );
    for _ in 0..5 {
        assert_eq!(world.orders(JSON).await.status, 401);
    }
    assert_eq!(
        world.count("FlightStarted"),
        1,
        "the origin is in quarantine"
    );
    world
        .engine
        .clear_fault(JSON, FaultName::RefuseAlways)
        .expect("it is on");
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_takes_nothing_leaves_the_token_in_memory() {
    for (name, code) in [
        (FaultName::StoreLocked, Code::StoreLocked),
        (FaultName::StoreFull, Code::StoreFailed),
    ] {
        let mut world = signed_in(quick()).await;
        arm(&world, name, None, None);
        world.demo.expire_all();
        assert_eq!(world.orders(JSON).await.status, 200, "{name:?}");
        assert!(world.session(JSON).persist_pending, "{name:?}");
        let told = world
            .until(|event| matches!(event.fact, Fact::PersistFailed { .. }))
            .await;
        assert_eq!(told.fact, Fact::PersistFailed { error: code });
        world.engine.clear_fault(JSON, name).expect("it is on");
        world.engine.reopen_vault().await;
        assert!(!world.session(JSON).persist_pending, "{name:?}");
        world.restart().await;
        assert_eq!(world.session(JSON).generation, Some(2), "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_end_with_the_process_and_never_strike_unasked() {
    let mut world = signed_in(quick()).await;
    arm(&world, FaultName::RefuseAlways, None, None);
    assert_eq!(world.session(JSON).faults.len(), 1);
    world.restart().await;
    assert!(world.session(JSON).faults.is_empty());
    assert_eq!(world.orders(JSON).await.status, 200);
    let told = |event: &Event| matches!(event.fact, Fact::FaultInjected { .. });
    assert!(!world.events().iter().any(|event| told(event)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_out_of_bounds_stays_off() {
    let world = signed_in(quick()).await;
    let fault = Fault {
        name: FaultName::ServerError,
        amount: Some(200),
        times: None,
    };
    let failure = failed(world.engine.arm_fault(JSON, fault));
    assert_eq!(failure.code, Code::FaultInvalid);
    let failure = failed(world.engine.arm_fault("nobody", fault));
    assert_eq!(failure.code, Code::FaultInvalid);
    assert!(world.session(JSON).faults.is_empty());
    assert_eq!(world.count("FaultSwitched"), 0);
}

/// Every generation of a sign-in is remembered by what it said; the tokens themselves are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_lineage_names_each_generation_and_what_changed() {
    let world = signed_in(quick()).await;
    world.orders(JSON).await;
    world.demo.expire_all();
    let response = world.orders(JSON).await;
    world.engine.refresh(JSON).await.expect("new tokens");
    let lineage = world.engine.lineage(JSON).expect("a session");
    let numbers: Vec<_> = lineage
        .iter()
        .map(|step| (step.generation, step.because_of))
        .collect();
    assert_eq!(numbers, [(1, None), (2, Some(response.request)), (3, None)]);
    assert_eq!((lineage[0].times_used, lineage[0].times_refused), (2, 1));
    let lost = lineage[1]
        .changes
        .iter()
        .any(|change| change.claim == "scope");
    assert!(lost, "the demo grants admin once: {:?}", lineage[1].changes);
    let token = world
        .engine
        .hand_out(
            JSON,
            TokenKind::Access,
            sandglass_engine::timeline::event::HandedOut::Copied,
        )
        .expect("there is one");
    let shown = serde_json::to_string(&lineage).expect("JSON");
    assert!(!shown.contains(secrecy::ExposeSecret::expose_secret(&token)));
    let details = world
        .engine
        .token(JSON)
        .expect("a session")
        .expect("a token");
    assert_eq!(details.refused_by, Vec::<String>::new());
    assert_eq!(world.count("TokenHandedOut"), 1);
}
