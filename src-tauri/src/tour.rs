//! The tour: what a user would do by hand to see a token expire, be refused, be refreshed, and the request succeed.
//!
//! It only acts and waits. What the user sees of it is the timeline, as for everything else.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sandglass_engine::Engine;
use sandglass_engine::error::Failure;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::timeline::event::{EventKey, Fact};
use tauri::async_runtime::{JoinHandle, spawn};
use tokio::sync::watch;

use crate::demo;

/// Longer than any access token of the demo lives.
const EXPIRY_LIMIT: Duration = Duration::from_secs(10);
/// Between the expiry and the request that meets it, so that both can be told apart on the screen.
const PAUSE: Duration = Duration::from_millis(700);
/// How many events are looked at in one go.
const READ_MAX: usize = 64;

/// The tour of this window: one at a time.
pub(crate) struct Tour {
    task: Mutex<Option<JoinHandle<()>>>,
    ended: watch::Sender<Option<Result<(), Stumble>>>,
}

/// Why a tour did not reach its end.
#[derive(Clone, Debug)]
pub(crate) enum Stumble {
    /// The engine said no.
    Failed(Failure),
    /// A request was answered, and not as the tour tells it.
    Unexpected(String),
    /// The token did not expire in time.
    NoExpiry,
}

impl fmt::Display for Stumble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Unexpected(what) => f.write_str(what),
            Self::NoExpiry => write!(
                f,
                "the token did not expire within {} s",
                EXPIRY_LIMIT.as_secs()
            ),
        }
    }
}

impl From<Failure> for Stumble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Default for Tour {
    fn default() -> Self {
        Self {
            task: Mutex::default(),
            ended: watch::Sender::new(None),
        }
    }
}

impl Tour {
    /// Starts the tour against the demo at this origin. One that is under way is stopped.
    pub(crate) fn start(&self, engine: Engine, origin: String, credentials: Credentials) {
        let ended = self.ended.clone();
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = task.take() {
            before.abort();
        }
        *task = Some(spawn(async move {
            let result = run(&engine, &origin, credentials).await;
            if let Err(stumble) = &result {
                tracing::warn!(%stumble, "the tour stopped early");
            }
            ended.send_replace(Some(result));
        }));
    }

    /// Stops the tour where it stands. What it has sent is not taken back.
    pub(crate) fn stop(&self) {
        if let Some(task) = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            task.abort();
        }
    }

    /// Waits until a tour has ended by itself.
    pub(crate) async fn ended(&self) -> Result<(), Stumble> {
        let mut ended = self.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Ok(())),
            Err(_) => Err(Stumble::NoExpiry),
        }
    }
}

/// Sign in, a request, the expiry, the same request again: the engine does the rest by itself.
async fn run(engine: &Engine, origin: &str, credentials: Credentials) -> Result<(), Stumble> {
    let began = engine.timeline().newest();
    engine.sign_in(demo::SESSION, credentials).await?;
    list_orders(engine, origin, 1).await?;
    tokio::time::timeout(EXPIRY_LIMIT, expiry(engine, began))
        .await
        .map_err(|_| Stumble::NoExpiry)?;
    tokio::time::sleep(PAUSE).await;
    list_orders(engine, origin, 2).await
}

async fn list_orders(engine: &Engine, origin: &str, attempts: u32) -> Result<(), Stumble> {
    let draft = Draft {
        method: "GET".to_owned(),
        url: format!("{origin}/orders?limit=5"),
        headers: Vec::new(),
        body: None,
        session: Some(demo::SESSION.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    let answer = engine.send(draft)?.finished().await?;
    if (answer.status, answer.attempts) == (200, attempts) {
        Ok(())
    } else {
        let what = format!(
            "the request was answered {} in {} attempts, and not 200 in {attempts}",
            answer.status, answer.attempts
        );
        Err(Stumble::Unexpected(what))
    }
}

/// Waits for the expiry of the token that was signed in after this event.
async fn expiry(engine: &Engine, after: EventKey) {
    let mut reader = engine.timeline().reader_after(after);
    loop {
        let events = reader.next(READ_MAX);
        let is_ours = |session: Option<&str>| session == Some(demo::SESSION);
        if events.iter().any(|event| {
            matches!(event.fact, Fact::TokenExpired {}) && is_ours(event.subject.session.as_deref())
        }) {
            return;
        }
        if events.is_empty() {
            reader.changed().await;
        }
    }
}
