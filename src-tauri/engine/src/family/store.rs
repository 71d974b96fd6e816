//! A family and the vault: restored at the start, persisted before it is published, tried again where the vault refused.

use std::sync::Arc;
use std::time::Duration;

use super::gate::Guarded;
use super::grant::account_of;
use super::reload::{Memory, REPLAY_WINDOW_MS};
use super::revocation::Leaving;
use super::state::{Question, Standing, State};
use super::{Family, Generation};
use crate::clock::micros;
use crate::error::{Code, Failure, Result};
use crate::fault::FaultName;
use crate::journal::{Line, Owner, Phase};
use crate::lock::LOCK_LIMIT;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Need, SetAside, Subject};
use crate::vault::record::{Found, Record, Slot};
use crate::vault::{StoreError, StoreErrorKind};

/// The waits between tries to store what the vault refused: doubled from the first to the second.
const PERSIST_RETRY_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(60));

impl Family {
    /// Asks the vault for this family. Called at the start, and again when the user says that the vault is open.
    pub(crate) async fn restore(self: &Arc<Self>) {
        // What is kept may be asked for only where its endpoints are known: a sign-in asks the issuer first.
        if self.lock().generation == 0 && !self.is_to_be_discovered() {
            let journal = self.newest_line().await;
            let found = self.slots.load(self.context.vault()).await;
            self.take_in(found, journal.as_ref());
            self.resume_revocations().await;
        }
        self.restored.send_replace(true);
    }

