//! One refresh on behalf of all who wait for it: a task of its own, so that nobody who leaves takes it along.
//!
//! ```text
//! FlightStarted -> LockAcquired -> StoreReloaded -> IntentLogged -> ExchangeSent -> ExchangeReplied -> ReplyParsed
//!                                   | a peer was first                   ^ once more, if |
//!                                   v nothing is sent                    '---- no answer-'
//!   FlightFinished <- Published <- AdoptedFromPeer      FlightFinished <- Published <- Persisted | PersistFailed
//! ```
//!
//! The lock is held from before the vault is read until after the state has changed. What the journal says is on disk
//! before the wire sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::reload::{Memory, Reload, Stored, reload};
use super::state::{FlightEnd, FlightSlot, RefreshToken, Standing, State, cooldown};
use super::{Family, Generation};
use crate::clock::{micros, millis};
use crate::error::{Code, Failure, Result};
use crate::failpoint::{Point, reach};
use crate::journal::{Line, Owner, Phase};
use crate::lock::{Held, LOCK_LIMIT};
use crate::redact;
use crate::timeline::Entry;
use crate::timeline::event::{
    Actor, EventKey, Fact, FlightClass, LoginCause, Need, Purpose, ReplyClass, Subject,
};
use crate::token::jwt;
use crate::token::reply::Reply;
use crate::token_endpoint::{Judged, TokenRequest, judge};
use crate::vault::record::{Access, Grant, Record, Slot};

/// Times an exchange is sent whose answer never came: once, and once more inside the likely grace of the server.
const SENDS_PER_FLIGHT_MAX: u32 = 2;
/// How long after a refusal in words that OAuth does not know it is asked for confirmation.
const CONFIRM_AFTER: Duration = Duration::from_secs(30);
/// How long a token endpoint may refuse without a reason before the user is told that this needs attention.
pub(crate) const ATTENTION_AFTER: Duration = Duration::from_secs(15 * 60);

impl Family {
    /// Starts the flight. Called under the lock, with no flight there and a refresh token at hand.
    pub(crate) fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        member: &Arc<str>,
        need: Need,
        actor: Actor,
        because_of: Option<u64>,
        cause: Option<EventKey>,
    ) {
        let context = &self.context;
        let number = context
            .flights
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            + 1;
        let subject = Subject {
            flight: Some(number),
            request: because_of,
            ..self.subject(member)
        };
        let entry = Entry::new(actor, &subject, Fact::FlightStarted { need }).because(cause);
        let started = context
            .timeline
            .append(entry.of_generation(state.epoch, state.generation));
        let from = state.name();
        let (end, ended) = watch::channel(None);
        state.flight = Some(FlightSlot {
            number,
            member: Arc::clone(member),
            started,
            waiters: 0,
            end: ended,
        });
        self.tell_change(state, from, actor, Some(started));
        let flight = Flight {
            family: Arc::clone(self),
            member: Arc::clone(member),
            base: state.base(),
            need,
            subject: Subject {
                request: None,
                ..subject
            },
            number,
            because_of,
            started,
            began: context.clock.mono(),
            end,
            landed: false,
        };
        tokio::spawn(flight.fly());
    }

    /// Waits until no flight is under way.
    pub(crate) async fn landed(&self) {
        let end = self.lock().flight.as_ref().map(|slot| slot.end.clone());
        if let Some(mut end) = end {
            // An error means that the flight's task is gone, which is all that is waited for.
            let _: std::result::Result<_, watch::error::RecvError> =
                end.wait_for(Option::is_some).await;
        }
    }
}

/// A flight under way. Dropped before it landed, it says so to all who wait: nobody hangs on a task that died.
struct Flight {
    family: Arc<Family>,
    member: Arc<str>,
    /// What it is based on: its result counts only while this is the current (epoch, generation).
    base: (u32, u32),
    need: Need,
    subject: Subject,
    number: u64,
    because_of: Option<u64>,
    started: EventKey,
    began: Duration,
    end: watch::Sender<Option<Arc<FlightEnd>>>,
    landed: bool,
}

