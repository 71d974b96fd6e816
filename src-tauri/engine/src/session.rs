//! A session at run time: one way to a family's access token, for the origins on its list.
//!
//! Callers take a [`Lease`], send under it, and bring a refusal back to [`Session::refused`], which decides in one
//! critical section and tells the timeline there.

pub mod config;
pub mod credentials;
pub(crate) mod decision;
mod fresh;
mod freshness;
pub mod snapshot;
pub mod step_up;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use url::Url;

use self::config::{Dialect, SessionConfig};
use self::decision::{Decision, FlightFor, Refusal, StandingKind, on_refusal};
use self::freshness::fresh_enough;
use self::snapshot::{BindingQuestion, SessionSnapshot};
use crate::clock::{WallMs, millis};
use crate::error::{Code, Failure, Result};
use crate::family::state::{FlightEnd, Quarantine, Standing, State, Token, quarantine_span};
use crate::family::{Family, login_cause_word};
use crate::fault::FaultName;
use crate::oauth::dpop::ProofKey;
use crate::origin::Origin;
use crate::redact::{Fingerprint, Masker};
use crate::rules;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, LoginCause, Need, Subject};
use crate::token::cookies::Jar;
use crate::token::details::TokenDetails;
use crate::token::lineage::LineageStep;
use crate::token::reading;
use crate::token::scheme::Scheme;

/// A session: its set-up, and the family whose tokens it uses.
pub(crate) struct Session {
    pub(crate) config: SessionConfig,
    pub(crate) family: Arc<Family>,
    step_ups: step_up::StepUps,
}

/// The right to send one attempt with one token: immutable, and what a refusal is judged by.
pub(crate) struct Lease {
    token: Arc<Token>,
    /// The key that the token is bound to.
    proof_key: Option<Arc<ProofKey>>,
    /// The client's certificate, and its key.
    certificate: Option<SecretString>,
}

impl Lease {
    pub(crate) fn access_token(&self) -> &SecretString {
        &self.token.access.token
    }

    /// What presents the token. `None`: it does not fit into a header.
    pub(crate) fn credentials(&self) -> Option<HeaderValue> {
        self.token.credentials()
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.token.access.scheme
    }

    /// The key whose possession is proved with the token, where it is bound to one.
    pub(crate) fn proof_key(&self) -> Option<&ProofKey> {
        self.proof_key.as_deref()
    }

    /// The client's certificate, which a server may have bound the token to (RFC 8705 §3).
    pub(crate) fn certificate(&self) -> Option<&SecretString> {
        self.certificate.as_ref()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.token.fingerprint
    }

    pub(crate) fn epoch_and_generation(&self) -> (u32, u32) {
        (self.token.epoch, self.token.generation)
    }

    pub(crate) fn times(&self, now: WallMs) -> (u64, Option<i64>) {
        let age = now
            .since_ms(self.token.access.received_at)
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
    session: Arc<str>,
    waiting: EventKey,
    limit: Duration,
    end: watch::Receiver<Option<Arc<FlightEnd>>>,
}

impl Seat {
    /// Waits until the flight has ended, at most as long as a send may wait. Leaving early does not touch the flight.
    pub(crate) async fn wait(mut self) -> Arc<FlightEnd> {
        let failed = |failure: Failure| {
            let result = Err(failure.with("session", &*self.session));
            Arc::new(FlightEnd {
                result,
                finished: self.waiting,
                member: Arc::clone(&self.session),
            })
        };
        match tokio::time::timeout(self.limit, self.end.wait_for(Option::is_some)).await {
            Ok(Ok(end)) => end.clone().expect("this is what was waited for"),
            // The flight's guard always speaks before it goes; this is for a runtime that was shut down under it.
            Ok(Err(_)) => failed(Failure::new(Code::RefreshAborted)),
            Err(_) => failed(Failure::new(Code::RefreshSlow).with("seconds", self.limit.as_secs())),
        }
    }
}

/// A token to send with, or a flight to wait for first.
pub(crate) enum Take {
    Lease(Lease),
    /// The current token was refused already, or there is none yet, and its successor is on the way.
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
    /// It waits for the session's flight, and is repeated after it.
    Wait { rule_id: &'static str, seat: Seat },
    /// It waits for another session's flight, and is judged again after it.
    Queue { seat: Seat },
}

impl Session {
    pub(crate) fn new(config: SessionConfig, family: Arc<Family>) -> Self {
        Self {
            config,
            family,
            step_ups: step_up::StepUps::default(),
        }
    }

