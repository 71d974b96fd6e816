//! A session at run time: one lock over its state, one flight at most, one order of writes to the vault.
//!
//! Callers take a [`Lease`], send under it, and bring a refusal back to [`Session::refused`], which decides in one
//! critical section and tells the timeline there. No lock of this module is held across an await but `turn`, which
//! orders the writes to the vault and never waits for the network.

pub mod config;
pub mod credentials;
pub(crate) mod decision;
mod flight;
mod freshness;
mod sign_in;
pub mod snapshot;
pub(crate) mod state;
mod store;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;

use self::config::SessionConfig;
use self::decision::{Decision, Refusal, StandingKind, on_refusal};
use self::freshness::fresh_enough;
use self::snapshot::SessionSnapshot;
use self::state::{FlightEnd, Standing, State, Token};
use crate::client::ApiLimits;
use crate::clock::{Clock, WallMs};
use crate::error::{Code, Failure, Result};
use crate::redact::{Fingerprint, InstallKey, Masker};
use crate::rules;
use crate::timeline::event::{Actor, EventKey, Fact, Kept, LoginCause, Need, StateName, Subject};
use crate::timeline::{Entry, Timeline};
use crate::token::details::TokenDetails;
use crate::token::jwt;
use crate::vault::Vault;
use crate::vault::record::{Slots, Tokens};

/// What all sessions of an engine share.
pub(crate) struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeline: Timeline,
    pub(crate) token_client: reqwest::Client,
    pub(crate) keychain: Vault,
    pub(crate) memory: Vault,
    pub(crate) kept: Mutex<Kept>,
    pub(crate) install_key: OnceLock<InstallKey>,
    pub(crate) flights: AtomicU64,
    pub(crate) workspace_id: String,
    pub(crate) api_limits: ApiLimits,
}

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

    /// The fingerprint of a secret; where no key could be had yet, one under a key of this run only.
    pub(crate) fn fingerprint(&self, secret: &SecretString) -> Fingerprint {
        let key = self.install_key.get_or_init(|| {
            InstallKey::generate().expect("the system has random numbers; opening the engine tried")
        });
        key.fingerprint(secret)
    }
}

/// A session and its state.
pub(crate) struct Session {
    pub(crate) config: SessionConfig,
    context: Arc<Context>,
    slots: Slots,
    state: Mutex<State>,
    /// Orders the writes to the vault. Never held while the network is awaited.
    turn: tokio::sync::Mutex<()>,
    /// Turns true when the vault was asked for the first time, whatever it said.
    restored: watch::Sender<bool>,
}

/// The right to send one attempt with one token: immutable, and what a refusal is judged by.
pub(crate) struct Lease {
    token: Arc<Token>,
}

impl Lease {
    pub(crate) fn access_token(&self) -> &SecretString {
        &self.token.tokens.access_token
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.token.fingerprint
    }

    pub(crate) fn epoch_and_generation(&self) -> (u32, u32) {
        (self.token.epoch, self.token.generation)
    }

    pub(crate) fn times(&self, now: WallMs) -> (u64, Option<i64>) {
        let age = now
            .since_ms(self.token.tokens.received_at)
            .max(0)
            .unsigned_abs();
        (age, self.token.expires_at().map(|at| at.since_ms(now)))
    }

    /// Whether the token had expired by the local clock, or was refused.
    pub(crate) fn is_stale(&self, now: WallMs) -> bool {
        self.token.was_refused() || self.times(now).1.is_some_and(|left| left <= 0)
    }
}

/// A seat of somebody who waits for a flight.
pub(crate) struct Seat {
    waiting: EventKey,
    end: watch::Receiver<Option<Arc<FlightEnd>>>,
}

impl Seat {
    /// Waits until the flight has ended. Leaving early does not touch the flight.
    pub(crate) async fn wait(mut self) -> Arc<FlightEnd> {
        let ended = self
            .end
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|end| end.clone());
        // The flight's guard always speaks before it goes; this is for a runtime that was shut down under it.
        ended.unwrap_or_else(|| {
            Arc::new(FlightEnd {
                result: Err(Failure::new(Code::RefreshAborted)),
                finished: self.waiting,
            })
        })
    }
}

/// A token to send with, or a flight to wait for first.
pub(crate) enum Take {
    Lease(Lease),
    /// The current token was refused already, and its successor is on the way.
    Wait(Seat),
}

