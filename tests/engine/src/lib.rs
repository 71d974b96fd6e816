//! A world for the engine: a demo server, an engine on it, a clock to move by hand, and ways to ask what happened.

mod clock;
mod elsewhere;
#[cfg(target_os = "linux")]
pub mod peer;
pub mod proxy;
mod signer;
mod store;

use std::sync::Arc;
use std::time::Duration;

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER, Demo, NO_DELAY, Settings};
use sandglass_engine::Engine;
use sandglass_engine::engine::{ApiLimits, Options};
use sandglass_engine::error::{Failure, Result};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::event::{Event, Fact};
use sandglass_engine::vault::MemoryStore;
use sandglass_engine::workspace::Workspace;

pub use self::clock::HandClock;
pub use self::elsewhere::{Elsewhere, answer};
pub use self::signer::Signer;
pub use self::store::{FaultyStore, StoreFaults};

/// Longest wait of a test for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often the engine looks at the local clock: so often that a test which moves it need not wait.
const TICK: Duration = Duration::from_millis(20);
/// The session that speaks JSON.
pub const JSON: &str = "demo";
/// The session that speaks OAuth, as a public client.
pub const OAUTH: &str = "demo-oauth";

/// How long the other side may take.
#[derive(Clone, Copy, Debug)]
pub struct WireLimits {
    /// One exchange with a token endpoint.
    pub token_exchange: Duration,
    /// An API.
    pub api: ApiLimits,
    /// How long a send waits for a refresh.
    pub waiter: Duration,
    /// How long the user may take in the browser.
    pub browser: Duration,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            token_exchange: Duration::from_secs(2),
            api: ApiLimits::default(),
            waiter: PATIENCE,
            browser: PATIENCE,
        }
    }
}

/// A demo server and an engine whose workspace, vault and clock belong to the test.
pub struct World {
    /// The server.
    pub demo: Demo,
    /// The engine under test.
    pub engine: Engine,
    /// What the vault holds, over restarts of the engine.
    pub store: MemoryStore,
    /// Ways for the vault to fail.
    pub store_faults: Arc<StoreFaults>,
    /// The engine's clock.
    pub clock: Arc<HandClock>,
    /// How long APIs and token endpoints may take, from the next restart on.
    pub limits: WireLimits,
    /// The workspace and the engine's data.
    pub folder: tempfile::TempDir,
}

/// A demo that answers at once and whose access tokens live for a minute; tests expire them by hand.
pub fn quick() -> Settings {
    Settings {
        access_ttl: Duration::from_secs(60),
        delay: NO_DELAY,
        ..Settings::default()
    }
}

impl World {
    /// A world on a quick demo, signed in nowhere.
    pub async fn new() -> Self {
        Self::with(quick()).await
    }

    /// A world on a demo with these settings.
    pub async fn with(settings: Settings) -> Self {
        Self::built(settings, None).await
    }

    /// A world whose session [`JSON`] has this file instead of the demo's; `ORIGIN` in it is the demo's origin.
    pub async fn with_session(settings: Settings, file: &str) -> Self {
        Self::built(settings, Some(file)).await
    }

    async fn built(settings: Settings, session: Option<&str>) -> Self {
        let demo = Demo::start(settings)
            .await
            .expect("loopback has a free port");
        let folder = tempfile::tempdir().expect("a temporary folder");
        sandglass_demo::write_workspace(&folder.path().join("workspace"), demo.origin())
            .expect("a workspace folder");
        if let Some(text) = session {
            let file = folder.path().join("workspace/sessions/demo.toml");
            std::fs::write(file, text.replace("ORIGIN", demo.origin())).expect("a session's file");
        }
        let (store, store_faults, clock) = (
            MemoryStore::default(),
            Arc::new(StoreFaults::default()),
            Arc::new(HandClock::default()),
        );
        let limits = WireLimits::default();
        let engine = open(&folder, &store, &store_faults, &clock, limits);
        Self {
            demo,
            engine,
            store,
            store_faults,
            clock,
            limits,
            folder,
        }
    }

    /// A world whose session is signed in.
    pub async fn signed_in(session: &str) -> Self {
        let world = Self::new().await;
        world
            .sign_in(session)
            .await
            .expect("the demo knows its user");
        world
    }

    /// Signs in with the demo's known user, in the way that the session takes.
    pub async fn sign_in(&self, session: &str) -> Result<()> {
        let credentials = if session == JSON {
            Credentials::password(DEMO_USER, DEMO_PASSWORD)
        } else {
            Credentials::RefreshToken {
                refresh_token: self.first_refresh_token().await.into(),
                client: ClientSecrets::default(),
            }
        };
        self.engine.sign_in(session, credentials).await
    }

    /// A refresh token that the user "already has": the demo's password grant, spoken by another HTTP client.
    pub async fn first_refresh_token(&self) -> String {
        let url = format!("{}/oauth/token", self.demo.origin());
        let form = [
            ("grant_type", "password"),
            ("username", DEMO_USER),
            ("password", DEMO_PASSWORD),
            ("client_id", "desktop"),
        ];
        let reply = witness(move || ureq::post(&url).send_form(form)).await;
        reply["refresh_token"]
            .as_str()
            .expect("the demo grants one")
            .to_owned()
    }

    /// One more engine on the same vault, data and workspace, as another process has one.
    pub async fn peer(&self) -> Engine {
        let peer = open(
            &self.folder,
            &self.store,
            &self.store_faults,
            &self.clock,
            self.limits,
        );
        peer.settled().await;
        peer
    }

