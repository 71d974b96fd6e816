//! The session files of an engine that is open change: nobody is signed out by that, and nothing is lost.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use sandglass_demo::{Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, SetAside, StateName};
use sandglass_engine::workspace::writer;
use serde_json::{Value, json};
use tests_engine::{JSON, OAUTH, World, failed};

use crate::storm::holds_its_guarantees;

fn folder(world: &World) -> PathBuf {
    world.folder.path().join("workspace")
}

/// Changes a key of the JSON session's file, as the editor does.
fn change(world: &World, key: &str, value: Value) {
    let mut stored = writer::read_session(&folder(world), JSON).expect("it is there");
    stored.keys.insert(key.to_owned(), value);
    writer::write_session(&folder(world), JSON, &stored.keys, Some(&stored.revision))
        .expect("a good change");
}

#[tokio::test]
async fn a_change_of_one_session_is_taken_in_and_the_others_go_on() {
    let world = World::signed_in(JSON).await;
    world.sign_in(OAUTH).await.expect("the demo knows its user");
    let logins = world.demo.counts().logins;
    let viewer = writer::read_session(&folder(&world), OAUTH).expect("it is there");
    writer::write_session(&folder(&world), "viewer", &viewer.keys, None).expect("a new one");
    change(&world, "refresh_when", json!("refused"));
    assert_eq!(world.engine.reload().await.expect("readable"), []);

    let told = world
        .until(|event| matches!(event.fact, Fact::WorkspaceRead { .. }))
        .await;
    let Fact::WorkspaceRead {
        added,
        changed,
        removed,
    } = &told.fact
    else {
        unreachable!("this is what was waited for")
    };
    assert_eq!(
        (added, changed, removed),
        (&vec!["viewer".to_owned()], &vec![JSON.to_owned()], &vec![])
    );
    let restored = world
        .events()
        .into_iter()
        .filter(|event| matches!(event.fact, Fact::SessionRestored { .. }));
    let restored: Vec<_> = restored
        .map(|event| event.subject.session.clone())
        .collect();
    assert_eq!(
        restored,
        [Some(JSON.into())],
        "the other one was not touched"
    );
    for session in [JSON, OAUTH] {
        assert_eq!(world.session(session).generation, Some(1), "{session}");
        assert_eq!(world.orders(session).await.status, 200, "{session}");
    }
    assert_eq!(world.session("viewer").state, StateName::SignedOut);
    assert_eq!(world.demo.counts().logins, logins, "nobody signed in again");
    let revision = writer::read_session(&folder(&world), "viewer")
        .expect("there")
        .revision;
    writer::delete_session(&folder(&world), "viewer", &revision).expect("it is there");
    world.engine.reload().await.expect("readable");
    assert_eq!(
        failed(world.engine.refresh("viewer").await).code,
        Code::SessionUnknown
    );
}

#[tokio::test]
async fn a_refresh_under_way_comes_home_before_its_session_is_replaced() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    let slow = Fault {
        hold_ms: 300,
        ..Fault::default()
    };
    world.demo.faults().set(Place::Refresh, slow);
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    change(&world, "refresh_when", json!("refused"));
    world.engine.reload().await.expect("readable");

    let answer = sending.finished().await.expect("it waited for the flight");
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(
        world.session(JSON).generation,
        Some(2),
        "what the flight brought is found"
    );
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.session(JSON).generation, Some(3));
    assert_eq!(world.demo.counts().families_revoked, 0);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_changed_origin_is_a_question_and_its_answer_goes_on_with_the_same_tokens() {
    let world = World::signed_in(JSON).await;
    change(
        &world,
        "origins",
        json!([world.demo.origin(), "https://api.test"]),
    );
    world.engine.reload().await.expect("readable");
    let asked = world.session(JSON);
    assert_eq!(asked.state, StateName::BindingChanged);
    let question = asked.binding.expect("both values are there");
    assert_eq!(question.approved.origins[JSON].len(), 1);
    assert_eq!(question.proposed.origins[JSON].len(), 2);
    assert_eq!(
        failed(world.send(world.get("/orders", JSON)).await).code,
        Code::BindingChanged
    );
    world
        .engine
        .approve_binding(JSON)
        .await
        .expect("the vault takes it");
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.demo.counts().logins, 1, "nobody signed in again");
}

