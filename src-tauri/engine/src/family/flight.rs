//! One refresh on behalf of all who wait for it: a task of its own, so that nobody who leaves takes it along.
//!
//! ```text
//! FlightStarted -> LockAcquired -> StoreReloaded -> IntentLogged -> ExchangeSent -> ExchangeReplied -> ReplyParsed
//!                                   | a peer was first                   ^ once more, if |
//!                                   v nothing is sent                    '---- no answer-'
//!   FlightFinished <- Published <- AdoptedFromPeer      FlightFinished <- Published <- Persisted | PersistFailed
//! ```
//!
//! The lock is held from before the vault is read until after the state has changed; one that was lost meanwhile, because
//! its file was removed, sends nothing. What the journal says is on disk before the wire sees it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Family;
use super::course::Course;
use super::gate::{Guard, Guarded, Ticket};
use super::state::{Airborne, RefreshToken, Renewal, Standing, State};
use crate::clock::{WallMs, millis};
use crate::error::{Code, Failure};
use crate::failpoint::{Point, reach};
use crate::journal::{Line, Owner, Phase};
use crate::lock::{Held, LOCK_LIMIT};
use crate::timeline::Entry;
use crate::timeline::event::{
    Actor, EventKey, Fact, FlightClass, LoginCause, Need, ReplyClass, Subject,
};
use crate::token_endpoint::Judged;

/// Times an exchange is sent whose answer never came: once, and once more inside the likely grace of the server.
const SENDS_PER_FLIGHT_MAX: u32 = 2;
/// Times a flight takes the lock whose file somebody removes under it.
const LOCKS_PER_FLIGHT_MAX: u32 = 3;

impl Family {
    /// Starts a flight, unless one is under way. Called under the lock, with a refresh token at hand.
    pub(crate) fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        member: &Arc<str>,
        need: Need,
        actor: Actor,
        because_of: Option<u64>,
        cause: Option<EventKey>,
    ) {
        if !state.flight.is_free() {
            return;
        }
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
        let airborne = Airborne {
            number,
            member: Arc::clone(member),
            started,
            end: watch::Sender::new(None),
        };
        let token = state.access.get(member);
        let since_ms = token.map(|token| token.access.received_at);
        let Some(ticket) = state.flight.start(state.base(), airborne) else {
            return;
        };
        self.tell_change(state, from, actor, Some(started));
        let flight = Flight {
            family: Arc::clone(self),
            member: Arc::clone(member),
            ticket,
            need,
            subject: Subject {
                request: None,
                ..subject
            },
            number,
            because_of,
            started,
            began: context.clock.mono(),
            since_ms,
        };
        // The guard begins with the task: a runtime that is shut down drops the task here, under the lock.
        tokio::spawn(async move {
            let (family, member) = (Arc::clone(&flight.family), Arc::clone(&flight.member));
            Guard(flight).fly().await;
            family.save_profile(&member).await;
        });
    }

    /// Waits until no flight is under way.
    pub(crate) async fn landed(&self) {
        let end = {
            let state = self.lock();
            state.flight.flight().map(|flight| flight.end.subscribe())
        };
        if let Some(mut end) = end {
            // An error means that the flight's task is gone, which is all that is waited for.
            let _: std::result::Result<_, watch::error::RecvError> =
                end.wait_for(Option::is_some).await;
        }
    }
}

/// A flight under way.
pub(super) struct Flight {
    pub(super) family: Arc<Family>,
    pub(super) member: Arc<str>,
    /// What it is based on: its result counts only while this is the current (epoch, generation).
    pub(super) ticket: Ticket,
    pub(super) need: Need,
    pub(super) subject: Subject,
    pub(super) number: u64,
    pub(super) because_of: Option<u64>,
    pub(super) started: EventKey,
    pub(super) began: Duration,
    /// When the access token came that this flight is to replace, and with it the refresh token that it sends.
    pub(super) since_ms: Option<WallMs>,
}

/// Somebody removed the lock's file, and others may have locked another one since. This event says so.
struct LockLost {
    told: EventKey,
}

impl Flight {
    async fn fly(&mut self) {
        let mut cause = self.started;
        for _ in 0..LOCKS_PER_FLIGHT_MAX {
            match self.fly_locked(cause).await {
                Ok(()) => return,
                Err(lost) => cause = lost.told,
            }
        }
        let detail = "somebody removes the file of this session's lock again and again";
        let failure = Failure::new(Code::RefreshTransient).with("detail", detail);
        self.land_transient(failure, None, cause);
    }

    /// Flies under the lock, to the end; or to where the lock was lost before anything was sent under it.
    async fn fly_locked(&mut self, cause: EventKey) -> Result<(), LockLost> {
        let family = Arc::clone(&self.family);
        let Ok(mut held) = family.lock.take(LOCK_LIMIT).await else {
            let detail = "another process has been refreshing this session for too long";
            let failure = Failure::new(Code::RefreshTransient).with("detail", detail);
            self.land_transient(failure, None, cause);
            return Ok(());
        };
        let locked = self.tell_lock(&held, cause);
        let (course, cause) = self.reload(locked).await;
        let Course::Send { renewal, replay } = course else {
            return Ok(());
        };
        reach(Point::BeforeIntent);
        let cause = self.log(Phase::Intent, &renewal, cause).await;
        reach(Point::Intent);
        self.exchange(renewal, replay, &mut held, cause).await
    }

