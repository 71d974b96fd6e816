//! Installing packages on Debian and Ubuntu, with the rights that the user has or allows.

use std::io::IsTerminal as _;
use std::process::Command;

use anyhow::{Result, bail};
use xtask::tool;

use crate::say;

/// Whether packages come from apt here.
pub(crate) fn is_here() -> bool {
    tool::find("apt-get").is_some()
}

/// How apt-get gets the rights to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// We are root.
    Root,
    /// `sudo`, which may ask for a password on the terminal.
    Sudo,
    /// `sudo`, where nobody can answer a question.
    SudoSilent,
}

/// Installs the packages.
///
/// # Errors
/// When there is no way to the rights, the user says no, or apt-get fails.
pub(crate) fn install(packages: &[&str], yes: bool) -> Result<()> {
    let by_hand = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    let terminal = std::io::stdin().is_terminal();
    let Some(rights) = rights(is_root(), tool::find("sudo").is_some(), terminal) else {
        bail!("installing needs root, and there is no sudo here. As root, run:\n  {by_hand}");
    };
    say::line(format_args!("To install it:\n  {by_hand}"));
    if rights == Rights::Sudo && !yes && !say::agrees("Run this with sudo now?")? {
        bail!("nothing was installed. Run the command above yourself, then call this again");
    }
    // Old lists are often good enough: a mirror that is out of reach fails the install, if it matters, not here.
    if let Err(why) = tool::run(apt_get(rights).arg("update").arg("-qq")) {
        say::line(format_args!(
            "{why}; going on with the package lists that are here"
        ));
    }
    tool::run(
        apt_get(rights)
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
}

fn rights(root: bool, sudo: bool, terminal: bool) -> Option<Rights> {
    match (root, sudo, terminal) {
        (true, _, _) => Some(Rights::Root),
        (false, true, true) => Some(Rights::Sudo),
        (false, true, false) => Some(Rights::SudoSilent),
        (false, false, _) => None,
    }
}

fn apt_get(rights: Rights) -> Command {
    let mut command = match rights {
        Rights::Root => Command::new("env"),
        Rights::Sudo | Rights::SudoSilent => Command::new("sudo"),
    };
    match rights {
        Rights::Root => {}
        Rights::Sudo => _ = command.arg("env"),
        Rights::SudoSilent => _ = command.args(["-n", "env"]),
    }
    // The package manager may be busy with another installation: two minutes of patience are cheaper than a failure.
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=120",
        "-o",
        "Dpkg::Use-Pty=0",
    ]);
    command
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_is_asked_for_only_when_somebody_can_answer() {
        let cases = [
            ((true, false, true), Some(Rights::Root)),
            ((true, true, false), Some(Rights::Root)),
            ((false, true, true), Some(Rights::Sudo)),
            ((false, true, false), Some(Rights::SudoSilent)),
            ((false, false, true), None),
            ((false, false, false), None),
        ];
        for ((root, sudo, terminal), expected) in cases {
            assert_eq!(
                rights(root, sudo, terminal),
                expected,
                "root {root}, sudo {sudo}, terminal {terminal}"
            );
        }
    }
}
