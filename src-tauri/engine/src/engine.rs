//! The handle with every verb that a shell may use. One engine is one workspace under one vault and one timeline.

mod address;
mod asking;
mod discovering;
pub mod editing;
mod environments;
mod explain;
pub mod habits;
pub mod importing;
pub mod lab;
mod portable;
mod remembering;
pub mod saving;
mod second_opinion;
mod secrets;
pub mod trust;
mod visiting;

#[cfg(feature = "probe")]
pub mod probe;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::answers::Answers;
pub use crate::client::ApiLimits;
use crate::client::{self, Clients};
use crate::clock::{Clock, SystemClock};
use crate::error::{Code, Failure, Result};
use crate::exchange::asked::AskedBook;
use crate::exchange::body::OneShot;
use crate::exchange::draft::Draft;
use crate::exchange::outlet::Outlet;
use crate::exchange::response::ResponseDetails;
use crate::exchange::sse::ServerEvent;
use crate::exchange::stream::{EVENTS_WAITING_MAX, StreamEnd};
use crate::exchange::{Exchange, Ready};
use crate::family::browser::BROWSER_LIMIT;
pub use crate::family::browser::Browser;
use crate::family::{Context, Family, TICK, TIMED_FLIGHTS_MAX};
use crate::messages::Messages;
pub use crate::oauth::device::UserCode;
use crate::oauth::discovery::KnownServers;
use crate::oauth::jwks::KeyCache;
pub use crate::oauth::protected_resource::ProtectedResource;
use crate::profile::book::Book;
use crate::redact::InstallKey;
use crate::roster::Roster;
use crate::session::Session;
use crate::session::credentials::Credentials;
use crate::session::snapshot::SessionSnapshot;
use crate::timeline::event::{Actor, EventKey, Fact, Kept, Subject};
use crate::timeline::{Entry, Timeline};
use crate::token::details::TokenDetails;
use crate::token::signature::SignatureState;
use crate::token_endpoint::TokenTransport;
use crate::variables::SecretVariables;
use crate::vault::{KeychainStore, Limits, MemoryStore, StoreMaker, Vault};
use crate::workspace::Workspace;

/// Sends that may be under way at once.
pub const SENDS_OPEN_MAX: usize = 20_000;
/// How long a send waits for a refresh.
pub const WAITER_LIMIT: Duration = Duration::from_secs(30);
/// How long the end of an engine waits for a flight whose exchange was sent.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How long it waits for tokens that are on their way back to their servers. They are kept for another time.
pub const REVOCATION_DRAIN_LIMIT: Duration = Duration::from_secs(3);

/// The keychain's name for the key of the fingerprints.
const INSTALL_KEY_ITEM: &str = "install key for fingerprints";

/// What an engine is opened with.
pub struct Options {
    /// Where the timeline's database is. Absent: in memory only.
    pub data_folder: Option<PathBuf>,
    /// Where tokens are kept at first.
    pub kept: Kept,
    /// What makes the keychain's store; the system's own by default.
    pub keychain: Arc<StoreMaker>,
    /// How long a keychain call may take.
    pub vault_limits: Limits,
    /// How long one exchange with a token endpoint may take.
    pub token_exchange_limit: Duration,
    /// How long an API may keep a send waiting.
    pub api_limits: ApiLimits,
    /// How long a send waits for a refresh; the refresh itself goes on.
    pub waiter_limit: Duration,
    /// What opens the user's browser. By default nothing does: whoever asks for the link takes it there.
    pub browser: Arc<Browser>,
    /// How long the user may take there.
    pub browser_limit: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How often the local clock is looked at: after a sleep of the machine everything is done within one tick.
    pub clock_tick: Duration,
    /// Answers in the place of token endpoints.
    #[cfg(test)]
    pub(crate) token_answers: Option<Arc<crate::token_endpoint::MemoryAnswer>>,
}

