//! The learned profile of a server, over real sockets: what the demo does is what is known of it, and what is known counts.

use std::time::Duration;

use sandglass_demo::{Act, Fault as Misbehaviour, Place, Reuse, Settings};
use sandglass_engine::engine::habits::Known;
use sandglass_engine::error::Code;
use sandglass_engine::fault::{Fault, FaultName};
use sandglass_engine::profile::{Replay, TokenRotation};
use sandglass_engine::timeline::event::{Event, EventKey, ExpirySource, Fact, StateName};
use tests_engine::{JSON, OAUTH, World, failed, quick};

async fn signed_in(settings: Settings) -> World {
    let world = World::with(settings).await;
    world.sign_in(JSON).await.expect("the demo knows its user");
    world
}

fn known(world: &World) -> Known {
    world.engine.profile(JSON).expect("a session")
}

fn arm(world: &World, name: FaultName, amount: Option<i64>) {
    let fault = Fault {
        name,
        amount,
        times: Some(1),
    };
    world.engine.arm_fault(JSON, fault).expect("within bounds");
}

fn fact(world: &World, key: EventKey) -> Fact {
    let events = world.events();
    let found = events.iter().find(|event| event.key == key);
    found.expect("the proof is in the timeline").fact.clone()
}

fn sent(world: &World) -> usize {
    world.count("ExchangeSent")
}

/// A server that ends the access token, too, when a refresh token comes twice; and a client that has seen it do so.
async fn burnt() -> World {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::NoSingleFlight, Some(4));
    world.engine.refresh(JSON).await.expect("one is granted");
    let answer = world.orders(JSON).await;
    assert_eq!(answer.status, 401, "the demo ended the access token too");
    world
}

#[tokio::test]
async fn a_server_that_rotates_and_its_expiry_are_learned_from_its_refreshes() {
    let world = signed_in(quick()).await;
    assert!(known(&world).profile.is_blank(), "nothing is known yet");
    world.engine.refresh(JSON).await.expect("a refresh");
    world.engine.refresh(JSON).await.expect("a refresh");
    let known = known(&world);
    let rotation = known.profile.rotation.expect("seen");
    assert_eq!((rotation.what, rotation.times), (TokenRotation::Rotates, 2));
    assert_eq!(rotation.proof.len(), 2);
    for proof in rotation.proof {
        assert!(matches!(
            fact(&world, proof),
            Fact::ReplyParsed { rotated: true, .. }
        ));
    }
    let life = known.profile.life.expect("seen").what;
    assert_eq!((life.least_ms, life.most_ms), (Some(60_000), Some(60_000)));
    assert_eq!(life.source, ExpirySource::Reply);
    assert_eq!(
        (known.replay.replay, known.replay.rule_id),
        (Replay::Once, "replay.usual")
    );
}

#[tokio::test]
async fn a_server_that_keeps_its_refresh_token_and_names_no_expiry_is_known_for_it() {
    let world = signed_in(quick()).await;
    let faults = world.demo.faults();
    faults.set(Place::Refresh, Misbehaviour::once(Act::OmitRefreshToken));
    world.engine.refresh(JSON).await.expect("a refresh");
    assert_eq!(
        known(&world).profile.rotation.expect("seen").what,
        TokenRotation::Keeps
    );
    world.engine.refresh(JSON).await.expect("a refresh");
    assert_eq!(
        known(&world).profile.rotation.expect("seen").what,
        TokenRotation::Sometimes
    );
}

#[tokio::test]
async fn its_way_of_saying_no_is_learned_and_what_the_lab_made_up_is_not() {
    let world = signed_in(quick()).await;
    arm(&world, FaultName::ServerError, Some(503));
    failed(world.engine.refresh(JSON).await);
    assert!(
        known(&world).profile.is_blank(),
        "the server was not even called"
    );

    let busy = Act::Status {
        code: 429,
        retry_after_s: Some(1),
    };
    world
        .demo
        .faults()
        .set(Place::Refresh, Misbehaviour::once(busy));
    failed(world.engine.refresh(JSON).await);
    let refusals = known(&world).profile.refusals;
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].what.status, Some(429));
    let proof = fact(&world, refusals[0].proof[0]);
    assert!(matches!(
        proof,
        Fact::ExchangeReplied {
            status: Some(429),
            ..
        }
    ));
}