    /// What the next sign-in is to give this one besides, where it is to give more rights.
    pub(crate) fn step_up(&self) -> Option<step_up::StepUp> {
        let epoch = self.family.lock().epoch;
        self.step_ups.open(epoch)
    }

    fn subject(&self) -> Subject {
        Subject {
            session: Some(Arc::clone(&self.config.name)),
            ..Subject::default()
        }
    }

    /// The token to send an attempt with: one that lives on for `fresh_for`, where a refresh can bring it.
    ///
    /// # Errors
    /// `session.sign_in_needed` where there is none that the server may still honour; `session.binding_changed` and
    /// `store.*` where that is unknown.
    pub(crate) fn take(
        &self,
        subject: &Subject,
        mut cause: EventKey,
        fresh_for: Duration,
    ) -> Result<Take> {
        let mut state = self.family.lock();
        match &state.standing {
            Standing::SignedOut => return Err(self.sign_in_needed("signed_out")),
            Standing::LoginRequired { cause, .. } => {
                return Err(self.sign_in_needed(&login_cause_word(*cause)));
            }
            Standing::StoreUnavailable(failure) => {
                return Err(Failure::clone(failure).with("session", &*self.config.name));
            }
            Standing::BindingChanged(_) => return Err(self.binding_changed(&state)),
            Standing::Active
            | Standing::Cooldown { .. }
            | Standing::Degraded { .. }
            | Standing::ConfigError => {}
        }
        let clock = &self.family.context().clock;
        state.last_used = clock.mono();
        let ready =
            state.standing_kind(clock.mono()) == StandingKind::Ready && state.renewal.is_some();
        let need = match state.access.get(&self.config.name).cloned() {
            // Its successor is on the way: do not send what was refused.
            Some(token) if token.was_refused() && self.is_flying(&state) => None,
            Some(token) => {
                let expires_in = token.expires_at().map(|at| at.since_ms(self.family.wall()));
                let fresh = fresh_enough(expires_in, token.access.lifetime_ms, fresh_for);
                let fresh = match self.on_purpose(&mut state, &token, expires_in, subject, cause) {
                    Some((expired, injected)) => {
                        cause = injected;
                        !expired
                    }
                    None => fresh,
                };
                if fresh
                    || (!ready && state.flight.is_free())
                    || !rules::on("lease.not_fresh_enough")
                {
                    return Ok(Take::Lease(self.lease(&state, token)));
                }
                Some(Need::Expiry)
            }
            None if !state.flight.is_free() => None,
            None if state.renewal.is_none() => return Err(self.sign_in_needed("no_refresh_token")),
            None if !ready => return Err(self.still_cooling(&state)),
            None => Some(Need::Absent),
        };
        let joined = !state.flight.is_free();
        if let (Some(need), false) = (need, joined) {
            self.family.take_off(
                &mut state,
                &self.config.name,
                need,
                Actor::Request,
                subject.request,
                Some(cause),
            );
        }
        Ok(Take::Wait(self.sit(&mut state, subject, cause, joined)))
    }

    fn lease(&self, state: &State, token: Arc<Token>) -> Lease {
        token.was_taken(self.family.context().clock.wall());
        let bound = token.access.scheme == Scheme::Dpop;
        Lease {
            proof_key: state.bound.key().filter(|_| bound).cloned(),
            certificate: state.client.client_certificate.clone(),
            token,
        }
    }

