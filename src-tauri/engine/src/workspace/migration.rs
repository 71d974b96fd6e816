//! Workspaces of an older version of the format, brought up to the newest one: where they are, with a copy of every file
//! that changes.
//!
//! The copy is whole before anything is changed, and the version is written last. Cut short in between, the next start
//! begins again with the files as they are in the copy.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use super::folder::{Depth, files, text};
use super::writer::batch::{FileChange, write_all};
use super::writer::{sync_folder, unwritable};
use super::{MANIFEST, invalid};
use crate::error::Result;

/// What brings a workspace from one version to the next.
pub(super) struct Step {
    /// The version that it begins with.
    pub(super) from: u32,
    /// Changes one file, which is named by its path below the workspace's folder. Its comments and its order survive.
    pub(super) change: fn(&str, &mut DocumentMut),
}

/// One step for each version from 1 to the one before the newest: there has been only one so far.
pub(super) const STEPS: &[Step] = &[];

/// Texts of files by their paths below a workspace's folder.
type Texts = BTreeMap<String, String>;

/// Brings a workspace of version `found` up to `newest`, where that is newer. Blocks.
///
/// # Errors
/// `workspace.invalid` where no step begins with its version, a file cannot be read, or one was changed after an attempt
/// that was cut short; `workspace.unwritable`. The files are as they were then.
pub(super) fn bring_up(folder: &Path, found: u32, newest: u32, steps: &[Step]) -> Result<()> {
    if found >= newest {
        return Ok(());
    }
    let step = |version| steps.iter().find(|step| step.from == version);
    let Some(steps) = (found..newest).map(step).collect::<Option<Vec<_>>>() else {
        let detail = format!("there is no version {found}; the newest one is {newest}");
        return Err(invalid(&folder.join(MANIFEST), None, &detail));
    };
    let copy = folder.join(format!("before-version-{newest}"));
    let present = texts(folder)?;
    let mut before = present.clone();
    if copy.is_dir() {
        before.extend(texts(&copy)?);
    }
    let mut changes = Vec::new();
    for (path, present) in &present {
        let before = &before[path];
        let after = changed(folder, path, before, &steps, newest)?;
        if present != before && *present != after {
            let copy = copy.display();
            let detail = format!(
                "it was changed after an attempt to bring the workspace up to version {newest} that was cut short; as it \
                 was before that, it is in {copy}"
            );
            return Err(invalid(&folder.join(path), None, &detail));
        }
        if *present != after {
            changes.push(FileChange {
                path: path.clone(),
                before: Some(present.clone()),
                after,
            });
        }
    }
    if !copy.is_dir() {
        keep(folder, &copy, &changes).map_err(|error| unwritable(&copy, &error))?;
    }
    // Until the version is there, it is an older workspace.
    changes.sort_by_key(|change| change.path == MANIFEST);
    write_all(folder, &changes, &|| Ok(()))?;
    tracing::info!(folder = %folder.display(), copy = %copy.display(), "a workspace was brought up to version {newest}");
    Ok(())
}

/// All files of a workspace. One that cannot be read is not left behind in an older version.
fn texts(folder: &Path) -> Result<Texts> {
    let mut failures = Vec::new();
    let mut paths = vec![folder.join(MANIFEST)];
    for (name, depth) in [
        ("environments", Depth::Flat),
        ("sessions", Depth::Flat),
        ("requests", Depth::Nested),
    ] {
        let found = files(&folder.join(name), depth, &mut failures);
        paths.extend(found.into_iter().map(|(_, path)| path));
    }
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    // A copy holds what was changed, and the manifest always is.
    let read = |path: PathBuf| {
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let parts: Vec<_> = below
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Ok((parts.join("/"), text(&path)?))
    };
    paths.into_iter().map(read).collect()
}

fn changed(
    folder: &Path,
    path: &str,
    before: &str,
    steps: &[&Step],
    newest: u32,
) -> Result<String> {
    let parsed = before.parse::<DocumentMut>();
    let mut document = parsed.map_err(|error| invalid(&folder.join(path), None, &error))?;
    for step in steps {
        (step.change)(path, &mut document);
    }
    if path == MANIFEST {
        document["version"] = toml_edit::value(i64::from(newest));
    }
    Ok(document.to_string())
}