#[tokio::test]
async fn tokens_that_are_in_memory_only_are_not_left_behind() {
    let world = World::signed_in(JSON).await;
    world.store_faults.read_only.store(true, Ordering::SeqCst);
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
    assert!(world.session(JSON).persist_pending);
    change(&world, "refresh_when", json!("refused"));
    assert_eq!(
        failed(world.engine.reload().await).code,
        Code::StoreFailed,
        "the vault still refuses"
    );
    assert_eq!(world.orders(JSON).await.status, 200, "it goes on as it was");
    world.store_faults.read_only.store(false, Ordering::SeqCst);
    world.engine.reload().await.expect("the vault takes it now");
    assert_eq!(world.session(JSON).generation, Some(2));
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test]
async fn a_changed_key_never_uses_the_tokens_of_the_one_before() {
    for (key, value) in [
        ("client_id", "another"),
        ("issuer", "https://id.test"),
        ("scope", "orders"),
        ("resource", "https://api.test"),
    ] {
        let world = World::signed_in(OAUTH).await;
        let before = writer::read_session(&folder(&world), OAUTH).expect("it is there");
        let mut keys = before.keys.clone();
        keys.insert(key.to_owned(), value.into());
        let engine = &world.engine;
        let saved = engine.save_session(OAUTH, keys, Some(&before.revision));
        assert_eq!(saved.await.expect("a good file"), [], "{key}");
        let session = world.session(OAUTH);
        assert_eq!(session.state, StateName::SignedOut, "{key}");
        assert_eq!(session.set_aside, Some(SetAside::AnotherKey), "{key}");
        let refused = failed(world.send(world.get("/orders", OAUTH)).await);
        assert_eq!(refused.code, Code::SignInNeeded, "{key}");

        let now = writer::read_session(&folder(&world), OAUTH).expect("it is there");
        let put_back = engine.save_session(OAUTH, before.keys, Some(&now.revision));
        assert_eq!(put_back.await.expect("a good file"), [], "{key}");
        assert_eq!(
            world.orders(OAUTH).await.status,
            200,
            "{key}: the record was left alone"
        );
    }
}

#[tokio::test]
async fn a_session_that_is_deleted_forgets_its_tokens() {
    let world = World::signed_in(JSON).await;
    let stored = writer::read_session(&folder(&world), JSON).expect("it is there");
    let refused = world.engine.delete_session(JSON, "of long ago").await;
    assert_eq!(failed(refused).code, Code::WorkspaceChanged);
    assert_eq!(world.orders(JSON).await.status, 200, "nothing has changed");
    world
        .engine
        .delete_session(JSON, &stored.revision)
        .await
        .expect("it is there");
    assert!(
        world
            .engine
            .sessions()
            .iter()
            .all(|session| session.name != JSON)
    );
    let again = world.engine.save_session(JSON, stored.keys, None);
    assert_eq!(again.await.expect("a good file"), []);
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
}

#[tokio::test]
async fn what_a_change_would_use_is_known_before_it_is_written() {
    let world = World::signed_in(JSON).await;
    let mut keys = writer::read_session(&folder(&world), JSON)
        .expect("it is there")
        .keys;
    assert!(
        !world
            .engine
            .trust_change(JSON, &keys)
            .expect("good keys")
            .widens()
    );
    assert!(
        world
            .engine
            .trust_change("new", &keys)
            .expect("good keys")
            .widens()
    );
    keys.insert(
        "origins".to_owned(),
        json!([world.demo.origin(), "https://api.test"]),
    );
    let change = world.engine.trust_change(JSON, &keys).expect("good keys");
    assert!(change.widens());
    assert_eq!(change.before.expect("it is there").origins.len(), 1);
    assert_eq!(change.after.origins.len(), 2);
    let stored = writer::read_session(&folder(&world), JSON).expect("it is there");
    world
        .engine
        .save_session(JSON, keys, Some(&stored.revision))
        .await
        .expect("written");
    assert_eq!(world.session(JSON).state, StateName::BindingChanged);
    world
        .engine
        .approve_change(JSON)
        .await
        .expect("the vault takes it");
    assert_eq!(world.orders(JSON).await.status, 200);
}
