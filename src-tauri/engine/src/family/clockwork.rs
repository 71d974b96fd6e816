//! What time does to a token: it expires, and before that it is refreshed if it is in use.
//!
//! A token's task looks at the local clock at least every tick, because the clock that sleeps may stand still while the
//! machine does: after a sleep everything is done within one tick. The local clock is a hint only; nothing is refused or
//! ended by it.

use std::sync::Arc;
use std::time::Duration;

use super::Family;
use super::state::{Standing, Token};
use crate::clock::WallMs;
use crate::fault::FaultName;
use crate::session::config::RefreshWhen;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Fact, Need};

/// Longest sleep between two looks at the local clock, unless it is set otherwise.
pub(crate) const TICK: Duration = Duration::from_secs(15);
/// Tokens that live shorter than this are refreshed after a refusal only: a margin would eat their life.
const PROACTIVE_LIFETIME_MIN_MS: u64 = 60_000;
/// The margin before expiry at which a token in use is refreshed: a fifth of its life, within these bounds.
const ADVISORY_BOUNDS_MS: (u64, u64) = (30_000, 600_000);
/// A family that was not used for this long (or for one life of its token, if that is shorter) is left to sleep.
const IN_USE_MAX_MS: u64 = 30 * 60_000;

/// A server that takes less time than this is like any other: that its refresh begins earlier by as much is no news.
const HABIT_TOLD_MS_MIN: u64 = 1_000;

/// How long before its expiry a token is refreshed; `None`: not before a refusal. `jitter` of 0..1 spreads ±10 %.
pub(crate) fn advisory_margin_ms(lifetime_ms: Option<u64>, jitter: f64) -> Option<u64> {
    let lifetime = lifetime_ms.filter(|lifetime| *lifetime >= PROACTIVE_LIFETIME_MIN_MS)?;
    let margin = (lifetime / 5).clamp(ADVISORY_BOUNDS_MS.0, ADVISORY_BOUNDS_MS.1);
    Some((margin as f64 * (0.9 + 0.2 * jitter.clamp(0.0, 1.0))) as u64)
}

/// Whether a family that was last used so long ago is in use.
pub(crate) fn is_in_use(idle: Duration, lifetime_ms: u64) -> bool {
    crate::clock::millis(idle) <= lifetime_ms.min(IN_USE_MAX_MS)
}

impl Family {
    /// Starts the clockwork of a token that was just published.
    pub(super) fn wind(self: &Arc<Self>, member: Arc<str>, token: Arc<Token>) {
        let Some(expires_at) = token.expires_at() else {
            return;
        };
        let when = self
            .members
            .get(&member)
            .map_or(RefreshWhen::Refused, |session| session.refresh_when);
        let margin = advisory_margin_ms(token.access.lifetime_ms, super::grant::jitter())
            .filter(|_| when == RefreshWhen::BeforeExpiry)
            .map(|margin| margin.saturating_add(self.learned_margin_ms(&member)));
        let (weak, tick) = (Arc::downgrade(self), self.context.clock_tick);
        tokio::spawn(async move {
            let mut due = margin.map(|margin| WallMs(expires_at.0.saturating_sub_unsigned(margin)));
            loop {
                let Some(family) = weak.upgrade() else { return };
                let now = family.wall();
                if !family.is_current(&member, &token) {
                    return;
                }
                if expires_at <= now {
                    return family.tell_expired(&member, &token);
                }
                if due.is_some_and(|due| due <= now) {
                    due = None;
                    family.refresh_in_time(&member, &token).await;
                    continue;
                }
                drop(family);
                let next = due
                    .unwrap_or(expires_at)
                    .since_ms(now)
                    .max(0)
                    .unsigned_abs();
                tokio::time::sleep(Duration::from_millis(next).min(tick)).await;
            }
        });
    }

