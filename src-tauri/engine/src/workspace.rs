//! A workspace: a folder of plain files without secrets that says which sessions and requests there are.
//!
//! ```text
//! workspace.toml            version = 1, name = "Shop"
//! sessions/admin.toml       how to sign in and refresh, and where the token may be sent
//! requests/list-orders.toml method, url, headers, body, session
//! ```

mod session_file;
pub mod writer;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::session::config::SessionConfig;

/// The newest version of the format that this reads.
pub const VERSION: u32 = 1;
/// Files of one kind that are read from a workspace; more are reported, not read.
const FILES_MAX: usize = 10_000;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Sessions and requests that belong together.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// What people call it.
    pub name: String,
    /// What tells it from every other one: where it is. Another workspace never inherits a session's tokens.
    pub id: String,
    /// Its folder. Absent: it lives in memory only.
    pub path: Option<PathBuf>,
    /// Its sessions, by name.
    pub sessions: Vec<SessionConfig>,
    /// Its requests, by id.
    pub requests: Vec<SavedRequest>,
}

/// A request that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SavedRequest {
    /// The file's name without its ending.
    #[serde(skip_deserializing)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Any HTTP token.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Names and values in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body as text.
    #[serde(default)]
    pub body: Option<String>,
    /// The session that it uses.
    #[serde(default)]
    pub session: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceFile {
    version: u32,
    name: String,
}

impl Workspace {
    /// Reads a workspace folder. Files that cannot be used are left out, one failure each; the others are there.
    ///
    /// # Errors
    /// `workspace.invalid` where the folder has no usable `workspace.toml`.
    pub fn read(folder: &Path) -> Result<(Self, Vec<Failure>)> {
        let folder = folder
            .canonicalize()
            .map_err(|error| invalid(folder, None, &error))?;
        let manifest = folder.join("workspace.toml");
        let file: WorkspaceFile = parse(&manifest, &text(&manifest)?)?;
        if file.version > VERSION {
            let detail = format!(
                "it has version {}, and this Sandglass reads up to {VERSION}; a newer Sandglass reads it",
                file.version
            );
            return Err(invalid(&manifest, None, &detail));
        }
        let mut failures = Vec::new();
        let mut sessions = Vec::new();
        for (id, path) in files(&folder.join("sessions"), &mut failures) {
            match text(&path).and_then(|text| session_file::read(&id, &path, &text)) {
                Ok(session) => sessions.push(session),
                Err(failure) => failures.push(failure),
            }
        }
        let mut requests = Vec::new();
        for (id, path) in files(&folder.join("requests"), &mut failures) {
            match text(&path).and_then(|text| parse::<SavedRequest>(&path, &text)) {
                Ok(request) => requests.push(SavedRequest { id, ..request }),
                Err(failure) => failures.push(failure),
            }
        }
        let workspace = Self {
            name: file.name,
            id: folder.display().to_string(),
            path: Some(folder),
            sessions,
            requests,
        };
        Ok((workspace, failures))
    }
}

/// The TOML files of one folder, sorted by name. A missing folder holds none.
fn files(folder: &Path, failures: &mut Vec<Failure>) -> Vec<(String, PathBuf)> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            failures.push(invalid(folder, None, &error));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => {
                let path = entry.path();
                if path.extension().is_some_and(|ending| ending == "toml")
                    && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
                {
                    found.push((id.to_owned(), path.clone()));
                }
            }
            Err(error) => failures.push(invalid(folder, None, &error)),
        }
    }
    found.sort();
    if found.len() > FILES_MAX {
        failures.push(invalid(
            folder,
            None,
            &format!(
                "only the first {FILES_MAX} of {} files are read",
                found.len()
            ),
        ));
        found.truncate(FILES_MAX);
    }
    found
}

fn text(path: &Path) -> Result<String> {
    let length = std::fs::metadata(path)
        .map_err(|error| invalid(path, None, &error))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(invalid(
            path,
            None,
            &format!("it has {length} bytes, and at most {FILE_BYTES_MAX} are read"),
        ));
    }
    std::fs::read_to_string(path).map_err(|error| invalid(path, None, &error))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        invalid(path, line, &error.message())
    })
}