    /// An engine that shares the vault and not the lock, as one in another folder or on another machine.
    pub async fn stranger(&self) -> (Engine, tempfile::TempDir) {
        let data = tempfile::tempdir().expect("a temporary folder");
        let stranger = open_with(
            &self.folder,
            data.path(),
            &self.store,
            &self.store_faults,
            &self.clock,
            self.limits,
        );
        stranger.settled().await;
        (stranger, data)
    }

    /// Closes the engine and opens another one on the same vault, data and workspace.
    pub async fn restart(&mut self) {
        self.engine.shut_down().await;
        self.engine = open(
            &self.folder,
            &self.store,
            &self.store_faults,
            &self.clock,
            self.limits,
        );
        self.engine.settled().await;
    }

    /// A GET of the demo's API under a session.
    pub fn get(&self, path: &str, session: &str) -> Draft {
        Draft {
            method: "GET".to_owned(),
            url: format!("{}{path}", self.demo.origin()),
            headers: Vec::new(),
            body: None,
            session: Some(session.to_owned()),
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        }
    }

    /// Sends and waits for the end.
    pub async fn send(&self, draft: Draft) -> Result<Arc<ResponseDetails>> {
        let sending = self.engine.send(draft)?;
        tokio::time::timeout(PATIENCE, sending.finished())
            .await
            .expect("a send ends")
    }

    /// Sends a GET of the orders under a session; for what must succeed.
    pub async fn orders(&self, session: &str) -> Arc<ResponseDetails> {
        self.send(self.get("/orders", session))
            .await
            .expect("an answer")
    }

    /// How a session stands.
    pub fn session(&self, name: &str) -> SessionSnapshot {
        self.engine
            .sessions()
            .into_iter()
            .find(|session| session.name == name)
            .expect("the workspace has it")
    }

    /// All events of this run.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.engine.timeline().events()
    }

    /// The kinds of all events about this request or its flight, in order.
    pub fn story(&self, request: u64) -> Vec<String> {
        let events = self.events();
        let flights: Vec<u64> = events
            .iter()
            .filter(|event| event.subject.request == Some(request))
            .filter_map(|event| event.subject.flight)
            .collect();
        let belongs = |event: &Event| {
            event.subject.request == Some(request)
                || event
                    .subject
                    .flight
                    .is_some_and(|flight| flights.contains(&flight))
        };
        events
            .iter()
            .filter(|event| belongs(event))
            .map(|event| kind(&event.fact))
            .collect()
    }

    /// How many events are of this kind.
    pub fn count(&self, wanted: &str) -> usize {
        self.events()
            .iter()
            .filter(|event| kind(&event.fact) == wanted)
            .count()
    }

    /// Waits until an event satisfies the condition.
    pub async fn until(&self, wanted: impl Fn(&Event) -> bool) -> Arc<Event> {
        let mut reader = self.engine.timeline().reader(0);
        let search = async {
            loop {
                if let Some(event) = reader.next(1_000).into_iter().find(|event| wanted(event)) {
                    return event;
                }
                reader.changed().await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .expect("the event comes")
    }
}

/// The file of a session that signs in at the demo in JSON: its origins, further keys, and further tables.
pub fn json_session(origins: &[&str], keys: &str, tables: &str) -> String {
    format!(
        r#"kind = "json"
origins = {origins:?}
{keys}
[sign_in]
url = "ORIGIN/auth/login"
body = '{{"username": "{{{{username}}}}", "password": "{{{{password}}}}"}}'

[refresh]
url = "ORIGIN/auth/refresh"
body = '{{"refreshToken": "{{{{refresh_token}}}}"}}'

{tables}"#
    )
}

fn open(
    folder: &tempfile::TempDir,
    store: &MemoryStore,
    faults: &Arc<StoreFaults>,
    clock: &Arc<HandClock>,
    limits: WireLimits,
) -> Engine {
    open_with(folder, folder.path(), store, faults, clock, limits)
}

fn open_with(
    folder: &tempfile::TempDir,
    data: &std::path::Path,
    store: &MemoryStore,
    faults: &Arc<StoreFaults>,
    clock: &Arc<HandClock>,
    limits: WireLimits,
) -> Engine {
    let (workspace, failures) =
        Workspace::read(&folder.path().join("workspace")).expect("the demo's workspace");
    assert_eq!(failures, [], "the demo writes files that the engine reads");
    let (store, faults) = (store.clone(), Arc::clone(faults));
    let options = Options {
        data_folder: Some(data.to_owned()),
        keychain: Arc::new(move || {
            Ok(Box::new(FaultyStore::new(
                store.clone(),
                Arc::clone(&faults),
            )))
        }),
        token_exchange_limit: limits.token_exchange,
        api_limits: limits.api,
        waiter_limit: limits.waiter,
        browser_limit: limits.browser,
        clock_tick: TICK,
        clock: Arc::clone(clock) as _,
        ..Options::default()
    };
    Engine::open(workspace, options).expect("an engine")
}

/// The name of a fact, as the wire spells it.
pub fn kind(fact: &Fact) -> String {
    let value = serde_json::to_value(fact).expect("facts are JSON");
    value["kind"].as_str().expect("facts have kinds").to_owned()
}

/// Runs a call of the independent client on its own thread and reads its JSON answer.
pub async fn witness(
    call: impl FnOnce() -> std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>
    + Send
    + 'static,
) -> serde_json::Value {
    let answer =
        tokio::task::spawn_blocking(move || call().expect("an answer").into_body().read_json())
            .await;
    answer.expect("the thread ends").expect("JSON")
}

/// The failure of something that must fail.
pub fn failed<T>(result: Result<T>) -> Failure {
    result.err().expect("this cannot succeed")
}
