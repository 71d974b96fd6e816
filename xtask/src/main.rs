//! The commands of this repository: `cargo xtask run`, `cargo xtask test`, and what they are made of.

mod advisories;
mod app;
#[cfg(target_os = "linux")]
mod bench;
mod cargo_deny;
mod check;
#[cfg(target_os = "linux")]
mod figures;
mod icons;
mod run;
mod say;
mod scenarios;
mod setup;
#[cfg(target_os = "linux")]
mod shots;
mod suite;
mod test;
#[cfg(target_os = "linux")]
mod tour;
mod ui;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use setup::{EVERYTHING, Group};
use suite::Suite;

/// The commands of this repository
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set up what is missing, build, and open the window on the demo
    Run {
        #[command(flatten)]
        consent: Consent,
    },
    /// Set up what is missing, and run every check and test
    Test {
        /// Only these suites
        #[arg(value_enum)]
        suites: Vec<Suite>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Format, lints, wire types, the view's types, licences and sources of dependencies
    Check {
        #[command(flatten)]
        consent: Consent,
    },
    /// Pictures of the main screens in light and dark, under target/shots
    #[cfg(target_os = "linux")]
    Shots {
        #[command(flatten)]
        consent: Consent,
    },
    /// What the timeline costs in the real window: a million events on disk, and a live feed
    #[cfg(target_os = "linux")]
    Figures {
        #[command(flatten)]
        consent: Consent,
    },
    /// Which test proves which promised behaviour, and whether any rule could go without a test noticing
    Scenarios {
        /// Only these numbers
        numbers: Vec<u16>,
        /// Leave out the part that switches off each rule
        #[arg(long)]
        without_rules: bool,
    },
    /// What the engine costs beside a bare client, as a table in tests/bench/figures.md
    #[cfg(target_os = "linux")]
    Bench {
        /// Rounds of each row; at least 5
        #[arg(long, default_value_t = 7)]
        rounds: u32,
        #[command(flatten)]
        consent: Consent,
    },
    /// Known security problems of our dependencies; needs the advisory databases
    Advisories,
    /// Draw the icons again from icons/source.svg
    Icons,
    /// Install what is missing, and nothing else
    Setup {
        /// Only these groups of needs
        #[arg(value_enum, default_values_t = EVERYTHING)]
        groups: Vec<Group>,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, Args)]
struct Consent {
    /// Do not ask before using sudo
    #[arg(long)]
    yes: bool,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Run { consent } => run::run(consent.yes),
        Verb::Test { suites, consent } => test::test(&suites, consent.yes),
        Verb::Check { consent } => {
            setup::ensure(&[Group::Build, Group::View], consent.yes).and_then(|()| check::check())
        }
        #[cfg(target_os = "linux")]
        Verb::Shots { consent } => shots::shots(consent.yes),
        #[cfg(target_os = "linux")]
        Verb::Figures { consent } => figures::figures(consent.yes),
        Verb::Scenarios {
            numbers,
            without_rules,
        } => scenarios::scenarios(&numbers, !without_rules && numbers.is_empty()),
        #[cfg(target_os = "linux")]
        Verb::Bench { rounds, consent } => bench::bench(rounds, consent.yes),
        Verb::Advisories => advisories::advisories(),
        Verb::Icons => icons::icons(),
        Verb::Setup { groups, consent } => setup::ensure(&groups, consent.yes),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say::problem(format_args!("{why:#}"));
            ExitCode::FAILURE
        }
    }
}