/// What the flight goes on with after the reload.
enum Course {
    Send {
        refresh_token: RefreshToken,
        replay: bool,
    },
    Landed,
}

impl Flight {
    async fn fly(mut self) {
        let family = Arc::clone(&self.family);
        let Ok(held) = family.lock.take(LOCK_LIMIT).await else {
            let detail = "another process has been refreshing this session for too long";
            return self.land_transient(
                Failure::new(Code::RefreshTransient).with("detail", detail),
                None,
                self.started,
            );
        };
        let locked = self.tell_lock(&held);
        let (course, cause) = self.reload(locked).await;
        let Course::Send {
            refresh_token,
            replay,
        } = course
        else {
            return;
        };
        reach(Point::BeforeIntent);
        let cause = self.log(Phase::Intent, &refresh_token, cause).await;
        reach(Point::Intent);
        self.exchange(refresh_token, replay, cause).await;
        drop(held);
    }

    fn tell_lock(&self, held: &Held) -> EventKey {
        let fact = Fact::LockAcquired {
            waited_ms: millis(held.waited),
            contended: held.contended,
        };
        let locked = self.tell(fact, self.started);
        match &held.weak {
            Some(detail) => self.tell(
                Fact::LockWeak {
                    detail: detail.clone(),
                },
                locked,
            ),
            None => locked,
        }
    }

    /// Reads vault and journal under the lock, and does what they decide.
    async fn reload(&mut self, locked: EventKey) -> (Course, EventKey) {
        let family = Arc::clone(&self.family);
        let context = Arc::clone(&family.context);
        let (memory, at_hand) = {
            let state = family.lock();
            if state.base() != self.base {
                drop(state);
                self.land_superseded(locked);
                return (Course::Landed, locked);
            }
            let memory = Memory {
                epoch: state.epoch,
                generation: state.generation,
                account: state.account,
                persist_pending: state.persist_pending,
            };
            (memory, state.refresh.clone())
        };
        let journal = family.newest_line().await;
        let found = match family.slots.load(context.vault()).await {
            Ok(found) => found,
            // The vault cannot be read, but if this process wrote the journal's last word nobody else has refreshed since.
            Err(_) if family.is_ours(journal.as_ref(), &memory) => Default::default(),
            Err(error) => {
                let failure = Failure::from(error);
                let told = self.tell(
                    Fact::StoreUnavailable {
                        error: failure.code,
                    },
                    locked,
                );
                self.land_transient(failure, None, told);
                return (Course::Landed, told);
            }
        };
        let stored = found
            .newest
            .as_ref()
            .map(|record| stored(record, |token| context.fingerprint(token)));
        let owner_alive = journal
            .as_ref()
            .is_some_and(|line| line.owner != Owner::this() && line.owner.is_alive());
        let decided = reload(
            memory,
            stored,
            journal.as_ref(),
            owner_alive,
            context.clock.wall(),
        );
        let rule_id = match decided {
            Reload::Send { rule_id, .. }
            | Reload::Adopt { rule_id }
            | Reload::PeerSignedOut { rule_id }
            | Reload::OtherAccount { rule_id }
            | Reload::PeerHoldsSuccessor { rule_id }
            | Reload::SuccessorLost { rule_id } => rule_id,
        };
        let fact = Fact::StoreReloaded {
            found: stored.map(|stored| stored.generation),
            rule_id: rule_id.to_owned(),
        };
        let reloaded = self.tell(fact, locked);
        match decided {
            Reload::Send { replay, rule_id } => {
                if rule_id == "reload.store_went_back" {
                    let found = stored.map_or(0, |stored| stored.generation);
                    self.tell(
                        Fact::StoreWentBack {
                            found,
                            expected: memory.generation,
                        },
                        reloaded,
                    );
                }
                let Some(refresh_token) = at_hand else {
                    self.land_ended(LoginCause::NoRefreshToken, None, reloaded);
                    return (Course::Landed, reloaded);
                };
                (
                    Course::Send {
                        refresh_token,
                        replay,
                    },
                    reloaded,
                )
            }
            Reload::Adopt { .. } => match found.newest {
                Some(record) => self.adopt(record, found.slot, reloaded),
                None => (Course::Landed, reloaded),
            },
            Reload::PeerSignedOut { .. } => {
                self.land_ended(LoginCause::PeerSignedOut, None, reloaded);
                (Course::Landed, reloaded)
            }
            Reload::OtherAccount { .. } => {
                let told = self.tell(Fact::AccountMismatch {}, reloaded);
                self.land_ended(LoginCause::AccountMismatch, None, told);
                (Course::Landed, told)
            }
            Reload::PeerHoldsSuccessor { .. } => {
                let detail = "another process has the new token and is still storing it";
                self.land_transient(
                    Failure::new(Code::RefreshTransient).with("detail", detail),
                    None,
                    reloaded,
                );
                (Course::Landed, reloaded)
            }
            Reload::SuccessorLost { .. } => {
                self.land_ended(LoginCause::SuccessorLost, None, reloaded);
                (Course::Landed, reloaded)
            }
        }
    }

