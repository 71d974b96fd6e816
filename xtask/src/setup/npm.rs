//! The npm packages of every folder that has a lock file.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;
use xtask::{root, tool};

use crate::say;

/// Runs `npm ci` in each of `folders`, named from the top, whose packages are older than its lock file.
///
/// # Errors
/// When npm fails.
pub(crate) fn ensure(folders: &[&str]) -> Result<()> {
    for name in folders {
        let folder = root::root().join(name);
        if is_stale(&folder) {
            say::line(format_args!("Installing the npm packages of {name}"));
            tool::run(tool::command("npm", &folder).args(["ci", "--no-audit", "--no-fund"]))?;
        }
    }
    Ok(())
}

/// Whether the packages are missing or older than the lock file. A folder without a lock file needs none.
fn is_stale(folder: &Path) -> bool {
    // npm writes this file last: an installation that was cut short does not count.
    changed(&folder.join("package-lock.json")).is_some_and(|lock| {
        changed(&folder.join("node_modules/.package-lock.json")).is_none_or(|have| have < lock)
    })
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|meta| meta.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn packages_are_stale_when_missing_or_older_than_the_lock_file() {
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let new = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000);
        let cases = [
            (None, None, false),
            (Some(old), None, true),
            (Some(old), Some(new), false),
            (Some(new), Some(old), true),
        ];
        for (lock, packages, expected) in cases {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("node_modules")).expect("a folder inside it");
            for (name, time) in [
                ("package-lock.json", lock),
                ("node_modules/.package-lock.json", packages),
            ] {
                if let Some(time) = time {
                    let file =
                        fs::File::create(folder.path().join(name)).expect("a file inside it");
                    file.set_modified(time)
                        .expect("a file of ours takes any time");
                }
            }
            assert_eq!(
                is_stale(folder.path()),
                expected,
                "lock {lock:?}, packages {packages:?}"
            );
        }
    }
}
