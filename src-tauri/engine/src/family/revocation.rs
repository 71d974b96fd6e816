//! Giving tokens back when the user signs out (RFC 7009): after the session has ended here, and whatever the server says.
//!
//! A token that its server does not take at once is kept until it does: noted on disk without any secret, and itself in the
//! vault. It is asked again while the program runs and after its next start, and let go after a number of tries or days.

mod course;
mod keeping;
mod notes;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, watch};

use self::course::{Course, WAIT_BOUNDS};
use self::notes::{Note, Notes};
use super::state::State;
use super::{Context, Family};
use crate::clock::{WallMs, millis};
use crate::session::config::Dialect;
use crate::session::credentials::ClientSecrets;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact};
use crate::token::TokenKind;
use crate::vault::owed::{Owed, Taker};

/// Tokens of one sign-in that are given back: its refresh token, and what its sessions had.
const REVOKED_MAX: usize = 8;
/// Tokens of one family that wait for that; the oldest are let go.
const WAITING_MAX: usize = 16;

/// What a family has still to give back.
pub(super) struct Revocations {
    waiting: Mutex<Waiting>,
    /// Something has come in.
    came: Notify,
    /// Absent: there is no data folder, and nothing survives the process.
    notes: Option<Arc<Notes>>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<Entered>,
    /// A task takes care of them.
    attended: bool,
    /// The program ends: what is left is for the next one.
    closed: bool,
}

/// One token in line.
struct Entered {
    note: Note,
    owed: Owed,
    /// Who asks for the next try.
    actor: Actor,
    /// What the next try comes of.
    cause: Option<EventKey>,
    /// The server could not be reached when it was last tried, and then.
    unreached: Option<WallMs>,
    /// Whoever ends the program waits for its first try.
    _first: Option<UnderWay>,
}

/// What a family leaves behind when the user signs out.
pub(super) struct Leaving(Vec<(Note, Owed)>);