/// Keeps the files that are about to change as they are, whole or not at all.
fn keep(folder: &Path, copy: &Path, changes: &[FileChange]) -> io::Result<()> {
    let beside = tempfile::Builder::new().prefix(".").tempdir_in(folder)?;
    for change in changes {
        let path = beside.path().join(&change.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, change.before.as_deref().unwrap_or_default())?;
        fs::File::open(&path)?.sync_all()?;
        sync_folder(&path);
    }
    fs::rename(beside.path(), copy)?;
    // What it named is the copy now.
    let _: PathBuf = beside.keep();
    sync_folder(copy);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{VERSION, Workspace};

    /// A step from a version that there never was: what would be the first real one is tried with the mechanism alone.
    const INVENTED: &[Step] = &[Step {
        from: 0,
        change: |path, document| {
            let (old, new) = match path {
                MANIFEST => ("title", "name"),
                path if path.starts_with("sessions/") => ("token_url", "token_endpoint"),
                _ => return,
            };
            if let Some(value) = document.remove(old) {
                document.insert(new, value);
            }
        },
    }];
    const MANIFEST_BEFORE: &str = "# ours\nversion = 0\ntitle = \"Shop\"\n";
    const SESSION_BEFORE: &str = "kind = \"oauth\" # at the provider\norigins = []\nclient_id = \"c\"\ntoken_url = \"https://id.test/token\"\n";
    const REQUEST: &str = "url = \"https://api.test/\"\n";

    fn old_workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            (MANIFEST, MANIFEST_BEFORE),
            ("sessions/main.toml", SESSION_BEFORE),
            ("requests/a/b.toml", REQUEST),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn bring_up_invented(folder: &Path) -> Result<()> {
        bring_up(folder, 0, VERSION, INVENTED)
    }

    #[test]
    fn whoever_raises_the_version_writes_the_step_to_it() {
        let steps: Vec<u32> = STEPS.iter().map(|step| step.from).collect();
        assert_eq!(steps, (1..VERSION).collect::<Vec<_>>());
    }

    #[test]
    fn an_older_workspace_is_brought_up_and_its_files_are_kept_as_they_were() {
        let folder = old_workspace();
        bring_up_invented(folder.path()).expect("brought up");
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!(failures, []);
        assert_eq!((&*workspace.name, workspace.sessions.len()), ("Shop", 1));
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).expect("a file");
        assert!(read("sessions/main.toml").contains("# at the provider"));
        assert!(read(MANIFEST).starts_with("# ours\nversion = 1\n"));
        let copy = texts(&folder.path().join("before-version-1")).expect("a copy");
        let kept: Vec<_> = copy.iter().map(|(path, text)| (&**path, &**text)).collect();
        assert_eq!(
            kept,
            [
                ("sessions/main.toml", SESSION_BEFORE),
                (MANIFEST, MANIFEST_BEFORE)
            ],
            "what did not change needs no copy"
        );
    }

    #[test]
    fn an_attempt_that_was_cut_short_is_taken_up_unless_somebody_edited_meanwhile() {
        for edited in [false, true] {
            let whole = old_workspace();
            bring_up_invented(whole.path()).expect("brought up");
            let session = fs::read_to_string(whole.path().join("sessions/main.toml"));
            let session = session.expect("a file");

            // The copy was made and one file was changed when it ended.
            let folder = old_workspace();
            let copy = folder.path().join("before-version-1");
            fs::rename(whole.path().join("before-version-1"), &copy).expect("a copy");
            let text = if edited {
                session.replace("\"c\"", "\"d\"")
            } else {
                session.clone()
            };
            fs::write(folder.path().join("sessions/main.toml"), &text).expect("a file");
            let done = bring_up_invented(folder.path());
            let manifest = fs::read_to_string(folder.path().join(MANIFEST)).expect("a file");
            if edited {
                let failure = done.expect_err("nobody's edit is lost");
                assert!(failure.params["detail"].contains("before-version-1"));
                assert_eq!(manifest, MANIFEST_BEFORE);
            } else {
                done.expect("brought up");
                assert!(manifest.contains("version = 1"), "{manifest}");
            }
            let now = fs::read_to_string(folder.path().join("sessions/main.toml"));
            assert_eq!(now.expect("a file"), text);
        }
    }

    #[test]
    fn a_version_that_there_never_was_is_refused_in_words() {
        let folder = old_workspace();
        let failure = Workspace::read(folder.path()).expect_err("no such version");
        assert!(failure.params["detail"].contains("there is no version 0"));
        assert!(!folder.path().join("before-version-1").exists());
        let manifest = fs::read_to_string(folder.path().join(MANIFEST)).expect("a file");
        assert_eq!(manifest, MANIFEST_BEFORE);
    }
}