impl Options {
    fn token_transport(&self, clients: &Arc<Clients>) -> TokenTransport {
        #[cfg(test)]
        if let Some(answer) = &self.token_answers {
            return TokenTransport::Memory(Arc::clone(answer));
        }
        TokenTransport::Network(Arc::clone(clients))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_folder: None,
            kept: Kept::Keychain,
            keychain: Arc::new(|| Ok(Box::new(KeychainStore::open()?))),
            vault_limits: Limits::default(),
            token_exchange_limit: client::TOKEN_EXCHANGE_LIMIT,
            api_limits: ApiLimits::default(),
            waiter_limit: WAITER_LIMIT,
            browser: Arc::new(|_| Err("none is set".to_owned())),
            browser_limit: BROWSER_LIMIT,
            clock: Arc::new(SystemClock::default()),
            clock_tick: TICK,
            #[cfg(test)]
            token_answers: None,
        }
    }
}

/// Sessions, sends and their timeline. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    context: Arc<Context>,
    roster: RwLock<Arc<Roster>>,
    /// One change of the roster at a time.
    reloading: tokio::sync::Mutex<()>,
    requests: AtomicU64,
    open: Mutex<HashMap<u64, AbortHandle>>,
    /// What the last sends asked.
    asked: Arc<AskedBook>,
    /// Second opinions that may be under way at once.
    opinions: Semaphore,
    visits: visiting::Visits,
    notices: Vec<Failure>,
}

/// A send that was accepted and runs on its own. Dropping this does not stop it; [`Engine::stop`] does.
#[derive(Debug)]
pub struct Sending {
    /// Its number: R12.
    pub request: u64,
    /// The event that accepted it.
    pub queued: EventKey,
    task: JoinHandle<Result<Arc<ResponseDetails>>>,
}

impl Sending {
    /// Waits for its end.
    ///
    /// # Errors
    /// Where no answer came: `host.unreachable`, `request.stopped`, `session.sign_in_needed` and their like.
    pub async fn finished(self) -> Result<Arc<ResponseDetails>> {
        self.task
            .await
            .unwrap_or_else(|_| Err(Failure::new(Code::RequestStopped)))
    }
}

/// A stream that is under way. Dropping this stops it.
#[derive(Debug)]
pub struct Streaming {
    /// Its number: R12.
    pub request: u64,
    /// The event that accepted it.
    pub queued: EventKey,
    events: mpsc::Receiver<ServerEvent>,
    task: JoinHandle<Result<StreamEnd>>,
}

impl Streaming {
    /// Waits for the next event. `None`: the stream has ended. Known secrets in it are masked.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        self.events.recv().await
    }

    /// Waits for its end; events that nobody took are dropped.
    ///
    /// # Errors
    /// Where it did not end by an answer: `connection.lost`, `stream.not_events`, `request.stopped` and their like.
    pub async fn finished(mut self) -> Result<StreamEnd> {
        while self.events.recv().await.is_some() {}
        self.task
            .await
            .unwrap_or_else(|_| Err(Failure::new(Code::RequestStopped)))
    }
}

