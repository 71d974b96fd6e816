//! `cargo xtask bench`: what the engine costs beside a bare client, as a table that the README shows.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use xtask::{root, tool};

use crate::setup::{self, Group};

/// Where the table is kept.
const TABLE: &str = "tests/bench/figures.md";
/// What shows it.
const README: &str = "README.md";
/// Between these lines of the README stands the table, without its heading. `tests/app` holds the two equal.
const MARKERS: [&str; 2] = [
    "<!-- figures: written by `cargo xtask bench` -->\n",
    "<!-- end of figures -->",
];

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
    )?;
    show()
}

/// Puts the table into the README.
fn show() -> Result<()> {
    let table = fs::read_to_string(root::root().join(TABLE))?;
    let (_, table) = table
        .split_once("\n\n")
        .context("the table has a heading")?;
    let path = root::root().join(README);
    let readme = fs::read_to_string(&path)?;
    let [begin, end] = MARKERS;
    let parts = readme.split_once(begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some((before, after))
    });
    let (before, after) = parts.context("the README has a place for the table")?;
    fs::write(path, format!("{before}{begin}{table}{end}{after}"))?;
    Ok(())
}
