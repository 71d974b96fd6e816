//! One refresh on behalf of all who wait for it: a task of its own, so that nobody who leaves takes it along.
//!
//! ```text
//! FlightStarted -> ExchangeSent -> ExchangeReplied -> ReplyParsed -> Persisted -> Published -> FlightFinished
//!                      ^ once more, if no answer came |                  | PersistFailed: published from memory
//!                                                     '-> cooldown | sign in again | set-up refused
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::state::{FlightEnd, FlightSlot, Standing, State, Token, cooldown};
use super::{Generation, Session};
use crate::clock::micros;
use crate::error::{Code, Failure, Result};
use crate::redact;
use crate::timeline::Entry;
use crate::timeline::event::{
    Actor, EventKey, Fact, FlightClass, LoginCause, Need, Purpose, ReplyClass, Subject,
};
use crate::token::reply::Reply;
use crate::token_endpoint::{Judged, TokenRequest, judge};
use crate::vault::record::Tokens;

/// Times an exchange is sent whose answer never came: once, and once more inside the likely grace of the server.
const SENDS_PER_FLIGHT_MAX: u32 = 2;

impl Session {
    /// Starts the flight. Called under the lock, with no flight there and a refresh token at hand.
    pub(super) fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        need: Need,
        actor: Actor,
        because_of: Option<u64>,
        cause: Option<EventKey>,
    ) {
        let context = &self.context;
        let token = state
            .token
            .clone()
            .expect("a flight is started only from a token");
        let number = context
            .flights
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            + 1;
        let subject = Subject {
            flight: Some(number),
            request: because_of,
            ..self.subject()
        };
        let entry = Entry::new(actor, &subject, Fact::FlightStarted { need }).because(cause);
        let started = context
            .timeline
            .append(entry.of_generation(token.epoch, token.generation));
        let from = state.name();
        let (end, ended) = watch::channel(None);
        state.flight = Some(FlightSlot {
            number,
            started,
            waiters: 0,
            end: ended,
        });
        self.tell_change(state, from, actor, Some(started));
        let flight = Flight {
            session: Arc::clone(self),
            token,
            subject: Subject {
                request: None,
                ..subject
            },
            because_of,
            started,
            began: context.clock.mono(),
            end,
            landed: false,
        };
        tokio::spawn(flight.fly());
    }
}

/// A flight under way. Dropped before it landed, it says so to all who wait: nobody hangs on a task that died.
struct Flight {
    session: Arc<Session>,
    /// What it is based on: its result counts only while this is the current generation.
    token: Arc<Token>,
    subject: Subject,
    because_of: Option<u64>,
    started: EventKey,
    began: Duration,
    end: watch::Sender<Option<Arc<FlightEnd>>>,
    landed: bool,
}

impl Flight {
    async fn fly(mut self) {
        let Some(refresh_token) = self.token.tokens.refresh_token.clone() else {
            return self.land(
                FlightClass::Ended,
                Err(Failure::new(Code::RefreshAborted)),
                self.started,
                |_| {},
            );
        };
        let session = Arc::clone(&self.session);
        let request = session
            .config
            .dialect
            .refresh_request(&refresh_token, self.token.tokens.client_secret.as_ref());
        let mut cause = self.started;
        let mut sends = 0;
        let (judged, replied) = loop {
            sends += 1;
            let (judged, replied) = session
                .exchange(
                    &request,
                    Purpose::Refresh,
                    &self.subject,
                    &self.token,
                    sends > 1,
                    cause,
                )
                .await;
            if judged.class != ReplyClass::Ambiguous || sends == SENDS_PER_FLIGHT_MAX {
                break (judged, replied);
            }
            cause = replied;
        };
        match judged.class {
            ReplyClass::Granted => self.commit(judged.reply, replied).await,
            ReplyClass::Definitive => {
                // After a lost answer the old token is refused because its successor was never heard of.
                let cause = if sends > 1 {
                    LoginCause::ResponseLost
                } else {
                    LoginCause::InvalidGrant
                };
                self.land_ended(cause, &judged, replied);
            }
            ReplyClass::Interaction => self.land_ended(LoginCause::Interaction, &judged, replied),
            ReplyClass::Config => {
                let failure = self.failure(Code::RefreshConfig, &judged);
                self.land(FlightClass::Misconfigured, Err(failure), replied, |state| {
                    state.standing = Standing::ConfigError
                });
            }
            ReplyClass::NotSent
            | ReplyClass::Busy
            | ReplyClass::Ambiguous
            | ReplyClass::Unexplained
            | ReplyClass::Protocol => {
                self.land_transient(&judged, replied);
            }
        }
    }

