//! A workspace: a folder of plain files without secrets that says which sessions and requests there are.
//!
//! ```text
//! workspace.toml             version = 1, name = "Shop", variables of all environments
//! environments/staging.toml  what variables are there
//! sessions/admin.toml        how to sign in and refresh, and where the token may be sent
//! requests/orders/list.toml  method, url, headers, body, session; a folder is a collection
//! ```
//!
//! `docs/workspace.md` says what the files hold.

pub mod environment;
pub(crate) mod fill;
mod folder;
mod migration;
pub(crate) mod names;
mod reading;
mod request_file;
mod session_file;
pub mod stamp;
pub mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::environment::{Environment, Variables, VariablesFile};
use self::folder::{Depth, files, text};
use self::reading::{line_of, meant, parse, quoted};
use self::stamp::Stamp;
use crate::error::{Code, Failure, Result};
use crate::exchange::body::Body;
use crate::session::config::SessionConfig;

/// The newest version of the format that this reads.
pub const VERSION: u32 = 1;
/// The file that makes a folder a workspace.
const MANIFEST: &str = "workspace.toml";

/// Sessions and requests that belong together, in one environment.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// What people call it.
    pub name: String,
    /// What tells it from every other one: where it is. Another workspace never inherits a session's tokens.
    pub id: String,
    /// Its folder. Absent: it lives in memory only.
    pub path: Option<PathBuf>,
    /// Its environments, by name.
    pub environments: Vec<Environment>,
    /// The environment that it is read in. Absent: only what the workspace says for all of them.
    pub environment: Option<String>,
    /// The variables there.
    pub variables: Variables,
    /// Its sessions there, by name.
    pub sessions: Vec<SessionConfig>,
    /// Its requests, by id; their variables are filled when they are sent.
    pub requests: Vec<SavedRequest>,
    /// What its folder looked like just before it was read.
    pub stamp: Stamp,
}

/// A request that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SavedRequest {
    /// The file's name without its ending, behind the folders that it is in: `orders/list`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Any HTTP token.
    pub method: String,
    /// An absolute URL; it may hold `{{variables}}`.
    pub url: String,
    /// Names and values in order; the values may hold variables.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body; text in it may hold variables.
    #[serde(default)]
    pub body: Option<Body>,
    /// The session that it uses.
    #[serde(default)]
    pub session: Option<String>,
    /// Follow redirects; else the first answer is the answer.
    pub follow_redirects: bool,
    /// Give up after so many milliseconds. Absent: only the limits of connecting and of silence hold.
    #[serde(default)]
    pub time_limit_ms: Option<u32>,
    /// Tells this state of its file from every other one. Absent: it is in no file.
    #[serde(default)]
    pub revision: Option<String>,
}

impl SavedRequest {
    /// A request without headers, body and session, in no file.
    pub fn new(name: &str, method: &str, url: &str) -> Self {
        Self {
            id: String::new(),
            name: name.to_owned(),
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            session: None,
            follow_redirects: true,
            time_limit_ms: None,
            revision: None,
        }
    }
}

impl Workspace {
    /// Reads a workspace folder, in no environment; one of an older version is brought up to the newest one first. Files that cannot be used are left out, one failure each; the others
    /// are there.
    ///
    /// # Errors
    /// `workspace.invalid` where the folder has no usable `workspace.toml`.
    pub fn read(folder: &Path) -> Result<(Self, Vec<Failure>)> {
        Self::read_in(folder, None)
    }

