//! The commands of this repository: `cargo xtask run`, `cargo xtask test`, and what they are made of.

mod say;
mod setup;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use setup::Group;

/// The commands of this repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install what building, running and testing need, and nothing else
    Setup {
        /// Only these groups of needs
        #[arg(value_enum, default_values_t = [Group::Build, Group::Display, Group::Tests, Group::Npm])]
        groups: Vec<Group>,
        /// Do not ask before using sudo
        #[arg(long)]
        yes: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Setup { groups, yes } => setup::ensure(&groups, yes),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say::problem(format_args!("{why:#}"));
            ExitCode::FAILURE
        }
    }
}