impl Engine {
    /// Opens an engine on a workspace. Must be called inside a tokio runtime. Sessions are looked for in the vault in the
    /// background; a send waits for that, the engine does not.
    ///
    /// # Errors
    /// `system.unavailable` where TLS or random numbers cannot be had. A database that cannot be used is a notice, no error.
    pub fn open(workspace: Workspace, options: Options) -> Result<Self> {
        InstallKey::generate()
            .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))?;
        let database = options
            .data_folder
            .as_ref()
            .map(|folder| folder.join("timeline.db"));
        let (timeline, mut notices) =
            Timeline::open(database.as_deref(), Arc::clone(&options.clock));
        let slow = {
            let timeline = timeline.clone();
            move || {
                _ = timeline.append(Entry::new(
                    Actor::Timer,
                    &Subject::default(),
                    Fact::StoreSlow {},
                ))
            }
        };
        let in_memory = MemoryStore::default();
        let (last_request, last_flight) = timeline.highest_numbers();
        let clients = Clients::new(options.api_limits, options.token_exchange_limit)?;
        let clients = Arc::new(clients);
        let token_client = options.token_transport(&clients);
        let context = Arc::new(Context {
            clock: options.clock,
            timeline,
            answers: Answers::default(),
            messages: Messages::default(),
            clients,
            token_client,
            keys: KeyCache::default(),
            servers: KnownServers::open(options.data_folder.as_deref()),
            profiles: Book::open(options.data_folder.as_deref()),
            keychain: Vault::new(options.keychain, options.vault_limits, slow),
            memory: Vault::new(
                Arc::new(move || Ok(Box::new(in_memory.clone()))),
                options.vault_limits,
                || {},
            ),
            kept: Mutex::new(options.kept),
            install_key: OnceLock::new(),
            flights: AtomicU64::new(last_flight),
            variables: SecretVariables::of(&workspace),
            asks: workspace.path.is_some(),
            clock_tick: options.clock_tick,
            api_limits: options.api_limits,
            browser: options.browser,
            browser_limit: options.browser_limit,
            data_folder: options.data_folder,
            waiter_limit: options.waiter_limit,
            timed_flights: Arc::new(Semaphore::new(TIMED_FLIGHTS_MAX)),
            heard_ms: AtomicI64::new(0),
            revoking: watch::Sender::new(0),
        });
        if let Some(folder) = &context.data_folder
            && let Err(error) = std::fs::create_dir_all(folder.join("families"))
        {
            tracing::warn!(%error, "locks and journals cannot be kept");
        }
        let roster = Arc::new(Roster::new(workspace, &context, None, &mut notices));
        let engine = Self {
            inner: Arc::new(Inner {
                context,
                roster: RwLock::new(roster),
                reloading: tokio::sync::Mutex::default(),
                requests: AtomicU64::new(last_request),
                open: Mutex::default(),
                asked: Arc::default(),
                opinions: Semaphore::new(crate::second_opinion::OPINIONS_OPEN_MAX),
                visits: visiting::Visits::default(),
                notices,
            }),
        };
        tokio::spawn({
            let (context, roster) = (Arc::clone(&engine.inner.context), engine.roster());
            let secrets = roster.workspace.variables.secrets.clone();
            async move { restore(&context, secrets, &roster.families).await }
        });
        watch_clock(&engine.inner.context);
        Ok(engine)
    }

    /// What went wrong while opening and was worked around.
    pub fn notices(&self) -> &[Failure] {
        &self.inner.notices
    }

    /// What was said to the server, or by it, in an event of a sign-in or a refresh: masked, for people to read. `None`: nothing
    /// was, or it is forgotten.
    pub fn message(&self, event: EventKey) -> Option<String> {
        self.inner.context.messages.of(event)
    }

    /// Everything that happened.
    pub fn timeline(&self) -> &Timeline {
        &self.inner.context.timeline
    }

    /// The workspace that this engine runs.
    pub fn workspace(&self) -> Arc<Workspace> {
        Arc::clone(&self.roster().workspace)
    }

    /// All sessions in the order of the workspace.
    pub fn sessions(&self) -> Vec<SessionSnapshot> {
        self.all_sessions()
            .iter()
            .map(|session| session.snapshot())
            .collect()
    }

    /// Waits until the vault was asked for every session and every secret variable.
    pub async fn settled(&self) {
        self.inner.context.variables.loaded().await;
        for family in &self.roster().families {
            family.settled().await;
        }
    }

    /// Accepts a send; it runs on its own task. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// What is wrong before the wire: `url.invalid`, `method.invalid`, `header.invalid`, `body.invalid`, `origin.*`,
    /// `session.unknown`, `request.too_many`. Nothing was sent then.
    pub fn send(&self, draft: Draft) -> Result<Sending> {
        let (ready, session) = self.check(draft)?;
        self.accept(ready, session)
    }

    /// As [`Engine::send`], with a body that can be read only once, instead of the draft's. Where its token is refused all the
    /// same, the session is refreshed for the next ones, and the 401 is returned with the reason.
    ///
    /// # Errors
    /// As [`Engine::send`].
    pub fn send_stream(&self, draft: Draft, body: OneShot) -> Result<Sending> {
        let (ready, session) = self.check(draft)?;
        self.accept(ready.with_stream(body), session)
    }

    /// As [`Engine::send`], or with a body [`Engine::send_stream`]; the answer's body goes to `outlet` as it comes, whatever
    /// its length. Known secrets in it are masked.
    ///
    /// # Errors
    /// As [`Engine::send`]; the sending ends with `output.failed` where the outlet takes no more.
    pub fn send_into(
        &self,
        draft: Draft,
        body: Option<OneShot>,
        outlet: Outlet,
    ) -> Result<Sending> {
        let (mut ready, session) = self.check(draft)?;
        if let Some(body) = body {
            ready = ready.with_stream(body);
        }
        let (request, queued, task) =
            self.begin(ready, session, |exchange, closing| async move {
                let _closing = closing;
                exchange.into_outlet(outlet).run().await
            })?;
        Ok(Sending {
            request,
            queued,
            task,
        })
    }

    fn check(&self, draft: Draft) -> Result<(Ready, Option<Arc<Session>>)> {
        let secrets = &self.inner.context.variables;
        let draft = draft.filled(&self.roster().workspace.variables, &secrets.values())?;
        let session = draft
            .session
            .as_deref()
            .map(|name| self.session(name))
            .transpose()?;
        let ready = Ready::check(draft, session.as_ref().map(|session| &session.config));
        // What is wrong with an address may quote it, with what was filled in.
        let ready =
            ready.map_err(|failure| failure.masked(&self.inner.context.variable_masker()))?;
        Ok((ready, session))
    }

    fn accept(&self, ready: Ready, session: Option<Arc<Session>>) -> Result<Sending> {
        let (request, queued, task) =
            self.begin(ready, session, |exchange, closing| async move {
                let _closing = closing;
                exchange.run().await
            })?;
        Ok(Sending {
            request,
            queued,
            task,
        })
    }

    /// Runs an accepted exchange on a task of its own.
    fn begin<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        ready: Ready,
        session: Option<Arc<Session>>,
        run: impl FnOnce(Exchange, Closing) -> F,
    ) -> Result<(u64, EventKey, JoinHandle<T>)> {
        let mut open = self
            .inner
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SENDS_OPEN_MAX {
            return Err(Failure::new(Code::TooManyRequests).with("limit", SENDS_OPEN_MAX));
        }
        let request = self.inner.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let exchange = Exchange::accept(
            Arc::clone(&self.inner.context),
            ready,
            session,
            self.all_sessions(),
            request,
        )
        .kept_in(&self.inner.asked);
        let queued = exchange.queued();
        let closing = Closing {
            engine: self.clone(),
            request,
        };
        let task = tokio::spawn(run(exchange, closing));
        open.insert(request, task.abort_handle());
        Ok((request, queued, task))
    }

    /// Opens a stream of server-sent events; it runs on its own task, over as many connections as it takes. Must be called
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// As [`Engine::send`].
    pub fn open_stream(&self, draft: Draft) -> Result<Streaming> {
        let (ready, session) = self.check(draft)?;
        let (events, taken) = mpsc::channel(EVENTS_WAITING_MAX);
        let (request, queued, task) = self.begin(
            ready.for_events(),
            session,
            |exchange, closing| async move {
                let _closing = closing;
                exchange.stream(events).await
            },
        )?;
        Ok(Streaming {
            request,
            queued,
            events: taken,
            task,
        })
    }

    /// Stops a send that is under way. The refresh that it waits for goes on for the others, and to its end once it was sent.
    pub fn stop(&self, request: u64) {
        if let Some(task) = self
            .inner
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&request)
        {
            task.abort();
        }
    }

    /// How a send ended, while that is remembered. `None`: it has not ended, or it is forgotten.
    pub fn answer(&self, request: u64) -> Option<Result<Arc<ResponseDetails>>> {
        self.inner.context.answers.find(request)
    }

    /// Signs in with what the user typed.
    ///
    /// # Errors
    /// `sign_in.*`, `store.*` and their like; the session is as it was before.
    pub async fn sign_in(&self, session: &str, credentials: Credentials) -> Result<()> {
        let session = self.discovered(session).await?;
        let step_up = session.step_up();
        let visit = self.visit(&session.config.name);
        session
            .family
            .sign_in(
                &session.config.name,
                credentials,
                step_up.as_ref(),
                &visit.visit,
            )
            .await
    }

    /// Signs out: at once here, then in the vault.
    ///
    /// # Errors
    /// `store.*` where the vault did not take the tombstone; the session is signed out all the same.
    pub async fn sign_out(&self, session: &str) -> Result<()> {
        let family = Arc::clone(&self.session(session)?.family);
        for member in self.all_sessions().iter() {
            if Arc::ptr_eq(&member.family, &family) {
                member.forget_step_ups();
            }
        }
        family.sign_out().await
    }

    /// Refreshes now.
    ///
    /// # Errors
    /// As the flight failed: `refresh.*`, `session.sign_in_needed`.
    pub async fn refresh(&self, session: &str) -> Result<()> {
        self.session(session)?.refresh().await
    }

    /// Approves what the session files propose for a session, where that differs from what its tokens were approved for.
    /// The shell asks the user outside the web view first.
    ///
    /// # Errors
    /// `session.unknown`, `store.*`; the question stays open then.
    pub async fn approve_binding(&self, session: &str) -> Result<()> {
        self.session(session)?.family.approve_binding().await
    }

    /// Keeps the value of a secret variable of the workspace in this environment. There is no way to read it back.
    ///
    /// # Errors
    /// `variable.unknown` where no file names it as a secret, `store.*`.
    pub async fn set_variable(&self, name: &str, value: SecretString) -> Result<()> {
        let context = &self.inner.context;
        context.variables.set(context.vault(), name, value).await
    }

    /// What is known of a session's access token. `None`: it has none.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn token(&self, session: &str) -> Result<Option<TokenDetails>> {
        Ok(self.session(session)?.token_details())
    }

    /// What is known of the signature of a session's access token. Asks the session's issuer for its keys where that is
    /// needed, and nobody whom the token names.
    ///
    /// # Errors
    /// `session.unknown`.
    pub async fn token_signature(&self, session: &str) -> Result<SignatureState> {
        let session = self.session(session)?;
        Ok(session.family.signature(&session.config.name).await)
    }

    /// Where new tokens are kept.
    pub fn kept(&self) -> Kept {
        self.inner.context.kept()
    }

    /// Asks the vault whether it can be used.
    ///
    /// # Errors
    /// `store.*` where it cannot.
    pub async fn probe_vault(&self) -> Result<()> {
        self.inner.context.probe().await
    }

    /// Keeps tokens elsewhere from now on, by the user's choice. Sessions that live now are stored there.
    pub async fn keep_in(&self, kept: Kept) {
        self.inner.context.keep_in(kept);
        self.reopen_vault().await;
    }

    /// Asks the vault again, after the user unlocked it: sessions that are not known yet are restored, pending ones stored.
    pub async fn reopen_vault(&self) {
        for family in &self.roster().families {
            if family.has_tokens() {
                family.persist_current().await;
                family.resume_revocations().await;
            } else {
                family.restore().await;
            }
        }
    }

    /// Ends the engine: stops what waits, lets flights that were sent come home (at most [`DRAIN_LIMIT`]) and tokens be given
    /// back (at most [`REVOCATION_DRAIN_LIMIT`]), writes the timeline.
    pub async fn shut_down(&self) {
        let open: Vec<_> = self
            .inner
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        open.iter().for_each(AbortHandle::abort);
        let mut flights = JoinSet::new();
        for family in self.roster().families.clone() {
            flights.spawn(async move { family.landed().await });
        }
        let drained = async { while flights.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_LIMIT, drained).await.is_err() {
            tracing::error!("a refresh was still under way when the time to wait for it was over");
        }
        let given_back = self.inner.context.given_back();
        if tokio::time::timeout(REVOCATION_DRAIN_LIMIT, given_back)
            .await
            .is_err()
        {
            tracing::warn!("a token was still on its way back to its server at the end");
        }
        for family in &self.roster().families {
            family.leave_revocations();
            family.store_jar().await;
            family.save_profiles().await;
        }
        let timeline = self.timeline().clone();
        match tokio::task::spawn_blocking(move || timeline.flush()).await {
            Ok(true) => {}
            Ok(false) | Err(_) => tracing::error!("the end of the timeline may be missing on disk"),
        }
    }

    pub(crate) fn session(&self, name: &str) -> Result<Arc<Session>> {
        self.roster().session(name).cloned().ok_or_else(|| {
            Failure::new(Code::SessionUnknown).with("session", crate::redact::server_text(name, 80))
        })
    }

    fn all_sessions(&self) -> Arc<[Arc<Session>]> {
        Arc::clone(self.roster().sessions())
    }

    fn roster(&self) -> Arc<Roster> {
        let roster = self
            .inner
            .roster
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&roster)
    }
}