    fn is_current(&self, member: &Arc<str>, token: &Arc<Token>) -> bool {
        let state = self.lock();
        !state.retired
            && state
                .access
                .get(member)
                .is_some_and(|current| Arc::ptr_eq(current, token))
    }

    fn tell_expired(&self, member: &Arc<str>, token: &Arc<Token>) {
        let mut state = self.lock();
        let is_current = state
            .access
            .get(member)
            .is_some_and(|current| Arc::ptr_eq(current, token));
        if state.retired || !is_current {
            return;
        }
        let entry = Entry::new(Actor::Timer, &self.subject(member), Fact::TokenExpired {});
        let told = self.context.timeline.append(
            entry
                .of_generation(token.epoch, token.generation)
                .because(token.published),
        );
        if let Standing::Degraded { cause, evidence } = &state.standing {
            let (cause, mut evidence) = (*cause, evidence.clone());
            evidence.push(told);
            self.end(&mut state, cause, evidence);
        }
    }

    /// Refreshes ahead of the expiry, if the family is in use and nothing speaks against it. How it ends is the flight's to say.
    async fn refresh_in_time(self: &Arc<Self>, member: &Arc<str>, token: &Arc<Token>) {
        let Ok(_turn) = Arc::clone(&self.context.timed_flights)
            .acquire_owned()
            .await
        else {
            return;
        };
        let end = {
            let mut state = self.lock();
            let idle = self.context.clock.mono().saturating_sub(state.last_used);
            let in_use = is_in_use(idle, token.access.lifetime_ms.unwrap_or_default());
            let ready = matches!(state.standing, Standing::Active)
                && !self.faults.is_on(member, FaultName::PretendValid)
                && state.flight.is_free()
                && state.renewal.is_some();
            if !in_use || !ready {
                return;
            }
            if self.spares_doubtful_token(&state, member) {
                self.tell_habit(member, "habit.spares_doubtful_token", None, token.published);
                return;
            }
            let cause = match self.learned_margin_ms(member) {
                ..HABIT_TOLD_MS_MIN => token.published,
                earlier_ms => {
                    let rule_id = "habit.starts_earlier";
                    self.tell_habit(member, rule_id, Some(earlier_ms), token.published)
                }
            };
            self.take_off(
                &mut state,
                member,
                Need::Expiry,
                Actor::Timer,
                None,
                Some(cause),
            );
            state.flight.flight().map(|flight| flight.end.subscribe())
        };
        if let Some(mut end) = end {
            // An error means that the flight's task is gone, which is all that is waited for.
            let _: Result<_, tokio::sync::watch::error::RecvError> =
                end.wait_for(Option::is_some).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario 88.
    #[test]
    fn the_margin_is_a_fifth_of_a_life_within_bounds_and_short_lives_have_none() {
        for (lifetime_ms, jitter, expected) in [
            (None, 0.5, None),
            (Some(0), 0.5, None),
            (Some(59_999), 0.5, None),
            (Some(60_000), 0.5, Some(30_000)),
            (Some(3_600_000), 0.5, Some(600_000)),
            (Some(600_000), 0.5, Some(120_000)),
            (Some(600_000), 0.0, Some(108_000)),
            (Some(600_000), 1.0, Some(132_000)),
            (Some(u64::MAX), 0.5, Some(600_000)),
        ] {
            assert_eq!(
                advisory_margin_ms(lifetime_ms, jitter),
                expected,
                "{lifetime_ms:?} {jitter}"
            );
        }
    }

    /// Scenario 115.
    #[test]
    fn a_family_that_nobody_uses_is_left_to_sleep() {
        for (idle_s, lifetime_s, expected) in [
            (10, 60, true),
            (61, 60, false),
            (1_700, 3_600, true),
            (1_801, 3_600, false),
        ] {
            assert_eq!(
                is_in_use(Duration::from_secs(idle_s), lifetime_s * 1_000),
                expected,
                "{idle_s} {lifetime_s}"
            );
        }
    }
}