/// What becomes of a refused attempt.
pub(crate) enum Verdict {
    /// The 401 is returned, with the reason where a refresh was called for and could not be had.
    Return {
        rule_id: &'static str,
        failure: Option<Failure>,
    },
    /// It is repeated with the newer token, which this event published.
    Retry {
        rule_id: &'static str,
        published: EventKey,
    },
    /// It waits for a flight, and is judged again after it.
    Wait { rule_id: &'static str, seat: Seat },
}

impl Session {
    pub(crate) fn new(config: SessionConfig, context: Arc<Context>) -> Self {
        let slots = Slots::new(&context.workspace_id, &config.name);
        Self {
            config,
            context,
            slots,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            restored: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject {
            session: Some(Arc::clone(&self.config.name)),
            ..Subject::default()
        }
    }

    /// Waits until the vault was asked for this session once.
    pub(crate) async fn settled(&self) {
        // The sender lives in `self`.
        let _: std::result::Result<_, watch::error::RecvError> = self
            .restored
            .subscribe()
            .wait_for(|restored| *restored)
            .await;
    }

    /// The token to send an attempt with: one that lives on for `fresh_for`, where a refresh can bring it.
    ///
    /// # Errors
    /// `session.sign_in_needed` where there is none that the server may still honour; `store.*` where that is unknown.
    pub(crate) fn take(
        self: &Arc<Self>,
        subject: &Subject,
        cause: EventKey,
        fresh_for: Duration,
    ) -> Result<Take> {
        let mut state = self.lock();
        match &state.standing {
            Standing::SignedOut => return Err(self.sign_in_needed("signed_out")),
            Standing::LoginRequired { cause, .. } => {
                return Err(self.sign_in_needed(login_cause_word(*cause)));
            }
            Standing::StoreUnavailable => {
                return Err(Failure::new(Code::StoreLocked).with("session", &self.config.name));
            }
            Standing::Active | Standing::Cooldown { .. } | Standing::ConfigError => {}
        }
        let token = state
            .token
            .clone()
            .ok_or_else(|| self.sign_in_needed("signed_out"))?;
        if token.was_refused() && state.flight.is_some() {
            return Ok(Take::Wait(self.sit(&mut state, subject, cause, true)));
        }
        let expires_in = token
            .expires_at()
            .map(|at| at.since_ms(self.context.clock.wall()));
        if !fresh_enough(expires_in, token.tokens.lifetime_ms, fresh_for)
            && rules::on("lease.not_fresh_enough")
        {
            let joined = state.flight.is_some();
            let ready = state.standing_kind(self.context.clock.mono()) == StandingKind::Ready;
            if !joined && ready && state.refreshable() {
                let request = subject.request;
                self.take_off(
                    &mut state,
                    Need::Expiry,
                    Actor::Request,
                    request,
                    Some(cause),
                );
            }
            if state.flight.is_some() {
                return Ok(Take::Wait(self.sit(&mut state, subject, cause, joined)));
            }
        }
        token.used.fetch_add(1, Ordering::Relaxed);
        Ok(Take::Lease(Lease { token }))
    }

    /// Judges an attempt that was refused, and joins or starts the flight where that is the way on.
    pub(crate) fn refused(
        self: &Arc<Self>,
        lease: &Lease,
        retried: bool,
        subject: &Subject,
        classified: EventKey,
    ) -> Verdict {
        lease.token.refused.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        let decision = on_refusal(Refusal {
            lease: lease.epoch_and_generation(),
            retried,
            current: state.base(),
            standing: state.standing_kind(self.context.clock.mono()),
            flight: state.flight.is_some(),
            refreshable: state.refreshable(),
        });
        match decision {
            Decision::Return(rule_id) => {
                let failure = match rule_id {
                    "lease.superseded" => {
                        Some(Failure::new(Code::Superseded).with("session", &self.config.name))
                    }
                    "session.ended" | "session.signed_out" => Some(self.sign_in_needed("ended")),
                    "cooldown.wait" => Some(self.still_cooling(&state)),
                    "session.misconfigured" => {
                        Some(Failure::new(Code::RefreshConfig).with("session", &self.config.name))
                    }
                    _ => None,
                };
                Verdict::Return { rule_id, failure }
            }
            Decision::End(rule_id) => {
                self.end(&mut state, LoginCause::NoRefreshToken, vec![classified]);
                Verdict::Return {
                    rule_id,
                    failure: Some(self.sign_in_needed("no_refresh_token")),
                }
            }
            Decision::RetryWithNewer(rule_id) => {
                let published = state
                    .token
                    .as_ref()
                    .map_or(classified, |token| token.published);
                Verdict::Retry { rule_id, published }
            }
            Decision::Join(rule_id) => Verdict::Wait {
                rule_id,
                seat: self.sit(&mut state, subject, classified, true),
            },
            Decision::Start(rule_id) => {
                self.take_off(
                    &mut state,
                    Need::Refused,
                    Actor::Request,
                    subject.request,
                    Some(classified),
                );
                Verdict::Wait {
                    rule_id,
                    seat: self.sit(&mut state, subject, classified, false),
                }
            }
        }
    }

    /// Refreshes because the user asks, whatever the clock says.
    ///
    /// # Errors
    /// As the flight failed.
    pub(crate) async fn refresh(self: &Arc<Self>) -> Result<()> {
        self.settled().await;
        let end = {
            let mut state = self.lock();
            if !state.refreshable()
                || matches!(
                    state.standing,
                    Standing::LoginRequired { .. } | Standing::SignedOut
                )
            {
                return Err(self.sign_in_needed("no_refresh_token"));
            }
            if state.flight.is_none() {
                self.take_off(&mut state, Need::Asked, Actor::User, None, None);
            }
            state.flight.as_ref().map(|slot| slot.end.clone())
        };
        match end {
            Some(end) => Seat {
                waiting: self.context.timeline.newest(),
                end,
            }
            .wait()
            .await
            .result
            .clone(),
            None => Ok(()),
        }
    }

    /// Takes a seat in the flight under way. Called under the lock, with a flight there.
    fn sit(&self, state: &mut State, subject: &Subject, cause: EventKey, joined: bool) -> Seat {
        let slot = state
            .flight
            .as_mut()
            .expect("a seat is taken only in a flight under way");
        slot.waiters += 1;
        let subject = Subject {
            flight: Some(slot.number),
            ..subject.clone()
        };
        if joined {
            let fact = Fact::WaiterJoined {
                waiters: slot.waiters,
            };
            self.context.timeline.append(
                Entry::new(Actor::Request, &subject, fact)
                    .because(cause)
                    .because(slot.started),
            );
        }
        let entry = Entry::new(Actor::Request, &subject, Fact::WaitingForRefresh { joined })
            .because(cause)
            .because(slot.started);
        Seat {
            waiting: self.context.timeline.append(entry),
            end: slot.end.clone(),
        }
    }

    /// Says that the state changed, if its name did. Called under the lock, after the change.
    fn tell_change(&self, state: &State, from: StateName, actor: Actor, cause: Option<EventKey>) {
        let to = state.name();
        if from != to {
            self.context.timeline.append(
                Entry::new(actor, &self.subject(), Fact::StateChanged { from, to }).because(cause),
            );
        }
    }

    /// The server ended the session. Nothing is deleted.
    fn end(&self, state: &mut State, cause: LoginCause, evidence: Vec<EventKey>) {
        let from = state.name();
        let mut entry = Entry::new(
            Actor::Request,
            &self.subject(),
            Fact::LoginRequired { cause },
        );
        for event in &evidence {
            entry = entry.because(*event);
        }
        let told = self.context.timeline.append(entry);
        state.standing = Standing::LoginRequired { cause, evidence };
        self.tell_change(state, from, Actor::Request, Some(told));
    }

    fn sign_in_needed(&self, cause: &str) -> Failure {
        Failure::new(Code::SignInNeeded)
            .with("session", &self.config.name)
            .with("cause", cause)
    }

    fn still_cooling(&self, state: &State) -> Failure {
        let failure = Failure::new(Code::RefreshTransient).with("session", &self.config.name);
        match &state.standing {
            Standing::Cooldown { until_ms, .. } => failure.with("retry_at_ms", until_ms),
            _ => failure,
        }
    }

    /// Makes a generation the current one, in memory. Called under the lock; the `Published` event is its cause.
    fn install(self: &Arc<Self>, state: &mut State, generation: Generation, published: EventKey) {
        let context = &self.context;
        let before = state
            .token
            .as_ref()
            .filter(|token| token.epoch == generation.epoch)
            .and_then(|token| {
                jwt::decode(secrecy::ExposeSecret::expose_secret(
                    &token.tokens.access_token,
                ))
            });
        let token = Arc::new(Token {
            epoch: generation.epoch,
            generation: generation.number,
            fingerprint: context.fingerprint(&generation.tokens.access_token),
            refresh_fingerprint: generation
                .tokens
                .refresh_token
                .as_ref()
                .map(|token| context.fingerprint(token)),
            tokens: generation.tokens,
            published,
            flight: generation.flight,
            because_of: generation.because_of,
            before: before.map(Box::new),
            used: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        });
        state.epoch = generation.epoch;
        state.failures = 0;
        state.set_aside = None;
        state.standing = Standing::Active;
        state.token = Some(Arc::clone(&token));
        self.watch_expiry(token);
    }

    /// Tells the timeline when this generation has expired by the local clock, if it is the current one then.
    fn watch_expiry(self: &Arc<Self>, token: Arc<Token>) {
        let Some(expires_at) = token.expires_at() else {
            return;
        };
        let (weak, clock) = (Arc::downgrade(self), Arc::clone(&self.context.clock));
        let (epoch, generation, published) = (token.epoch, token.generation, token.published);
        drop(token);
        tokio::spawn(async move {
            loop {
                let left = expires_at.since_ms(clock.wall());
                if left <= 0 {
                    break;
                }
                // In steps: the clock that sleeps may stand still while the machine does, the local clock goes on.
                tokio::time::sleep(Duration::from_millis(left.unsigned_abs()).min(EXPIRY_TICK))
                    .await;
                if weak.strong_count() == 0 {
                    return;
                }
            }
            if let Some(session) = weak.upgrade() {
                let state = session.lock();
                if state.base() == (epoch, Some(generation)) {
                    let entry = Entry::new(Actor::Timer, &session.subject(), Fact::TokenExpired {});
                    session
                        .context
                        .timeline
                        .append(entry.of_generation(epoch, generation).because(published));
                }
            }
        });
    }

    /// The session as the outside may see it.
    pub(crate) fn snapshot(&self) -> SessionSnapshot {
        let state = self.lock();
        let token = state.token.as_ref();
        let (login_cause, evidence) = match &state.standing {
            Standing::LoginRequired { cause, evidence } => (Some(*cause), evidence.clone()),
            _ => (None, Vec::new()),
        };
        SessionSnapshot {
            as_of: self.context.timeline.newest(),
            name: self.config.name.to_string(),
            kind: self.config.kind(),
            state: state.name(),
            epoch: state.epoch,
            generation: token.map(|token| token.generation),
            expires_at_ms: token.and_then(|token| token.expires_at()),
            lifetime_ms: token.and_then(|token| token.tokens.lifetime_ms),
            origins: self
                .config
                .origins
                .iter()
                .map(ToString::to_string)
                .collect(),
            refresh_endpoint: crate::redact::url(self.config.refresh_endpoint()),
            kept: self.context.kept(),
            persist_pending: state.persist_pending,
            cooldown_until_ms: match &state.standing {
                Standing::Cooldown { until_ms, .. } => Some(*until_ms),
                _ => None,
            },
            login_cause,
            evidence,
            set_aside: state.set_aside,
        }
    }

    /// What is known of the current access token, without anything that could be sent.
    pub(crate) fn token_details(&self) -> Option<TokenDetails> {
        use secrecy::ExposeSecret;
        let token = self.lock().token.clone()?;
        let jwt = jwt::decode(token.tokens.access_token.expose_secret());
        let changes = match (&token.before, &jwt) {
            (Some(before), Some(after)) => jwt::changes(before, after),
            _ => Vec::new(),
        };
        Some(TokenDetails {
            session: self.config.name.to_string(),
            epoch: token.epoch,
            generation: token.generation,
            flight: token.flight,
            because_of: token.because_of,
            fingerprint: token.fingerprint,
            length: u32::try_from(token.tokens.access_token.expose_secret().len())
                .unwrap_or(u32::MAX),
            received_at_ms: token.tokens.received_at,
            expires_at_ms: token.expires_at(),
            lifetime_ms: token.tokens.lifetime_ms,
            expiry_source: token.tokens.expiry_source,
            scope: token.tokens.scope.clone(),
            kept: self.context.kept(),
            origins: self
                .config
                .origins
                .iter()
                .map(ToString::to_string)
                .collect(),
            times_used: token.used.load(Ordering::Relaxed),
            times_refused: token.refused.load(Ordering::Relaxed),
            jwt,
            changes,
        })
    }

    /// Adds this session's live secrets to what is masked in answers.
    pub(crate) fn mask_with(&self, masker: &mut Masker) {
        if let Some(token) = &self.lock().token {
            masker.add(&token.tokens.access_token, token.fingerprint);
            if let (Some(secret), Some(fingerprint)) =
                (&token.tokens.refresh_token, token.refresh_fingerprint)
            {
                masker.add(secret, fingerprint);
            }
        }
    }
}

/// A generation that is about to be published.
struct Generation {
    epoch: u32,
    number: u32,
    tokens: Tokens,
    flight: Option<u64>,
    because_of: Option<u64>,
}

/// Longest sleep of the expiry watch: the local clock is looked at this often.
const EXPIRY_TICK: Duration = Duration::from_secs(15);

fn login_cause_word(cause: LoginCause) -> &'static str {
    match cause {
        LoginCause::InvalidGrant => "invalid_grant",
        LoginCause::ResponseLost => "response_lost",
        LoginCause::Interaction => "interaction",
        LoginCause::NoRefreshToken => "no_refresh_token",
    }
}