/// A try that the end of the program waits for.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn of(context: &Context) -> Self {
        context.revoking.send_modify(|count| *count += 1);
        Self(context.revoking.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Context {
    /// Waits until no token is on its way back to its server. Those that are kept for later are not waited for.
    pub(crate) async fn given_back(&self) {
        // The sender lives in `self`.
        let _: Result<_, watch::error::RecvError> = self
            .revoking
            .subscribe()
            .wait_for(|count| *count == 0)
            .await;
    }
}

impl Revocations {
    pub(super) fn new(notes: Option<std::path::PathBuf>) -> Self {
        Self {
            waiting: Mutex::default(),
            came: Notify::new(),
            notes: notes.map(|path| Arc::new(Notes::new(path))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that is to be tried first, and when; where there is none, nobody attends them from here on. `heard`: when
    /// any server answered last.
    fn first(&self, heard: WallMs) -> Option<(Note, Owed, WallMs)> {
        let due = |entered: &Entered| match entered.unreached {
            // Somebody was reached since: what waits for that need not wait for its time.
            Some(tried) if heard > tried => {
                let soonest = tried.plus(millis(WAIT_BOUNDS.0));
                entered.note.next_ms.min(soonest)
            }
            _ => entered.note.next_ms,
        };
        let mut waiting = self.lock();
        let entries = waiting.entries.iter().filter(|_| !waiting.closed);
        let first = entries.min_by_key(|entered| due(entered));
        let first = first.map(|entered| (entered.note.clone(), entered.owed.clone(), due(entered)));
        waiting.attended &= first.is_some();
        first
    }

    /// Tries nothing any more.
    fn close(&self) {
        self.lock().closed = true;
    }
}

impl Family {
    /// Everything that a server could still honour, the refresh token first: a server that ends the family with it makes
    /// the rest worthless (RFC 7009 §2.1).
    pub(super) fn leaving(&self, state: &State) -> Leaving {
        let refresh = state.refresh_token().map(|token| &*token.secret);
        let access = state.access.values().map(|token| &token.access.token);
        self.leaving_of(refresh, access, &state.client)
    }

    /// Likewise of what a flight has brought.
    pub(super) fn leaving_of<'a>(
        &self,
        refresh: Option<&'a SecretString>,
        access: impl Iterator<Item = &'a SecretString>,
        client: &ClientSecrets,
    ) -> Leaving {
        let Some(taker) = self.taker() else {
            return Leaving(Vec::new());
        };
        let refresh = refresh.map(|token| (TokenKind::Refresh, token));
        let access = access.map(|token| (TokenKind::Access, token));
        let now = self.context.clock.wall();
        let leaving = |(kind, token): (TokenKind, &SecretString)| {
            let note = Note {
                token: kind,
                fingerprint: self.context.fingerprint(token),
                queued_ms: now,
                next_ms: now,
                tries: 0,
            };
            let owed = Owed {
                kind,
                token: token.clone(),
                client: client.clone(),
                taker: taker.clone(),
            };
            (note, owed)
        };
        let tokens = refresh.into_iter().chain(access).take(REVOKED_MAX);
        Leaving(tokens.map(leaving).collect())
    }

    /// Gives back what a flight has brought for a sign-in of this epoch, where that has ended meanwhile (scenario 117).
    /// Called with the family's lock held.
    pub(super) async fn give_back_late(
        self: &Arc<Self>,
        late: Leaving,
        epoch: u32,
        cause: EventKey,
    ) {
        let has_ended = {
            let state = self.lock();
            state.epoch > epoch && !state.retired
        };
        if has_ended {
            self.keep_leaving(&late).await;
            self.give_back(late, cause);
        }
    }

    /// Who takes tokens back, by the session files as they are now. `None`: nobody is known to.
    fn taker(&self) -> Option<Taker> {
        let member = &self.members[self.first()];
        let Dialect::Oauth(oauth) = &member.dialect else {
            return None;
        };
        Some(Taker {
            endpoint: oauth.server.revocation_endpoint.as_ref()?.to_string(),
            client_id: oauth.client_id.clone(),
            connection: member.connection.without_exceptions().in_words(),
        })
    }

    /// Begins to give back what is left. Nobody waits for it but the end of the program, and that for its first try only.
    pub(super) fn give_back(self: &Arc<Self>, leaving: Leaving, cause: EventKey) {
        let entries = leaving.0.into_iter().map(|(note, owed)| Entered {
            note,
            owed,
            actor: Actor::User,
            cause: Some(cause),
            unreached: None,
            _first: Some(UnderWay::of(&self.context)),
        });
        self.enter(entries);
    }

    /// Takes up what an earlier process could not give back.
    pub(crate) async fn resume_revocations(self: &Arc<Self>) {
        let Some(notes) = self.noted().await else {
            return;
        };
        let owed = match self.slots.load_owed(self.context.vault()).await {
            Ok(owed) => owed,
            Err(error) => {
                let session = self.first();
                tracing::warn!(%session, detail = %error.detail, "what is to be given back cannot be read");
                return;
            }
        };
        let kept = self.matched(&notes, owed);
        if kept.is_empty() {
            // The process ended between the note and the vault, or after the vault had let go.
            return self.write_notes(Vec::new()).await;
        }
        let latest = self.context.clock.wall().plus(millis(WAIT_BOUNDS.1));
        self.enter(kept.into_iter().map(|(note, owed)| Entered {
            note: Note {
                next_ms: note.next_ms.min(latest),
                ..note
            },
            owed,
            actor: Actor::Recovery,
            cause: None,
            unreached: None,
            _first: None,
        }));
    }

    /// Leaves what could not be given back to the next process.
    pub(crate) fn leave_revocations(&self) {
        self.revocations.close();
    }

    /// Puts tokens in line that are not there yet, and sees to it that somebody attends them.
    fn enter(self: &Arc<Self>, entries: impl Iterator<Item = Entered>) {
        let mut waiting = self.revocations.lock();
        for entered in entries {
            let known = |other: &Entered| other.note.fingerprint == entered.note.fingerprint;
            if !waiting.entries.iter().any(known) {
                waiting.entries.push(entered);
            }
        }
        let surplus = waiting.entries.len().saturating_sub(WAITING_MAX);
        waiting.entries.drain(..surplus);
        if waiting.entries.is_empty() {
            return;
        }
        if std::mem::replace(&mut waiting.attended, true) {
            self.revocations.came.notify_one();
        } else {
            tokio::spawn(attend(Arc::downgrade(self)));
        }
    }

    /// One try for one token, and what comes of it.
    async fn try_once(&self, note: Note, owed: Owed) {
        let _under_way = UnderWay::of(&self.context);
        let now = self.context.clock.wall();
        let as_approved = self.taker().as_ref() == Some(&owed.taker);
        if let Some(rule_id) = course::before(&note, now, as_approved) {
            self.tell_given_up(&note, rule_id, None);
            return self.let_go(&note).await;
        }
        let member = self.first();
        let dialect = &self.members[member].dialect;
        let Some(request) = dialect.revocation_request(owed.kind, &owed.token, &owed.client) else {
            self.tell_given_up(&note, "revocation.set_up_changed", None);
            return self.let_go(&note).await;
        };
        let (wire, _) = self.send(member, &request, None).await;
        let now = self.context.clock.wall();
        let (tries, status) = (note.tries.saturating_add(1), wire.status());
        let (course, rule_id) = course::after(tries, status, wire.retry_after_ms(now));
        let told = self.tell_answer(&note, tries, status, (course, rule_id));
        match course {
            Course::Taken => self.let_go(&note).await,
            Course::GivenUp => {
                self.tell_given_up(&note, rule_id, Some(told));
                self.let_go(&note).await;
            }
            Course::Again(wait_ms) => {
                let note = Note {
                    next_ms: now.plus(wait_ms),
                    tries,
                    ..note
                };
                self.postpone(note, status.is_none().then_some(now), told)
                    .await;
            }
        }
    }

    fn tell_answer(
        &self,
        note: &Note,
        tries: u32,
        status: Option<u16>,
        (course, rule_id): (Course, &'static str),
    ) -> EventKey {
        let (actor, cause) = self
            .revocations
            .lock()
            .entries
            .iter()
            .find(|entered| entered.note.fingerprint == note.fingerprint)
            .map_or((Actor::Timer, None), |entered| {
                (entered.actor, entered.cause)
            });
        let fact = Fact::RevocationAnswered {
            token: note.token,
            revoked: course == Course::Taken,
            status,
            rule_id: rule_id.to_owned(),
            tries,
            again_in_ms: match course {
                Course::Again(wait_ms) => Some(wait_ms),
                Course::Taken | Course::GivenUp => None,
            },
        };
        let entry = Entry::new(actor, &self.subject(self.first()), fact);
        self.context.timeline.append(entry.because(cause))
    }

    fn tell_given_up(&self, note: &Note, rule_id: &'static str, cause: Option<EventKey>) {
        let fact = Fact::RevocationGivenUp {
            token: note.token,
            rule_id: rule_id.to_owned(),
            tries: note.tries.saturating_add(u32::from(cause.is_some())),
        };
        let entry = Entry::new(Actor::Timer, &self.subject(self.first()), fact);
        self.context.timeline.append(entry.because(cause));
    }

    async fn postpone(&self, note: Note, unreached: Option<WallMs>, told: EventKey) {
        let fingerprint = note.fingerprint;
        for entered in &mut self.revocations.lock().entries {
            if entered.note.fingerprint == fingerprint {
                entered.note = note.clone();
                (entered.actor, entered.cause) = (Actor::Timer, Some(told));
                (entered.unreached, entered._first) = (unreached, None);
            }
        }
        let Ok(_held) = self.take_lock().await else {
            return;
        };
        self.change_kept(move |kept| {
            for (kept, _) in kept {
                if kept.fingerprint == fingerprint {
                    *kept = note.clone();
                }
            }
        })
        .await;
    }

    /// Takes a token out of the line and out of the vault.
    async fn let_go(&self, note: &Note) {
        let fingerprint = note.fingerprint;
        if let Ok(_held) = self.take_lock().await {
            self.change_kept(move |kept| kept.retain(|(kept, _)| kept.fingerprint != fingerprint))
                .await;
        }
        // Last, because its seat is what the end of the program waits for.
        let gone = |entered: &Entered| entered.note.fingerprint == fingerprint;
        self.revocations
            .lock()
            .entries
            .retain(|entered| !gone(entered));
    }
}

/// Gives back what is in line, one after the other, each within the limit of one exchange.
async fn attend(family: Weak<Family>) {
    loop {
        let Some(family) = family.upgrade() else {
            return;
        };
        // Another family that takes its place takes up what is kept.
        if family.lock().retired {
            return;
        }
        let heard = WallMs(family.context.heard_ms.load(Ordering::Relaxed));
        let Some((note, owed, due)) = family.revocations.first(heard) else {
            return;
        };
        let now = family.context.clock.wall();
        let wait_ms = due.since_ms(now).max(0).unsigned_abs();
        if wait_ms == 0 {
            family.try_once(note, owed).await;
            continue;
        }
        // The clock that sleeps may stand still while the machine does, and whether a server has answered is seen here only.
        let pause = Duration::from_millis(wait_ms).min(family.context.clock_tick);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = family.revocations.came.notified() => {}
        }
    }
}
