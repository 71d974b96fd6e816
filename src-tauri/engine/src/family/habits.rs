//! What a family's flights and sends teach about its server, and what the family does differently for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Family;
use super::flight::Flight;
use super::state::{Renewal, State};
use crate::error::{Code, Failure, Result};
use crate::profile::{Noted, Observation, Profile, Replay, of_access_token, of_flight};
use crate::redact;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Verdict};

impl Family {
    /// The address of the server that a session refreshes at, as profiles name it.
    fn server(&self, member: &str) -> String {
        redact::url(self.members[member].refresh_endpoint())
    }

    /// What is known of a session's server.
    pub(crate) fn profile(&self, member: &str) -> Profile {
        let issuer = self.members[member].issuer();
        self.context.profiles.profile(&self.server(member), issuer)
    }

    /// Takes the user's word for whether this server forgives a token that comes twice; `None`: what was learned counts.
    ///
    /// # Errors
    /// `profile.unwritable`; it holds for this process all the same.
    pub(crate) async fn choose_replay(&self, member: &str, replay: Option<Replay>) -> Result<()> {
        let server = self.server(member);
        self.context.profiles.choose_replay(&server, replay);
        self.save(server).await
    }

    /// Forgets what was learned of a session's server.
    ///
    /// # Errors
    /// `profile.unwritable`; it is forgotten for this process all the same.
    pub(crate) async fn forget_profile(&self, member: &str) -> Result<()> {
        let server = self.server(member);
        self.context.profiles.forget(&server);
        self.save(server).await
    }

    async fn save(&self, server: String) -> Result<()> {
        let context = Arc::clone(&self.context);
        let written = tokio::task::spawn_blocking(move || context.profiles.save(&server)).await;
        written
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|error| Failure::new(Code::ProfileUnwritable).with("detail", error))
    }

    /// Writes down what was learned of the servers of its sessions. What cannot be written is learned again.
    pub(crate) async fn save_profiles(&self) {
        for member in self.members.keys() {
            self.save_profile(member).await;
        }
    }

    pub(super) async fn save_profile(&self, member: &str) {
        if let Err(failure) = self.save(self.server(member)).await {
            tracing::warn!(detail = ?failure.params, "what was learned of a server is not written down");
        }
    }

    /// How much earlier a session's refresh begins because its server takes its time, in milliseconds.
    pub(super) fn learned_margin_ms(&self, member: &str) -> u64 {
        self.context.profiles.margin_ms(&self.server(member))
    }

    /// Whether a refresh token that may be spent waits until nothing else is left, because the server does not forgive that.
    pub(super) fn spares_doubtful_token(&self, state: &State, member: &str) -> bool {
        state.unknown_outcome
            && matches!(state.renewal, Some(Renewal::RefreshToken(_)))
            && self.context.profiles.replay(&self.server(member)).replay == Replay::Never
    }

    /// Tells that something is done otherwise because of what is known of a session's server.
    pub(super) fn tell_habit(
        &self,
        member: &Arc<str>,
        rule_id: &str,
        earlier_ms: Option<u64>,
        cause: EventKey,
    ) -> EventKey {
        let fact = Fact::HabitFollowed {
            rule_id: rule_id.to_owned(),
            earlier_ms,
        };
        let entry = Entry::new(Actor::Timer, &self.subject(member), fact).because(cause);
        self.context.timeline.append(entry)
    }

    /// Learns from an API's answer to a token that worked when a spent refresh token was refused: it still does, or no more.
    pub(crate) fn learn_from_answer(
        &self,
        member: &str,
        lease: (u32, u32),
        has_expired: bool,
        answer: (Verdict, u16),
        told: EventKey,
    ) {
        self.context.note_heard();
        let seen = self.reuse_refused.load(Ordering::Relaxed);
        if seen == 0 || seen != packed(lease) {
            return;
        }
        let at = self.context.clock.wall();
        let Some(noted) = of_access_token(answer.0, answer.1, has_expired, told, at) else {
            return;
        };
        self.reuse_refused.store(0, Ordering::Relaxed);
        self.context.profiles.learn(&self.server(member), &[noted]);
    }
}

impl Flight {
    /// Learns from how this flight went. Called under the lock, after its last event.
    pub(super) fn learn(&self, state: &State) {
        let (family, context) = (&self.family, &self.family.context);
        let events = context.timeline.of_flight(self.started, self.number);
        let noted = of_flight(&events, self.since_ms);
        let reuse_refused = noted.iter().any(|one| {
            matches!(
                one.what,
                Observation::SpentRefused { .. } | Observation::Replayed { recovered: false }
            )
        });
        let token = state.access.get(&self.member);
        if reuse_refused && let Some(token) = token.filter(|token| !token.was_refused()) {
            let lease = packed((token.epoch, token.generation));
            family.reuse_refused.store(lease, Ordering::Relaxed);
        }
        let server = family.server(&self.member);
        context.profiles.learn(&server, &noted);
    }

    /// Learns what the server's clock says.
    pub(super) fn learn_clock(&self, skew_ms: i64, replied: EventKey) {
        let noted = Noted {
            what: Observation::Clock { skew_ms },
            proof: replied,
            at: self.family.context.clock.wall(),
        };
        let server = self.family.server(&self.member);
        self.family.context.profiles.learn(&server, &[noted]);
    }

    /// The server does not forgive a refresh token that comes twice, so the answer that was lost stays lost: the event that
    /// says so. `None`: it is sent once more.
    pub(super) fn withholds_replay(
        &self,
        renewal: &Renewal,
        replied: EventKey,
    ) -> Option<EventKey> {
        renewal.refresh_token()?;
        let server = self.family.server(&self.member);
        let rule = self.family.context.profiles.replay(&server);
        if rule.replay == Replay::Once {
            return None;
        }
        let rule_id = rule.rule_id.to_owned();
        Some(self.tell(Fact::ReplayWithheld { rule_id }, replied))
    }
}

/// An epoch and a generation in one number; 0 is none, as generations count from 1.
fn packed((epoch, generation): (u32, u32)) -> u64 {
    u64::from(epoch) << 32 | u64::from(generation)
}