    /// Publishes what another process has stored. Where that has no newer token for this session, it flies on from there.
    fn adopt(&mut self, record: Record, slot: Slot, reloaded: EventKey) -> (Course, EventKey) {
        let family = Arc::clone(&self.family);
        let Some(grant) = record.grant else {
            return (Course::Landed, reloaded);
        };
        let mut state = family.lock();
        let mine = state
            .access
            .get(&self.member)
            .map_or(0, |token| token.generation);
        let serves = grant
            .access
            .get(&self.member)
            .is_some_and(|access| record.epoch != self.base.0 || access.generation > mine);
        let adopted = self.tell(Fact::AdoptedFromPeer {}, reloaded);
        let generation = Generation {
            epoch: record.epoch,
            number: record.generation,
            grant,
            flight: Some(self.number),
            because_of: self.because_of,
        };
        state.slot = slot;
        let published =
            family.publish(&mut state, generation, &self.member, &self.subject, adopted);
        self.base = state.base();
        if serves {
            self.finish(&mut state, FlightClass::Adopted, Ok(()), published, |_| {});
            return (Course::Landed, published);
        }
        match state.refresh.clone() {
            Some(refresh_token) => (
                Course::Send {
                    refresh_token,
                    replay: false,
                },
                published,
            ),
            None => {
                drop(state);
                self.land_ended(LoginCause::NoRefreshToken, None, published);
                (Course::Landed, published)
            }
        }
    }

    /// Sends, at most twice, and does what the answer decides.
    async fn exchange(&mut self, refresh_token: RefreshToken, replay: bool, mut cause: EventKey) {
        let family = Arc::clone(&self.family);
        let dialect = &family.members[&self.member].dialect;
        let client_secret = family.lock().client_secret.clone();
        let request = dialect.refresh_request(&refresh_token.secret, client_secret.as_ref());
        // A replay of what another flight (or process) sent is this flight's one repetition.
        let mut sends = u32::from(replay);
        let (judged, replied) = loop {
            sends += 1;
            self.log(Phase::Sent, &refresh_token, cause).await;
            reach(Point::Sent);
            let fingerprint = Some(refresh_token.fingerprint);
            let (judged, replied) = family
                .exchange(
                    &request,
                    Purpose::Refresh,
                    &self.member,
                    &self.subject,
                    fingerprint,
                    sends > 1,
                    cause,
                )
                .await;
            if judged.class != ReplyClass::Ambiguous || sends >= SENDS_PER_FLIGHT_MAX {
                break (judged, replied);
            }
            cause = replied;
        };
        self.learn_skew(&judged, replied);
        let repeated = sends > 1 || family.lock().unknown_outcome;
        match judged.class {
            ReplyClass::Granted => {
                return self
                    .commit(judged.reply, repeated, &refresh_token, replied)
                    .await;
            }
            ReplyClass::Definitive => {
                // After a lost answer the old token is refused because its successor was never heard of.
                let cause = match judged.error.as_deref() {
                    Some("refresh_token_reused") => LoginCause::Reuse,
                    _ if repeated => LoginCause::ResponseLost,
                    _ => LoginCause::InvalidGrant,
                };
                self.land_ended(cause, Some(&judged), replied);
            }
            ReplyClass::Interaction => {
                self.land_ended(LoginCause::Interaction, Some(&judged), replied)
            }
            ReplyClass::Config => {
                let failure = self.failure(Code::RefreshConfig, &judged);
                self.land(FlightClass::Misconfigured, Err(failure), replied, |state| {
                    state.standing = Standing::ConfigError
                });
            }
            ReplyClass::Suspect => self.land_suspect(&judged, replied),
            ReplyClass::Protocol
                if judged
                    .reply
                    .as_ref()
                    .is_some_and(|reply| reply.refresh_token.is_some()) =>
            {
                return self.salvage(judged, &refresh_token, replied).await;
            }
            ReplyClass::NotSent
            | ReplyClass::Busy
            | ReplyClass::Ambiguous
            | ReplyClass::Unexplained
            | ReplyClass::Protocol => {
                let failure = self.failure(Code::RefreshTransient, &judged);
                self.land_transient(failure, Some(&judged), replied);
            }
        }
        if judged.class != ReplyClass::Ambiguous {
            self.log(Phase::Cleared, &refresh_token, replied).await;
        }
    }

