//! What is to be given back, kept beyond the end of the process: its notes on disk and its tokens in the vault, in step.

use std::sync::Arc;

use super::notes::{Note, Notes};
use super::{Leaving, WAITING_MAX};
use crate::family::Family;
use crate::timeline::event::Kept;
use crate::vault::StoreError;
use crate::vault::owed::Owed;

impl Family {
    /// Keeps what is left until it is given back, beyond the end of this process. Called with the family's lock held.
    pub(in crate::family) async fn keep_leaving(&self, leaving: &Leaving) {
        if leaving.0.is_empty() {
            return;
        }
        let fresh = leaving.0.clone();
        self.change_kept(move |kept| {
            kept.extend(fresh);
            let surplus = kept.len().saturating_sub(WAITING_MAX);
            kept.drain(..surplus);
        })
        .await;
    }

    /// Changes what is kept beyond the end of this process. Where the vault refuses, this process goes on from memory.
    /// Called with the family's lock held.
    pub(super) async fn change_kept(&self, change: impl FnOnce(&mut Vec<(Note, Owed)>)) {
        let changed = async {
            let notes = self.noted().await.unwrap_or_default();
            let owed = self.slots.load_owed(self.context.vault()).await?;
            let mut kept = self.matched(&notes, owed);
            let before: Vec<_> = kept.iter().map(|(note, _)| note.fingerprint).collect();
            change(&mut kept);
            let (notes, owed): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
            let grows = notes.iter().any(|note| !before.contains(&note.fingerprint));
            if grows {
                self.write_notes(notes.clone()).await;
            }
            if grows || notes.len() != before.len() {
                self.slots.save_owed(self.context.vault(), &owed).await?;
            }
            self.write_notes(notes).await;
            Ok::<_, StoreError>(())
        };
        if let Err(error) = changed.await {
            let session = self.first();
            tracing::warn!(%session, detail = %error.detail, "what is to be given back is not kept");
        }
    }

    /// The tokens with their notes. One that nobody noted was noted by a process that was cut short: it is tried now.
    pub(super) fn matched(&self, notes: &[Note], owed: Vec<Owed>) -> Vec<(Note, Owed)> {
        let now = self.context.clock.wall();
        let with_note = |owed: Owed| {
            let fingerprint = self.context.fingerprint(&owed.token);
            let note = notes.iter().find(|note| note.fingerprint == fingerprint);
            let fresh = || Note {
                token: owed.kind,
                fingerprint,
                queued_ms: now,
                next_ms: now,
                tries: 0,
            };
            (note.cloned().unwrap_or_else(fresh), owed)
        };
        owed.into_iter().map(with_note).collect()
    }

    /// What is noted on disk. `None`: nothing is, or nothing survives this process anyway.
    pub(super) async fn noted(&self) -> Option<Vec<Note>> {
        let notes = self.surviving_notes()?;
        let read = tokio::task::spawn_blocking(move || notes.read()).await;
        read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the notes of what is to be given back cannot be read");
                None
            })
    }

    pub(super) async fn write_notes(&self, notes: Vec<Note>) {
        let Some(file) = self.surviving_notes() else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || file.write(notes)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            tracing::warn!(%error, "the notes of what is to be given back cannot be written");
        }
    }

    fn surviving_notes(&self) -> Option<Arc<Notes>> {
        let survives = self.context.kept() == Kept::Keychain;
        self.revocations.notes.clone().filter(|_| survives)
    }
}
