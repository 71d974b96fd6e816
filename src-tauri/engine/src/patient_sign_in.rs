//! A sign-in on another device in paused time, with a server in memory: when it is asked again, and how it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Engine;
use crate::engine::Options;
use crate::error::{Code, Result};
use crate::long_run::PausedClock;
use crate::session::credentials::{ClientSecrets, Credentials};
use crate::timeline::event::{Fact, Kept, StateName};
use crate::token_endpoint::Wire;
use crate::vault::Limits;
use crate::workspace::Workspace;

const SESSION: &str = "tv";
const SESSION_FILE: &str = "kind = \"oauth\"\norigins = [\"http://127.0.0.1:1\"]\ntoken_endpoint = \"http://127.0.0.1:1/token\"\ndevice_authorization_endpoint = \"http://127.0.0.1:1/device\"\nclient_id = \"tv\"\ngrant = \"device_code\"\n";

/// An answer of the token endpoint, by its error; the last one is repeated.
type Script = &'static [&'static str];

/// One sign-in.
struct Played {
    engine: Engine,
    _folder: tempfile::TempDir,
    /// When the token endpoint was called, in seconds from when it gave the code.
    asked_at_s: Arc<Mutex<Vec<u64>>>,
}

impl Played {
    fn new(code: &Value, script: Script) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = folder.path().join("sessions");
        std::fs::create_dir(&sessions).expect("a folder");
        let files = [
            (
                folder.path().join("workspace.toml"),
                "version = 1\nname = \"Devices\"\n",
            ),
            (sessions.join(format!("{SESSION}.toml")), SESSION_FILE),
        ];
        for (path, text) in files {
            std::fs::write(path, text).expect("written");
        }
        let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
        assert!(failures.is_empty(), "{failures:?}");
        let code = code.to_string();
        let began = Mutex::new(Instant::now());
        let asked_at_s = Arc::<Mutex<Vec<u64>>>::default();
        let asked = Arc::clone(&asked_at_s);
        let answer = move |body: &str| {
            let mut began = began.lock().unwrap_or_else(PoisonError::into_inner);
            if !body.contains("grant_type") {
                *began = Instant::now();
                return told(200, code.clone());
            }
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(began.elapsed().as_secs());
            match script[(asked.len() - 1).min(script.len() - 1)] {
                "granted" => told(
                    200,
                    json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3_600 })
                        .to_string(),
                ),
                "lost" => Wire::Lost {
                    status: None,
                    detail: "the cable".to_owned(),
                },
                "busy" => told(503, String::new()),
                error => told(400, json!({ "error": error }).to_string()),
            }
        };
        let options = Options {
            kept: Kept::Memory,
            // Time runs on while the keychain's thread, which tokio cannot see, is at work.
            vault_limits: Limits {
                soft: Duration::from_secs(1_000_000),
                hard: Duration::from_secs(1_000_000),
            },
            clock: Arc::new(PausedClock(Instant::now())),
            token_answers: Some(Arc::new(answer)),
            ..Options::default()
        };
        Self {
            engine: Engine::open(workspace, options).expect("an engine"),
            _folder: folder,
            asked_at_s,
        }
    }

    async fn sign_in(&self) -> Result<()> {
        self.engine.settled().await;
        let client = ClientSecrets::default();
        self.engine
            .sign_in(SESSION, Credentials::Device { client })
            .await
    }

    fn asked_at_s(&self) -> Vec<u64> {
        self.asked_at_s
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn state(&self) -> StateName {
        self.engine.sessions()[0].state
    }
}

fn told(status: u16, body: String) -> Wire {
    Wire::Answer {
        status,
        headers: reqwest::header::HeaderMap::new(),
        body: body.into_bytes(),
    }
}

fn code(expires_in: u64) -> Value {
    json!({
        "device_code": "d-1", "user_code": "WDJB-MJHT", "verification_uri": "https://id.test/device",
        "expires_in": expires_in,
    })
}

#[tokio::test(start_paused = true)]
async fn the_server_is_asked_as_often_as_it_wants_and_not_longer_than_the_code_counts() {
    let cases: [(u64, Script, &[u64], Option<Code>); 9] = [
        (900, &["granted"], &[5], None),
        (
            900,
            &["authorization_pending", "authorization_pending", "granted"],
            &[5, 10, 15],
            None,
        ),
        // RFC 8628 §3.5: five seconds more, for this call and all that follow.
        (
            900,
            &["slow_down", "authorization_pending", "granted"],
            &[5, 15, 25],
            None,
        ),
        // What did not get through is tried again, ever later.
        (900, &["lost", "busy", "granted"], &[5, 15, 35], None),
        (900, &["access_denied"], &[5], Some(Code::SignInRefused)),
        (
            900,
            &["authorization_pending", "expired_token"],
            &[5, 10],
            Some(Code::SignInTimedOut),
        ),
        (900, &["invalid_client"], &[5], Some(Code::RefreshConfig)),
        (
            21,
            &["authorization_pending"],
            &[5, 10, 15, 20],
            Some(Code::SignInTimedOut),
        ),
        (3, &["granted"], &[], Some(Code::SignInTimedOut)),
    ];
    for (expires_in, script, asked_at_s, failed_with) in cases {
        let played = Played::new(&code(expires_in), script);
        let found = played.sign_in().await.map_err(|failure| failure.code).err();
        assert_eq!(found, failed_with, "{script:?}");
        assert_eq!(played.asked_at_s(), asked_at_s, "{script:?}");
        let state = match failed_with {
            None => StateName::Active,
            Some(_) => StateName::SignedOut,
        };
        assert_eq!(played.state(), state, "{script:?}");
        assert!(played.engine.user_code(SESSION).is_none(), "it is over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_on_a_device_that_is_stopped_asks_nobody_any_more() {
    let played = Arc::new(Played::new(&code(900), &["authorization_pending"]));
    played.engine.settled().await;
    let signing = tokio::spawn({
        let played = Arc::clone(&played);
        async move { played.sign_in().await }
    });
    tokio::time::sleep(Duration::from_secs(12)).await;
    let shown = played.engine.user_code(SESSION).expect("it is shown");
    assert_eq!(shown.user_code, "WDJB-MJHT");
    played.engine.stop_sign_in(SESSION);
    let failure = signing.await.expect("no panic").expect_err("stopped");
    assert_eq!(failure.code, Code::SignInStopped);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(played.asked_at_s(), [5, 10]);
    assert_eq!(played.state(), StateName::SignedOut);
    let told = played.engine.timeline().events();
    let ends = told.iter().filter(|event| {
        let fact = &event.fact;
        matches!(fact, Fact::SignInFailed { error } if *error == Code::SignInStopped)
    });
    assert_eq!(ends.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_holds_no_code_ends_the_sign_in_in_words() {
    let mut broken = code(900);
    broken["verification_uri"] = json!("http://evil.test/device");
    let played = Played::new(&broken, &["granted"]);
    let failure = played.sign_in().await.expect_err("not shown");
    assert_eq!(failure.code, Code::ReplyMalformed);
    assert_eq!(
        failure.params["detail"],
        "its verification_uri is not https"
    );
    assert!(played.asked_at_s().is_empty());
}