    /// Persists the new pair, then publishes it.
    async fn commit(
        &mut self,
        reply: Option<Reply>,
        repeated: bool,
        refresh_token: &RefreshToken,
        replied: EventKey,
    ) {
        let family = Arc::clone(&self.family);
        self.log(Phase::Replied, refresh_token, replied).await;
        let (before, refused) = {
            let state = family.lock();
            (
                state
                    .access
                    .get(&self.member)
                    .map(|token| token.access.clone()),
                state.access.clone(),
            )
        };
        let Some((fresh, parsed)) = family.parse(reply, before.as_ref(), &self.subject, replied)
        else {
            let failure = Failure::new(Code::ReplyMalformed).with("session", &*self.member);
            return self.land_transient(failure, None, replied);
        };
        let (generation, account) = {
            let state = family.lock();
            if state.base() != self.base {
                drop(state);
                return self.land_superseded(parsed);
            }
            let mut access: BTreeMap<_, _> = refused
                .iter()
                .map(|(name, token)| (Arc::clone(name), token.access.clone()))
                .collect();
            access.insert(
                Arc::clone(&self.member),
                Access {
                    generation: self.base.1 + 1,
                    ..fresh.access
                },
            );
            let account = account_of(&access[&self.member]);
            let grant = Grant {
                refresh_token: Some(
                    fresh
                        .refresh_token
                        .unwrap_or_else(|| refresh_token.secret.clone()),
                ),
                client_secret: state.client_secret.clone(),
                account: state.account.or(account),
                access,
            };
            let (flight, because_of) = (Some(self.number), self.because_of);
            (
                Generation {
                    epoch: self.base.0,
                    number: self.base.1 + 1,
                    grant,
                    flight,
                    because_of,
                },
                account,
            )
        };
        if matches!((generation.grant.account, account), (Some(mine), Some(theirs)) if mine != theirs)
        {
            let told = self.tell(Fact::AccountMismatch {}, parsed);
            return self.land_ended(LoginCause::AccountMismatch, None, told);
        }
        reach(Point::Parsed);
        let (persisted, slot) = family.persist(&generation, &self.subject, parsed).await;
        reach(Point::SlotWritten);
        let logged = if slot.is_some() {
            Phase::Committed
        } else {
            Phase::PersistPending
        };
        self.log(logged, refresh_token, persisted).await;
        reach(Point::Committed);
        if !self.publish(generation, slot, repeated, persisted) {
            return self.land_superseded(persisted);
        }
        reach(Point::Published);
        match slot {
            // What is left in the other slot is spent: nobody will need it, and nobody should find it.
            Some(slot) => family.erase(slot.other()).await,
            None => family.persist_later(),
        }
        reach(Point::OldSlotErased);
    }

