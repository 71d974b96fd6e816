//! The demo server as a process of its own, which outlives a window.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use xtask::running::Running;

use crate::programs;
use crate::window::{GLANCE, SHOW_LIMIT};

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
    /// Starts a server that keeps its sign-ins in this folder, with a workspace for it beside them. The arguments are the
    /// program's own.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub fn start(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let workspace = folder.join("workspace");
        let mut command = Command::new(programs::sandglass_demo()?);
        command
            .arg("--state")
            .arg(folder.join("state.json"))
            .arg("--workspace")
            .arg(&workspace)
            .args(arguments)
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

    /// The same as text, for a command line.
    ///
    /// # Errors
    /// When the path is no text.
    pub fn workspace_text(&self) -> Result<&str> {
        self.workspace.to_str().context("a path that is text")
    }

    /// What goes wrong from now on: see `PUT /_demo/faults`.
    ///
    /// # Errors
    /// When these are no faults.
    pub fn tell_faults(&self, faults: &serde_json::Value) -> Result<()> {
        ureq::put(format!("{}/_demo/faults", self.origin)).send_json(faults)?;
        Ok(())
    }

    /// Lets every access token expire for the API; who holds one does not know.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn expire(&self) -> Result<()> {
        ureq::post(format!("{}/_demo/expire", self.origin)).send_empty()?;
        Ok(())
    }

    /// Waits until one of its counters has come this far.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn wait_for(&self, name: &str, count: u64) -> Result<()> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            let found = self.count(name)?;
            if found >= count {
                return Ok(());
            }
            let seconds = SHOW_LIMIT.as_secs();
            ensure!(
                Instant::now() < deadline,
                "{name} is {found} and not {count} after {seconds} s"
            );
            tokio::time::sleep(GLANCE).await;
        }
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
