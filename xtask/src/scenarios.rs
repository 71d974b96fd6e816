//! `cargo xtask scenarios`: which test proves which promised behaviour, whether it passes, and whether any rule of the
//! engine could be taken away without a test noticing.
//!
//! ```text
//! tests/scenarios.toml --numbers--+
//!                                 +--> number, tests, result --> a gap, an unknown number or a red test fails
//! doc comments of the tests ------+
//! rules::on("…") in the engine ------> each switched off, its tests run --> a rule that nobody misses fails
//! ```

mod programs;
mod rules;
mod scan;
mod table;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use xtask::root;

use self::programs::{Programs, Trial};
use self::scan::Named;
use self::table::Table;
use crate::say;

/// Where tests name scenarios, from the top of the repository.
const FOLDERS: [&str; 5] = [
    "src-tauri",
    "tests/engine",
    "tests/gate",
    "tests/providers",
    "tests/desktop",
];

/// A test that names scenarios, and how it went.
#[derive(Debug)]
struct Proof {
    named: Named,
    trial: Trial,
}

/// Prints the table for `only` these numbers, or for all where none is named.
///
/// # Errors
/// On a number without a test, a test with an unknown number, a red test, or a rule that nobody misses.
pub(crate) fn scenarios(only: &[u16], with_rules: bool) -> Result<()> {
    let table = Table::read(&root::root().join("tests/scenarios.toml"))?;
    let mut named = scan::tests(&root::root(), &FOLDERS)?;
    let mut problems = unknown(&table, &named);
    named.retain(|test| only.is_empty() || test.numbers.iter().any(|number| only.contains(number)));

    say::line(format_args!(
        "Building {} tests that name scenarios or threats",
        named.len()
    ));
    let programs = Programs::build(&named)?;
    say::line("Running each by itself");
    let proofs = programs.prove(named)?;
    problems.extend(print(&table, only, &proofs));
    problems.extend(red(&proofs));
    if with_rules {
        problems.extend(rules::switch_off_each(&root::root(), &programs, &proofs)?);
    }
    if problems.is_empty() {
        return Ok(());
    }
    say::heading("Not in order");
    for problem in &problems {
        say::line(problem);
    }
    bail!("{} things are not in order", problems.len())
}

fn unknown(table: &Table, named: &[Named]) -> Vec<String> {
    let mut problems = Vec::new();
    for test in named {
        for number in test
            .numbers
            .iter()
            .filter(|number| table.title(**number).is_none())
        {
            problems.push(format!(
                "{test} names scenario {number}, which the table does not have"
            ));
        }
    }
    problems
}

/// Prints the table by section; answers the gaps.
fn print(table: &Table, only: &[u16], proofs: &[Proof]) -> Vec<String> {
    let mut by_number: BTreeMap<u16, Vec<&Proof>> = BTreeMap::new();
    for proof in proofs {
        for number in &proof.named.numbers {
            by_number.entry(*number).or_default().push(proof);
        }
    }
    let mut gaps = Vec::new();
    let (mut proved, mut inapplicable) = (0, 0);
    for section in &table.sections {
        let wanted = |number: &u16| only.is_empty() || only.contains(number);
        if !section.scenarios.keys().any(wanted) {
            continue;
        }
        say::heading(format_args!("{}. {}", section.letter, section.title));
        for (number, scenario) in section
            .scenarios
            .iter()
            .filter(|(number, _)| wanted(number))
        {
            let tests = by_number.get(number).map_or(&[][..], Vec::as_slice);
            let passed = tests.iter().all(|proof| proof.trial.passed);
            let result = match (&scenario.not_applicable, tests.is_empty()) {
                (Some(_), true) => "n/a",
                (None, true) => "GAP",
                (_, false) if passed => "passed",
                (_, false) => "FAILED",
            };
            match result {
                "passed" => proved += 1,
                "GAP" => gaps.push(format!("scenario {number} has no test: {}", scenario.title)),
                "FAILED" => {}
                _ => inapplicable += 1,
            }
            say::line(format_args!("{number:>3}  {result:<6}  {}", scenario.title));
            if let Some(why) = &scenario.not_applicable {
                say::line(format_args!("             ({why})"));
            }
            for proof in tests {
                say::line(format_args!(
                    "             {} ({:.1} s)",
                    proof.named,
                    proof.trial.took.as_secs_f64()
                ));
            }
        }
    }
    say::line(format_args!(
        "\n{proved} proved, {inapplicable} cannot apply, {} without a test",
        gaps.len()
    ));
    gaps
}

fn red(proofs: &[Proof]) -> Vec<String> {
    proofs
        .iter()
        .filter(|proof| !proof.trial.passed)
        .map(|proof| format!("{} is red:\n{}", proof.named, proof.trial.output))
        .collect()
}
