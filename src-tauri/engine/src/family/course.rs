//! What a flight does after it has the lock: it reads vault and journal anew, then sends, or takes over what another process
//! has brought, or lands.

use std::sync::Arc;

use super::Generation;
use super::flight::Flight;
use super::reload::{Memory, Reload, Stored, reload};
use super::state::Renewal;
use crate::error::{Code, Failure};
use crate::journal::Owner;
use crate::redact;
use crate::rules;
use crate::timeline::event::{EventKey, Fact, FlightClass, LoginCause};
use crate::vault::record::{Record, Slot};

/// What the flight goes on with after the reload.
pub(super) enum Course {
    Send { renewal: Renewal, replay: bool },
    Landed,
}

impl Flight {
    /// Reads vault and journal under the lock, and does what they decide.
    pub(super) async fn reload(&mut self, locked: EventKey) -> (Course, EventKey) {
        let family = Arc::clone(&self.family);
        let context = Arc::clone(&family.context);
        let (memory, at_hand) = {
            let state = family.lock();
            if !self.ticket.is_current(&*state) {
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
            (memory, state.renewal.clone())
        };
        let journal = family.newest_line().await;
        let found = match family.slots.load(context.vault()).await {
            Ok(found) => found,
            // The vault cannot be read, but if this process wrote the journal's last word nobody else has refreshed since.
            Err(_) if family.is_ours(journal.as_ref(), &memory) => Default::default(),
            // And what is not spent by its use needs no look at what others did with it.
            Err(_) if matches!(at_hand, Some(Renewal::ClientCredentials)) => Default::default(),
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
            | Reload::PeerInFlight { rule_id }
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
                let Some(renewal) = at_hand else {
                    self.land_ended(LoginCause::NoRefreshToken, None, reloaded);
                    return (Course::Landed, reloaded);
                };
                (Course::Send { renewal, replay }, reloaded)
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
            Reload::PeerInFlight { .. } => {
                self.wait_for_peer("another process is refreshing it at this moment", reloaded)
            }
            Reload::PeerHoldsSuccessor { .. } => self.wait_for_peer(
                "another process has the new token and is still storing it",
                reloaded,
            ),
            Reload::SuccessorLost { .. } => {
                self.land_ended(LoginCause::SuccessorLost, None, reloaded);
                (Course::Landed, reloaded)
            }
        }
    }

    /// Lands without having sent anything: the next flight adopts what the other process brings, or takes its place.
    fn wait_for_peer(&mut self, detail: &str, reloaded: EventKey) -> (Course, EventKey) {
        let failure = Failure::new(Code::RefreshTransient).with("detail", detail);
        self.land_transient(failure, None, reloaded);
        (Course::Landed, reloaded)
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
            .is_some_and(|access| record.epoch != self.ticket.base().0 || access.generation > mine);
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
        self.ticket.rebase(&*state);
        if serves {
            self.finish(&mut state, FlightClass::Adopted, Ok(()), published, |_| {});
            return (Course::Landed, published);
        }
        match state.renewal.clone() {
            Some(renewal) => (
                Course::Send {
                    renewal,
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

    /// What the vault holds now, if that is newer than what this flight is based on (scenario 46).
    pub(super) async fn successor_in_vault(&self) -> Option<(Record, Slot)> {
        let found = self
            .family
            .slots
            .load(self.family.context.vault())
            .await
            .ok()?;
        let record = found.newest.filter(|record| record.grant.is_some())?;
        let newer =
            record.epoch == self.ticket.base().0 && record.generation > self.ticket.base().1;
        (newer && rules::on("reply.successor_stored")).then_some((record, found.slot))
    }

    /// Takes over what somebody else has stored meanwhile; without a token for this session in it, the next refusal flies on.
    pub(super) fn follow(&mut self, record: Record, slot: Slot, replied: EventKey) {
        if let (Course::Send { .. }, cause) = self.adopt(record, slot, replied) {
            let detail = "another process had refreshed for another session of the family";
            let failure = Failure::new(Code::RefreshTransient).with("detail", detail);
            self.land_transient(failure, None, cause);
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
