//! `cargo xtask bench`: what the engine costs beside a bare client, as a table that the README shows.

use std::process::Command;

use anyhow::Result;
use xtask::{root, tool};

use crate::setup::{self, Group};

/// Where the table is kept.
const TABLE: &str = "tests/bench/figures.md";

/// Builds the bench as users' programs are built, runs it, and writes its table.
///
/// # Errors
/// When something is missing that cannot be installed, the build fails, or a request of the bench does.
pub(crate) fn bench(rounds: u32, yes: bool) -> Result<()> {
    setup::ensure(&[Group::Build], yes)?;
    tool::run(tool::cargo("build").args(["--release", "--package", "tests-bench"]))?;
    let program = root::target().join("release").join("bench");
    let mut bench = Command::new(program);
    bench.current_dir(root::root());
    tool::run(
        bench
            .args(["--rounds", &rounds.to_string(), "--table"])
            .arg(root::root().join(TABLE)),
    )
}
