//! `cargo xtask test`: every check and test that CI runs, one suite after the other, and a table at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum as _;

use crate::say;
use crate::setup::{self, EVERYTHING};
use crate::suite::Suite;

/// How one suite went.
struct Outcome {
    suite: Suite,
    passed: bool,
    took: Duration,
}

/// Sets up what is missing and runs `suites`, or all of them when none is named. A failing suite does not stop the
/// next ones.
///
/// # Errors
/// When the set-up fails, or any suite has failed.
pub(crate) fn test(suites: &[Suite], yes: bool) -> Result<()> {
    let all = Suite::value_variants();
    let suites = if suites.is_empty() { all } else { suites };
    let started = Instant::now();
    setup::ensure(&EVERYTHING, yes)?;
    let set_up = started.elapsed();
    let outcomes: Vec<_> = suites.iter().map(|suite| run(*suite)).collect();

    say::heading("Summary");
    say::line(format_args!(
        "{:<10} {:<7} {:>8}",
        "suite", "result", "seconds"
    ));
    say::line(format_args!(
        "{:<10} {:<7} {:>8.1}",
        "(set-up)",
        "",
        set_up.as_secs_f64()
    ));
    for Outcome {
        suite,
        passed,
        took,
    } in &outcomes
    {
        let result = if *passed { "passed" } else { "FAILED" };
        say::line(format_args!(
            "{suite:<10} {result:<7} {:>8.1}",
            took.as_secs_f64()
        ));
    }
    say::line(format_args!(
        "{:<10} {:<7} {:>8.1}",
        "(all)",
        "",
        started.elapsed().as_secs_f64()
    ));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    // The last line on stdout, for people and programs alike.
    say::line(format_args!(
        "\n{} passed, {failed} failed",
        outcomes.len() - failed
    ));
    if failed > 0 {
        bail!("call `cargo xtask test` with a suite's name to run only that one again");
    }
    Ok(())
}

fn run(suite: Suite) -> Outcome {
    say::heading(suite);
    let started = Instant::now();
    let done = suite.run();
    let took = started.elapsed();
    let seconds = took.as_secs_f64();
    match &done {
        Ok(()) => say::line(format_args!("{suite}: passed in {seconds:.1} s")),
        Err(why) => say::line(format_args!(
            "{suite}: FAILED after {seconds:.1} s: {why:#}"
        )),
    }
    Outcome {
        suite,
        passed: done.is_ok(),
        took,
    }
}
