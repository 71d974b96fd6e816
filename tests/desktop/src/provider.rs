//! A certified OpenID provider of others, with the API that trusts it: the one of the providers tests, as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xtask::root;
use xtask::running::Running;

/// How long it may take to listen.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A running provider. It ends with this.
pub struct Provider {
    addresses: Value,
    // It reads its standard input, and ends when that does.
    _running: Running,
}

impl Provider {
    /// Starts it.
    ///
    /// # Errors
    /// When it is not installed, or does not listen in time.
    pub fn start() -> Result<Self> {
        let folder = root::root().join("tests/providers");
        ensure!(
            folder.join("node_modules/oidc-provider").exists(),
            "the provider is not installed: run `npm ci` in tests/providers, as `cargo xtask test` does"
        );
        let mut command = Command::new("node");
        command
            .arg("server.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut running = Running::start(&mut command)?;
        let line = running
            .lines()?
            .recv_timeout(READY_LIMIT)
            .context("the provider did not say where it is")?;
        Ok(Self {
            addresses: serde_json::from_str(&line)?,
            _running: running,
        })
    }

    /// One of its addresses: `issuer`, or `api`.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn at(&self, name: &str) -> Result<&str> {
        self.addresses[name].as_str().context("an address")
    }

    /// The origin of the API.
    ///
    /// # Errors
    /// When there is none.
    pub fn api_origin(&self) -> Result<&str> {
        let api = self.at("api")?;
        Ok(api.trim_end_matches("/orders"))
    }

    /// What the provider and the API counted.
    ///
    /// # Errors
    /// When they do not answer.
    pub fn counts(&self) -> Result<Value> {
        Ok(ureq::get(self.at("counts")?)
            .call()?
            .body_mut()
            .read_json()?)
    }
}

/// A workspace folder without a session, with one request to that API.
///
/// # Errors
/// When it cannot be written.
pub fn workspace(folder: &Path, api: &str) -> Result<PathBuf> {
    let workspace = folder.join("shop");
    fs::create_dir_all(workspace.join("requests"))?;
    fs::write(
        workspace.join("workspace.toml"),
        "version = 1\nname = \"Shop\"\n",
    )?;
    let request = format!("name = \"Orders\"\nurl = \"{api}\"\nsession = \"shop\"\n");
    fs::write(workspace.join("requests/orders.toml"), request)?;
    Ok(workspace)
}