    /// A reply without a usable access token that carries a new refresh token: the successor is kept, the access token
    /// stays what it was, and the flight has failed (scenarios 84 and 91).
    async fn salvage(&mut self, judged: Judged, spent: &RefreshToken, replied: EventKey) {
        let family = Arc::clone(&self.family);
        self.log(Phase::Replied, spent, replied).await;
        let record = {
            let state = family.lock();
            family.record(&state).filter(|_| state.base() == self.base)
        };
        let (Some(record), Some(successor)) = (
            record,
            judged
                .reply
                .as_ref()
                .and_then(|reply| reply.refresh_token.clone()),
        ) else {
            return self.land_superseded(replied);
        };
        let Some(grant) = record.grant else {
            return self.land_superseded(replied);
        };
        let (flight, because_of) = (Some(self.number), self.because_of);
        let grant = Grant {
            refresh_token: Some(successor),
            ..grant
        };
        let generation = Generation {
            epoch: self.base.0,
            number: self.base.1 + 1,
            grant,
            flight,
            because_of,
        };
        let (persisted, slot) = family.persist(&generation, &self.subject, replied).await;
        let logged = if slot.is_some() {
            Phase::Committed
        } else {
            Phase::PersistPending
        };
        self.log(logged, spent, persisted).await;
        {
            let mut state = family.lock();
            if state.base() == self.base {
                let kept = self.tell(Fact::RefreshTokenKept {}, persisted);
                family.install(&mut state, generation, kept);
                family.kept_in(&mut state, slot);
                self.base = state.base();
            }
        }
        let failure = self.failure(Code::ReplyMalformed, &judged);
        self.land_transient(failure, Some(&judged), persisted);
        if slot.is_none() {
            family.persist_later();
        }
    }

    /// Makes what was persisted the current generation and lands, in one critical section; false: the family moved on.
    fn publish(
        &mut self,
        generation: Generation,
        slot: Option<Slot>,
        repeated: bool,
        persisted: EventKey,
    ) -> bool {
        let family = Arc::clone(&self.family);
        let mut state = family.lock();
        if state.base() != self.base {
            return false;
        }
        let cause = if repeated {
            self.tell(Fact::RotationRecovered {}, persisted)
        } else {
            persisted
        };
        let published = family.publish(&mut state, generation, &self.member, &self.subject, cause);
        family.kept_in(&mut state, slot);
        self.finish(
            &mut state,
            FlightClass::Committed,
            Ok(()),
            published,
            |_| {},
        );
        true
    }

    fn land_transient(&mut self, failure: Failure, judged: Option<&Judged>, cause: EventKey) {
        let family = Arc::clone(&self.family);
        let clock = &family.context.clock;
        let class = judged.map(|judged| judged.class);
        let retry_after = judged
            .and_then(|judged| judged.retry_after_ms)
            .map(Duration::from_millis);
        let failures = family.lock().failures.saturating_add(1);
        let now = clock.mono();
        let wait = cooldown(failures, retry_after, jitter());
        let (until, until_ms) = (now + wait, clock.wall().plus(millis(wait)));
        let failure = failure
            .with("session", &*self.member)
            .with("retry_at_ms", until_ms);
        let subject = self.subject.clone();
        self.land(FlightClass::Transient, Err(failure), cause, |state| {
            state.failures = failures;
            state.unknown_outcome |= class == Some(ReplyClass::Ambiguous);
            state.standing = Standing::Cooldown { until, until_ms };
            let tell = |fact| {
                family
                    .context
                    .timeline
                    .append(Entry::new(Actor::Request, &subject, fact).because(cause))
            };
            tell(Fact::CooldownStarted { until_ms, failures });
            state.unexplained_since = (class == Some(ReplyClass::Unexplained))
                .then(|| state.unexplained_since.unwrap_or(now));
            let unexplained = state
                .unexplained_since
                .is_some_and(|since| now.saturating_sub(since) >= ATTENTION_AFTER);
            if unexplained && !state.needs_attention {
                tell(Fact::NeedsAttention {});
            }
            state.needs_attention = unexplained;
        });
    }

