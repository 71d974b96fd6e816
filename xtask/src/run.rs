//! `cargo xtask run`: from a fresh machine to the window on the demo.

#[cfg(target_os = "linux")]
mod headless;

use anyhow::Result;
use xtask::{root, tool};

use crate::setup::{self, Group};
use crate::{say, ui};

/// Sets up, builds, and opens the window; without a display, runs the tour at a virtual desk.
///
/// # Errors
/// When something is missing that cannot be installed, a build fails, or the app ends with an error.
pub(crate) fn run(yes: bool) -> Result<()> {
    #[cfg(target_os = "linux")]
    if !has_display() {
        say::line("There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).");
        say::line(
            "The tour will run by itself on a virtual one, with its own session bus and a throwaway keychain.",
        );
        setup::ensure(&[Group::Build, Group::View, Group::Display], yes)?;
        build()?;
        return headless::tour();
    }
    setup::ensure(&[Group::Build, Group::View], yes)?;
    build()?;
    say::line("Opening the window; this command ends when it is closed.");
    tool::run(tool::command(&program("sandglass").to_string_lossy(), &root::root()).arg("--demo"))
}

/// Builds the view if needed, and the app.
fn build() -> Result<()> {
    ui::ensure()?;
    say::line("Building the app; the first time takes some minutes");
    tool::run(tool::command("cargo", &root::root()).args(["build", "--package", "sandglass"]))
}

/// Where Cargo puts the program `name`.
fn program(name: &str) -> std::path::PathBuf {
    root::target()
        .join("debug")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

#[cfg(target_os = "linux")]
fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