    /// The token of this generation, while it is the current one. Asks nobody for another, and judges nothing.
    pub(crate) fn current_lease(&self, epoch: u32, generation: u32) -> Option<Lease> {
        let state = self.family.lock();
        let token = state.access.get(&self.config.name).cloned()?;
        let usable = matches!(
            state.standing,
            Standing::Active
                | Standing::Cooldown { .. }
                | Standing::Degraded { .. }
                | Standing::ConfigError
        );
        let current = (token.epoch, token.generation) == (epoch, generation);
        (usable && current).then(|| self.lease(&state, token))
    }

    /// What the fault lab says of this token's expiry, whatever the clock says: whether it has expired.
    fn on_purpose(
        &self,
        state: &mut State,
        token: &Token,
        expires_in: Option<i64>,
        subject: &Subject,
        cause: EventKey,
    ) -> Option<(bool, EventKey)> {
        let faults = self.family.faults();
        if !faults.any() && state.expired_on_purpose.is_none() {
            return None;
        }
        if let Some((generation, injected)) = state.expired_on_purpose
            && generation == token.generation
        {
            return Some((true, injected));
        }
        let name = &self.config.name;
        if let Some((_, injected)) =
            self.family
                .strike(name, &[FaultName::ExpireNow], subject, cause)
        {
            state.expired_on_purpose = Some((token.generation, injected));
            return Some((true, injected));
        }
        let has_expired = expires_in.is_some_and(|left| left <= 0);
        let pretend = [FaultName::PretendValid];
        let struck = has_expired.then(|| self.family.strike(name, &pretend, subject, cause));
        struck.flatten().map(|(_, injected)| (false, injected))
    }

    /// Tells the family what an API made of this lease's token.
    pub(crate) fn learn_from_answer(
        &self,
        lease: &Lease,
        verdict: crate::timeline::event::Verdict,
        status: u16,
        told: EventKey,
    ) {
        let has_expired = lease.token.has_expired(self.family.wall());
        let name = &self.config.name;
        self.family.learn_from_answer(
            name,
            lease.epoch_and_generation(),
            has_expired,
            (verdict, status),
            told,
        );
    }

    /// Takes what an answer to this lease sets into the session's jar, where it is one of cookies.
    pub(crate) fn take_cookies(
        &self,
        lease: &Lease,
        headers: &HeaderMap,
        from: &Url,
        subject: &Subject,
        answered: EventKey,
    ) {
        let (name, of) = (&self.config.name, lease.epoch_and_generation());
        self.family
            .take_cookies(name, of, headers, from, (subject, answered));
    }

    fn is_flying(&self, state: &State) -> bool {
        let flight = state.flight.flight();
        flight.is_some_and(|flight| flight.member == self.config.name)
    }

