//! The one place where the commands print.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

/// One line for the person who typed the command.
#[expect(clippy::print_stdout, reason = "a command line tool answers on stdout")]
pub(crate) fn line(text: impl Display) {
    println!("{text}");
    // CI reads a pipe: a suite's own output must not overtake the heading above it.
    let _ = std::io::stdout().flush();
}

/// Why a command could not do what was asked.
#[expect(
    clippy::print_stderr,
    reason = "a command line tool says on stderr what went wrong"
)]
pub(crate) fn problem(text: impl Display) {
    eprintln!("\n{text}");
}

/// A heading with space above it, bold where a person looks.
pub(crate) fn heading(text: impl Display) {
    if std::io::stdout().is_terminal() {
        line(format_args!("\n\x1b[1m== {text}\x1b[0m"));
    } else {
        line(format_args!("\n== {text}"));
    }
}

/// Asks a yes-or-no question; an empty answer is no. Call it only where stdin is a terminal.
pub(crate) fn agrees(question: &str) -> std::io::Result<bool> {
    line(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
