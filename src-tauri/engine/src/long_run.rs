//! A day in a minute: paused time, a server in memory, and a request every 0.9 s on tokens that live for one minute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::Engine;
use crate::clock::{Clock, WallMs};
use crate::engine::Options;
use crate::origin::Origin;
use crate::session::credentials::{ClientSecrets, Credentials};
use crate::session::{Session, Take, Verdict};
use crate::timeline::event::{Kept, Subject};
use crate::token_endpoint::Wire;
use crate::workspace::Workspace;

const SESSION: &str = "day";
const SESSION_FILE: &str = "kind = \"oauth\"\norigins = [\"http://127.0.0.1:1\"]\ntoken_endpoint = \"http://127.0.0.1:1/token\"\nclient_id = \"c\"\nclient_auth = \"none\"\n";
/// Minutes of the day; each costs one refresh.
const MINUTES: u32 = 1_440;
/// Requests of each minute.
const REQUESTS_A_MINUTE: u32 = 70;
/// How long the server honours a token: until just before the last request of its minute.
const LIFE: Duration = Duration::from_millis(59_900);

/// Tokio's clock, which the test moves.
pub(crate) struct PausedClock(pub(crate) Instant);

impl Clock for PausedClock {
    fn mono(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> WallMs {
        WallMs(1_800_000_000_000).plus(crate::clock::millis(self.0.elapsed()))
    }
}

/// A strict server: each refresh token is good once.
#[derive(Default)]
struct Server {
    newest: Mutex<Option<(u64, Instant)>>,
    refreshes: AtomicU64,
    refused: AtomicU64,
}

impl Server {
    fn answer(&self, body: &str) -> Wire {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let number = newest.map_or(0, |(number, _)| number);
        let sent = url::form_urlencoded::parse(body.as_bytes())
            .find_map(|(name, value)| (name == "refresh_token").then(|| value.into_owned()));
        let (status, body) = if sent == Some(format!("r{number}")) {
            let next = number + 1;
            *newest = Some((next, Instant::now()));
            self.refreshes.fetch_add(1, Ordering::SeqCst);
            let granted = serde_json::json!({
                "access_token": format!("a{next}"),
                "refresh_token": format!("r{next}"),
                // Below the margin of proactive refreshes: the server's refusal is what starts each.
                "expires_in": 59,
                "token_type": "Bearer",
            });
            (200, granted)
        } else {
            self.refused.fetch_add(1, Ordering::SeqCst);
            (400, serde_json::json!({ "error": "invalid_grant" }))
        };
        Wire::Answer {
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_string().into_bytes(),
        }
    }

    fn honours(&self, access_token: &str) -> bool {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.is_some_and(|(number, since)| {
            access_token == format!("a{number}") && since.elapsed() < LIFE
        })
    }
}

/// One request through the session's decisions, as an exchange makes it; the number of its attempts.
async fn request(session: &Session, server: &Server, engine: &Engine, origin: &Origin) -> u32 {
    let (subject, mut attempts) = (Subject::default(), 0);
    loop {
        let cause = engine.timeline().newest();
        let lease = match session
            .take(&subject, cause, Duration::ZERO)
            .expect("signed in")
        {
            Take::Lease(lease) => lease,
            Take::Wait(seat) => {
                seat.wait().await.result.clone().expect("refreshed");
                continue;
            }
        };
        attempts += 1;
        if server.honours(lease.access_token().expose_secret()) {
            return attempts;
        }
        match session.refused(&lease, attempts > 1, origin, &subject, cause) {
            Verdict::Retry { .. } => {}
            Verdict::Wait { seat, .. } | Verdict::Queue { seat } => {
                seat.wait().await.result.clone().expect("refreshed");
            }
            Verdict::Return { rule_id, .. } => panic!("refused for good: {rule_id}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_of_one_minute_tokens_costs_one_refresh_a_minute_and_no_request() {
    // Time moves only when this test moves it: not while a keychain thread, which tokio cannot see, is at work.
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let holds_time = tokio::task::spawn_blocking(move || ended.recv());

    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("sessions")).expect("a folder");
    std::fs::write(
        folder.path().join("workspace.toml"),
        "version = 1\nname = \"day\"\n",
    )
    .expect("written");
    std::fs::write(
        folder.path().join(format!("sessions/{SESSION}.toml")),
        SESSION_FILE,
    )
    .expect("written");
    let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
    assert_eq!(failures, []);
    let server = Arc::new(Server::default());
    let answers = Arc::clone(&server);
    let options = Options {
        kept: Kept::Memory,
        clock: Arc::new(PausedClock(Instant::now())),
        token_answers: Some(Arc::new(move |body: &str| answers.answer(body))),
        ..Options::default()
    };
    let engine = Engine::open(workspace, options).expect("an engine");
    let credentials = Credentials::RefreshToken {
        refresh_token: "r0".into(),
        client: ClientSecrets::default(),
    };
    engine
        .sign_in(SESSION, credentials)
        .await
        .expect("signed in");
    let session = engine.session(SESSION).expect("it is there");
    let origin = Origin::parse("http://127.0.0.1:1").expect("an origin");

    let mut attempts = 0;
    for _ in 0..MINUTES * REQUESTS_A_MINUTE {
        tokio::time::advance(Duration::from_secs(60) / REQUESTS_A_MINUTE).await;
        attempts += request(&session, &server, &engine, &origin).await;
    }

    let refreshes = server.refreshes.load(Ordering::SeqCst) - 1;
    assert_eq!(
        refreshes,
        u64::from(MINUTES),
        "one a minute, besides the sign-in"
    );
    assert_eq!(
        attempts,
        MINUTES * (REQUESTS_A_MINUTE + 1),
        "one repetition for each"
    );
    assert_eq!(
        server.refused.load(Ordering::SeqCst),
        0,
        "no token was spent twice"
    );
    engine.shut_down().await;
    drop(end);
    holds_time
        .await
        .expect("it ends")
        .expect_err("nobody sends");
}
