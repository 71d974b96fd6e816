//! `cargo xtask shots`: pictures of the main screen in light and dark, as the real window draws it after the tour.

use anyhow::Result;

use crate::setup::{self, Group};
use crate::{app, say, tour};

/// The two themes, by the names that the app's command line knows.
const THEMES: [&str; 2] = ["light", "dark"];

/// Runs the tour once in each theme and keeps a picture of each.
///
/// # Errors
/// When something is missing that cannot be installed, a build fails, or a tour does not finish.
pub(crate) fn shots(yes: bool) -> Result<()> {
    setup::ensure(&[Group::Build, Group::View, Group::Display], yes)?;
    app::build()?;
    for theme in THEMES {
        let shot = tour::tour(&["--theme", theme], &format!("main-{theme}.png"), |_| ())?;
        say::line(shot.display());
    }
    Ok(())
}