    /// A refusal in words that OAuth does not know: believed when it is repeated (scenario 76).
    fn land_suspect(&mut self, judged: &Judged, replied: EventKey) {
        let family = Arc::clone(&self.family);
        let now = family.context.clock.mono();
        let since = family.lock().suspect_since;
        if since.is_some_and(|since| now.saturating_sub(since) >= CONFIRM_AFTER) {
            return self.land_ended(LoginCause::ServerDialect, Some(judged), replied);
        }
        let (until, until_ms) = (
            now + CONFIRM_AFTER,
            family.context.clock.wall().plus(millis(CONFIRM_AFTER)),
        );
        let failure = self
            .failure(Code::RefreshTransient, judged)
            .with("retry_at_ms", until_ms);
        let subject = self.subject.clone();
        self.land(FlightClass::Transient, Err(failure), replied, |state| {
            state.failures = state.failures.saturating_add(1);
            state.suspect_since = Some(since.unwrap_or(now));
            state.standing = Standing::Cooldown { until, until_ms };
            let fact = Fact::CooldownStarted {
                until_ms,
                failures: state.failures,
            };
            family
                .context
                .timeline
                .append(Entry::new(Actor::Request, &subject, fact).because(replied));
        });
    }

    /// The family is dead. What is left of an access token that still works is used up first.
    fn land_ended(&mut self, cause: LoginCause, judged: Option<&Judged>, replied: EventKey) {
        let family = Arc::clone(&self.family);
        let failure = match judged {
            Some(judged) => self.failure(Code::RefreshInvalidGrant, judged),
            None => family.sign_in_needed(&self.member, &super::login_cause_word(cause)),
        };
        let evidence = vec![self.started, replied];
        let now = family.context.clock.wall();
        let (member, need, subject) = (Arc::clone(&self.member), self.need, self.subject.clone());
        self.land(FlightClass::Ended, Err(failure), replied, |state| {
            let token = state.access.get(&member);
            let still_works = need != Need::Refused
                && token.is_some_and(|token| !token.was_refused() && !token.has_expired(now));
            if still_works
                && !matches!(
                    cause,
                    LoginCause::PeerSignedOut | LoginCause::AccountMismatch
                )
            {
                let until_ms = token.and_then(|token| token.expires_at());
                let entry = Entry::new(Actor::Request, &subject, Fact::DegradedUntil { until_ms });
                family
                    .context
                    .timeline
                    .append(entry.because(evidence[0]).because(evidence[1]));
                state.standing = Standing::Degraded { cause, evidence };
            } else {
                let entry = Entry::new(
                    Actor::Request,
                    &family.subject(&member),
                    Fact::LoginRequired { cause },
                );
                family
                    .context
                    .timeline
                    .append(entry.because(evidence[0]).because(evidence[1]));
                state.standing = Standing::LoginRequired { cause, evidence };
            }
        });
    }

    fn land_superseded(&mut self, cause: EventKey) {
        let superseded = self.tell(Fact::Superseded {}, cause);
        let failure = Failure::new(Code::Superseded).with("session", &*self.member);
        self.land(FlightClass::Superseded, Err(failure), superseded, |_| {});
    }

    fn failure(&self, code: Code, judged: &Judged) -> Failure {
        let failure = Failure::new(code)
            .with("session", &*self.member)
            .with("flight", self.number);
        judged.describe(failure)
    }

    /// Ends the flight: changes the state if it is still this flight's to change, and tells everybody, in one critical section.
    fn land(
        &mut self,
        class: FlightClass,
        result: Result<()>,
        cause: EventKey,
        change: impl FnOnce(&mut State),
    ) {
        let family = Arc::clone(&self.family);
        let mut state = family.lock();
        self.finish(&mut state, class, result, cause, change);
    }