/// The number of the line, from 1, that holds this byte.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn invalid(path: &Path, line: Option<usize>, detail: &dyn std::fmt::Display) -> Failure {
    let failure = Failure::new(Code::WorkspaceInvalid)
        .with("path", path.display())
        .with("detail", detail);
    match line {
        Some(line) => failure.with("line", line),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON_SESSION: &str = r#"
kind = "json"
origins = ["http://127.0.0.1:4000"]
[sign_in]
url = "http://127.0.0.1:4000/auth/login"
body = '{"username": "{{username}}", "password": "{{password}}"}'
[refresh]
url = "http://127.0.0.1:4000/auth/refresh"
body = '{"refreshToken": "{{refresh_token}}"}'
"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn a_workspace_is_read_from_plain_files() {
        let folder = folder(&[
            ("workspace.toml", "version = 1\nname = \"Shop\"\n"),
            ("sessions/demo.toml", JSON_SESSION),
            (
                "sessions/admin.toml",
                "kind = \"oauth\"\norigins = [\"https://api.test\"]\ntoken_endpoint = \"https://id.test/token\"\nclient_id = \"desktop\"\n",
            ),
            (
                "requests/list.toml",
                "name = \"List\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:4000/orders\"\nsession = \"demo\"\n",
            ),
            ("requests/notes.md", "not a request"),
        ]);
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!(failures, []);
        assert_eq!(workspace.name, "Shop");
        assert_eq!(
            workspace
                .sessions
                .iter()
                .map(|session| &*session.name)
                .collect::<Vec<_>>(),
            ["admin", "demo"]
        );
        assert_eq!(workspace.requests[0].id, "list");
    }

    #[test]
    fn a_bad_file_is_named_with_its_line_and_the_others_are_read() {
        let manifest = ("workspace.toml", "version = 1\nname = \"Shop\"\n");
        for (name, bad, line, word) in [
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\ntoken = \"x\"\n",
                Some("3"),
                "token",
            ),
            (
                "sessions/bad.toml",
                "kind = \"magic\"\n",
                Some("1"),
                "magic",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = [\"https://a.test/path\"]\ntoken_endpoint = \"https://a.test/\"\nclient_id = \"c\"\n",
                None,
                "origin",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"http://a.test/\"\nclient_id = \"c\"\n",
                None,
                "https",
            ),
            (
                "requests/bad.toml",
                "name = \"x\"\nmethod = 5\n",
                Some("2"),
                "string",
            ),
            ("requests/bad.toml", "name = ", Some("1"), ""),
        ] {
            let folder = folder(&[manifest, ("sessions/good.toml", JSON_SESSION), (name, bad)]);
            let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
            assert_eq!(workspace.sessions.len(), 1, "the good one is there");
            assert_eq!(failures.len(), 1, "{bad}");
            assert_eq!(
                failures[0].params.get("line").map(String::as_str),
                line,
                "{}",
                failures[0]
            );
            assert!(
                failures[0].params["path"].ends_with(name)
                    && failures[0].params["detail"].contains(word),
                "{}",
                failures[0]
            );
        }
    }

    #[test]
    fn a_description_of_refusals_is_strict_and_off_by_default() {
        let manifest = ("workspace.toml", "version = 1\nname = \"Shop\"\n");
        for (tables, word) in [
            ("", None),
            ("[refused_when]\nstatus = 403\n", None),
            (
                "[refused_when]\nstatus = 200\nheader = [\"X-Auth\", \"expired\"]\nbody = [\"/error\", \"token_expired\"]\n",
                None,
            ),
            (
                "[refused_when]\nheader = [\"X-Auth\", \"expired\"]\n",
                Some("status"),
            ),
            ("[refused_when]\nstatus = 200\n", Some("every good answer")),
            ("[refused_when]\nstatus = 99\n", Some("200 to 599")),
            (
                "[refused_when]\nstatus = 403\nheader = [\"X Auth\", \"1\"]\n",
                Some("no header's name"),
            ),
            (
                "[refused_when]\nstatus = 403\nbody = [\"error\", \"1\"]\n",
                Some("JSON pointer"),
            ),
            (
                "[refused_when]\nstatus = 403\nbody = [\"/error\"]\n",
                Some("tuple"),
            ),
            (
                "[refused_when]\nstatus = 403\nregex = \"x\"\n",
                Some("regex"),
            ),
        ] {
            let text = format!("{JSON_SESSION}{tables}");
            let folder = folder(&[manifest, ("sessions/demo.toml", &text)]);
            let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
            match word {
                None => {
                    let described = workspace.sessions[0].refused_when.is_some();
                    assert_eq!(
                        (described, failures),
                        (!tables.is_empty(), vec![]),
                        "{tables}"
                    );
                }
                Some(word) => {
                    let detail = &failures[0].params["detail"];
                    assert!(detail.contains(word), "{tables}: {detail}");
                }
            }
        }
        let secret = format!("secret_headers = [\"X Key\"]\n{JSON_SESSION}");
        let folder = folder(&[manifest, ("sessions/demo.toml", &secret)]);
        let (_, failures) = Workspace::read(folder.path()).expect("readable");
        assert!(
            failures[0].params["detail"].contains("secret_headers"),
            "{failures:?}"
        );
    }

    #[test]
    fn a_folder_that_is_no_workspace_says_so() {
        for (files, word) in [
            (&[][..], "No such file"),
            (
                &[("workspace.toml", "version = 9\nname = \"x\"")][..],
                "newer Sandglass",
            ),
        ] {
            let folder = folder(files);
            let failure = Workspace::read(folder.path()).expect_err("no workspace");
            assert!(failure.params["detail"].contains(word), "{failure}");
        }
    }
}
