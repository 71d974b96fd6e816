//! Writing into a workspace folder. The whole new text is read by the same reader before anything is written; comments and
//! the order of what stays survive; a file is there as a whole, or it is as it was.
//!
//! What a session's file says crosses here as its keys and values, whatever they are: only the reader knows which there
//! may be, and a key that an editor does not know comes back as it was.

pub mod batch;
pub mod request;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use super::folder::text;
use super::reading::parse;
use super::{Workspace, invalid, session_file, variables_anywhere};
use crate::error::{Code, Failure, Result};
use crate::session::config::SessionConfig;

/// Characters of a session's name.
const NAME_CHARS_MAX: usize = 64;

/// What a session's file says: its keys and their values. A null is a key that is not there.
pub type SessionKeys = Map<String, Json>;

/// A session's file as it is on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct StoredSession {
    /// The session's name, which is the file's without its ending.
    pub name: String,
    /// What it says.
    pub keys: SessionKeys,
    /// Tells this state of the file from every other one.
    pub revision: String,
}

/// Reads a session's file for a change of it.
///
/// # Errors
/// `session.name_invalid`; `workspace.invalid` where there is none, or it cannot be read.
pub fn read_session(folder: &Path, name: &str) -> Result<StoredSession> {
    let path = path_of(folder, name)?;
    let text = text(&path)?;
    Ok(StoredSession {
        name: name.to_owned(),
        keys: parse(&path, &text)?,
        revision: revision(&text),
    })
}

/// What a session would be whose file said this.
///
/// # Errors
/// `session.name_invalid`; `workspace.invalid` with what cannot be used.
pub(crate) fn proposed(
    workspace: &Workspace,
    name: &str,
    keys: &SessionKeys,
) -> Result<SessionConfig> {
    let folder = workspace.path.clone().unwrap_or_default();
    let path = path_of(&folder, name)?;
    let text = written(&path, "", keys)?;
    session_file::read(name, &path, &text, &workspace.variables.filler())
}

/// Writes a session's file. `revision` is that of the file which it takes the place of; without one there must be none yet.
///
/// # Errors
/// `session.name_invalid`; `workspace.invalid` with what cannot be used; `workspace.exists`; `workspace.changed` where
/// somebody else was faster; `workspace.unwritable`. Nothing has changed then.
pub fn write_session(
    folder: &Path,
    name: &str,
    keys: &SessionKeys,
    revision: Option<&str>,
) -> Result<()> {
    let path = path_of(folder, name)?;
    let before = match revision {
        Some(revision) => Some(unchanged(&path, revision)?),
        None => None,
    };
    let new = written(&path, before.as_deref().unwrap_or_default(), keys)?;
    session_file::read(name, &path, &new, &variables_anywhere(folder).filler())?;
    replace(&path, &new, before.is_some())
}

/// Removes a session's file, where it still is what was read.
///
/// # Errors
/// `session.name_invalid`, `workspace.changed`, `workspace.invalid`, `workspace.unwritable`.
pub fn delete_session(folder: &Path, name: &str, revision: &str) -> Result<()> {
    let path = path_of(folder, name)?;
    unchanged(&path, revision)?;
    fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
    sync_folder(&path);
    Ok(())
}

/// Makes a workspace in a folder, which is made too where there is none.
///
/// # Errors
/// `workspace.exists` where there is one already; `workspace.unwritable`.
pub fn create(folder: &Path, name: &str) -> Result<()> {
    let mut manifest = DocumentMut::new();
    manifest["version"] = toml_edit::value(i64::from(super::VERSION));
    manifest["name"] = toml_edit::value(name);
    replace(&folder.join("workspace.toml"), &manifest.to_string(), false)
}

/// Where a session of this name is. The name comes from people, and is a file's on any system.
fn path_of(folder: &Path, name: &str) -> Result<PathBuf> {
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | ' ' | '.');
    let reserved = ["con", "prn", "aux", "nul"];
    let good = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && name.chars().all(plain)
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
        && !reserved.contains(&name.to_lowercase().as_str());
    if !good {
        let shown = crate::redact::server_text(name, NAME_CHARS_MAX);
        return Err(Failure::new(Code::SessionNameInvalid).with("session", shown));
    }
    Ok(folder.join("sessions").join(format!("{name}.toml")))
}

