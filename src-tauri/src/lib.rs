//! The shell: one window, its commands and permissions, the command line. It decides nothing; the engine does.
//!
//! ```text
//! main -> cli -> run --> app --> window   the one page, nothing else
//!                |           |-> shell    the engine and the demo, opened while the window is drawn
//!                |           |-> commands each one call into the engine
//!                |           '-> stream   the timeline, back to the window
//!                '-> headless             the verbs that need no window: send, login, import, token and the rest
//! ```
//!
//! Without the feature `window` only the verbs are there, for machines that have no display.

#[cfg(feature = "window")]
mod app;
#[cfg(feature = "window")]
mod bodies;
#[cfg(feature = "window")]
pub mod bookmarks;
mod browser;
pub mod cli;
#[cfg(feature = "window")]
mod clipboard;
#[cfg(feature = "window")]
pub mod commands;
#[cfg(feature = "window")]
mod confirm;
pub mod data_dir;
#[cfg(feature = "window")]
mod demo;
#[cfg(feature = "window")]
mod elsewhere;
#[cfg(feature = "window")]
mod guided;
mod headless;
#[cfg(feature = "window")]
mod history;
#[cfg(feature = "window")]
mod imports;
#[cfg(feature = "window")]
mod key_files;
mod log;
#[cfg(feature = "window")]
mod outside;
#[cfg(feature = "window")]
mod picked;
pub mod print;
#[cfg(feature = "window")]
pub mod settings;
#[cfg(feature = "window")]
mod shell;
#[cfg(feature = "window")]
pub mod stream;
#[cfg(feature = "window")]
mod tour;
#[cfg(feature = "window")]
mod trust;
#[cfg(feature = "window")]
mod window;

use std::process::ExitCode;

use self::cli::Cli;

/// Open files that a thousand requests at once need, and some to spare.
const FILES_WANTED: u64 = 8_192;

/// Does what the command line asks for.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    // As far as the system allows; below it, many requests at once end in clear errors.
    let _ = rlimit::increase_nofile_limit(FILES_WANTED);
    match cli.verb {
        Some(verb) => headless::run(verb, cli.place),
        #[cfg(feature = "window")]
        None => app::run(cli),
        #[cfg(not(feature = "window"))]
        None => headless::run_nothing(),
    }
}
