//! `cargo xtask shots`: pictures of the main screens in light and dark, as the real window draws them.

use anyhow::Result;
use xtask::tool;

use crate::app;
use crate::setup::{self, Group};

/// Has the desktop tests' driver walk through the screens and keep a picture of each.
///
/// # Errors
/// When something is missing that cannot be installed, a build fails, or a screen does not come up.
pub(crate) fn shots(yes: bool) -> Result<()> {
    setup::ensure(
        &[Group::Build, Group::View, Group::Display, Group::Tests],
        yes,
    )?;
    app::build()?;
    tool::run(tool::cargo("run").args([
        "--quiet",
        "--package",
        "tests-desktop",
        "--bin",
        "desktop-shots",
    ]))
}
