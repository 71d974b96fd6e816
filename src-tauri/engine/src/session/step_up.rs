//! What a session's next sign-in must ask for, gathered from all answers that said the token is not good enough.
//!
//! Scopes are only ever added: asking for what the last answer wanted alone would lose what the one before it wanted,
//! and two requests would send the user to sign in for ever in turn (scenario 124).

use std::sync::{Mutex, PoisonError};

use super::config::Dialect;
pub use super::config::step_up::StepUp;
use super::config::step_up::{add, words};
use super::{Lease, Session};
use crate::error::{Code, Failure};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Subject};

/// What was gathered for one session.
#[derive(Debug, Default)]
pub(super) struct StepUps(Mutex<Option<(u32, StepUp)>>);

impl StepUps {
    /// Adds what an answer to a token of this sign-in wants, and returns all that is wanted.
    fn note(&self, epoch: u32, granted: &[String], wanted: &StepUp) -> StepUp {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = StepUp::default();
        add(&mut all.scopes, granted);
        if let Some((_, before)) = noted.as_ref() {
            all.add(before);
        }
        all.add(wanted);
        *noted = Some((epoch, all.clone()));
        all
    }

    /// What is wanted still: a newer sign-in has asked for it already.
    pub(super) fn open(&self, epoch: u32) -> Option<StepUp> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .as_ref()
            .filter(|(noted, _)| *noted == epoch)
            .map(|(_, step_up)| step_up.clone())
    }

    /// Nothing is wanted of whoever signs in next.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Session {
    /// Somebody signs out: whoever signs in next may be somebody else.
    pub(crate) fn forget_step_ups(&self) {
        self.step_ups.forget();
    }

    /// An answer said that the token is good, and not good enough. No refresh is started for that.
    pub(crate) fn step_up_needed(
        &self,
        lease: &Lease,
        wanted: &StepUp,
        subject: &Subject,
        classified: EventKey,
    ) -> (Failure, EventKey) {
        let (epoch, generation) = lease.epoch_and_generation();
        // RFC 6749 §5.1: a reply that names no scope granted what was asked for.
        let asked = match &self.config.dialect {
            Dialect::Oauth(oauth) => oauth.scope.as_deref(),
            Dialect::Json(_) | Dialect::Cookie(_) => None,
        };
        let granted = match lease.token.access.scope.as_slice() {
            [] => words(asked),
            scopes => scopes.to_vec(),
        };
        let all = self.step_ups.note(epoch, &granted, wanted);
        let failure = Failure::new(Code::StepUpNeeded)
            .with("session", &self.config.name)
            .with("scopes", all.scopes.join(" "))
            .with("acr_values", all.acr_values.join(" "));
        let fact = Fact::StepUpNeeded {
            scopes: all.scopes,
            acr_values: all.acr_values,
            max_age_s: all.max_age_s,
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(epoch, generation)
            .because(classified);
        (failure, self.family.context().timeline.append(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::step_up::NAMES_MAX;
    use super::*;

    fn scopes(names: &[&str]) -> StepUp {
        StepUp {
            scopes: names.iter().map(ToString::to_string).collect(),
            ..StepUp::default()
        }
    }

    /// Scenario 124. The engine's half: what is asked for grows, whatever the sign-in in between was granted.
    #[test]
    fn scopes_add_up_over_two_step_ups() {
        let (step_ups, read) = (StepUps::default(), ["read".to_owned()]);
        let first = step_ups.note(1, &read, &scopes(&["write"]));
        assert_eq!(first, scopes(&["read", "write"]));
        assert_eq!(step_ups.open(1), Some(first));
        assert_eq!(step_ups.open(2), None, "a new sign-in has asked for it");
        let second = step_ups.note(2, &read, &scopes(&["admin", "read"]));
        assert_eq!(second, scopes(&["read", "write", "admin"]));
        step_ups.forget();
        assert_eq!(step_ups.open(2), None);
        assert_eq!(
            step_ups.note(4, &[], &scopes(&["write"])),
            scopes(&["write"]),
            "nobody is asked for what another user needed"
        );
    }

    #[test]
    fn the_shorter_age_counts_and_names_have_a_bound() {
        let mut all = StepUp {
            max_age_s: Some(300),
            ..StepUp::default()
        };
        all.add(&StepUp {
            max_age_s: Some(60),
            ..StepUp::default()
        });
        assert_eq!(all.max_age_s, Some(60));
        let many: Vec<String> = (0..NAMES_MAX * 2).map(|n| n.to_string()).collect();
        add(&mut all.scopes, &many);
        assert_eq!(all.scopes.len(), NAMES_MAX);
    }
}
