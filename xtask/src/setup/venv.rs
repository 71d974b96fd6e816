//! The Python packages of every folder that names them exactly in a `requirements.txt`, each in a folder of its own beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use xtask::{root, tool};

use crate::say;

/// What was installed, as the text that it was asked for with. Written last: an installation that was cut short does not count.
const INSTALLED: &str = "venv/installed.txt";

/// Installs what is missing in each of `folders`, named from the top.
///
/// # Errors
/// When python or pip fails.
pub(crate) fn ensure(folders: &[&str]) -> Result<()> {
    for name in folders {
        let folder = root::root().join(name);
        if !is_stale(&folder) {
            continue;
        }
        say::line(format_args!("Installing the Python packages of {name}"));
        tool::run(tool::command("python3", &folder).args(["-m", "venv", "--clear", "venv"]))?;
        let pip = folder.join("venv/bin/pip");
        tool::run(
            tool::command(&pip.to_string_lossy(), &folder)
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(["--requirement", "requirements.txt"]),
        )?;
        fs::copy(folder.join("requirements.txt"), folder.join(INSTALLED))
            .with_context(|| format!("{name}: what was installed cannot be noted"))?;
    }
    Ok(())
}

/// Whether anything else is installed than the folder asks for.
fn is_stale(folder: &Path) -> bool {
    let wanted = fs::read(folder.join("requirements.txt")).ok();
    wanted.is_some() && wanted != fs::read(folder.join(INSTALLED)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_stale_when_others_are_asked_for_than_were_installed() {
        for (wanted, installed, expected) in [
            (None, None, false),
            (Some("a==1"), None, true),
            (Some("a==1"), Some("a==1"), false),
            (Some("a==2"), Some("a==1"), true),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("venv")).expect("a folder inside it");
            for (name, text) in [("requirements.txt", wanted), (INSTALLED, installed)] {
                if let Some(text) = text {
                    fs::write(folder.path().join(name), text).expect("a file inside it");
                }
            }
            assert_eq!(
                is_stale(folder.path()),
                expected,
                "{wanted:?} {installed:?}"
            );
        }
    }
}