    fn take_in(self: &Arc<Self>, found: Result<Found, StoreError>, journal: Option<&Line>) {
        let mut state = self.lock();
        let from = state.name();
        let tell = |fact| {
            let entry = Entry::new(Actor::Recovery, &self.subject(self.first()), fact);
            self.context.timeline.append(entry)
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let failure = Failure::from(error);
                let told = tell(Fact::StoreUnavailable {
                    error: failure.code,
                });
                state.standing = Standing::StoreUnavailable(Box::new(failure));
                return self.tell_change(&state, from, Actor::Recovery, Some(told));
            }
        };
        if matches!(state.standing, Standing::StoreUnavailable(_)) {
            state.standing = Standing::SignedOut;
        }
        state.slot = found.slot;
        let mut told = None;
        if found.corrupt && found.newest.is_none() {
            state.set_aside = Some(SetAside::Corrupt);
            told = Some(tell(Fact::RecordSetAside {
                reason: SetAside::Corrupt,
            }));
        }
        if let Some(record) = found.newest {
            let proposed = self.binding();
            if record.grant.is_none() {
                state.epoch = record.epoch;
            } else if record.binding.is_another_key(&proposed) {
                state.epoch = record.epoch;
                state.set_aside = Some(SetAside::AnotherKey);
                told = Some(tell(Fact::RecordSetAside {
                    reason: SetAside::AnotherKey,
                }));
            } else if record.binding != proposed && !self.context.asks {
                state.epoch = record.epoch;
                state.set_aside = Some(SetAside::BindingChanged);
                told = Some(tell(Fact::RecordSetAside {
                    reason: SetAside::BindingChanged,
                }));
            } else if record.binding != proposed {
                state.epoch = record.epoch;
                told = Some(tell(Fact::BindingQuestioned {}));
                state.standing = Standing::BindingChanged(Box::new(Question { record, proposed }));
            } else {
                told = Some(self.revive(&mut state, record, journal));
            }
        }
        self.tell_change(&state, from, Actor::Recovery, told);
    }

    /// Makes a stored record the current generation, and looks at what the last process was about to do.
    fn revive(
        self: &Arc<Self>,
        state: &mut State,
        record: Record,
        journal: Option<&Line>,
    ) -> EventKey {
        let (epoch, number) = (record.epoch, record.generation);
        let grant = record.grant.expect("only a record with a grant is revived");
        let mut restored = None;
        for (member, access) in &grant.access {
            let expires_at_ms = access
                .lifetime_ms
                .map(|lifetime| access.received_at.plus(lifetime));
            let fact = Fact::SessionRestored {
                kept: self.context.kept(),
                expires_at_ms,
                claims: Some(access.claims()),
            };
            let entry = Entry::new(Actor::Recovery, &self.subject(member), fact)
                .of_generation(epoch, access.generation);
            restored = Some(self.context.timeline.append(entry));
        }
        let told = restored.unwrap_or_else(|| {
            let fact = Fact::SessionRestored {
                kept: self.context.kept(),
                expires_at_ms: None,
                claims: None,
            };
            let entry = Entry::new(Actor::Recovery, &self.subject(self.first()), fact);
            self.context
                .timeline
                .append(entry.of_generation(epoch, number))
        });
        self.install(
            state,
            Generation {
                epoch,
                number,
                grant,
                flight: None,
                because_of: None,
            },
            told,
        );
        let Some(line) = journal.filter(|line| line.epoch == epoch && !line.owner.is_alive())
        else {
            return told;
        };
        if line.stored_generation() > number {
            let fact = Fact::StoreWentBack {
                found: number,
                expected: line.stored_generation(),
            };
            self.context.timeline.append(
                Entry::new(Actor::Recovery, &self.subject(self.first()), fact).because(told),
            );
            state.unknown_outcome = true;
        } else if line.base_generation == number
            && matches!(
                line.phase,
                Phase::Sent | Phase::Doubt | Phase::Replied | Phase::PersistPending
            )
        {
            state.unknown_outcome = true;
            // Inside the window a server that forgives at all still repeats its reply: ask at once, under the lock.
            let recent = self.context.clock.wall().since_ms(line.wall_ms).abs() <= REPLAY_WINDOW_MS;
            let member = Arc::clone(self.first());
            let ready = state.renewal.is_some() && matches!(state.standing, Standing::Active);
            if recent && ready && self.spares_doubtful_token(state, &member) {
                self.tell_habit(&member, "habit.spares_doubtful_token", None, told);
            } else if recent && ready {
                self.take_off(
                    state,
                    &member,
                    Need::Recovery,
                    Actor::Recovery,
                    None,
                    Some(told),
                );
            }
        }
        told
    }

    /// The user approves what the session files propose: the record is bound to that, and used.
    ///
    /// # Errors
    /// `store.*` where the vault does not take the new binding; the question stays open.
    pub(crate) async fn approve_binding(self: &Arc<Self>) -> Result<()> {
        self.settled().await;
        let question = match &self.lock().standing {
            Standing::BindingChanged(question) => Question::clone(question),
            _ => return Ok(()),
        };
        let _held = self.take_lock().await?;
        let slot = self.lock().slot.other();
        let record = Record {
            binding: question.proposed,
            ..question.record
        };
        self.slots.save(self.context.vault(), slot, &record).await?;
        // The record of before is of the same generation: found beside this one, it could be taken for it.
        self.erase(slot.other()).await;
        let mut state = self.lock();
        if !matches!(state.standing, Standing::BindingChanged(_)) {
            return Ok(());
        }
        let from = state.name();
        state.slot = slot;
        self.context.timeline.append(Entry::new(
            Actor::User,
            &self.subject(self.first()),
            Fact::BindingApproved {},
        ));
        let told = self.revive(&mut state, record, None);
        self.tell_change(&state, from, Actor::User, Some(told));
        Ok(())
    }

    /// Makes sure that nothing of it is in memory only.
    ///
    /// # Errors
    /// `store.*` where the vault still refuses the newest generation.
    pub(crate) async fn must_be_kept(self: &Arc<Self>) -> Result<()> {
        self.settled().await;
        self.landed().await;
        self.store_jar().await;
        if !self.lock().persist_pending || self.persist_current().await {
            return Ok(());
        }
        let refusal = self.context.probe().await.err();
        Err(refusal.unwrap_or_else(|| Failure::new(Code::StoreFailed)))
    }

    /// Another family takes its place. A flight that is under way comes home first. Sends that are under way may still use
    /// its token; nothing is refreshed, and nothing repeated, by it from then on. What the vault holds is for the other one.
    pub(crate) async fn retire(self: &Arc<Self>) {
        loop {
            self.landed().await;
            let mut state = self.lock();
            if state.flight.is_free() {
                state.retired = true;
                state.renewal = None;
                state.epoch = state.epoch.saturating_add(1);
                return;
            }
        }
    }

    /// Takes the family's lock for a change of its record.
    pub(super) async fn take_lock(&self) -> Result<crate::lock::Held> {
        let busy = |_| {
            let detail = "another process has been busy with this session for too long";
            Failure::new(Code::RefreshTransient)
                .with("session", &**self.first())
                .with("detail", detail)
        };
        self.lock.take(LOCK_LIMIT).await.map_err(busy)
    }

    /// The journal's newest line; one that cannot be read is as if there were none, and is logged.
    pub(super) async fn newest_line(self: &Arc<Self>) -> Option<Line> {
        let family = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || family.journal.newest()).await;
        match read.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(line) => line,
            Err(error) => {
                tracing::warn!(%error, "a journal cannot be read");
                None
            }
        }
    }

    /// Whether this process wrote the journal's last word, at the generation that it has in memory: nobody flew since.
    pub(super) fn is_ours(&self, journal: Option<&Line>, memory: &Memory) -> bool {
        journal.is_some_and(|line| {
            line.owner == Owner::this()
                && line.epoch == memory.epoch
                && line.base_generation.saturating_add(1) >= memory.generation
        })
    }

    /// Writes a generation to the vault, and says how that went. Called with the lock held; `None`: the vault refused.
    pub(super) async fn persist(
        &self,
        generation: &Generation,
        subject: &Subject,
        cause: EventKey,
    ) -> (EventKey, Option<Slot>) {
        let record = Record {
            epoch: generation.epoch,
            generation: generation.number,
            grant: Some(generation.grant.clone()),
            binding: self.binding(),
        };
        self.persist_record(&record, subject, cause).await
    }

    async fn persist_record(
        &self,
        record: &Record,
        subject: &Subject,
        cause: EventKey,
    ) -> (EventKey, Option<Slot>) {
        let began = self.context.clock.mono();
        let slot = self.lock().slot.other();
        let struck = subject.session.as_deref().and_then(|member| {
            let names = [FaultName::StoreLocked, FaultName::StoreFull];
            self.strike(member, &names, subject, cause)
        });
        let (written, cause) = match struck {
            Some((fault, injected)) => (Err(refusal(fault.name)), injected),
            None => (
                self.slots.save(self.context.vault(), slot, record).await,
                cause,
            ),
        };
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
                tracing::warn!(session = %self.first(), detail = %error.detail, "the vault refused a record");
                (
                    Fact::PersistFailed {
                        error: Failure::from(error).code,
                    },
                    None,
                )
            }
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(record.epoch, record.generation);
        (self.context.timeline.append(entry.because(cause)), slot)
    }

    /// Takes the tokens of the generation before out of the vault. Where that fails they are spent tokens, no more.
    pub(super) async fn erase(&self, slot: Slot) {
        if let Err(error) = self.slots.erase(self.context.vault(), slot).await {
            tracing::warn!(session = %self.first(), detail = %error.detail, "the generation before could not be erased");
        }
    }

    /// Remembers where the newest record is, or that it is in memory only. Called under the state's lock.
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
                let Some(family) = weak.upgrade() else { return };
                let waits = |state: &State| state.persist_pending && state.base() == base;
                if !waits(&family.lock()) || family.persist_current().await {
                    return;
                }
            }
        });
    }

    /// Stores the current generation; true where the vault holds it now, or there is nothing to hold.
    pub(crate) async fn persist_current(self: &Arc<Self>) -> bool {
        let Ok(_held) = self.take_lock().await else {
            return false;
        };
        let record = {
            let state = self.lock();
            self.record(&state)
        };
        let Some(record) = record else { return true };
        let cause = self.context.timeline.newest();
        let (_, slot) = self
            .persist_record(&record, &self.subject(self.first()), cause)
            .await;
        let done = {
            let mut state = self.lock();
            if state.base() == (record.epoch, record.generation) {
                self.kept_in(&mut state, slot);
            }
            slot.is_some()
        };
        if done {
            self.log_committed(&record).await;
        }
        done
    }

    /// The journal learns that the vault has caught up.
    async fn log_committed(self: &Arc<Self>, record: &Record) {
        let refresh_fingerprint = record
            .grant
            .as_ref()
            .and_then(|grant| grant.refresh_token.as_ref());
        let Some(refresh_fingerprint) =
            refresh_fingerprint.map(|token| self.context.fingerprint(token))
        else {
            return;
        };
        let line = Line {
            version: 0,
            phase: Phase::Committed,
            flight: 0,
            epoch: record.epoch,
            base_generation: record.generation.saturating_sub(1),
            refresh_fingerprint,
            wall_ms: self.context.clock.wall(),
            owner: Owner::this(),
        };
        let family = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || family.journal.write(line)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            self.context.timeline.append(Entry::new(
                Actor::Request,
                &self.subject(self.first()),
                Fact::JournalFailed {
                    detail: error.to_string(),
                },
            ));
        }
    }

    /// Forgets the tokens at once, and writes tombstones over both slots, so that nothing brings them back.
    pub(crate) async fn sign_out(self: &Arc<Self>) -> Result<()> {
        self.settled().await;
        let (epoch, leaving, told) = {
            let mut state = self.lock();
            let from = state.name();
            let leaving = self.leaving(&state);
            let published = state.access.values().next().map(|token| token.published);
            let entry = Entry::new(Actor::User, &self.subject(self.first()), Fact::SignedOut {})
                .because(published);
            let told = self
                .context
                .timeline
                .append(entry.of_generation(state.epoch, state.generation));
            let epoch = state.epoch.saturating_add(1);
            state.forget(epoch);
            self.tell_change(&state, from, Actor::User, Some(told));
            (epoch, leaving, told)
        };
        let buried = self.bury(epoch, &leaving).await;
        self.give_back(leaving, told);
        buried
    }

    /// Writes down that nothing of an earlier epoch is to come back, after what is left of it is kept to be given back.
    async fn bury(&self, epoch: u32, leaving: &Leaving) -> Result<()> {
        let _held = self.take_lock().await?;
        self.keep_leaving(leaving).await;
        // A peer may have signed in since: its epoch must not outlive this sign-out.
        let stored = self
            .slots
            .load(self.context.vault())
            .await
            .ok()
            .and_then(|found| found.newest)
            .map_or(0, |record| record.epoch);
        let tombstone = Record {
            epoch: epoch.max(stored.saturating_add(1)),
            generation: 0,
            grant: None,
            binding: self.binding(),
        };
        for slot in [Slot::A, Slot::B] {
            {
                let mut state = self.lock();
                if state.epoch != epoch && state.epoch != tombstone.epoch {
                    return Ok(());
                }
                state.epoch = tombstone.epoch;
            }
            self.slots
                .save(self.context.vault(), slot, &tombstone)
                .await?;
        }
        Ok(())
    }

    /// Whose tokens a grant holds, where one of them says so.
    pub(super) fn account_in(grant: &crate::vault::record::Grant) -> Option<u64> {
        grant.access.values().find_map(account_of)
    }
}

/// What a keychain says that is locked or full on purpose.
fn refusal(fault: FaultName) -> StoreError {
    let (kind, detail) = match fault {
        FaultName::StoreLocked => (StoreErrorKind::Locked, "locked on purpose"),
        _ => (StoreErrorKind::Failed, "full on purpose"),
    };
    StoreError {
        kind,
        detail: detail.to_owned(),
    }
}

impl super::Context {
    /// Where new tokens are kept from now on.
    pub(crate) fn keep_in(&self, kept: crate::timeline::event::Kept) {
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
