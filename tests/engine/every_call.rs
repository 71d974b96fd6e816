//! The vault fails at its first call, at its second, at its third … until a whole story passes without meeting the fault:
//! no panic, and nothing is lost in silence.

use std::sync::atomic::Ordering;

use sandglass_engine::timeline::event::{Fact, StateName};
use tests_engine::{JSON, OAUTH, World};

/// More calls than any story makes.
const CALLS_MAX: u64 = 500;

/// How a story ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    StaysSignedIn,
    SignsOut,
}

/// Signs in, expires, refreshes, starts again, refreshes again, and ends; with the fault at this call.
async fn story(session: &str, fail_at: u64, ending: Ending) -> bool {
    let mut world = World::new().await;
    world.engine.settled().await;
    world.store_faults.calls.store(0, Ordering::SeqCst);
    world.store_faults.fail_at.store(fail_at, Ordering::SeqCst);
    if world.sign_in(session).await.is_err() {
        assert_ne!(
            world.session(session).state,
            StateName::Active,
            "call {fail_at}"
        );
        world.sign_in(session).await.expect("the fault came once");
    }
    world.demo.expire_all();
    // Whatever these answer: the state at the end is what counts.
    drop(world.send(world.get("/orders", session)).await);
    world.restart().await;
    world.demo.expire_all();
    drop(world.send(world.get("/orders", session)).await);
    let signed_out = match ending {
        Ending::StaysSignedIn => false,
        Ending::SignsOut => world.engine.sign_out(session).await.is_ok(),
    };
    let met = world.store_faults.calls.load(Ordering::SeqCst) >= fail_at;

    world.store_faults.fail_at.store(0, Ordering::SeqCst);
    world.restart().await;
    let state = world.session(session).state;
    let answer = world.send(world.get("/orders", session)).await;
    let lives = answer.is_ok_and(|answer| answer.status == 200);
    if signed_out {
        assert!(
            !lives,
            "call {fail_at}: a sign-out that was confirmed holds"
        );
        return met;
    }
    if ending == Ending::StaysSignedIn && !lives {
        let explained = world.events().iter().any(|event| {
            matches!(
                event.fact,
                Fact::LoginRequired { .. } | Fact::RecordSetAside { .. }
            )
        });
        assert!(
            explained,
            "call {fail_at}: lost in silence, {state:?}: {:?}",
            world.events()
        );
    }
    met
}

async fn fails_at_every_call(session: &str, ending: Ending) {
    let mut fail_at = 1;
    while story(session, fail_at, ending).await {
        fail_at += 1;
        assert!(fail_at < CALLS_MAX, "a story has an end");
    }
    assert!(fail_at > 5, "a story calls the vault: {fail_at}");
}

#[tokio::test]
async fn a_vault_that_fails_at_any_one_call_loses_no_session_in_silence() {
    fails_at_every_call(JSON, Ending::StaysSignedIn).await;
}

#[tokio::test]
async fn a_vault_that_fails_at_any_one_call_brings_no_session_back_that_was_signed_out() {
    fails_at_every_call(OAUTH, Ending::SignsOut).await;
}
