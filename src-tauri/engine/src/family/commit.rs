//! What a flight makes of new tokens: persisted first, then published, and landed in the same critical section.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use super::Generation;
use super::flight::Flight;
use super::grant::account_of;
use super::identity::identity_in;
use super::state::Renewal;
use crate::error::{Code, Failure};
use crate::failpoint::{Point, reach};
use crate::journal::Phase;
use crate::lock::{Held, LOCK_LIMIT};
use crate::session::credentials::ClientSecrets;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, FlightClass, LoginCause};
use crate::token::reply::Reply;
use crate::token_endpoint::Judged;
use crate::vault::record::{Access, Grant, Record, Slot};

impl Flight {
    /// Persists the new pair, then publishes it. `client` is what it was asked for with.
    pub(super) async fn commit(
        &mut self,
        reply: Option<Reply>,
        repeated: bool,
        renewal: &Renewal,
        client: &ClientSecrets,
        held: &mut Held,
        replied: EventKey,
    ) {
        let family = Arc::clone(&self.family);
        self.log(Phase::Replied, renewal, replied).await;
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
        let late = family.leaving_of(
            fresh.refresh_token.as_ref(),
            std::iter::once(&fresh.access.token),
            client,
        );
        let id_token = fresh.id_token;
        let identity = identity_in(id_token.as_ref());
        let made = {
            let state = family.lock();
            self.ticket.is_current(&*state).then(|| {
                let mut access: BTreeMap<_, _> = refused
                    .iter()
                    .map(|(name, token)| (Arc::clone(name), token.access.clone()))
                    .collect();
                access.insert(
                    Arc::clone(&self.member),
                    Access {
                        generation: self.ticket.base().1 + 1,
                        ..fresh.access
                    },
                );
                let account = account_of(&access[&self.member]);
                let grant = Grant {
                    refresh_token: renewal.refresh_token().and_then(|spent| {
                        family.members[&self.member]
                            .replies
                            .old_refresh_token
                            .after(&spent.secret, fresh.refresh_token)
                    }),
                    client: state.client.clone(),
                    bound: state.bound.clone(),
                    account: state.account.or(account),
                    identity: state.identity.or(identity),
                    access,
                };
                let (flight, because_of) = (Some(self.number), self.because_of);
                (
                    Generation {
                        epoch: self.ticket.base().0,
                        number: self.ticket.base().1 + 1,
                        grant,
                        flight,
                        because_of,
                    },
                    account,
                )
            })
        };
        let Some((generation, account)) = made else {
            self.land_superseded(parsed);
            return family
                .give_back_late(late, self.ticket.base().0, parsed)
                .await;
        };
        let differs = |mine: Option<u64>, theirs: Option<u64>| {
            mine.zip(theirs)
                .is_some_and(|(mine, theirs)| mine != theirs)
        };
        if differs(generation.grant.account, account)
            || differs(generation.grant.identity, identity)
        {
            let told = self.tell(Fact::AccountMismatch {}, parsed);
            self.land_ended(LoginCause::AccountMismatch, None, told);
            // They are somebody's, and nobody here will use them (scenario 92).
            family.keep_leaving(&late).await;
            return family.give_back(late, told);
        }
        reach(Point::Parsed);
        let Some(parsed) = self.keep_lock(held, parsed).await else {
            return self.land_superseded(parsed);
        };
        let (persisted, slot) = family.persist(&generation, &self.subject, parsed).await;
        reach(Point::SlotWritten);
        let logged = if slot.is_some() {
            Phase::Committed
        } else {
            Phase::PersistPending
        };
        self.log(logged, renewal, persisted).await;
        reach(Point::Committed);
        if !self.publish(generation, slot, repeated, persisted) {
            self.land_superseded(persisted);
            return family
                .give_back_late(late, self.ticket.base().0, persisted)
                .await;
        }
        reach(Point::Published);
        if let Some(token) = id_token {
            self.look_at_id_token(token, persisted);
        }
        match slot {
            // What is left in the other slot is spent: nobody will need it, and nobody should find it.
            Some(slot) => family.erase(slot.other()).await,
            None => family.persist_later(),
        }
        reach(Point::OldSlotErased);
    }

    /// Has the ID token checked that came with tokens which are safe already: a bad one costs nobody the session (scenario 30).
    fn look_at_id_token(&self, token: SecretString, persisted: EventKey) {
        let (family, member) = (Arc::clone(&self.family), Arc::clone(&self.member));
        let subject = self.subject.clone();
        tokio::spawn(async move {
            family
                .check_id_token(&member, &token, None, &subject, persisted)
                .await;
        });
    }

    /// A reply without a usable access token that carries a new refresh token: the successor is kept, the access token
    /// stays what it was, and the flight has failed (scenarios 84 and 91).
    pub(super) async fn salvage(
        &mut self,
        judged: Judged,
        spent: &Renewal,
        held: &mut Held,
        replied: EventKey,
    ) {
        let family = Arc::clone(&self.family);
        self.log(Phase::Replied, spent, replied).await;
        let record = {
            let state = family.lock();
            family
                .record(&state)
                .filter(|_| self.ticket.is_current(&*state))
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
            epoch: self.ticket.base().0,
            number: self.ticket.base().1 + 1,
            grant,
            flight,
            because_of,
        };
        let Some(replied) = self.keep_lock(held, replied).await else {
            return self.land_superseded(replied);
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
            if self.ticket.is_current(&*state) {
                let kept = self.tell(Fact::RefreshTokenKept {}, persisted);
                family.install(&mut state, generation, kept);
                family.kept_in(&mut state, slot);
                self.ticket.rebase(&*state);
            }
        }
        let failure = self.failure(Code::ReplyMalformed, &judged);
        self.land_transient(failure, Some(&judged), persisted);
        if slot.is_none() {
            family.persist_later();
        }
    }

    /// Makes sure of the lock once more before the vault is written: whoever came in through another file may have signed
    /// out or in, and that counts. `None`: the vault holds something newer than this flight is based on.
    async fn keep_lock(&self, held: &mut Held, cause: EventKey) -> Option<EventKey> {
        if held.is_still_ours().await {
            return Some(cause);
        }
        let family = &self.family;
        let lost = self.tell(Fact::LockLost {}, cause);
        // Where it cannot be had again, the only copy of the new pair is stored all the same.
        if held.regain(LOCK_LIMIT).await.is_err() {
            return Some(lost);
        }
        let locked = self.tell_lock(held, lost);
        let Ok(found) = family.slots.load(family.context.vault()).await else {
            return Some(locked);
        };
        family.lock().slot = found.slot;
        let newer = |record: &Record| (record.epoch, record.generation) > self.ticket.base();
        (!found.newest.as_ref().is_some_and(newer)).then_some(locked)
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
        let from = state.name();
        let mut published = persisted;
        let (member, subject) = (Arc::clone(&self.member), self.subject.clone());
        let landed = self.ticket.commit(&mut *state, |state| {
            if repeated {
                let entry = Entry::new(Actor::Request, &subject, Fact::RotationRecovered {});
                published = family.context.timeline.append(entry.because(published));
            }
            published = family.publish(state, generation, &member, &subject, published);
            family.kept_in(state, slot);
        });
        let Some(landed) = landed else { return false };
        self.tell_end(
            &state,
            from,
            landed,
            FlightClass::Committed,
            Ok(()),
            published,
        );
        true
    }
}