    /// Reads a workspace folder in one of its environments.
    ///
    /// # Errors
    /// As [`Workspace::read`]; `environment.unknown` where it has none of this name.
    pub fn read_in(folder: &Path, environment: Option<&str>) -> Result<(Self, Vec<Failure>)> {
        let folder = folder
            .canonicalize()
            .map_err(|error| invalid(folder, None, &error))?;
        let manifest = folder.join(MANIFEST);
        let found = version(&manifest, &text(&manifest)?)?;
        migration::bring_up(&folder, *found.get_ref(), VERSION, migration::STEPS)?;
        let stamp = Stamp::of(&folder);
        let (name, shared) = read_manifest(&manifest)?;
        let mut failures = Vec::new();
        let environments: Vec<Environment> = each(
            &folder.join("environments"),
            Depth::Flat,
            &mut failures,
            environment::read,
        );
        let variables = match environment {
            None => shared,
            Some(wanted) => {
                let found = environments.iter().find(|found| found.name == wanted);
                let found = found.ok_or_else(|| {
                    unknown_environment(wanted, &environments, &folder, &failures)
                })?;
                shared.with(&found.variables)
            }
        };
        let sessions = each(
            &folder.join("sessions"),
            Depth::Flat,
            &mut failures,
            |name, path, text| session_file::read(name, path, text, &variables.filler()),
        );
        let requests = each(
            &folder.join("requests"),
            Depth::Nested,
            &mut failures,
            request_file::read,
        );
        let workspace = Self {
            name,
            id: folder.display().to_string(),
            path: Some(folder),
            environments,
            environment: environment.map(str::to_owned),
            variables,
            sessions,
            requests,
            stamp,
        };
        Ok((workspace, failures))
    }

    /// A workspace without a folder: it lives in memory, and has no environments.
    pub fn in_memory(
        name: &str,
        id: &str,
        sessions: Vec<SessionConfig>,
        requests: Vec<SavedRequest>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            path: None,
            environments: Vec::new(),
            environment: None,
            variables: Variables::default(),
            sessions,
            requests,
            stamp: Stamp::default(),
        }
    }

    /// What tells its secrets from those of every other workspace and environment.
    pub(crate) fn place(&self) -> String {
        match &self.environment {
            None => self.id.clone(),
            Some(environment) => format!("{}\n{environment}", self.id),
        }
    }
}

