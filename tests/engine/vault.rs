//! The engine and a vault that fails: nothing is lost, nothing is deleted, and it is said.

use std::sync::atomic::Ordering;

use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, Kept, StateName};
use sandglass_engine::vault::Store;
use secrecy::ExposeSecret;
use tests_engine::{JSON, World, failed, kind};

/// The newest record of the JSON session, read past the engine.
pub(crate) fn newest_record(world: &World) -> serde_json::Value {
    let mut store = world.store.clone();
    let workspace = world
        .folder
        .path()
        .join("workspace")
        .canonicalize()
        .expect("the workspace");
    let names = sandglass_engine::vault::item_names(&workspace.display().to_string(), JSON);
    let records = names
        .iter()
        .filter_map(|name| store.read(name).expect("memory reads"));
    records
        .filter_map(|item| serde_json::from_slice::<serde_json::Value>(item.expose_secret()).ok())
        .max_by_key(|record| (record["epoch"].as_u64(), record["generation"].as_u64()))
        .expect("there is a record")
}

/// What the vault holds of the JSON session, slot by slot, to be put back later.
pub(crate) fn items(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut store = world.store.clone();
    let read = |name: String| {
        store
            .read(&name)
            .expect("memory reads")
            .map(|item| (name, item.expose_secret().to_vec()))
    };
    slots(world).into_iter().filter_map(read).collect()
}

/// Puts an earlier state of the vault back, as a restored backup does.
pub(crate) fn put_back(world: &World, items: &[(String, Vec<u8>)]) {
    let mut store = world.store.clone();
    for name in slots(world) {
        let item = items
            .iter()
            .find(|(kept, _)| *kept == name)
            .map_or(&b"-"[..], |(_, item)| item);
        store.write(&name, item).expect("memory takes it");
    }
}

fn slots(world: &World) -> [String; 2] {
    let workspace = world
        .folder
        .path()
        .join("workspace")
        .canonicalize()
        .expect("the workspace");
    sandglass_engine::vault::item_names(&workspace.display().to_string(), JSON)
}

/// Scenario 34.
#[tokio::test]
async fn a_refused_write_is_said_before_the_token_is_used_and_tried_again() {
    let world = World::signed_in(JSON).await;
    world.store_faults.read_only.store(true, Ordering::SeqCst);
    world.demo.expire_all();
    assert_eq!(
        world.orders(JSON).await.status,
        200,
        "the new token is used from memory"
    );
    assert!(world.session(JSON).persist_pending);
    let kinds: Vec<_> = world
        .events()
        .iter()
        .map(|event| kind(&event.fact))
        .collect();
    let position = |wanted: &str| kinds.iter().rposition(|kind| kind == wanted).expect(wanted);
    assert!(position("PersistFailed") < position("Published"));
    assert_eq!(
        newest_record(&world)["generation"],
        1,
        "the record before it is whole"
    );

    world.store_faults.read_only.store(false, Ordering::SeqCst);
    world
        .until(|event| {
            matches!(event.fact, Fact::Persisted { .. }) && event.subject.generation == Some(2)
        })
        .await;
    assert_eq!(newest_record(&world)["generation"], 2);
}

/// Scenario 35.
#[tokio::test]
async fn a_locked_vault_is_no_reason_to_ask_for_a_sign_in() {
    let mut world = World::signed_in(JSON).await;
    world.store_faults.locked.store(true, Ordering::SeqCst);
    world.restart().await;
    assert_eq!(world.session(JSON).state, StateName::StoreUnavailable);
    assert_eq!(
        failed(world.send(world.get("/orders", JSON)).await).code,
        Code::StoreLocked
    );
    assert_eq!(
        failed(world.engine.probe_vault().await).code,
        Code::StoreLocked
    );
    assert_eq!(world.count("ExchangeSent"), 0);
    world.store_faults.locked.store(false, Ordering::SeqCst);
    world.engine.reopen_vault().await;
    assert_eq!(
        (world.session(JSON).state, world.orders(JSON).await.status),
        (StateName::Active, 200)
    );
}

/// Scenario 42.
#[tokio::test]
async fn a_garbled_record_is_set_aside_and_left_where_it_is() {
    let mut world = World::signed_in(JSON).await;
    let workspace = world
        .folder
        .path()
        .join("workspace")
        .canonicalize()
        .expect("the workspace");
    let names = sandglass_engine::vault::item_names(&workspace.display().to_string(), JSON);
    names.iter().for_each(|name| {
        world
            .store
            .write(name, b"{\"version\":1,")
            .expect("written")
    });
    world.restart().await;
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    assert_eq!(world.count("RecordSetAside"), 1);
    let left = world
        .store
        .read(&names[0])
        .expect("readable")
        .expect("still there");
    assert_eq!(left.expose_secret(), b"{\"version\":1,");
}

#[tokio::test]
async fn tokens_move_to_the_keychain_when_the_user_chooses_it_again() {
    let mut world = World::new().await;
    world.engine.keep_in(Kept::Memory).await;
    world.sign_in(JSON).await.expect("signed in");
    world.engine.keep_in(Kept::Keychain).await;
    assert_eq!(newest_record(&world)["generation"], 1);
    world.restart().await;
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test]
async fn tokens_in_memory_are_gone_with_the_process_and_were_never_in_the_keychain() {
    let mut world = World::new().await;
    world.engine.keep_in(Kept::Memory).await;
    world.sign_in(JSON).await.expect("signed in");
    world.restart().await;
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
}

/// Scenarios 40 and 41: another program's field, and a record whose token has no time left.
#[tokio::test]
async fn a_record_that_others_wrote_into_still_gives_its_refresh_token() {
    let mut world = World::signed_in(JSON).await;
    let mut record = newest_record(&world);
    record["somebody_elses"] = serde_json::json!({ "field": 1 });
    record["grant"]["access"][JSON]["lifetime_ms"] = 0.into();
    let bytes = serde_json::to_vec(&record).expect("JSON");
    slots(&world)
        .iter()
        .for_each(|name| world.store.write(name, &bytes).expect("memory takes it"));
    world.restart().await;
    assert_eq!(world.session(JSON).state, StateName::Active);
    world.demo.expire_all();
    for _ in 0..3 {
        assert_eq!(world.orders(JSON).await.status, 200);
    }
    assert_eq!(
        (
            world.count("FlightStarted"),
            world.demo.counts().reuses_seen
        ),
        (1, 0)
    );
}