    /// Judges an attempt that was refused by this origin, and joins or starts the flight where that is the way on.
    pub(crate) fn refused(
        &self,
        lease: &Lease,
        retried: bool,
        origin: &Origin,
        subject: &Subject,
        classified: EventKey,
    ) -> Verdict {
        lease.token.note_refusal(&origin.to_string());
        let context = self.family.context();
        let (now, wall, origin) = (context.clock.mono(), self.family.wall(), origin.to_string());
        let mut state = self.family.lock();
        let mut classified = classified;
        let current = state
            .access
            .get(&self.config.name)
            .map(|token| token.generation);
        let decision = on_refusal(Refusal {
            lease: lease.epoch_and_generation(),
            lease_expired: lease.token.has_expired(wall),
            retried,
            current: (state.epoch, current),
            standing: state.standing_kind(now),
            flight: state
                .flight
                .flight()
                .map(|flight| match flight.member == self.config.name {
                    true => FlightFor::ThisSession,
                    false => FlightFor::AnotherSession,
                }),
            quarantined: state.is_quarantined(&origin, lease.token.generation, now),
            exhausted: state.is_exhausted(now),
            refreshable: state.renewal.is_some(),
        });
        let decision = match decision {
            Decision::Start(_) => match self.hidden(subject, classified) {
                Some(injected) => {
                    classified = injected;
                    Decision::End(LoginCause::NoRefreshToken, "session.no_refresh_token")
                }
                None => decision,
            },
            _ => decision,
        };
        match decision {
            Decision::Return(rule_id) => {
                if rule_id == "retry.spent" {
                    self.quarantine(&mut state, lease, origin, classified);
                }
                Verdict::Return {
                    rule_id,
                    failure: self.reason(rule_id, &state),
                }
            }
            Decision::End(cause, rule_id) => {
                let mut evidence = match &state.standing {
                    Standing::Degraded { evidence, .. } => evidence.clone(),
                    _ => Vec::new(),
                };
                evidence.push(classified);
                self.family.end(&mut state, cause, evidence);
                Verdict::Return {
                    rule_id,
                    failure: Some(self.sign_in_needed(&login_cause_word(cause))),
                }
            }
            Decision::RetryWithNewer(rule_id) => {
                let published = state
                    .access
                    .get(&self.config.name)
                    .map_or(classified, |token| token.published);
                Verdict::Retry { rule_id, published }
            }
            Decision::Join(rule_id) => Verdict::Wait {
                rule_id,
                seat: self.sit(&mut state, subject, classified, true),
            },
            Decision::Queue(_) => Verdict::Queue {
                seat: self.sit(&mut state, subject, classified, true),
            },
            Decision::Start(rule_id) => {
                self.family.take_off(
                    &mut state,
                    &self.config.name,
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

    /// The refresh token is hidden on purpose; the event that says so.
    fn hidden(&self, subject: &Subject, cause: impl Into<Option<EventKey>>) -> Option<EventKey> {
        let names = [FaultName::DropRefreshToken];
        let struck = self
            .family
            .strike(&self.config.name, &names, subject, cause);
        struck.map(|(_, injected)| injected)
    }

    /// A token that was fresh is refused: its origin's refusals start no refresh as long as it lives. Called under the lock.
    fn quarantine(&self, state: &mut State, lease: &Lease, origin: String, classified: EventKey) {
        let context = self.family.context();
        let (now, wall) = (context.clock.mono(), self.family.wall());
        if lease.token.has_expired(wall) || lease.token.epoch != state.epoch {
            return;
        }
        state.was_fruitless(now);
        let left = lease
            .token
            .expires_at()
            .map(|at| Duration::from_millis(at.since_ms(wall).max(0).unsigned_abs()));
        let span = quarantine_span(left);
        let entry = Quarantine {
            origin: origin.clone(),
            generation: lease.token.generation,
            until: now + span,
        };
        if state.quarantine(entry, now) {
            let fact = Fact::OriginQuarantined {
                origin,
                until_ms: wall.plus(millis(span)),
            };
            let (epoch, generation) = lease.epoch_and_generation();
            let entry =
                Entry::new(Actor::Request, &self.subject(), fact).of_generation(epoch, generation);
            context.timeline.append(entry.because(classified));
        }
    }

    /// Why a refusal is returned, where that is more than the refusal itself.
    fn reason(&self, rule_id: &str, state: &State) -> Option<Failure> {
        match rule_id {
            "lease.superseded" => {
                Some(Failure::new(Code::Superseded).with("session", &*self.config.name))
            }
            "session.ended" | "session.signed_out" => Some(self.sign_in_needed("ended")),
            "cooldown.wait" => Some(self.still_cooling(state)),
            "session.misconfigured" => {
                Some(Failure::new(Code::RefreshConfig).with("session", &*self.config.name))
            }
            _ => None,
        }
    }

    /// Refreshes because the user asks, whatever the clock says.
    ///
    /// # Errors
    /// As the flight failed.
    pub(crate) async fn refresh(&self) -> Result<()> {
        self.family.settled().await;
        let seat = {
            let mut state = self.family.lock();
            if matches!(state.standing, Standing::BindingChanged(_)) {
                return Err(self.binding_changed(&state));
            }
            if state.renewal.is_none()
                || matches!(
                    state.standing,
                    Standing::LoginRequired { .. } | Standing::SignedOut
                )
            {
                return Err(self.sign_in_needed("no_refresh_token"));
            }
            if state.flight.is_free()
                && let Some(injected) = self.hidden(&self.subject(), None)
            {
                self.family
                    .end(&mut state, LoginCause::NoRefreshToken, vec![injected]);
                return Err(self.sign_in_needed("no_refresh_token"));
            }
            if state.flight.is_free() {
                self.family.take_off(
                    &mut state,
                    &self.config.name,
                    Need::Asked,
                    Actor::User,
                    None,
                    None,
                );
            }
            let flight = state.flight.flight();
            flight.map(|flight| self.seat(flight.started, flight.end.subscribe()))
        };
        match seat {
            Some(seat) => seat.wait().await.result.clone(),
            None => Ok(()),
        }
    }

    /// Takes a seat in the flight under way. Called under the lock, with a flight there.
    fn sit(&self, state: &mut State, subject: &Subject, cause: EventKey, joined: bool) -> Seat {
        let timeline = &self.family.context().timeline;
        let (flight, waiters) = state
            .flight
            .join()
            .expect("a seat is taken only in a flight under way");
        let subject = Subject {
            flight: Some(flight.number),
            ..subject.clone()
        };
        if joined {
            let fact = Fact::WaiterJoined { waiters };
            timeline.append(
                Entry::new(Actor::Request, &subject, fact)
                    .because(cause)
                    .because(flight.started),
            );
        }
        let entry = Entry::new(Actor::Request, &subject, Fact::WaitingForRefresh { joined })
            .because(cause)
            .because(flight.started);
        self.seat(timeline.append(entry), flight.end.subscribe())
    }

    fn seat(&self, waiting: EventKey, end: watch::Receiver<Option<Arc<FlightEnd>>>) -> Seat {
        Seat {
            session: Arc::clone(&self.config.name),
            waiting,
            limit: self.family.context().waiter_limit,
            end,
        }
    }

    fn sign_in_needed(&self, cause: &str) -> Failure {
        self.family.sign_in_needed(&self.config.name, cause)
    }

    fn still_cooling(&self, state: &State) -> Failure {
        let failure = Failure::new(Code::RefreshTransient).with("session", &*self.config.name);
        match &state.standing {
            Standing::Cooldown { until_ms, .. } => failure.with("retry_at_ms", until_ms),
            _ => failure,
        }
    }

    fn binding_changed(&self, state: &State) -> Failure {
        let failure = Failure::new(Code::BindingChanged).with("session", &*self.config.name);
        match &state.standing {
            Standing::BindingChanged(question) => failure
                .with(
                    "approved",
                    question.record.binding.in_words(&self.config.name),
                )
                .with("proposed", question.proposed.in_words(&self.config.name)),
            _ => failure,
        }
    }

    /// The session as the outside may see it.
    pub(crate) fn snapshot(&self) -> SessionSnapshot {
        let state = self.family.lock();
        let token = state.access.get(&self.config.name);
        let (login_cause, evidence) = match &state.standing {
            Standing::LoginRequired { cause, evidence }
            | Standing::Degraded { cause, evidence } => (Some(*cause), evidence.clone()),
            _ => (None, Vec::new()),
        };
        SessionSnapshot {
            as_of: self.family.context().timeline.newest(),
            name: self.config.name.to_string(),
            family: self.config.family.to_string(),
            kind: self.config.kind(),
            grant: self.config.grant(),
            signs_in_with: self.config.dialect.signs_in_with(),
            client_auth: self.config.client_auth(),
            state: state.name(),
            epoch: state.epoch,
            generation: token.map(|token| token.generation),
            expires_at_ms: token.and_then(|token| token.expires_at()),
            lifetime_ms: token.and_then(|token| token.access.lifetime_ms),
            origins: self
                .config
                .origins
                .iter()
                .map(ToString::to_string)
                .collect(),
            refresh_endpoint: crate::redact::url(self.config.refresh_endpoint()),
            offers: self.config.offers(),
            kept: self.family.context().kept(),
            persist_pending: state.persist_pending,
            needs_attention: state.needs_attention,
            skew_ms: state.skew_ms,
            cooldown_until_ms: match &state.standing {
                Standing::Cooldown { until_ms, .. } => Some(*until_ms),
                _ => None,
            },
            login_cause,
            evidence,
            step_up: self.step_ups.open(state.epoch),
            set_aside: state.set_aside,
            faults: self.family.faults().of(&self.config.name),
            binding: match &state.standing {
                Standing::BindingChanged(question) => Some(BindingQuestion {
                    approved: question.record.binding.clone(),
                    proposed: question.proposed.clone(),
                }),
                _ => None,
            },
        }
    }

    /// What is known of the current access token, without anything that could be sent.
    pub(crate) fn token_details(&self) -> Option<TokenDetails> {
        let token = self.family.lock().access.get(&self.config.name).cloned()?;
        let shown = self.shown(&token.access.token);
        let reading = reading::read(
            shown.expose_secret(),
            self.family.wall(),
            &self.config.origins,
        );
        let refused_by = token
            .refused_by
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let last_used = token.last_used_ms.load(Ordering::Relaxed);
        Some(TokenDetails {
            session: self.config.name.to_string(),
            epoch: token.epoch,
            generation: token.generation,
            flight: token.flight,
            because_of: token.because_of,
            fingerprint: token.fingerprint,
            scheme: token.access.scheme,
            length: u32::try_from(token.access.token.expose_secret().len()).unwrap_or(u32::MAX),
            received_at_ms: token.access.received_at,
            expires_at_ms: token.expires_at(),
            lifetime_ms: token.access.lifetime_ms,
            expiry_source: token.access.expiry_source,
            scope: token.access.scope.clone(),
            kept: self.family.context().kept(),
            origins: self
                .config
                .origins
                .iter()
                .map(ToString::to_string)
                .collect(),
            times_used: token.used.load(Ordering::Relaxed),
            times_refused: token.refused.load(Ordering::Relaxed),
            last_used_ms: (last_used > 0).then_some(WallMs(last_used)),
            refused_by: refused_by.clone(),
            reading,
            changes: token.step().changes,
        })
    }

    /// The part of a token that a person may read something in: of cookies, the one without which nobody is signed in.
    fn shown(&self, token: &SecretString) -> SecretString {
        let Dialect::Cookie(cookies) = &self.config.dialect else {
            return token.clone();
        };
        let value = Jar::read(token).and_then(|jar| jar.value(&cookies.cookie));
        value.unwrap_or_default()
    }

    /// Every generation of this sign-in that is remembered, the current one last.
    pub(crate) fn lineage(&self) -> Vec<LineageStep> {
        let state = self.family.lock();
        let mine = state
            .ancestors
            .iter()
            .filter(|(member, _)| *member == self.config.name);
        let current = state.access.get(&self.config.name);
        mine.map(|(_, step)| step.clone())
            .chain(current.map(|token| token.step()))
            .collect()
    }

    /// Adds this session's live secrets to what is masked in answers.
    pub(crate) fn mask_with(&self, masker: &mut Masker) {
        let state = self.family.lock();
        let cookies = matches!(self.config.dialect, Dialect::Cookie(_));
        let mut add_jar = |jar: &SecretString, fingerprint| {
            let values = Jar::read(jar).unwrap_or_default().secrets();
            for value in &values {
                masker.add(value, fingerprint);
            }
        };
        if cookies {
            if let Some(token) = state.access.get(&self.config.name) {
                add_jar(&token.access.token, token.fingerprint);
                for jar in &state.jars_before {
                    add_jar(jar, token.fingerprint);
                }
            }
            if let Some(token) = state.refresh_token() {
                add_jar(&token.secret, token.fingerprint);
            }
            return;
        }
        if let Some(token) = state.access.get(&self.config.name) {
            masker.share(Arc::<Token>::clone(token), token.fingerprint);
        }
        if let Some(token) = state.refresh_token() {
            masker.share(Arc::<SecretString>::clone(&token.secret), token.fingerprint);
        }
    }
}
