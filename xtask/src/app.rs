//! The app itself: building it as a user does, and where it then is.

use std::path::PathBuf;

use anyhow::Result;
use xtask::{root, tool};

use crate::{say, ui};

/// Builds the view if needed, and the app.
///
/// # Errors
/// When a build fails.
pub(crate) fn build() -> Result<()> {
    ui::ensure()?;
    say::line("Building the app; the first time takes some minutes");
    tool::run(tool::cargo("build").args(["--package", "sandglass"]))
}

/// Builds the view if needed, and the app as a user gets it.
///
/// # Errors
/// When a build fails.
pub(crate) fn build_optimised() -> Result<()> {
    ui::ensure()?;
    say::line("Building the app, optimised; the first time takes many minutes");
    tool::run(tool::cargo("build").args([
        "--release",
        "--package",
        "sandglass",
        "--package",
        "sandglass-demo",
    ]))
}

/// Where Cargo puts the app.
pub(crate) fn program() -> PathBuf {
    root::target()
        .join("debug/sandglass")
        .with_extension(std::env::consts::EXE_EXTENSION)
}
