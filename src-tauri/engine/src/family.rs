//! A family at run time: the chain of refresh tokens from one sign-in, and the access tokens below it.
//!
//! It is the unit of coordination: one flight at most, one lock among processes, one journal, one record in the vault,
//! whatever number of sessions share its refresh token. One mutex guards its state, is held across no await, and is the
//! lock under which the timeline's numbers are taken.

mod asking;
mod binding;
pub(crate) mod browser;
mod clockwork;
mod commit;
mod course;
mod device;
mod first;
mod flight;
mod gate;
mod grant;
mod habits;
mod identity;
mod landing;
mod misuse;
#[cfg(test)]
mod model;
pub(crate) mod questions;
mod reload;
mod revocation;
mod sign_in;
mod sliding;
pub(crate) mod state;
mod store;
mod strike;
pub(crate) mod visit;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Semaphore, watch};

use self::browser::Browser;
pub(crate) use self::clockwork::TICK;
use self::gate::Gate;
use self::revocation::Revocations;
use self::state::{RefreshToken, Renewal, Standing, State, Token};
use crate::answers::Answers;
use crate::client::{ApiLimits, Clients};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::fault::FaultName;
use crate::fault::armed::Faults;
use crate::journal::Journal;
use crate::lock::Lock;
use crate::messages::Messages;
use crate::oauth::discovery::KnownServers;
use crate::oauth::dpop::Bound;
use crate::oauth::dpop::nonces::Nonces;
use crate::oauth::jwks::KeyCache;
use crate::profile::book::Book;
use crate::redact::{Fingerprint, InstallKey, Masker};
use crate::session::config::grant_type::GrantType;
use crate::session::config::{Dialect, SessionConfig};
use crate::timeline::event::{Actor, EventKey, Fact, Kept, LoginCause, StateName, Subject};
use crate::timeline::{Entry, Timeline};
use crate::token::jwt;
use crate::token_endpoint::TokenTransport;
use crate::variables::SecretVariables;
use crate::vault::Vault;
use crate::vault::record::{Access, Grant, Record, Slots};

/// What all families of an engine share.
pub(crate) struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeline: Timeline,
    pub(crate) answers: Answers,
    pub(crate) messages: Messages,
    pub(crate) clients: Arc<Clients>,
    pub(crate) token_client: TokenTransport,
    pub(crate) keys: KeyCache,
    pub(crate) servers: KnownServers,
    /// What was learned of servers.
    pub(crate) profiles: Book,
    pub(crate) keychain: Vault,
    pub(crate) memory: Vault,
    pub(crate) kept: Mutex<Kept>,
    pub(crate) install_key: OnceLock<InstallKey>,
    pub(crate) flights: AtomicU64,
    pub(crate) variables: SecretVariables,
    /// The workspace is a folder that others may edit: a difference from what was approved is a question. One that lives
    /// in memory only is the shell's own, and a difference means that its server is another one.
    pub(crate) asks: bool,
    pub(crate) api_limits: ApiLimits,
    /// What opens the user's browser.
    pub(crate) browser: Arc<Browser>,
    /// How long the user may take there.
    pub(crate) browser_limit: Duration,
    /// Where locks and journals are. Absent: nothing is shared with other processes.
    pub(crate) data_folder: Option<PathBuf>,
    /// Longest sleep between two looks at the local clock.
    pub(crate) clock_tick: Duration,
    /// How long a send waits for a flight.
    pub(crate) waiter_limit: Duration,
    /// Refreshes that the clock starts take turns, so that many sessions that wake together do not storm one server.
    pub(crate) timed_flights: Arc<Semaphore>,
    /// When any server answered last, by the local clock: this machine was on line then. 0: none has.
    pub(crate) heard_ms: AtomicI64,
    /// Tokens that are on their way back to their servers.
    pub(crate) revoking: watch::Sender<usize>,
}

/// Refreshes that the clock may have under way at once (scenario 113).
pub(crate) const TIMED_FLIGHTS_MAX: usize = 4;

