//! Another environment of the workspace that is open: its variables, and sessions with tokens of their own.

use super::Engine;
use super::editing::on_disk;
use crate::error::{Failure, Result};
use crate::workspace::Workspace;

impl Engine {
    /// Goes on in another environment, or in none. Sends that are under way end where they began, a refresh comes home
    /// first, and every session is the one of the new environment: it is signed in there, or not. Answers what could not be
    /// read.
    ///
    /// # Errors
    /// `workspace.in_memory`; `environment.unknown`; as [`Engine::reload`]. Everything goes on as it was then.
    pub async fn choose_environment(&self, environment: Option<&str>) -> Result<Vec<Failure>> {
        let folder = self.folder()?;
        let _turn = self.inner.reloading.lock().await;
        let before = self.roster();
        if before.workspace.environment.as_deref() == environment {
            return Ok(Vec::new());
        }
        let wanted = environment.map(str::to_owned);
        let (workspace, failures) =
            on_disk(move || Workspace::read_in(&folder, wanted.as_deref())).await?;
        self.take_in(&before, workspace, failures).await
    }
}
