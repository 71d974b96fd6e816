//! The built view, which the app embeds: knows when it is older than its sources, and builds it then.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use xtask::{root, tool};

use crate::say;

/// What lies in the view's folder and is no source of it.
const NOT_SOURCES: [&str; 3] = ["node_modules", "dist", "README.md"];

/// Builds the view if it is older than what it is built from. Its npm packages must be there.
///
/// # Errors
/// When the sources cannot be read or the build fails.
pub(crate) fn ensure() -> Result<()> {
    let folder = root::root().join("ui");
    if is_stale(&folder)? {
        say::line("Building the view");
        tool::run(tool::command("npm", &folder).args(["run", "--silent", "build"]))?;
    }
    Ok(())
}

/// Whether the built page is missing or older than a source.
fn is_stale(ui: &Path) -> Result<bool> {
    let built = fs::metadata(ui.join("dist/index.html")).and_then(|meta| meta.modified());
    let newest =
        newest(ui).with_context(|| format!("looking at the sources in {}", ui.display()))?;
    Ok(!built.is_ok_and(|built| built >= newest))
}

/// When the newest source changed. A folder counts too, because a removed file changes only its folder; the view's own
/// folder does not, because a build changes it.
fn newest(folder: &Path) -> std::io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A second build, such as the one for browser tests, may lie beside the first.
        if name.starts_with('.') || name.starts_with("dist-") || NOT_SOURCES.contains(&&*name) {
            continue;
        }
        let meta = entry.metadata()?;
        newest = newest.max(meta.modified()?);
        if meta.is_dir() {
            newest = newest.max(self::newest(&entry.path())?);
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn write(folder: &Path, name: &str, second: u64) {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("the name has a folder")).expect("a folder");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        fs::File::create(&file)
            .and_then(|file| file.set_modified(time))
            .expect("a file of ours");
    }

    fn age_folders(folder: &Path) {
        for name in ["src", "dist", "node_modules"] {
            if let Ok(folder) = fs::File::open(folder.join(name)) {
                folder
                    .set_modified(SystemTime::UNIX_EPOCH)
                    .expect("a folder of ours");
            }
        }
    }

    #[test]
    fn the_view_is_stale_when_any_source_is_newer_than_the_built_page() {
        let cases: [(&[(&str, u64)], bool); 5] = [
            (&[("src/main.ts", 1)], true),
            (&[("src/main.ts", 1), ("dist/index.html", 2)], false),
            (&[("src/main.ts", 3), ("dist/index.html", 2)], true),
            (&[("package-lock.json", 3), ("dist/index.html", 2)], true),
            (
                &[
                    ("node_modules/x.js", 3),
                    ("dist/x.js", 3),
                    (".cache", 3),
                    ("dist/index.html", 2),
                ],
                false,
            ),
        ];
        for (files, expected) in cases {
            let folder = tempfile::tempdir().expect("a temporary folder");
            for (name, second) in files {
                write(folder.path(), name, *second);
            }
            age_folders(folder.path());
            assert_eq!(
                is_stale(folder.path()).expect("readable"),
                expected,
                "{files:?}"
            );
        }
    }

    #[test]
    fn a_removed_source_makes_the_view_stale() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), "src/gone.ts", 1);
        write(folder.path(), "dist/index.html", 2);
        fs::remove_file(folder.path().join("src/gone.ts")).expect("it was there");
        assert!(is_stale(folder.path()).expect("readable"));
    }
}