    /// Persists the new pair, then publishes it.
    async fn commit(mut self, reply: Option<Reply>, replied: EventKey) {
        let session = Arc::clone(&self.session);
        let Some((tokens, parsed)) =
            session.parse(reply, Some(&self.token.tokens), &self.subject, replied)
        else {
            return self.land(
                FlightClass::Transient,
                Err(Failure::new(Code::ReplyMalformed)),
                replied,
                |_| {},
            );
        };
        let generation = Generation {
            epoch: self.token.epoch,
            number: self.token.generation + 1,
            tokens,
            flight: self.subject.flight,
            because_of: self.because_of,
        };
        let _turn = session.turn.lock().await;
        if session.lock().base() != (self.token.epoch, Some(self.token.generation)) {
            return self.land_superseded(parsed);
        }
        let (persisted, kept) = session.persist(&generation, &self.subject, parsed).await;
        let mut state = session.lock();
        if state.base() != (self.token.epoch, Some(self.token.generation)) {
            drop(state);
            return self.land_superseded(persisted);
        }
        session.kept_in(&mut state, kept);
        let published = session.publish(&mut state, generation, &self.subject, persisted);
        self.finish(
            &mut state,
            FlightClass::Committed,
            Ok(()),
            published,
            |_| {},
        );
        drop(state);
        if kept.is_none() {
            session.persist_later();
        }
    }

    fn land_transient(&mut self, judged: &Judged, replied: EventKey) {
        let session = Arc::clone(&self.session);
        let clock = &session.context.clock;
        let retry_after = judged.retry_after_ms.map(Duration::from_millis);
        let failures = session.lock().failures.saturating_add(1);
        let wait = cooldown(failures, retry_after, jitter());
        let (until, until_ms) = (
            clock.mono() + wait,
            clock.wall().plus(crate::clock::millis(wait)),
        );
        let failure = self
            .failure(Code::RefreshTransient, judged)
            .with("retry_at_ms", until_ms);
        let subject = self.subject.clone();
        self.land(FlightClass::Transient, Err(failure), replied, |state| {
            state.failures = failures;
            state.standing = Standing::Cooldown { until, until_ms };
            let entry = Entry::new(
                Actor::Request,
                &subject,
                Fact::CooldownStarted { until_ms, failures },
            );
            session.context.timeline.append(entry.because(replied));
        });
    }

    fn land_ended(&mut self, cause: LoginCause, judged: &Judged, replied: EventKey) {
        let session = Arc::clone(&self.session);
        let failure = self.failure(Code::RefreshInvalidGrant, judged);
        let evidence = vec![self.started, replied];
        self.land(FlightClass::Ended, Err(failure), replied, |state| {
            let told = Fact::LoginRequired { cause };
            let entry = Entry::new(Actor::Request, &session.subject(), told)
                .because(evidence[0])
                .because(evidence[1]);
            session.context.timeline.append(entry);
            state.standing = Standing::LoginRequired { cause, evidence };
        });
    }

    fn land_superseded(&mut self, cause: EventKey) {
        let superseded = self
            .session
            .context
            .timeline
            .append(Entry::new(Actor::User, &self.subject, Fact::Superseded {}).because(cause));
        let failure = Failure::new(Code::Superseded).with("session", &self.session.config.name);
        self.land(FlightClass::Superseded, Err(failure), superseded, |_| {});
    }

    fn failure(&self, code: Code, judged: &Judged) -> Failure {
        let mut failure = Failure::new(code).with("session", &self.session.config.name);
        if let Some(flight) = self.subject.flight {
            failure = failure.with("flight", flight);
        }
        if let Some(status) = judged.status {
            failure = failure.with("status", status);
        }
        for (name, value) in [
            ("error", &judged.error),
            ("error_description", &judged.error_description),
            ("detail", &judged.detail),
        ] {
            if let Some(value) = value {
                failure = failure.with(name, value);
            }
        }
        failure
    }