/// Takes a send off the list of open ones however its task ends.
struct Closing {
    engine: Engine,
    request: u64,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.engine
            .inner
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.request);
    }
}

async fn restore(context: &Context, secrets: BTreeSet<String>, families: &[Arc<Family>]) {
    // The key first, so that what is restored is named under it. Where it cannot be had, the sessions say so themselves.
    if let Err(failure) = context.probe().await {
        tracing::warn!(%failure, "the vault cannot be used");
    }
    context.variables.load(context.vault(), secrets).await;
    for family in families {
        family.restore().await;
    }
}

/// A step of the local clock against the other one above this is told.
const CLOCK_JUMP_MIN: Duration = Duration::from_secs(2);

/// Tells the timeline when the local clock was moved or the machine slept: at every tick, the two clocks are compared.
fn watch_clock(context: &Arc<Context>) {
    let (weak, tick) = (Arc::downgrade(context), context.clock_tick);
    let (mut mono, mut wall) = (context.clock.mono(), context.clock.wall());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(tick).await;
            let Some(context) = weak.upgrade() else {
                return;
            };
            let (mono_now, wall_now) = (context.clock.mono(), context.clock.wall());
            let passed =
                i64::try_from(mono_now.saturating_sub(mono).as_millis()).unwrap_or(i64::MAX);
            let delta_ms = wall_now.since_ms(wall).saturating_sub(passed);
            if Duration::from_millis(delta_ms.unsigned_abs()) > CLOCK_JUMP_MIN {
                context.timeline.append(Entry::new(
                    Actor::Timer,
                    &Subject::default(),
                    Fact::ClockJump { delta_ms },
                ));
            }
            (mono, wall) = (mono_now, wall_now);
        }
    });
}

impl Context {
    /// Reads the install key, or makes and stores one: the smallest thing that proves that the vault can be read and written.
    pub(crate) async fn probe(&self) -> Result<()> {
        let stored = self.vault().read(INSTALL_KEY_ITEM.to_owned()).await?;
        if let Some(key) = stored
            .as_ref()
            .and_then(|bytes| InstallKey::from_stored(bytes.expose_secret()))
        {
            self.install_key.get_or_init(|| key);
            return Ok(());
        }
        let fresh = InstallKey::generate()
            .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))?;
        let bytes = self.install_key.get_or_init(|| fresh).expose().to_vec();
        self.vault()
            .write(INSTALL_KEY_ITEM.to_owned(), bytes.into())
            .await?;
        Ok(())
    }
}
