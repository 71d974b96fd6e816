//! The verbs that need no window: the same engine, vault, locks and journal as the window's, driven by a command line.
//!
//! The body of an answer, or the list that was asked for, goes to stdout, and everything else to stderr. How a verb ended
//! is its exit code.

mod code;
mod exit;
mod import;
mod login;
mod output;
mod prompt;
mod recorder;
mod send;
mod sessions;
mod signals;
mod timeline;
mod token;
mod workspace;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory as _;

use self::exit::{Exit, Stop};
use crate::cli::{Cli, Place, Verb};
use crate::{data_dir, log};

/// Does what the verb says.
pub(crate) fn run(verb: Verb, place: Place) -> ExitCode {
    match start(verb, &place) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            say(&format!("sandglass: {}", stop.why));
            stop.exit.into()
        }
    }
}

/// Without a window and without a verb there is nothing to do but to say what there is.
#[cfg(not(feature = "window"))]
pub(crate) fn run_nothing() -> ExitCode {
    say(&Cli::command().render_help().to_string());
    Exit::Usage.into()
}

fn start(verb: Verb, place: &Place) -> Result<Exit, Stop> {
    if let Verb::Completions { shell } = verb {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "sandglass", &mut script);
        return print(&script);
    }
    let data_dir = data_dir::open(place.data_dir.as_deref())
        .map_err(|error| Stop::new(Exit::File, format!("the data folder: {error}")))?;
    log::start(&data_dir, log::Terminal::WhatIsAskedFor);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
    let ended = runtime.block_on(async {
        match verb {
            Verb::Send(args) => send::run(*args, place, data_dir).await,
            Verb::Login(args) => login::run(args, place, data_dir).await,
            Verb::Code(args) => code::run(&args, place),
            Verb::Import(args) => import::run(&args, place),
            Verb::Sessions(args) => sessions::run(args, place, data_dir).await,
            Verb::Timeline(args) => timeline::run(&args, &data_dir).await,
            Verb::Token(args) => token::run(args, place, data_dir).await,
            Verb::Completions { .. } => Ok(Exit::Done),
        }
    });
    // A thread that still waits for a line of a terminal is not waited for.
    runtime.shutdown_timeout(Duration::ZERO);
    ended
}

/// Writes to stdout what was asked for.
fn print(bytes: &[u8]) -> Result<Exit, Stop> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map(|()| Exit::Done)
        .map_err(|error| Stop::new(Exit::File, format!("stdout takes no more: {error}")))
}

/// Says something to whoever sits at the terminal. Where nobody can hear it, it is not said.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", line.trim_end());
}