    fn finish(
        &mut self,
        state: &mut State,
        class: FlightClass,
        result: Result<()>,
        cause: EventKey,
        change: impl FnOnce(&mut State),
    ) {
        let (family, context) = (&self.family, &self.family.context);
        let from = state.name();
        if state.epoch == self.base.0 {
            change(state);
        }
        let ours = state
            .flight
            .as_ref()
            .is_some_and(|slot| slot.number == self.number);
        let waiters = state
            .flight
            .as_ref()
            .filter(|_| ours)
            .map_or(0, |slot| slot.waiters);
        if ours {
            state.flight = None;
        }
        let took_us = micros(context.clock.mono().saturating_sub(self.began));
        let finished = self.tell(
            Fact::FlightFinished {
                class,
                waiters,
                took_us,
            },
            cause,
        );
        family.tell_change(state, from, Actor::Request, Some(finished));
        self.end.send_replace(Some(Arc::new(FlightEnd {
            result,
            finished,
            member: Arc::clone(&self.member),
        })));
        self.landed = true;
    }

    fn tell(&self, fact: Fact, cause: EventKey) -> EventKey {
        self.family
            .context
            .timeline
            .append(Entry::new(Actor::Request, &self.subject, fact).because(cause))
    }

    /// Writes how far this flight has come; the event that says so, or that it could not be written.
    async fn log(&self, phase: Phase, refresh_token: &RefreshToken, cause: EventKey) -> EventKey {
        let family = Arc::clone(&self.family);
        let line = Line {
            version: 0,
            phase,
            flight: self.number,
            epoch: self.base.0,
            base_generation: self.base.1,
            refresh_fingerprint: refresh_token.fingerprint,
            wall_ms: family.context.clock.wall(),
            owner: Owner::this(),
        };
        let written = tokio::task::spawn_blocking(move || family.journal.write(line)).await;
        match written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(()) if phase == Phase::Intent => self.tell(Fact::IntentLogged {}, cause),
            Ok(()) => cause,
            Err(error) => self.tell(
                Fact::JournalFailed {
                    detail: error.to_string(),
                },
                cause,
            ),
        }
    }

    /// Remembers what the reply's `Date` says about the local clock; a hint, never a reason.
    fn learn_skew(&self, judged: &Judged, replied: EventKey) {
        let Some(server_ms) = judged.date_ms else {
            return;
        };
        let skew_ms = server_ms - self.family.context.clock.wall().0;
        let mut state = self.family.lock();
        let told = state.skew_ms.unwrap_or_default();
        if skew_ms.abs() > SKEW_TOLD_MS && (skew_ms - told).abs() > SKEW_TOLD_MS {
            self.tell(Fact::ClockSkewed { skew_ms }, replied);
        }
        state.skew_ms = Some(skew_ms);
    }
}

/// A difference of clocks below this is not worth a word: `Date` has whole seconds.
const SKEW_TOLD_MS: i64 = 2_000;

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            let failure = Failure::new(Code::RefreshAborted).with("session", &*self.member);
            self.land(FlightClass::Aborted, Err(failure), self.started, |_| {});
        }
    }
}

fn stored(
    record: &Record,
    fingerprint: impl Fn(&secrecy::SecretString) -> redact::Fingerprint,
) -> Stored {
    let refresh_token = record
        .grant
        .as_ref()
        .and_then(|grant| grant.refresh_token.as_ref());
    Stored {
        epoch: record.epoch,
        generation: record.generation,
        tombstone: record.grant.is_none(),
        account: record.grant.as_ref().and_then(|grant| grant.account),
        refresh_fingerprint: refresh_token.map(fingerprint),
    }
}

/// Whose token this is, as a hash of its `sub`, where it says so.
pub(super) fn account_of(access: &Access) -> Option<u64> {
    use sha2::{Digest, Sha256};
    let claims = jwt::decode(secrecy::ExposeSecret::expose_secret(&access.token))?.claims;
    let hash = Sha256::digest(claims.get("sub")?.as_str()?.as_bytes());
    Some(u64::from_be_bytes(hash[..8].try_into().expect("a hash has eight bytes")) >> 11)
}

/// What a reply gave.
pub(super) struct Fresh {
    pub(super) access: Access,
    pub(super) refresh_token: Option<secrecy::SecretString>,
}