    /// Ends the flight: changes the state if it is still this flight's to change, and tells everybody, in one critical section.
    fn land(
        &mut self,
        class: FlightClass,
        result: Result<()>,
        cause: EventKey,
        change: impl FnOnce(&mut State),
    ) {
        let session = Arc::clone(&self.session);
        let mut state = session.lock();
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
        let (session, context) = (&self.session, &self.session.context);
        let from = state.name();
        if state.epoch == self.token.epoch {
            change(state);
        }
        let ours = state
            .flight
            .as_ref()
            .is_some_and(|slot| Some(slot.number) == self.subject.flight);
        let waiters = state
            .flight
            .as_ref()
            .filter(|_| ours)
            .map_or(0, |slot| slot.waiters);
        if ours {
            state.flight = None;
        }
        let took_us = micros(context.clock.mono().saturating_sub(self.began));
        let fact = Fact::FlightFinished {
            class,
            waiters,
            took_us,
        };
        let finished = context
            .timeline
            .append(Entry::new(Actor::Request, &self.subject, fact).because(cause));
        session.tell_change(state, from, Actor::Request, Some(finished));
        self.end
            .send_replace(Some(Arc::new(FlightEnd { result, finished })));
        self.landed = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            let failure =
                Failure::new(Code::RefreshAborted).with("session", &self.session.config.name);
            self.land(FlightClass::Aborted, Err(failure), self.started, |_| {});
        }
    }
}

impl Session {
    /// Waits until no flight is under way.
    pub(crate) async fn landed(&self) {
        let end = self.lock().flight.as_ref().map(|slot| slot.end.clone());
        if let Some(mut end) = end {
            // An error means that the flight's task is gone, which is all that is waited for.
            let _: std::result::Result<_, watch::error::RecvError> =
                end.wait_for(Option::is_some).await;
        }
    }

    /// Sends one request to the token endpoint, judges the answer, and tells both.
    pub(super) async fn exchange(
        &self,
        request: &TokenRequest,
        purpose: Purpose,
        subject: &Subject,
        token: impl Into<Option<&Arc<Token>>>,
        replay: bool,
        cause: EventKey,
    ) -> (Judged, EventKey) {
        let context = &self.context;
        let fact = Fact::ExchangeSent {
            purpose,
            endpoint: redact::url(&request.url),
            fingerprint: token.into().and_then(|token| token.refresh_fingerprint),
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
        let judged = judge(&wire, &self.config.dialect.pointers(), context.clock.wall());
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

    /// Takes the tokens out of a reply; what it does not name is carried over from before. `None`: it holds no access token.
    pub(super) fn parse(
        &self,
        reply: Option<Reply>,
        before: Option<&Tokens>,
        subject: &Subject,
        replied: EventKey,
    ) -> Option<(Tokens, EventKey)> {
        let context = &self.context;
        let reply = reply?;
        let access_token = reply.access_token?;
        let rotated = reply.refresh_token.is_some();
        let fact = Fact::ReplyParsed {
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
            rotated,
            warnings: reply.warnings,
        };
        let parsed = context
            .timeline
            .append(Entry::new(Actor::Request, subject, fact).because(replied));
        let tokens = Tokens {
            access_token,
            refresh_token: reply
                .refresh_token
                .or_else(|| before.and_then(|before| before.refresh_token.clone())),
            client_secret: before.and_then(|before| before.client_secret.clone()),
            scope: reply
                .scope
                .or_else(|| before.map(|before| before.scope.clone()))
                .unwrap_or_default(),
            received_at: context.clock.wall(),
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
        };
        Some((tokens, parsed))
    }

    /// From here on, requests carry this generation. Called under the lock.
    pub(super) fn publish(
        self: &Arc<Self>,
        state: &mut State,
        generation: Generation,
        subject: &Subject,
        cause: EventKey,
    ) -> EventKey {
        let tokens = &generation.tokens;
        let fact = Fact::Published {
            fingerprint: self.context.fingerprint(&tokens.access_token),
            expires_at_ms: tokens
                .lifetime_ms
                .map(|lifetime| tokens.received_at.plus(lifetime)),
            lifetime_ms: tokens.lifetime_ms,
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(generation.epoch, generation.number);
        let published = self.context.timeline.append(entry.because(cause));
        self.install(state, generation, published);
        published
    }
}

/// A random number of 0..1 that spreads clients apart; its quality does not matter.
fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}