/// The text of a file that must be as it was read.
fn unchanged(path: &Path, expected: &str) -> Result<String> {
    let changed = || Failure::new(Code::WorkspaceChanged).with("path", path.display());
    if !path.exists() {
        return Err(changed().with("gone", true));
    }
    let text = text(path)?;
    if revision(&text) != expected {
        return Err(changed());
    }
    Ok(text)
}

pub(super) fn revision(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text before with what is new in it.
pub(crate) fn written(path: &Path, before: &str, keys: &SessionKeys) -> Result<String> {
    let mut document: DocumentMut = before
        .parse()
        .map_err(|error| invalid(path, None, &error))?;
    let new = table(keys).map_err(|key| {
        let detail = format!("the value of {key:?} cannot be written");
        invalid(path, None, &detail)
    })?;
    merge(document.as_table_mut(), &new, true);
    Ok(document.to_string())
}

/// Keys and values as TOML. The error is the key whose value has no form there.
fn table(keys: &SessionKeys) -> Result<InlineTable, String> {
    let mut table = InlineTable::new();
    for (key, json) in keys.iter().filter(|(_, json)| !json.is_null()) {
        table.insert(key, value(json).ok_or_else(|| key.clone())?);
    }
    Ok(table)
}

fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => number.as_i64()?.into(),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let items: Option<Array> = items.iter().map(value).collect();
            items?.into()
        }
        Json::Object(keys) => table(keys).ok()?.into(),
    })
}

/// Makes `old` say what `new` says. What is the same is not touched; what is gone takes its comment along.
fn merge(old: &mut dyn TableLike, new: &dyn TableLike, at_root: bool) {
    let gone: Vec<String> = old
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !new.contains_key(key))
        .collect();
    for key in gone {
        old.remove(&key);
    }
    for (key, item) in new.iter() {
        let Some(place) = old.get_mut(key) else {
            old.insert(key, fresh(item, at_root));
            continue;
        };
        if let (Some(old), Some(new)) = (place.as_table_like_mut(), item.as_table_like()) {
            merge(old, new, false);
        } else if let (Some(old), Some(new)) = (place.as_value_mut(), item.as_value()) {
            if !same(old, new) {
                let decor = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = decor;
            }
        } else {
            *place = fresh(item, at_root);
        }
    }
}

/// As a person would write it: what has names of its own stands under a heading.
fn fresh(item: &Item, at_root: bool) -> Item {
    match item {
        Item::Value(Value::InlineTable(table)) if at_root => {
            Item::Table(table.clone().into_table())
        }
        other => other.clone(),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Integer(one), Value::Integer(other)) => one.value() == other.value(),
        (Value::Boolean(one), Value::Boolean(other)) => one.value() == other.value(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other.iter())
                    .all(|(one, other)| same(one, other))
        }
        _ => false,
    }
}

/// Puts a file in its place as a whole: written beside it, on the disk, and only then given its name.
fn replace(path: &Path, text: &str, is_there: bool) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder)
        .and_then(|()| beside(folder, path, text, is_there, Lasts::BeforeItsName));
    match written.and_then(|file| put(file.into_temp_path(), path, is_there)) {
        Ok(()) => {
            sync_folder(path);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Failure::new(Code::WorkspaceExists).with("path", path.display()))
        }
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Whether a text is on the disk before its file has its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// What was there before is never lost to a power cut.
    BeforeItsName,
    /// One of many new files: they are made to last together, before the first of them has its name.
    WithTheOthers,
}

fn beside(
    folder: &Path,
    path: &Path,
    text: &str,
    is_there: bool,
    lasts: Lasts,
) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".new");
    // A workspace is for sharing: its files are as readable as others that the user makes.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    if is_there {
        file.as_file()
            .set_permissions(fs::metadata(path)?.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    if lasts == Lasts::BeforeItsName {
        file.as_file().sync_all()?;
    }
    Ok(file)
}

fn put(file: tempfile::TempPath, path: &Path, is_there: bool) -> io::Result<()> {
    let put = if is_there {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    put.map(drop).map_err(|error| error.error)
}

/// Makes the name last too, where the system can. The file itself is on the disk already.
pub(super) fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(Err(error)) = path
        .parent()
        .map(|folder| fs::File::open(folder)?.sync_all())
    {
        tracing::warn!(%error, "a folder could not be synced");
    }
    #[cfg(not(unix))]
    let _ = path;
}

