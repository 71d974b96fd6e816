//! `cargo xtask figures`: what the timeline costs in the real window, with a million events and with a live feed.

use anyhow::Result;
use xtask::tool;

use crate::app;
use crate::setup::{self, Group};

/// Has the desktop tests' driver measure the timeline in the app as a user gets it, optimised; it prints a table. The events are generated once, under `target`.
///
/// # Errors
/// When something is missing that cannot be installed, a build fails, or something is not shown at all.
pub(crate) fn figures(yes: bool) -> Result<()> {
    setup::ensure(
        &[Group::Build, Group::View, Group::Display, Group::Tests],
        yes,
    )?;
    app::build_optimised()?;
    tool::run(tool::cargo("run").args([
        "--quiet",
        "--package",
        "tests-desktop",
        "--bin",
        "desktop-timeline",
    ]))
}
