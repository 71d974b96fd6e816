//! The program that judges dependencies: cargo-deny, built once into the target folder.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use xtask::{root, tool};

use crate::say;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// A cargo-deny command at the top of the repository; builds the program first if it is not there.
///
/// It is built without optimisation: that takes a quarter of the time, and one check of ours costs it only seconds.
/// A folder of its own keeps it away from what the user has installed, and a CI cache of `target` keeps it.
///
/// # Errors
/// When the build fails.
pub(crate) fn command() -> Result<Command> {
    let tools = root::target().join("tools");
    let program = tools
        .join("bin")
        .join("cargo-deny")
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !has_version(&program) {
        say::line(format_args!(
            "Building cargo-deny {VERSION}; about a minute, once"
        ));
        tool::run(
            tool::cargo("install")
                .args([
                    "cargo-deny",
                    "--version",
                    VERSION,
                    "--locked",
                    "--debug",
                    "--quiet",
                    "--force",
                    "--root",
                ])
                .arg(&tools)
                .env("CARGO_PROFILE_DEV_DEBUG", "false"),
        )?;
    }
    let mut command = Command::new(program);
    command.current_dir(root::root());
    Ok(command)
}

fn has_version(program: &Path) -> bool {
    tool::output(Command::new(program).arg("--version"))
        .is_some_and(|said| said.trim().ends_with(VERSION))
}
