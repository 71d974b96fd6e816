//! The demo server as a process of its own, which outlives a window.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use xtask::running::Running;

use crate::programs;

/// How long it may take to listen.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// A running demo server.
#[derive(Debug)]
pub struct Server {
    origin: String,
    workspace: PathBuf,
    _running: Running,
}

impl Server {
    /// Starts a server that keeps its sign-ins in this folder, with a workspace for it beside them.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub fn start(folder: &Path) -> Result<Self> {
        let workspace = folder.join("workspace");
        let mut command = Command::new(programs::sandglass_demo()?);
        command
            .arg("--state")
            .arg(folder.join("state.json"))
            .arg("--workspace")
            .arg(&workspace)
            .stdout(Stdio::piped());
        let mut running = Running::start(&mut command)?;
        let line = running
            .lines()?
            .recv_timeout(READY_LIMIT)
            .context("sandglass-demo did not say where it listens")?;
        let origin = line
            .strip_prefix("listening on ")
            .with_context(|| format!("sandglass-demo said `{line}`"))?
            .to_owned();
        Ok(Self {
            origin,
            workspace,
            _running: running,
        })
    }

    /// Where it is, such as `http://127.0.0.1:40117`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A workspace folder for it.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// One of its own counters, over a client that is not ours.
    ///
    /// # Errors
    /// When it does not answer, or has no such counter.
    pub fn count(&self, name: &str) -> Result<u64> {
        let mut answer = ureq::get(format!("{}/_demo/state", self.origin)).call()?;
        let state: serde_json::Value = answer.body_mut().read_json()?;
        state["counts"][name]
            .as_u64()
            .with_context(|| format!("no counter {name}: {}", state["counts"]))
    }
}
