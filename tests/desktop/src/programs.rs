//! The programs that the stories run: as cargo builds them, and up to date.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};
use xtask::root;

/// The window.
///
/// # Errors
/// When it cannot be built.
pub fn sandglass() -> Result<PathBuf> {
    built("sandglass")
}

/// The demo server as a program of its own.
///
/// # Errors
/// When it cannot be built.
pub fn sandglass_demo() -> Result<PathBuf> {
    built("sandglass-demo")
}

static PROFILE: OnceLock<&str> = OnceLock::new();

/// From here on the programs are what a user gets, optimised: for what is measured. To be called before any is asked for.
pub fn optimised() {
    PROFILE.get_or_init(|| "release");
}

/// Cargo does not build another package's program for a test, so the first story asks it to.
fn built(name: &str) -> Result<PathBuf> {
    let profile = *PROFILE.get_or_init(|| "debug");
    static BUILT: OnceLock<bool> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        // What cargo told this test about its own package would make build scripts run anew.
        let about_us = |name: &str| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
                .iter()
                .any(|start| name.starts_with(start))
        };
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(about_us)) {
            cargo.env_remove(name);
        }
        cargo.current_dir(root::root()).args([
            "build",
            "--quiet",
            "--package",
            "sandglass",
            "--package",
            "sandglass-demo",
        ]);
        if profile == "release" {
            cargo.arg("--release");
        }
        cargo.status().is_ok_and(|status| status.success())
    });
    if !built {
        bail!("the programs could not be built; cargo's message stands above");
    }
    Ok(root::target().join(profile).join(name))
}