/// Reads every file of one kind; what is wrong with one costs the others nothing.
fn each<T>(
    folder: &Path,
    depth: Depth,
    failures: &mut Vec<Failure>,
    read: impl Fn(&str, &Path, &str) -> Result<T>,
) -> Vec<T> {
    let mut made = Vec::new();
    for (id, path) in files(folder, depth, failures) {
        match text(&path).and_then(|text| read(&id, &path, &text)) {
            Ok(one) => made.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    made
}

/// `workspace.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(rename = "version")]
    _version: u32,
    name: String,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, environment::Value>,
}

/// The version alone: a newer one may have any keys beside it.
#[derive(Deserialize)]
struct VersionOnly {
    version: toml::Spanned<u32>,
}

/// Reads `workspace.toml`: the name, and the variables of all environments.
fn read_manifest(path: &Path) -> Result<(String, Variables)> {
    read_manifest_text(path, &text(path)?)
}

/// The version of the format that `workspace.toml` names.
fn version(path: &Path, text: &str) -> Result<toml::Spanned<u32>> {
    Ok(parse::<VersionOnly>(path, text)?.version)
}

fn read_manifest_text(path: &Path, text: &str) -> Result<(String, Variables)> {
    let version = version(path, text)?;
    if *version.get_ref() > VERSION {
        let detail = format!(
            "it has version {}, and this Sandglass reads up to {VERSION}; a newer Sandglass reads it",
            version.get_ref()
        );
        return Err(invalid(
            path,
            Some(line_of(text, version.span().start)),
            &detail,
        ));
    }
    let manifest: Manifest = parse(path, text)?;
    let variables = VariablesFile {
        secrets: manifest.secrets,
        variables: manifest.variables,
    };
    let variables = variables.into_variables();
    Ok((
        manifest.name,
        variables.map_err(|wrong| wrong.in_text(path, text))?,
    ))
}

/// The variables of every environment together: what a session's file may hold, whatever the environment.
fn variables_anywhere(folder: &Path) -> Variables {
    let shared = read_manifest(&folder.join(MANIFEST)).map(|(_, variables)| variables);
    let environments: Vec<Environment> = each(
        &folder.join("environments"),
        Depth::Flat,
        &mut Vec::new(),
        environment::read,
    );
    environments
        .iter()
        .fold(shared.unwrap_or_default(), |all, one| {
            all.with(&one.variables)
        })
}

fn unknown_environment(
    wanted: &str,
    environments: &[Environment],
    folder: &Path,
    failures: &[Failure],
) -> Failure {
    // A file that is there and cannot be read is the better answer.
    let file = folder.join("environments").join(format!("{wanted}.toml"));
    let broken = |failure: &&Failure| {
        failure.params.get("path").map(String::as_str) == Some(&*file.to_string_lossy())
    };
    if let Some(failure) = failures.iter().find(broken) {
        return failure.clone();
    }
    let names: Vec<&str> = environments
        .iter()
        .map(|found| found.name.as_str())
        .collect();
    let failure = Failure::new(Code::EnvironmentUnknown)
        .with("environment", crate::redact::server_text(wanted, 80))
        .with("known", quoted(&names));
    match meant(wanted, names.into_iter()) {
        Some(meant) => failure.with("meant", meant),
        None => failure,
    }
}

/// The text of a file of a workspace, within limits.
pub(crate) fn file_text(path: &Path) -> Result<String> {
    text(path)
}

/// What a file's text says, as keys and values.
pub(crate) fn keys_of(path: &Path, text: &str) -> Result<writer::SessionKeys> {
    parse(path, text)
}

/// A file of a workspace that cannot be used.
pub(crate) fn unusable(path: &Path, detail: &dyn std::fmt::Display) -> Failure {
    invalid(path, None, detail)
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
        let manifest = (
            "workspace.toml",
            "version = 1\nname = \"Shop\"\n[variables]\napi = \"https://a.test\"\n",
        );
        for (name, bad, line, word) in [
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\ntoken_endpont = \"https://a.test/\"\n",
                Some("3"),
                "did you mean `token_endpoint`?",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\n\ntoken_endpoint = \"https://a.test/\"\nclient_id = \"c\"\nscopes = \"x\"\n",
                Some("6"),
                "did you mean `scope`?",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"https://a.test/\"\nclient_id = \"c\"\ncolour = 1\n",
                Some("5"),
                "known are `kind`, `origins`",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\nkind = \"json\"\n",
                Some("2"),
                "duplicate key",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = [\"{{apy}}\"]\ntoken_endpoint = \"https://a.test/\"\nclient_id = \"c\"\n",
                Some("2"),
                "did you mean `api`?",
            ),
            (
                "sessions/bad.toml",
                "kind = \"json\"\norigins = []\n[refresh]\nurl = \"https://a.test/\"\nbody = '{\"token\": }'\n",
                Some("5"),
                "not JSON",
            ),
            (
                "sessions/bad.toml",
                "kind = \"json\"\norigins = []\n[refresh]\nurl = \"https://a.test/\"\nbody = '{\"token\": \"{{refreshtoken}}\"}'\n",
                Some("5"),
                "no variable `refreshtoken`",
            ),
            (
                "sessions/bad.toml",
                "kind = \"json\"\norigins = []\n[refresh]\nurl = \"https://a.test/\"\nbody = '{}'\n",
                Some("3"),
                "hold {{refresh_token}}",
            ),
            (
                "sessions/bad.toml",
                "kind = \"json\"\n[refresh]\nurl = \"https://a.test/\"\nbody = '\"{{refresh_token}}\"'\norigins = []\n",
                Some("5"),
                "above its first [table]",
            ),
            (
                "environments/bad.toml",
                "[variables]\npassword = \"x\"\n",
                Some("2"),
                "choose another name",
            ),
            (
                "environments/bad.toml",
                "secrets = [\"key\"]\n[variables]\nkey = \"x\"\n",
                Some("3"),
                "in the keychain",
            ),
            (
                "requests/bad.toml",
                "url = \"https://a.test/\"\n[headers]\nAccept = 5\n",
                Some("2"),
                "headers are a table",
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
                Some("2"),
                "no origin",
            ),
            (
                "sessions/bad.toml",
                "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"http://a.test/\"\nclient_id = \"c\"\n",
                Some("3"),
                "https",
            ),
            (
                "requests/bad.toml",
                "name = \"x\"\nmethod = 5\n",
                Some("2"),
                "invalid type: integer `5`, expected a string",
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
    fn an_environment_says_where_a_session_and_its_requests_are() {
        let folder = folder(&[
            (
                "workspace.toml",
                "version = 1\nname = \"Shop\"\nsecrets = [\"key\"]\n[variables]\napi = \"https://api.test\"\nsize = 5\n",
            ),
            (
                "environments/staging.toml",
                "[variables]\napi = \"https://staging.test\"\nkey = \"public there\"\n",
            ),
            (
                "sessions/main.toml",
                "kind = \"oauth\"\norigins = [\"{{api}}\"]\ntoken_endpoint = \"{{api}}/token\"\nclient_id = \"c\"\n",
            ),
            (
                "requests/orders/list.toml",
                "url = \"{{api}}/orders?limit={{size}}\"\n[headers]\nAccept = \"application/json\"\nX-Many = [\"a\", \"b\"]\n",
            ),
        ]);
        for (environment, api, secrets) in [
            (None, "https://api.test", 1),
            (Some("staging"), "https://staging.test", 0),
        ] {
            let (workspace, failures) =
                Workspace::read_in(folder.path(), environment).expect("readable");
            assert_eq!(failures, []);
            assert_eq!(workspace.sessions[0].origins[0].to_string(), api);
            let endpoint = workspace.sessions[0].refresh_endpoint().as_str();
            assert_eq!(endpoint, format!("{api}/token"));
            assert_eq!(workspace.variables.values["api"], api);
            assert_eq!(workspace.variables.secrets.len(), secrets);
            let request = &workspace.requests[0];
            assert_eq!(
                (
                    &*request.id,
                    &*request.name,
                    &*request.method,
                    &*request.url
                ),
                (
                    "orders/list",
                    "list",
                    "GET",
                    "{{api}}/orders?limit={{size}}"
                )
            );
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            assert_eq!(
                request.headers,
                [
                    pair("Accept", "application/json"),
                    pair("X-Many", "a"),
                    pair("X-Many", "b")
                ]
            );
        }
        let (here, _) = Workspace::read(folder.path()).expect("readable");
        let (there, _) = Workspace::read_in(folder.path(), Some("staging")).expect("readable");
        assert_ne!(here.place(), there.place(), "each has tokens of its own");
        let failure = Workspace::read_in(folder.path(), Some("stagin")).expect_err("there is none");
        assert_eq!(
            (failure.code, failure.params["meant"].as_str()),
            (Code::EnvironmentUnknown, "staging")
        );
    }

    #[test]
    fn a_session_says_where_its_server_differs() {
        let tables = r#"old_refresh_token = "replaced"
[reply]
access_token = "/data/jwt"
refresh_token = "header:X-Refresh-Token"
expires_in = "/data/ttl"
expires_in_unit = "milliseconds"
expires_at = "/data/until"
[[ended_when]]
status = 404
[[ended_when]]
status = 200
body = ["/code", "40103"]
"#;
        let session = "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"https://a.test/\"\nclient_id = \"c\"\n";
        let file = format!("{session}{tables}");
        let folder = folder(&[
            ("workspace.toml", "version = 1\nname = \"Shop\"\n"),
            ("sessions/main.toml", &file),
        ]);
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!(failures, []);
        let replies = &workspace.sessions[0].replies;
        assert_eq!(replies.ended_when.len(), 2);
        assert_eq!(format!("{:?}", replies.old_refresh_token), "Replaced");
        assert_eq!(
            format!("{:?}", replies.places.expires_in_unit),
            "Milliseconds"
        );
        assert_eq!(
            format!("{:?}", replies.places.refresh_token),
            "[Header(\"x-refresh-token\")]"
        );
    }

    #[test]
    fn five_thousand_requests_are_all_read() {
        let folder = folder(&[("workspace.toml", "version = 1\nname = \"Shop\"\n")]);
        for collection in 0..50 {
            let collection = folder.path().join(format!("requests/c{collection}"));
            std::fs::create_dir_all(&collection).expect("a folder");
            for request in 0..100 {
                let text = format!("url = \"https://api.test/{request}\"\nsession = \"main\"\n");
                std::fs::write(collection.join(format!("{request}.toml")), text).expect("a file");
            }
        }
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!((workspace.requests.len(), failures), (5_000, vec![]));
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
            ("[refused_when]\nstatus = \"403\"\n", Some("expected u16")),
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
