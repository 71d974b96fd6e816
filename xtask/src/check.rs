//! `cargo xtask check`: everything that can be said about the code without running the product.

use anyhow::{Result, bail};
use xtask::tool;

use crate::cargo_deny;
use crate::suite::npm;
use crate::{say, ui};

/// One thing that is checked.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 6] = [
    // First, because the shell embeds it: nothing that touches the shell compiles without.
    ("the view builds", ui::ensure),
    ("format", || {
        tool::run(tool::cargo("fmt").args(["--all", "--check"]))
    }),
    ("lints", || {
        tool::run(tool::cargo("clippy").args([
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]))
    }),
    ("wire types are fresh", || {
        tool::run(tool::cargo("test").args(["--package", "tests-app", "--quiet", "wire"]))
    }),
    ("types of the view", || {
        tool::run(npm("ui").args(["run", "--silent", "check"]))
    }),
    ("licences, banned crates, sources", || {
        tool::run(cargo_deny::command()?.args([
            "--log-level",
            "warn",
            "check",
            "bans",
            "licenses",
            "sources",
        ]))
    }),
];

/// Goes through all steps, also after one has failed.
///
/// # Errors
/// When any step failed; the message names them.
pub(crate) fn check() -> Result<()> {
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        say::line(format_args!("- {name}"));
        if let Err(why) = step() {
            say::line(format_args!("  {why:#}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("not in order: {}", failed.join("; "));
    }
    Ok(())
}