impl Context {
    pub(crate) fn kept(&self) -> Kept {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn vault(&self) -> &Vault {
        match self.kept() {
            Kept::Keychain => &self.keychain,
            Kept::Memory => &self.memory,
        }
    }

    /// Some server has answered.
    fn note_heard(&self) {
        self.heard_ms.store(self.clock.wall().0, Ordering::Relaxed);
    }

    /// The fingerprint of a secret; where no key could be had yet, one under a key of this run only.
    pub(crate) fn fingerprint(&self, secret: &SecretString) -> Fingerprint {
        let fresh = || {
            InstallKey::generate().expect("the system has random numbers; opening the engine tried")
        };
        self.install_key.get_or_init(fresh).fingerprint(secret)
    }

    /// Masks the values of secret variables, in what a request was made of.
    pub(crate) fn variable_masker(&self) -> Masker {
        let mut masker = Masker::default();
        let fingerprint = |secret: &SecretString| self.fingerprint(secret);
        self.variables.mask_with(&mut masker, fingerprint);
        masker
    }

    fn refresh_token(&self, secret: SecretString) -> RefreshToken {
        RefreshToken {
            fingerprint: self.fingerprint(&secret),
            secret: Arc::new(secret),
        }
    }
}

/// A family and its state.
pub(crate) struct Family {
    context: Arc<Context>,
    /// The sessions that share it, by name.
    members: BTreeMap<Arc<str>, SessionConfig>,
    slots: Slots,
    lock: Lock,
    journal: Journal,
    revocations: Revocations,
    nonces: Nonces,
    gate: Gate<State>,
    /// A jar that answers have renewed is in memory only, and will be stored soon.
    jar_waits: AtomicBool,
    /// What is to go wrong on purpose.
    faults: Faults,
    /// The (epoch, generation) whose access token worked when its server refused a spent refresh token: the next answer to it
    /// teaches something. 0: none.
    reuse_refused: AtomicU64,
    /// Turns true when the vault was asked for the first time, whatever it said.
    restored: watch::Sender<bool>,
}

/// A generation that is about to be published.
struct Generation {
    epoch: u32,
    number: u32,
    grant: Grant,
    flight: Option<u64>,
    because_of: Option<u64>,
}

impl Family {
    /// A family of these sessions; their first one names where it refreshes. `place` tells its workspace and environment
    /// from every other.
    pub(crate) fn new(
        place: &str,
        name: &str,
        members: BTreeMap<Arc<str>, SessionConfig>,
        context: Arc<Context>,
    ) -> Self {
        let slots = Slots::new(place, name);
        let beside = |ending: &str| {
            context
                .data_folder
                .as_ref()
                .map(|folder| folder.join("families").join(slots.file_name(ending)))
        };
        Self {
            lock: Lock::new(beside("lock")),
            journal: Journal::new(beside("journal")),
            revocations: Revocations::new(beside("revocations")),
            members,
            slots,
            nonces: Nonces::default(),
            gate: Gate::new(State::default()),
            jar_waits: AtomicBool::new(false),
            faults: Faults::default(),
            reuse_refused: AtomicU64::new(0),
            restored: watch::Sender::new(false),
            context,
        }
    }

    /// The names of the sessions that share it.
    pub(crate) fn member_names(&self) -> Vec<Arc<str>> {
        self.members.keys().cloned().collect()
    }

    /// Whether this is the family of that name, with these sessions as they are set up.
    pub(crate) fn is_like(
        &self,
        place: &str,
        name: &str,
        members: &BTreeMap<Arc<str>, SessionConfig>,
    ) -> bool {
        self.slots == Slots::new(place, name) && self.members == *members
    }

    /// Whether one session alone uses it.
    pub(crate) fn is_alone(&self) -> bool {
        self.members.len() == 1
    }

    /// Whether something was granted in this epoch.
    pub(crate) fn has_tokens(&self) -> bool {
        self.lock().generation > 0
    }

    /// What servers want in the proofs that go to them.
    pub(crate) fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    /// What is to go wrong on purpose.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.gate.lock()
    }

    /// Waits until the vault was asked for this family once.
    pub(crate) async fn settled(&self) {
        if *self.restored.borrow() {
            return;
        }
        // The sender lives in `self`.
        let _: Result<_, watch::error::RecvError> = self
            .restored
            .subscribe()
            .wait_for(|restored| *restored)
            .await;
    }

