//! Changes of the workspace's session files by the user, and how an engine that is open takes them in.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::Engine;
use super::trust::{Trust, TrustChange};
use crate::error::{Code, Failure, Result};
use crate::roster::Roster;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Fact, Subject};
use crate::vault::record::Binding;
use crate::workspace::Workspace;
use crate::workspace::writer::{self, SessionKeys, StoredSession};

impl Engine {
    /// Reads a session's file for a change of it.
    ///
    /// # Errors
    /// `workspace.in_memory`, `session.name_invalid`, `workspace.invalid`.
    pub async fn read_session_file(&self, session: &str) -> Result<StoredSession> {
        let (folder, session) = (self.folder()?, session.to_owned());
        on_disk(move || writer::read_session(&folder, &session)).await
    }

    /// What a session may use, and what it might use if its file said this.
    ///
    /// # Errors
    /// `session.name_invalid`; `workspace.invalid` with what cannot be used.
    pub fn trust_change(&self, session: &str, keys: &SessionKeys) -> Result<TrustChange> {
        let workspace = self.workspace();
        let proposed = writer::proposed(&workspace, session, keys)?;
        let roster = self.roster();
        let before = roster.session(session);
        Ok(TrustChange {
            before: before.map(|session| Trust::of(&session.config)),
            after: Trust::of(&proposed),
        })
    }

    /// What a session was approved for and what its file names instead, where that is a question.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn questioned(&self, session: &str) -> Result<Option<TrustChange>> {
        let question = self.session(session)?.snapshot().binding;
        let trust = |binding: &Binding| Trust {
            origins: binding.origins.get(session).cloned().unwrap_or_default(),
            endpoints: [&binding.refresh_endpoint]
                .into_iter()
                .chain(binding.endpoints.values())
                .cloned()
                .collect(),
        };
        Ok(question.map(|question| TrustChange {
            before: Some(trust(&question.approved)),
            after: trust(&question.proposed),
        }))
    }

    /// Approves what a session's file names now, where nothing else is asked: the user has just written it. A question that
    /// is about other sessions too stays open.
    ///
    /// # Errors
    /// `session.unknown`, `store.*`.
    pub async fn approve_change(&self, session: &str) -> Result<()> {
        let Some(question) = self.session(session)?.snapshot().binding else {
            return Ok(());
        };
        let mut expected = question.approved;
        expected
            .refresh_endpoint
            .clone_from(&question.proposed.refresh_endpoint);
        match question.proposed.origins.get(session) {
            Some(origins) => expected.origins.insert(session.to_owned(), origins.clone()),
            None => expected.origins.remove(session),
        };
        if expected == question.proposed {
            self.approve_binding(session).await?;
        }
        Ok(())
    }

    /// Writes a session's file and takes it in. `revision` is that of the file which it takes the place of. Answers what
    /// could not be read afterwards.
    ///
    /// # Errors
    /// `workspace.*`, `session.name_invalid`: nothing was written. As [`Engine::reload`]: it was, and is not taken in yet.
    pub async fn save_session(
        &self,
        session: &str,
        keys: SessionKeys,
        revision: Option<&str>,
    ) -> Result<Vec<Failure>> {
        let (folder, name, revision) = (
            self.folder()?,
            session.to_owned(),
            revision.map(str::to_owned),
        );
        on_disk(move || writer::write_session(&folder, &name, &keys, revision.as_deref())).await?;
        self.reload().await
    }

    /// Forgets a session's tokens, where no other session uses them, and removes its file.
    ///
    /// # Errors
    /// `session.unknown`, `workspace.*`, `store.*`: the file is there as it was.
    pub async fn delete_session(&self, session: &str, revision: &str) -> Result<Vec<Failure>> {
        let family = Arc::clone(&self.session(session)?.family);
        let (folder, name, revision) = (self.folder()?, session.to_owned(), revision.to_owned());
        if writer::read_session(&folder, session)?.revision != revision {
            return Err(Failure::new(Code::WorkspaceChanged).with("path", session));
        }
        if family.is_alone() {
            self.sign_out(session).await?;
        }
        on_disk(move || writer::delete_session(&folder, &name, &revision)).await?;
        self.reload().await
    }

    /// Reads the workspace's folder again and takes the change in. Sessions that are the same go on as they are. One that
    /// changed takes its place at once: sends that come now wait for it, a refresh of the old one that is under way comes
    /// home first, and what the vault holds is looked at under the new set-up. Answers what could not be read.
    ///
    /// # Errors
    /// `workspace.invalid` where the folder cannot be read at all; `store.*` where the newest tokens of a session that
    /// changed are in memory only, because the vault refuses them. Everything goes on as it was then.
    pub async fn reload(&self) -> Result<Vec<Failure>> {
        let _turn = self.inner.reloading.lock().await;
        let before = self.roster();
        let Some(folder) = before.workspace.path.clone() else {
            return Ok(Vec::new());
        };
        let environment = before.workspace.environment.clone();
        let read = move || Workspace::read_in(&folder, environment.as_deref());
        let (workspace, failures) = on_disk(read).await?;
        self.take_in(&before, workspace, failures).await
    }

    /// Takes a workspace in that takes the place of the one before.
    pub(super) async fn take_in(
        &self,
        before: &Arc<Roster>,
        workspace: Workspace,
        mut failures: Vec<Failure>,
    ) -> Result<Vec<Failure>> {
        let context = &self.inner.context;
        let secrets = workspace.variables.secrets.clone();
        let after = Arc::new(Roster::new(workspace, context, Some(before), &mut failures));
        let leaving = before.families_missing_in(&after);
        for family in &leaving {
            family.must_be_kept().await?;
        }
        context.variables.enter(&after.workspace);
        *self
            .inner
            .roster
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(&after);
        for family in &leaving {
            family.retire().await;
        }
        if after.workspace.environment != before.workspace.environment {
            let environment = after.workspace.environment.clone();
            let fact = Fact::EnvironmentChosen { environment };
            let entry = Entry::new(Actor::User, &Subject::default(), fact);
            context.timeline.append(entry);
        }
        let difference = after.difference(before);
        context.timeline.append(Entry::new(
            Actor::User,
            &Subject::default(),
            Fact::WorkspaceRead {
                added: difference.added,
                changed: difference.changed,
                removed: difference.removed,
            },
        ));
        context.variables.load(context.vault(), secrets).await;
        for family in after.families_missing_in(before) {
            family.restore().await;
        }
        Ok(failures)
    }

    pub(super) fn folder(&self) -> Result<PathBuf> {
        let workspace = self.workspace();
        let folder = workspace.path.clone();
        folder.ok_or_else(|| Failure::new(Code::WorkspaceInMemory))
    }
}

pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::new(Code::SystemUnavailable).with("detail", error)))
}
