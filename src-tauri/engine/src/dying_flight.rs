//! A flight whose code panics: everybody who waits for it hears so, and the next one takes off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Engine;
use crate::engine::Options;
use crate::error::Code;
use crate::session::credentials::{ClientSecrets, Credentials};
use crate::timeline::event::{Fact, FlightClass, Kept, StateName};
use crate::token_endpoint::Wire;
use crate::workspace::Workspace;

const SESSION_FILE: &str = "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"http://127.0.0.1:1/token\"\nclient_id = \"c\"\n";
/// Of the calls of the token endpoint, the one whose answer is a panic: the first one after the sign-in.
const DEADLY: u32 = 2;

fn answer(call: u32) -> Wire {
    assert_ne!(call, DEADLY, "the flight dies of this, on purpose");
    let body =
        format!("{{\"access_token\":\"a{call}\",\"refresh_token\":\"r{call}\"}}").into_bytes();
    Wire::Answer {
        status: 200,
        headers: reqwest::header::HeaderMap::new(),
        body,
    }
}

/// Scenario 7.
#[tokio::test]
async fn a_flight_that_dies_tells_everybody_and_frees_the_slot() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("sessions")).expect("a folder");
    std::fs::write(
        folder.path().join("workspace.toml"),
        "version = 1\nname = \"w\"\n",
    )
    .expect("written");
    std::fs::write(folder.path().join("sessions/s.toml"), SESSION_FILE).expect("written");
    let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
    assert_eq!(failures, []);
    let calls = AtomicU32::new(0);
    let options = Options {
        kept: Kept::Memory,
        token_answers: Some(Arc::new(move |_: &str| {
            answer(calls.fetch_add(1, Ordering::SeqCst) + 1)
        })),
        ..Options::default()
    };
    let engine = Engine::open(workspace, options).expect("an engine");
    let credentials = Credentials::RefreshToken {
        refresh_token: "r".into(),
        client: ClientSecrets::default(),
    };
    engine.sign_in("s", credentials).await.expect("signed in");

    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.refresh("s").await })
        })
        .collect();
    for waiter in waiting {
        let failure = waiter
            .await
            .expect("nobody hangs")
            .expect_err("the flight died");
        assert_eq!(failure.code, Code::RefreshAborted);
    }
    assert_eq!(
        engine.sessions()[0].state,
        StateName::Active,
        "the session is untouched"
    );
    engine.refresh("s").await.expect("the slot is free");
    let ends: Vec<_> = engine
        .timeline()
        .events()
        .iter()
        .filter_map(|event| match event.fact {
            Fact::FlightFinished { class, .. } => Some(class),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [FlightClass::Aborted, FlightClass::Committed]);
}