    /// Whether its issuer has to be asked first where it signs in and refreshes.
    pub(crate) fn is_to_be_discovered(&self) -> bool {
        match &self.members[self.first()].dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => false,
            Dialect::Oauth(oauth) => oauth.to_discover,
        }
    }

    /// What new tokens are asked for with after these came. Its sessions agree on that: they are one client.
    fn renewal(&self, refresh_token: Option<SecretString>) -> Option<Renewal> {
        match self.members[self.first()].grant() {
            Some(GrantType::ClientCredentials) => Some(Renewal::ClientCredentials),
            Some(
                GrantType::RefreshToken
                | GrantType::AuthorizationCode
                | GrantType::DeviceCode
                | GrantType::Password,
            )
            | None => {
                refresh_token.map(|token| Renewal::RefreshToken(self.context.refresh_token(token)))
            }
        }
    }

    fn subject(&self, member: &Arc<str>) -> Subject {
        Subject {
            session: Some(Arc::clone(member)),
            ..Subject::default()
        }
    }

    /// The session that speaks for the family where no other one is meant.
    fn first(&self) -> &Arc<str> {
        self.members.keys().next().expect("a family has a session")
    }

    /// Says that the state changed, if its name did, for every session. Called under the lock, after the change.
    pub(crate) fn tell_change(
        &self,
        state: &State,
        from: StateName,
        actor: Actor,
        cause: Option<EventKey>,
    ) {
        let to = state.name();
        if from != to {
            for member in self.members.keys() {
                let entry = Entry::new(
                    actor,
                    &self.subject(member),
                    Fact::StateChanged { from, to },
                );
                self.context.timeline.append(entry.because(cause));
            }
        }
    }

    /// The server ended the family. Nothing is deleted. Called under the lock.
    pub(crate) fn end(
        &self,
        state: &mut State,
        cause: LoginCause,
        evidence: Vec<EventKey>,
    ) -> EventKey {
        let from = state.name();
        let (standing, told) = self.require_login(cause, evidence);
        state.standing = standing;
        self.tell_change(state, from, Actor::Request, Some(told));
        told
    }

    /// Says that only signing in again helps, and how the family stands then.
    fn require_login(&self, cause: LoginCause, evidence: Vec<EventKey>) -> (Standing, EventKey) {
        let mut entry = Entry::new(
            Actor::Request,
            &self.subject(self.first()),
            Fact::LoginRequired { cause },
        );
        for event in &evidence {
            entry = entry.because(*event);
        }
        let told = self.context.timeline.append(entry);
        (Standing::LoginRequired { cause, evidence }, told)
    }

    pub(crate) fn sign_in_needed(&self, member: &str, cause: &str) -> Failure {
        Failure::new(Code::SignInNeeded)
            .with("session", member)
            .with("cause", cause)
    }

    /// Makes a generation the current one, in memory. Called under the lock; the event that published it is its cause.
    fn install(self: &Arc<Self>, state: &mut State, generation: Generation, published: EventKey) {
        let same_epoch = state.epoch == generation.epoch;
        let mut fresh = Vec::new();
        for (member, access) in generation.grant.access {
            let before = state.access.get(&member).filter(|_| same_epoch);
            if before.is_some_and(|before| before.generation == access.generation) {
                continue;
            }
            let token = Arc::new(Token {
                epoch: generation.epoch,
                generation: access.generation,
                fingerprint: self.context.fingerprint(&access.token),
                before: before
                    .and_then(|before| jwt::readable(&before.access.token))
                    .map(Box::new),
                access,
                published,
                flight: generation.flight,
                because_of: generation.because_of,
                used: AtomicU32::new(0),
                refused: AtomicU32::new(0),
                last_used_ms: AtomicI64::new(0),
                refused_by: Mutex::default(),
                credentials: OnceLock::new(),
            });
            fresh.push((member, token));
        }
        if !same_epoch {
            state.forget(generation.epoch);
        }
        state.generation = generation.number;
        let keeps_outgoing = self
            .members
            .keys()
            .any(|member| self.faults.is_on(member, FaultName::ReuseRefreshToken));
        if keeps_outgoing {
            state.outgoing = state.refresh_token().cloned();
        }
        state.renewal = self.renewal(generation.grant.refresh_token);
        state.client = generation.grant.client;
        state.bound = generation.grant.bound;
        state.account = generation.grant.account;
        state.identity = generation.grant.identity;
        state.failures = 0;
        state.unknown_outcome = false;
        state.suspect_since = None;
        state.unexplained_since = None;
        state.needs_attention = false;
        state.set_aside = None;
        state.standing = match &state.bound {
            // Whatever is sent with these tokens is refused, and a refresh would be too (scenario 94).
            Bound::KeyLost { .. } => self.require_login(LoginCause::KeyLost, vec![published]).0,
            Bound::ToNothing | Bound::ToKey(_) => Standing::Active,
        };
        for (member, token) in fresh {
            if let Some(before) = state.access.insert(Arc::clone(&member), Arc::clone(&token)) {
                state.remember(&member, &before);
            }
            self.wind(member, token);
        }
    }

    /// What the vault should hold for the state as it is. Called under the lock.
    fn record(&self, state: &State) -> Option<Record> {
        let access = |token: &Arc<Token>| -> Access { token.access.clone() };
        (state.generation > 0).then(|| Record {
            epoch: state.epoch,
            generation: state.generation,
            grant: Some(Grant {
                refresh_token: state
                    .refresh_token()
                    .map(|token| SecretString::clone(&token.secret)),
                client: state.client.clone(),
                bound: state.bound.clone(),
                account: state.account,
                identity: state.identity,
                access: state
                    .access
                    .iter()
                    .map(|(name, token)| (Arc::clone(name), access(token)))
                    .collect(),
            }),
            binding: self.binding(),
        })
    }
}

/// The word for a cause, in the parameters of a failure.
pub(crate) fn login_cause_word(cause: LoginCause) -> String {
    serde_json::to_value(cause)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}
