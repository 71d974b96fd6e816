//! Imports of other tools' files into the workspace: planned first, shown, and written as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::editing::on_disk;
use crate::error::{Failure, Result};
use crate::import::imported::Imported;
use crate::import::placing::{self, ImportPlan, SessionChoice};
use crate::import::source::Watch;
use crate::workspace::writer::batch;

impl Engine {
    /// What an import would write into the workspace's folder; for a workspace in memory, into a new folder. Nothing is
    /// written.
    ///
    /// # Errors
    /// `workspace.invalid`.
    pub async fn plan_import(
        &self,
        imported: Arc<Imported>,
        choices: BTreeMap<String, SessionChoice>,
    ) -> Result<ImportPlan> {
        let folder = self.workspace().path.clone();
        on_disk(move || placing::plan(folder.as_deref(), &imported, &choices)).await
    }

    /// Writes what was planned, all of it or nothing, and takes it in. Answers what could not be read afterwards.
    ///
    /// # Errors
    /// `workspace.*`, `request.stopped`: nothing was written. As [`Engine::reload`]: it was, and is not taken in yet.
    pub async fn write_import(&self, plan: ImportPlan, watch: Arc<Watch>) -> Result<Vec<Failure>> {
        let folder = self.folder()?;
        on_disk(move || batch::write_all(&folder, &plan.changes, &|| watch.check())).await?;
        self.reload().await
    }
}
