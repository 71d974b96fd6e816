//! A session and the vault: restored at the start, persisted before it is published, tried again where the vault refused.

use std::sync::Arc;
use std::time::Duration;

use super::state::{Standing, State, Token};
use super::{Generation, Session};
use crate::clock::micros;
use crate::error::Failure;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Kept, SetAside, StateName, Subject};
use crate::vault::StoreError;
use crate::vault::record::{Found, Record, Slot};

/// The waits between tries to store what the vault refused: doubled from the first to the second.
const PERSIST_RETRY_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(60));

impl Session {
    /// Asks the vault for this session. Called once at the start, and again when the user says that the vault is open.
    pub(crate) async fn restore(self: &Arc<Self>) {
        let _turn = self.turn.lock().await;
        if self.lock().token.is_none() {
            let found = self.slots.load(self.context.vault()).await;
            self.take_in(found);
        }
        self.restored.send_replace(true);
    }

    fn take_in(self: &Arc<Self>, found: Result<Found, StoreError>) {
        let mut state = self.lock();
        let from = state.name();
        let tell = |fact| {
            self.context
                .timeline
                .append(Entry::new(Actor::Recovery, &self.subject(), fact))
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let told = tell(Fact::StoreUnavailable {
                    error: Failure::from(error).code,
                });
                state.standing = Standing::StoreUnavailable;
                return self.tell_change(&state, from, Actor::Recovery, Some(told));
            }
        };
        if matches!(state.standing, Standing::StoreUnavailable) {
            state.standing = Standing::SignedOut;
        }
        state.slot = found.slot;
        let told = match found.newest {
            None if found.corrupt => {
                state.set_aside = Some(SetAside::Corrupt);
                Some(tell(Fact::RecordSetAside {
                    reason: SetAside::Corrupt,
                }))
            }
            None => None,
            Some(record) => {
                state.epoch = record.epoch;
                match record.tokens {
                    Some(_) if record.binding != self.config.binding() => {
                        state.set_aside = Some(SetAside::BindingChanged);
                        Some(tell(Fact::RecordSetAside {
                            reason: SetAside::BindingChanged,
                        }))
                    }
                    Some(tokens) => {
                        let expires_at_ms = tokens
                            .lifetime_ms
                            .map(|lifetime| tokens.received_at.plus(lifetime));
                        let fact = Fact::SessionRestored {
                            kept: self.context.kept(),
                            expires_at_ms,
                        };
                        let entry = Entry::new(Actor::Recovery, &self.subject(), fact);
                        let told = self
                            .context
                            .timeline
                            .append(entry.of_generation(record.epoch, record.generation));
                        let generation = Generation {
                            epoch: record.epoch,
                            number: record.generation,
                            tokens,
                            flight: None,
                            because_of: None,
                        };
                        self.install(&mut state, generation, told);
                        Some(told)
                    }
                    None => None,
                }
            }
        };
        self.tell_change(&state, from, Actor::Recovery, told);
    }

    /// Writes a generation to the vault, and says how that went. Called in this session's turn; `None`: the vault refused.
    pub(super) async fn persist(
        &self,
        generation: &Generation,
        subject: &Subject,
        cause: EventKey,
    ) -> (EventKey, Option<Slot>) {
        let record = Record {
            epoch: generation.epoch,
            generation: generation.number,
            tokens: Some(generation.tokens.clone()),
            binding: self.config.binding(),
        };
        let began = self.context.clock.mono();
        let slot = self.lock().slot.other();
        let written = self.slots.save(self.context.vault(), slot, &record).await;
        let (fact, slot) = match written {
            Ok(()) => {
                let took_us = micros(self.context.clock.mono().saturating_sub(began));
                (
                    Fact::Persisted {
                        kept: self.context.kept(),
                        took_us,
                    },
                    Some(slot),
                )
            }
            Err(error) => {
                tracing::warn!(session = %self.config.name, detail = %error.detail, "the vault refused a record");
                (
                    Fact::PersistFailed {
                        error: Failure::from(error).code,
                    },
                    None,
                )
            }
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(generation.epoch, generation.number);
        (self.context.timeline.append(entry.because(cause)), slot)
    }

    /// Remembers where the newest record is, or that it is in memory only. Called under the lock.
    pub(super) fn kept_in(&self, state: &mut State, slot: Option<Slot>) {
        state.persist_pending = slot.is_none();
        state.slot = slot.unwrap_or(state.slot);
    }

    /// Tries again to store what the vault refused, until it takes it or the generation is no longer the newest.
    pub(super) fn persist_later(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let base = self.lock().base();
        tokio::spawn(async move {
            let mut wait = PERSIST_RETRY_BOUNDS.0;
            loop {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(PERSIST_RETRY_BOUNDS.1);
                let Some(session) = weak.upgrade() else {
                    return;
                };
                let waits = |state: &State| state.persist_pending && state.base() == base;
                if !waits(&session.lock()) || session.persist_current().await {
                    return;
                }
            }
        });
    }

    /// Stores the current generation; true where the vault holds it now, or there is nothing to hold.
    pub(crate) async fn persist_current(&self) -> bool {
        let _turn = self.turn.lock().await;
        let Some(token) = self.lock().token.clone() else {
            return true;
        };
        let generation = Generation {
            epoch: token.epoch,
            number: token.generation,
            tokens: token.tokens.clone(),
            flight: None,
            because_of: None,
        };
        let (_, slot) = self
            .persist(&generation, &self.subject(), token.published)
            .await;
        let mut state = self.lock();
        if state.base() == (token.epoch, Some(token.generation)) {
            self.kept_in(&mut state, slot);
        }
        slot.is_some()
    }

    /// Forgets the tokens at once, and writes tombstones over both slots, so that nothing brings them back.
    pub(crate) async fn sign_out(self: &Arc<Self>) -> Result<(), Failure> {
        self.settled().await;
        let epoch = {
            let mut state = self.lock();
            let from = state.name();
            let token = state.token.take();
            state.epoch = state.epoch.saturating_add(1);
            state.standing = Standing::SignedOut;
            state.persist_pending = false;
            state.set_aside = None;
            let told = self
                .context
                .timeline
                .append(self.signed_out_entry(token.as_deref()));
            self.tell_change(&state, from, Actor::User, Some(told));
            state.epoch
        };
        let _turn = self.turn.lock().await;
        let tombstone = Record {
            epoch,
            generation: 0,
            tokens: None,
            binding: self.config.binding(),
        };
        for slot in [Slot::A, Slot::B] {
            if self.lock().epoch != epoch {
                return Ok(());
            }
            self.slots
                .save(self.context.vault(), slot, &tombstone)
                .await?;
        }
        Ok(())
    }

    fn signed_out_entry(&self, token: Option<&Token>) -> Entry {
        let entry = Entry::new(Actor::User, &self.subject(), Fact::SignedOut {});
        match token {
            Some(token) => entry
                .of_generation(token.epoch, token.generation)
                .because(token.published),
            None => entry,
        }
    }

    /// The state's name, for those who wait for the vault.
    pub(crate) fn state_name(&self) -> StateName {
        self.lock().name()
    }
}

impl super::Context {
    /// Where new tokens are kept from now on.
    pub(crate) fn keep_in(&self, kept: Kept) {
        *self
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = kept;
        self.timeline.append(Entry::new(
            Actor::User,
            &Subject::default(),
            Fact::StoreChosen { kept },
        ));
    }
}