impl Family {
    /// Sends one request to the token endpoint, judges the answer, and tells both.
    #[expect(
        clippy::too_many_arguments,
        reason = "one exchange is all of these; a struct would only rename them"
    )]
    pub(super) async fn exchange(
        &self,
        request: &TokenRequest,
        purpose: Purpose,
        member: &Arc<str>,
        subject: &Subject,
        fingerprint: Option<redact::Fingerprint>,
        replay: bool,
        cause: EventKey,
    ) -> (Judged, EventKey) {
        let context = &self.context;
        let fact = Fact::ExchangeSent {
            purpose,
            endpoint: redact::url(&request.url),
            fingerprint,
            replay,
        };
        let actor = if purpose == Purpose::SignIn {
            Actor::User
        } else {
            Actor::Request
        };
        let sent = context
            .timeline
            .append(Entry::new(actor, subject, fact).because(cause));
        let began = context.clock.mono();
        let wire = request.send(&context.token_client).await;
        let judged = judge(
            &wire,
            &self.members[member].dialect.pointers(),
            context.clock.wall(),
        );
        let fact = Fact::ExchangeReplied {
            status: judged.status,
            class: judged.class,
            rule_id: judged.rule_id.to_owned(),
            error: judged.error.clone(),
            error_description: judged.error_description.clone(),
            retry_after_ms: judged.retry_after_ms,
            took_us: micros(context.clock.mono().saturating_sub(began)),
        };
        let replied = context
            .timeline
            .append(Entry::new(actor, subject, fact).because(sent));
        (judged, replied)
    }

    /// Takes the tokens out of a reply, and says what is odd about them. `None`: it holds no access token.
    pub(super) fn parse(
        &self,
        reply: Option<Reply>,
        before: Option<&Access>,
        subject: &Subject,
        replied: EventKey,
    ) -> Option<(Fresh, EventKey)> {
        let reply = reply?;
        let token = reply.access_token?;
        let tell = |fact, cause| {
            self.context
                .timeline
                .append(Entry::new(Actor::Request, subject, fact).because(cause))
        };
        let fact = Fact::ReplyParsed {
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
            rotated: reply.refresh_token.is_some(),
            warnings: reply.warnings,
        };
        let mut cause = tell(fact, replied);
        if let Some(before) = before {
            use secrecy::ExposeSecret;
            if before.token.expose_secret() == token.expose_secret() {
                cause = tell(Fact::TokenUnchanged {}, cause);
            }
            if let Some(scope) = &reply.scope {
                let missing = |from: &[String], other: &[String]| -> Vec<String> {
                    from.iter()
                        .filter(|scope| !other.contains(scope))
                        .cloned()
                        .collect()
                };
                let (lost, gained) = (missing(&before.scope, scope), missing(scope, &before.scope));
                if !(before.scope.is_empty() || lost.is_empty() && gained.is_empty()) {
                    cause = tell(Fact::ScopeChanged { lost, gained }, cause);
                }
            }
        }
        let access = Access {
            token,
            generation: 0,
            scope: reply
                .scope
                .or_else(|| before.map(|before| before.scope.clone()))
                .unwrap_or_default(),
            received_at: self.context.clock.wall(),
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
        };
        Some((
            Fresh {
                access,
                refresh_token: reply.refresh_token,
            },
            cause,
        ))
    }

    /// From here on, requests carry this generation. Called under the lock.
    pub(super) fn publish(
        self: &Arc<Self>,
        state: &mut State,
        generation: Generation,
        member: &Arc<str>,
        subject: &Subject,
        cause: EventKey,
    ) -> EventKey {
        let access = generation.grant.access.get(member);
        let fact = Fact::Published {
            fingerprint: access.map(|access| self.context.fingerprint(&access.token)),
            expires_at_ms: access.and_then(|access| {
                access
                    .lifetime_ms
                    .map(|lifetime| access.received_at.plus(lifetime))
            }),
            lifetime_ms: access.and_then(|access| access.lifetime_ms),
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(generation.epoch, generation.number);
        let published = self.context.timeline.append(entry.because(cause));
        self.install(state, generation, published);
        published
    }
}

/// A random number of 0..1 that spreads clients apart; its quality does not matter.
pub(super) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}