    pub(super) fn tell_lock(&self, held: &Held, cause: EventKey) -> EventKey {
        let fact = Fact::LockAcquired {
            waited_ms: millis(held.waited),
            contended: held.contended,
        };
        let locked = self.tell(fact, cause);
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

    /// Sends, at most twice, and does what the answer decides.
    async fn exchange(
        &mut self,
        renewal: Renewal,
        replay: bool,
        held: &mut Held,
        mut cause: EventKey,
    ) -> Result<(), LockLost> {
        let family = Arc::clone(&self.family);
        let dialect = &family.members[&self.member].dialect;
        let (client, bound) = {
            let state = family.lock();
            (state.client.clone(), state.bound.clone())
        };
        let (sent_with, told) = self.renewal_to_send(&renewal, cause);
        cause = told;
        let request = match &sent_with {
            Renewal::RefreshToken(token) => Some(dialect.refresh_request(&token.secret, &client)),
            Renewal::ClientCredentials => dialect.client_credentials_request(&client),
        };
        let request = request
            .expect("a session renews in the way of its own dialect")
            .proven_by(bound.key());
        let request = Arc::new(request);
        // A replay of what another flight (or process) sent is this flight's one repetition.
        let mut sends = u32::from(replay);
        let (judged, replied) = loop {
            sends += 1;
            if !held.is_still_ours().await {
                let told = self.tell(Fact::LockLost {}, cause);
                return Err(LockLost { told });
            }
            self.log(Phase::Sent, &renewal, cause).await;
            reach(Point::Sent);
            let fingerprint = sent_with.refresh_token().map(|token| token.fingerprint);
            let (judged, replied) = self.call(&request, fingerprint, sends > 1, cause).await;
            if judged.class == ReplyClass::Ambiguous && renewal.refresh_token().is_some() {
                // Until new tokens come, whatever comes instead: the journal and the state keep the doubt.
                family.lock().unknown_outcome = true;
            }
            if judged.class != ReplyClass::Ambiguous || sends >= SENDS_PER_FLIGHT_MAX {
                break (judged, replied);
            }
            if let Some(told) = self.withholds_replay(&renewal, replied) {
                break (judged, told);
            }
            cause = replied;
        };
        self.learn_skew(&judged, replied);
        let repeated =
            renewal.refresh_token().is_some() && (sends > 1 || family.lock().unknown_outcome);
        match judged.class {
            ReplyClass::Granted => {
                self.commit(judged.reply, repeated, &renewal, &client, held, replied)
                    .await;
                return Ok(());
            }
            ReplyClass::Definitive => {
                // Somebody whom the lock did not keep out may have refreshed: the loser must not end the winner's session.
                if let Some((record, slot)) = self.successor_in_vault().await {
                    self.follow(record, slot, replied);
                    return Ok(());
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
                if renewal.refresh_token().is_some()
                    && judged
                        .reply
                        .as_ref()
                        .is_some_and(|reply| reply.refresh_token.is_some()) =>
            {
                self.salvage(judged, &renewal, held, replied).await;
                return Ok(());
            }
            ReplyClass::NotSent
            | ReplyClass::NonceNeeded
            | ReplyClass::Busy
            | ReplyClass::Ambiguous
            | ReplyClass::Unexplained
            | ReplyClass::Pending
            | ReplyClass::SlowDown
            | ReplyClass::Protocol => {
                let failure = self.failure(Code::RefreshTransient, &judged);
                self.land_transient(failure, Some(&judged), replied);
            }
        }
        let phase = if repeated {
            Phase::Doubt
        } else {
            Phase::Cleared
        };
        self.log(phase, &renewal, replied).await;
        Ok(())
    }

    pub(super) fn tell(&self, fact: Fact, cause: EventKey) -> EventKey {
        self.family
            .context
            .timeline
            .append(Entry::new(Actor::Request, &self.subject, fact).because(cause))
    }

    /// Writes how far this flight has come; the event that says so, or that it could not be written. Where nothing can be
    /// spent there is nothing to write down: a crash leaves no doubt.
    pub(super) async fn log(&self, phase: Phase, renewal: &Renewal, cause: EventKey) -> EventKey {
        let Renewal::RefreshToken(RefreshToken { fingerprint, .. }) = renewal else {
            return cause;
        };
        let family = Arc::clone(&self.family);
        let line = Line {
            version: 0,
            phase,
            flight: self.number,
            epoch: self.ticket.base().0,
            base_generation: self.ticket.base().1,
            refresh_fingerprint: *fingerprint,
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
        let skew_ms = server_ms - self.family.wall().0;
        self.learn_clock(server_ms - self.family.context.clock.wall().0, replied);
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