pub(super) fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::WorkspaceUnwritable)
        .with("path", path.display())
        .with("detail", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_HAND: &str = r#"# Ours, since 2019.
kind = "oauth"            # not json any more
token_endpoint = "https://id.test/token"
origins = [
    "https://api.test", # the real one
]

client_id = "desktop"
scope = "orders"
# Slack-style refusals.
[refused_when]
status = 200
body = ["/error", "token_expired"]
"#;

    fn folder(text: Option<&str>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        create(folder.path(), "Shop").expect("a new workspace");
        if let Some(text) = text {
            fs::create_dir(folder.path().join("sessions")).expect("a folder");
            fs::write(folder.path().join("sessions/admin.toml"), text).expect("a file");
        }
        folder
    }

    #[test]
    fn a_change_keeps_comments_and_order() {
        let folder = folder(Some(BY_HAND));
        let mut stored = read_session(folder.path(), "admin").expect("a good file");
        stored
            .keys
            .insert("client_id".to_owned(), "desktop-2".into());
        stored.keys.insert("scope".to_owned(), Json::Null);
        stored
            .keys
            .insert("resource".to_owned(), "https://api.test".into());
        write_session(folder.path(), "admin", &stored.keys, Some(&stored.revision))
            .expect("written");
        let text = fs::read_to_string(folder.path().join("sessions/admin.toml")).expect("a file");
        for kept in [
            "# Ours, since 2019.\nkind = \"oauth\"            # not json any more\n",
            "origins = [\n    \"https://api.test\", # the real one\n]",
            "client_id = \"desktop-2\"",
            "# Slack-style refusals.\n[refused_when]\nstatus = 200\n",
        ] {
            assert!(text.contains(kept), "{kept}\n---\n{text}");
        }
        assert!(!text.contains("scope"), "{text}");
        let again = read_session(folder.path(), "admin").expect("a good file");
        stored.keys.remove("scope");
        assert_eq!(again.keys, stored.keys);
    }

    #[test]
    fn a_new_session_reads_as_a_person_would_have_written_it() {
        let folder = folder(None);
        let text = "kind = \"json\"\norigins = [\"https://api.test\"]\nrefresh_when = \"refused\"\n\n[sign_in]\nurl = \"https://api.test/login\"\nbody = '{\"user\": \"{{username}}\"}'\n\n[refresh]\nurl = \"https://api.test/refresh\"\nbody = '{\"token\": \"{{refresh_token}}\"}'\n";
        let keys = toml::from_str(text).expect("a good text");
        write_session(folder.path(), "viewer", &keys, None).expect("written");
        assert_eq!(
            fs::read_to_string(folder.path().join("sessions/viewer.toml")).expect("a file"),
            text
        );
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!(failures, []);
        assert_eq!(&*workspace.sessions[0].name, "viewer");
    }

    #[test]
    fn what_cannot_be_written_changes_nothing() {
        let folder = folder(Some(BY_HAND));
        let path = folder.path().join("sessions/admin.toml");
        let stored = read_session(folder.path(), "admin").expect("a good file");
        let mut bad = stored.keys.clone();
        bad.insert("token_endpoint".to_owned(), "http://id.test/token".into());
        let code = |written: Result<()>| written.expect_err("refused").code;
        let write = |name: &str, keys: &SessionKeys, revision: Option<&str>| {
            code(write_session(folder.path(), name, keys, revision))
        };
        assert_eq!(
            write("admin", &bad, Some(&stored.revision)),
            Code::WorkspaceInvalid
        );
        assert_eq!(write("admin", &stored.keys, None), Code::WorkspaceExists);
        assert_eq!(
            write("admin", &stored.keys, Some("of long ago")),
            Code::WorkspaceChanged
        );
        assert_eq!(
            code(delete_session(folder.path(), "admin", "of long ago")),
            Code::WorkspaceChanged
        );
        assert_eq!(code(create(folder.path(), "Shop")), Code::WorkspaceExists);
        for name in [
            "",
            ".",
            "../evil",
            "a/b",
            "a\\b",
            "c:",
            "nul",
            "NUL",
            " x",
            "x.",
            "a\nb",
            &"x".repeat(65),
        ] {
            assert_eq!(
                write(name, &stored.keys, None),
                Code::SessionNameInvalid,
                "{name:?}"
            );
        }
        assert_eq!(fs::read_to_string(&path).expect("the file"), BY_HAND);
        let files = fs::read_dir(path.parent().expect("a folder"))
            .expect("a folder")
            .count();
        assert_eq!(files, 1, "nothing is left beside it");
        delete_session(folder.path(), "admin", &stored.revision).expect("it is what was read");
        assert!(!path.exists());
    }
}
