//! How a flight ends without new tokens: for now, for good, or because nobody needs it any more. One critical section each.

use std::sync::Arc;
use std::time::Duration;

use super::flight::Flight;
use super::gate::{Flies, Landed, Ticket};
use super::grant::jitter;
use super::state::{Airborne, FlightEnd, Standing, State, cooldown};
use crate::clock::{micros, millis};
use crate::error::{Code, Failure, Result};
use crate::timeline::Entry;
use crate::timeline::event::{
    Actor, EventKey, Fact, FlightClass, LoginCause, Need, ReplyClass, StateName,
};
use crate::token_endpoint::Judged;

/// How long after a refusal in words that OAuth does not know it is asked for confirmation.
const CONFIRM_AFTER: Duration = Duration::from_secs(30);
/// How long a token endpoint may refuse without a reason before the user is told that this needs attention.
pub(crate) const ATTENTION_AFTER: Duration = Duration::from_secs(15 * 60);

impl Flight {
    pub(super) fn land_transient(
        &mut self,
        failure: Failure,
        judged: Option<&Judged>,
        cause: EventKey,
    ) {
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
    pub(super) fn land_suspect(&mut self, judged: &Judged, replied: EventKey) {
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
    pub(super) fn land_ended(
        &mut self,
        cause: LoginCause,
        judged: Option<&Judged>,
        replied: EventKey,
    ) {
        let family = Arc::clone(&self.family);
        let failure = match judged {
            Some(judged) => self.failure(Code::RefreshInvalidGrant, judged),
            None => family.sign_in_needed(&self.member, &super::login_cause_word(cause)),
        };
        let evidence = vec![self.started, replied];
        let now = family.wall();
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

    pub(super) fn land_superseded(&mut self, cause: EventKey) {
        let superseded = self.tell(Fact::Superseded {}, cause);
        let failure = Failure::new(Code::Superseded).with("session", &*self.member);
        self.land(FlightClass::Superseded, Err(failure), superseded, |_| {});
    }

    pub(super) fn failure(&self, code: Code, judged: &Judged) -> Failure {
        let failure = Failure::new(code)
            .with("session", &*self.member)
            .with("flight", self.number);
        judged.describe(failure)
    }

    /// Ends the flight: changes the state if it is still this flight's to change, and tells everybody, in one critical section.
    pub(super) fn land(
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

    pub(super) fn finish(
        &mut self,
        state: &mut State,
        class: FlightClass,
        result: Result<()>,
        cause: EventKey,
        change: impl FnOnce(&mut State),
    ) {
        let from = state.name();
        let landed = self.ticket.land(state, change);
        state.expired_on_purpose = None;
        self.tell_end(state, from, landed, class, result, cause);
    }

    /// Tells everybody how the flight ended. Called under the lock under which it landed.
    pub(super) fn tell_end(
        &self,
        state: &State,
        from: StateName,
        landed: Landed<Airborne>,
        class: FlightClass,
        result: Result<()>,
        cause: EventKey,
    ) {
        let context = &self.family.context;
        let fact = Fact::FlightFinished {
            class,
            waiters: landed.waiters,
            took_us: micros(context.clock.mono().saturating_sub(self.began)),
        };
        let finished = self.tell(fact, cause);
        self.learn(state);
        self.family
            .tell_change(state, from, Actor::Request, Some(finished));
        landed.flight.end.send_replace(Some(Arc::new(FlightEnd {
            result,
            finished,
            member: Arc::clone(&self.member),
        })));
    }
}

impl Flies for Flight {
    fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    fn abort(&mut self) {
        let failure = Failure::new(Code::RefreshAborted).with("session", &*self.member);
        self.land(FlightClass::Aborted, Err(failure), self.started, |_| {});
    }
}
