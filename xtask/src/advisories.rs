//! `cargo xtask advisories`: whether anybody has published a security problem of something that we depend on.
//!
//! Apart from `check`, because the answer changes without us, and because it needs databases on the network.

use std::process::Command;

use anyhow::{Context as _, Result, bail};
use xtask::root;

use crate::suite::npm;
use crate::{cargo_deny, say};

/// The folders with npm packages.
const NPM_FOLDERS: [&str; 3] = ["ui", "tests/ui", "tests/providers"];

/// What a database says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    Problems,
    /// Nothing is known, because the database could not be reached.
    OutOfReach,
}

/// Asks the databases for Rust crates and for npm packages.
///
/// # Errors
/// When there is a published problem, or a database is out of reach: not knowing is no pass.
pub(crate) fn advisories() -> Result<()> {
    let mut verdicts = vec![("Rust crates", crates()?)];
    for folder in NPM_FOLDERS {
        if root::root()
            .join(folder)
            .join("package-lock.json")
            .is_file()
        {
            verdicts.push((folder, packages(folder)?));
        }
    }
    say::heading("Advisories");
    for (what, verdict) in &verdicts {
        say::line(match verdict {
            Verdict::Clean => format!("{what}: nothing known"),
            Verdict::Problems => format!("{what}: known problems, listed above"),
            Verdict::OutOfReach => {
                format!("{what}: not checked, the advisory database is out of reach from here")
            }
        });
    }
    if verdicts
        .iter()
        .any(|(_, verdict)| *verdict == Verdict::Problems)
    {
        bail!("dependencies with known problems");
    }
    if verdicts
        .iter()
        .any(|(_, verdict)| *verdict == Verdict::OutOfReach)
    {
        bail!("not everything could be checked; try again where the databases can be reached");
    }
    Ok(())
}

fn crates() -> Result<Verdict> {
    say::heading("Rust crates");
    judge(
        cargo_deny::command()?.args(["--log-level", "warn", "check", "advisories"]),
        "failed to fetch advisory database",
    )
}

fn packages(folder: &str) -> Result<Verdict> {
    say::heading(format_args!("npm packages of {folder}"));
    judge(
        npm(folder).args(["audit", "--package-lock-only", "--audit-level=low"]),
        "audit endpoint returned an error",
    )
}

/// Runs the command, shows what it says, and tells a problem from a database that does not answer by `sign`.
fn judge(command: &mut Command, sign: &str) -> Result<Verdict> {
    let output = command.output().context("starting the program that asks")?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let verdict = verdict(output.status.success(), &said, sign);
    if verdict != Verdict::OutOfReach {
        say::line(said.trim_end());
    }
    Ok(verdict)
}

fn verdict(success: bool, said: &str, sign: &str) -> Verdict {
    match (success, said.contains(sign)) {
        (true, _) => Verdict::Clean,
        (false, true) => Verdict::OutOfReach,
        (false, false) => Verdict::Problems,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_knowing_is_neither_clean_nor_a_problem() {
        let sign = "failed to fetch";
        let cases = [
            (true, "advisories ok", Verdict::Clean),
            (false, "error[vulnerability]: ...", Verdict::Problems),
            (
                false,
                "[ERROR] failed to fetch the database",
                Verdict::OutOfReach,
            ),
        ];
        for (success, said, expected) in cases {
            assert_eq!(verdict(success, said, sign), expected, "{said}");
        }
    }
}