#[tokio::test]
async fn the_servers_clock_is_known_and_whose_profile_it_is() {
    let world = signed_in(quick()).await;
    let date = "Tue, 01 Jan 2030 00:00:00 GMT".to_owned();
    let headers = Act::Headers(vec![("Date".to_owned(), date)]);
    world
        .demo
        .faults()
        .set(Place::Refresh, Misbehaviour::once(headers));
    world.engine.refresh(JSON).await.expect("a refresh");
    let profile = known(&world).profile;
    assert!(profile.clock_ms.expect("seen").what.abs() > 1_000_000);
    assert!(
        profile.endpoint.starts_with(world.demo.origin()),
        "{}",
        profile.endpoint
    );
    let other = world.engine.profile(OAUTH).expect("a session");
    assert_ne!(other.profile.endpoint, profile.endpoint);
    assert!(
        other.profile.is_blank(),
        "another endpoint is another server"
    );
    assert_eq!(
        failed(world.engine.profile("nobody")).code,
        Code::SessionUnknown
    );
}

/// A grace window is seen when a refresh token that was replaced is honoured all the same.
#[tokio::test]
async fn a_grace_window_is_seen_when_a_spent_token_is_honoured() {
    let world = signed_in(Settings {
        reuse: Reuse::Grace(Duration::from_secs(600)),
        ..quick()
    })
    .await;
    arm(&world, FaultName::NoSingleFlight, Some(4));
    world.engine.refresh(JSON).await.expect("granted");
    let profile = known(&world).profile;
    let honoured = profile.spent_honoured.expect("seen");
    assert!(matches!(
        fact(&world, honoured.proof[0]),
        Fact::ExchangeReplied { .. }
    ));
    assert_eq!(profile.spent_refused, None);
    assert_eq!(profile.access_outlives_reuse, None, "nothing was refused");
}

#[tokio::test]
async fn a_server_that_ends_the_access_token_on_reuse_gets_no_replay() {
    let world = burnt().await;
    let profile = known(&world).profile;
    assert!(profile.spent_refused.is_some(), "{profile:?}");
    let outlives = profile.access_outlives_reuse.clone().expect("seen");
    assert!(!outlives.what);
    assert!(matches!(
        fact(&world, outlives.proof[0]),
        Fact::ResponseClassified { .. }
    ));
    assert_eq!(known(&world).replay.rule_id, "replay.revokes_on_reuse");

    world.sign_in(JSON).await.expect("signed in again");
    let before = sent(&world);
    world
        .demo
        .faults()
        .set(Place::Refresh, Misbehaviour::once(Act::DropBefore));
    failed(world.engine.refresh(JSON).await);
    assert_eq!(sent(&world), before + 1, "it is not sent a second time");
    assert_eq!(world.count("ReplayWithheld"), 1);
    assert_eq!(world.session(JSON).state, StateName::Indeterminate);
    assert_eq!(
        world.orders(JSON).await.status,
        200,
        "the access token is good"
    );
    assert_eq!(sent(&world), before + 1);

    // When nothing else is left, it is tried after all.
    world.demo.expire_all();
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(sent(&world), before + 2);
    assert_eq!(world.session(JSON).state, StateName::Active);
}

/// What a crash would have left: the last word of each journal is that of a process which is no more.
fn forget_the_owner(world: &World) {
    let folder = world.folder.path().join("families");
    for entry in std::fs::read_dir(folder).expect("journals") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "journal") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("lines");
        let last = text.lines().last().expect("a line");
        let mut line: serde_json::Value = serde_json::from_str(last).expect("JSON");
        line["owner"]["pid"] = serde_json::json!(u32::MAX - 1);
        std::fs::write(&path, format!("{line}\n")).expect("written");
    }
}

