//! The set-up step: finds out what this machine lacks, says it, and installs it where it can.
//!
//! Every need is probed by trying what will later be used (is the program there, does pkg-config know the library),
//! never by remembering an earlier call: so a second call finds everything in place, does nothing and says nothing.

mod apt;
mod need;
mod node;
mod npm;
mod venv;

use anyhow::{Result, bail};

use need::{Need, Remedy};

use crate::say;

/// Things that are needed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// To compile the app.
    Build,
    /// To run the app where there is no display.
    Display,
    /// To build the view: Node and the view's npm packages.
    View,
    /// To drive the app and a browser in tests, and the npm packages of the suites that use Node.
    Tests,
    /// To draw the icons again.
    Icons,
}

/// What all that CI does needs, in the order in which it is put in place.
pub(crate) const EVERYTHING: [Group; 4] = [Group::Build, Group::Display, Group::View, Group::Tests];

/// The folders that have npm packages, and who needs them.
const NPM: &[(Group, &[&str])] = &[
    (Group::View, &["ui"]),
    (Group::Tests, &["tests/ui", "tests/providers"]),
];

/// The folders that have Python packages; the suites that test need them.
const PYTHON: &[&str] = &["tests/providers/django"];

/// Puts in place what `groups` need. With `yes` it does not ask before it uses `sudo`.
///
/// # Errors
/// When something is missing and cannot be installed here; the message says what and how to get it.
pub(crate) fn ensure(groups: &[Group], yes: bool) -> Result<()> {
    let missing = missing(groups);
    if !missing.is_empty() {
        say::line("Missing on this machine:");
        for need in &missing {
            say::line(format_args!("  {} ({})", need.what, need.remedy));
        }
        install(&missing, yes)?;
        let still: Vec<_> = missing
            .iter()
            .filter(|need| !need.is_met())
            .map(|need| need.what)
            .collect();
        if !still.is_empty() {
            bail!("still missing after installing: {}", still.join(", "));
        }
    }
    for (group, folders) in NPM {
        if groups.contains(group) {
            node::check()?;
            npm::ensure(folders)?;
        }
    }
    if groups.contains(&Group::Tests) {
        venv::ensure(PYTHON)?;
    }
    Ok(())
}

fn missing(groups: &[Group]) -> Vec<&'static Need> {
    need::ALL
        .iter()
        .filter(|need| groups.contains(&need.group) && need.applies_here())
        .filter(|need| !need.is_met())
        .collect()
}

fn install(missing: &[&Need], yes: bool) -> Result<()> {
    let packages: Vec<&str> = missing
        .iter()
        .filter_map(|need| match need.remedy {
            Remedy::Debian(package) => Some(package),
            Remedy::ByHand(_) => None,
        })
        .collect();
    if packages.len() < missing.len() {
        bail!(
            "please install what is listed above, then call this again; it cannot be installed from here"
        );
    }
    if !apt::is_here() {
        bail!(
            "this is neither Debian nor Ubuntu: please install what is listed above (the names in brackets are \
             Debian's, your distribution has its own), then call this again"
        );
    }
    apt::install(&packages, yes)
}
