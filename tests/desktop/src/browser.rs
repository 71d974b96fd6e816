//! A real browser at a desk: Chromium, opened by the program under test as any browser is, with a door for Playwright.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::desk::Desk;
use xtask::root;

use crate::window::free_port;

/// What the opener starts, and how the browser is joined.
pub struct Browser {
    wrapper: PathBuf,
    port: u16,
}

impl Browser {
    /// Prepares the browser at this desk. It starts when somebody opens an address.
    ///
    /// # Errors
    /// When the wrapper cannot be written.
    pub fn at(desk: &Desk) -> Result<Self> {
        let port = free_port()?;
        let wrapper = desk.home().join("browser.sh");
        // No sandbox of its own: in a container, its helper may not be there, and every page here is a test's own.
        let script = format!(
            "#!/bin/sh\nexec chromium --no-sandbox --no-first-run --no-default-browser-check --disable-gpu \
             --password-store=basic --user-data-dir=\"$HOME/chromium\" --remote-debugging-port={port} \"$1\" >>\"$HOME/browser.log\" 2>&1\n"
        );
        fs::write(&wrapper, script)?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700))?;
        Ok(Self { wrapper, port })
    }

    /// What makes the program under test open this browser.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, OsString); 1] {
        [("BROWSER", self.wrapper.clone().into())]
    }

    /// Signs in at the provider's own pages, as a person would, and closes the browser. Answers what the last page says.
    ///
    /// # Errors
    /// When a page is not as it should be; the message carries what Playwright says.
    pub async fn sign_in(&self, issuer: &str, picture: &Path) -> Result<String> {
        let mut node = Command::new("node");
        node.arg(root::root().join("tests/desktop/src/browser.mjs"))
            .arg(format!("http://127.0.0.1:{}", self.port))
            .arg(issuer)
            .arg(picture);
        let run = tokio::task::spawn_blocking(move || node.output());
        let done = run.await?.context("node is on the path")?;
        ensure!(
            done.status.success(),
            "the browser's part failed:\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }
}