/// Neither a start nor the clock spends a refresh token that may be spent, where the server does not forgive that.
#[tokio::test]
async fn a_doubtful_refresh_token_is_spared_at_the_start_and_by_the_clock() {
    for (replay, expected) in [(Replay::Never, 0), (Replay::Once, 1)] {
        let mut world = signed_in(quick()).await;
        world.sign_in(OAUTH).await.expect("signed in");
        let chosen = world.engine.choose_replay(JSON, Some(Replay::Never));
        chosen.await.expect("written");
        let lost = Misbehaviour::once(Act::DropBefore);
        world.demo.faults().set(Place::Refresh, lost);
        failed(world.engine.refresh(JSON).await);
        let chosen = world.engine.choose_replay(JSON, Some(replay));
        chosen.await.expect("written");
        world.engine.shut_down().await;
        forget_the_owner(&world);
        world.restart().await;

        for session in [JSON, OAUTH] {
            assert_eq!(world.orders(session).await.status, 200, "{replay:?}");
        }
        world.clock.advance(Duration::from_secs(45));
        for session in [JSON, OAUTH] {
            assert_eq!(world.orders(session).await.status, 200, "{replay:?}");
        }
        // The other session shows that the clock was looked at.
        let of = |event: &Event, session| event.subject.session.as_deref() == Some(session);
        let flown = |event: &Event| matches!(event.fact, Fact::FlightFinished { .. });
        world.until(|event| flown(event) && of(event, OAUTH)).await;
        let sent = |event: &&std::sync::Arc<Event>| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && of(event, JSON)
        };
        let sent = world.events().iter().filter(sent).count();
        assert_eq!(sent.min(1), expected, "{replay:?}");
        let spared = world.count("HabitFollowed") > 0;
        assert_eq!(
            spared,
            replay == Replay::Never,
            "what was left undone is told"
        );
    }
}

#[tokio::test]
async fn a_slow_server_has_its_refresh_begun_earlier_and_the_timeline_says_so() {
    let world = signed_in(quick()).await;
    let slow = Misbehaviour {
        hold_ms: 1_300,
        ..Misbehaviour::default()
    };
    world.demo.faults().set(Place::Refresh, slow);
    world.engine.refresh(JSON).await.expect("granted, at last");
    assert_eq!(world.orders(JSON).await.status, 200);
    // Of 60 s, the usual margin leaves 47 to 49; another second comes on top.
    world.clock.advance(Duration::from_secs(50));
    world
        .until(|event| {
            matches!(event.fact, Fact::FlightFinished { .. }) && event.subject.flight == Some(2)
        })
        .await;
    let events = world.events();
    let told = events
        .iter()
        .find(|event| matches!(&event.fact, Fact::HabitFollowed { earlier_ms: Some(earlier), .. } if *earlier > 1_000));
    let told = told.expect("it is told");
    let started = events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::FlightStarted { .. }));
    assert!(started.expect("it flew").cause_seq.contains(&told.key));
}

#[tokio::test]
async fn the_users_word_goes_before_what_was_learned_and_outlives_a_restart() {
    let mut world = burnt().await;
    let chosen = Some(Replay::Once);
    world
        .engine
        .choose_replay(JSON, chosen)
        .await
        .expect("written");
    world.restart().await;
    let after = known(&world);
    assert_eq!(
        (after.replay.replay, after.replay.rule_id),
        (Replay::Once, "replay.chosen")
    );
    assert!(
        after.profile.access_outlives_reuse.is_some(),
        "what was learned is kept, too"
    );

    world.engine.forget_profile(JSON).await.expect("written");
    world
        .engine
        .choose_replay(JSON, None)
        .await
        .expect("written");
    world.restart().await;
    assert!(known(&world).profile.is_blank());
    assert_eq!(known(&world).replay.rule_id, "replay.usual");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_and_holds_for_now() {
    let world = signed_in(quick()).await;
    std::fs::create_dir_all(world.folder.path().join("issuers.json/in-the-way")).expect("a folder");
    let failure = failed(world.engine.choose_replay(JSON, Some(Replay::Never)).await);
    assert_eq!(failure.code, Code::ProfileUnwritable);
    assert_eq!(known(&world).replay.replay, Replay::Never);
}
