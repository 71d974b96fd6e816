//! `cargo xtask run`: from a fresh machine to the window on the demo.

use std::process::Command;

use anyhow::Result;
use xtask::{root, tool};

use crate::setup::{self, Group};
use crate::{app, say};

/// Sets up, builds, and opens the window; without a display, runs the tour at a virtual desk.
///
/// # Errors
/// When something is missing that cannot be installed, a build fails, or the app ends with an error.
pub(crate) fn run(yes: bool) -> Result<()> {
    #[cfg(target_os = "linux")]
    if !has_display() {
        return tour(yes);
    }
    setup::ensure(&[Group::Build, Group::View], yes)?;
    app::build()?;
    say::line("Opening the window; this command ends when it is closed.");
    tool::run(
        Command::new(app::program())
            .arg("--demo")
            .current_dir(root::root()),
    )
}

#[cfg(target_os = "linux")]
fn tour(yes: bool) -> Result<()> {
    say::line("There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).");
    say::line(
        "The tour will run by itself on a virtual one, with its own session bus and a throwaway keychain.",
    );
    setup::ensure(&[Group::Build, Group::View, Group::Display], yes)?;
    app::build()?;
    say::heading("The timeline of the tour");
    let shot = crate::tour::tour("tour.png", |line| say::line(line))?;
    say::line(format_args!("\nThe screenshot is {}", shot.display()));
    Ok(())
}

#[cfg(target_os = "linux")]
fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
