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

use super::grant::account_of;
use super::reload::{Memory, Reload, Stored, reload};
use super::state::{FlightEnd, FlightSlot, RefreshToken, Standing, State};
use super::{Family, Generation};
use crate::clock::millis;
use crate::error::{Code, Failure};
use crate::failpoint::{Point, reach};
use crate::journal::{Line, Owner, Phase};
use crate::lock::{Held, LOCK_LIMIT};
use crate::redact;
use crate::rules;
use crate::timeline::Entry;
use crate::timeline::event::{
    Actor, EventKey, Fact, FlightClass, LoginCause, Need, Purpose, ReplyClass, Subject,
};
use crate::token::reply::Reply;
use crate::token_endpoint::Judged;
use crate::vault::record::{Access, Grant, Record, Slot};

/// Times an exchange is sent whose answer never came: once, and once more inside the likely grace of the server.
const SENDS_PER_FLIGHT_MAX: u32 = 2;

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
pub(super) struct Flight {
    pub(super) family: Arc<Family>,
    pub(super) member: Arc<str>,
    /// What it is based on: its result counts only while this is the current (epoch, generation).
    pub(super) base: (u32, u32),
    pub(super) need: Need,
    pub(super) subject: Subject,
    pub(super) number: u64,
    pub(super) because_of: Option<u64>,
    pub(super) started: EventKey,
    pub(super) began: Duration,
    pub(super) end: watch::Sender<Option<Arc<FlightEnd>>>,
    pub(super) landed: bool,
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
        let (client, bound) = {
            let state = family.lock();
            (state.client.clone(), state.bound.clone())
        };
        let request = dialect
            .refresh_request(&refresh_token.secret, &client)
            .proven_by(bound.key());
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
            if judged.class == ReplyClass::Ambiguous {
                // Until new tokens come, whatever comes instead: the journal and the state keep the doubt.
                family.lock().unknown_outcome = true;
            }
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
                // Somebody whom the lock did not keep out may have refreshed: the loser must not end the winner's session.
                if let Some((record, slot)) = self.successor_in_vault().await {
                    return self.follow(record, slot, replied);
                }
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
            | ReplyClass::NonceNeeded
            | ReplyClass::Busy
            | ReplyClass::Ambiguous
            | ReplyClass::Unexplained
            | ReplyClass::Protocol => {
                let failure = self.failure(Code::RefreshTransient, &judged);
                self.land_transient(failure, Some(&judged), replied);
            }
        }
        if !repeated {
            self.log(Phase::Cleared, &refresh_token, replied).await;
        }
    }

    /// What the vault holds now, if that is newer than what this flight is based on (scenario 46).
    async fn successor_in_vault(&self) -> Option<(Record, Slot)> {
        let found = self
            .family
            .slots
            .load(self.family.context.vault())
            .await
            .ok()?;
        let record = found.newest.filter(|record| record.grant.is_some())?;
        let newer = record.epoch == self.base.0 && record.generation > self.base.1;
        (newer && rules::on("reply.successor_stored")).then_some((record, found.slot))
    }

    /// Takes over what somebody else has stored meanwhile; without a token for this session in it, the next refusal flies on.
    fn follow(&mut self, record: Record, slot: Slot, replied: EventKey) {
        if let (Course::Send { .. }, cause) = self.adopt(record, slot, replied) {
            let detail = "another process had refreshed for another session of the family";
            let failure = Failure::new(Code::RefreshTransient).with("detail", detail);
            self.land_transient(failure, None, cause);
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
                refresh_token: family.members[&self.member]
                    .replies
                    .old_refresh_token
                    .after(&refresh_token.secret, fresh.refresh_token),
                client: state.client.clone(),
                bound: state.bound.clone(),
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

    pub(super) fn tell(&self, fact: Fact, cause: EventKey) -> EventKey {
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
