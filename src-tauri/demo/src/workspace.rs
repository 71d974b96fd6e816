//! A ready workspace folder for a running demo: two sessions and a few requests, as a person would have written them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const WORKSPACE: &str = r#"version = 1
name = "Demo server"
"#;

const JSON_SESSION: &str = r#"# Signs in and refreshes with plain JSON, as many single-page back ends do.
kind = "json"
origins = ["ORIGIN"]

[sign_in]
url = "ORIGIN/auth/login"
body = '{"username": "{{username}}", "password": "{{password}}"}'

[refresh]
url = "ORIGIN/auth/refresh"
body = '{"refreshToken": "{{refresh_token}}"}'
"#;

const OAUTH_SESSION: &str = r#"# Refreshes at a standard OAuth token endpoint, as a public client.
kind = "oauth"
origins = ["ORIGIN"]
token_endpoint = "ORIGIN/oauth/token"
client_id = "desktop"
client_auth = "none"
"#;

const LIST_ORDERS: &str = r#"name = "List orders"
method = "GET"
url = "ORIGIN/orders?limit=5"
session = "demo"
"#;

const CREATE_ORDER: &str = r#"name = "Create an order"
method = "POST"
url = "ORIGIN/orders"
session = "demo"
headers = [["Content-Type", "application/json"]]
body = '{"customer": "Ada Byron", "total": "42.00", "currency": "EUR"}'
"#;

const WHO_AM_I: &str = r#"name = "Who am I"
method = "GET"
url = "ORIGIN/me"
session = "demo"
"#;

const BACK_OFFICE: &str = r#"name = "Back office"
method = "GET"
url = "ORIGIN/admin"
session = "demo"
"#;

const FILES: [(&str, &str); 7] = [
    ("sessions/demo.toml", JSON_SESSION),
    ("sessions/demo-oauth.toml", OAUTH_SESSION),
    ("requests/list-orders.toml", LIST_ORDERS),
    ("requests/create-order.toml", CREATE_ORDER),
    ("requests/who-am-i.toml", WHO_AM_I),
    ("requests/back-office.toml", BACK_OFFICE),
    // Last: a folder with this file in it is whole.
    ("workspace.toml", WORKSPACE),
];

/// The folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the workspace file {}: {source}", path.display())]
pub struct WorkspaceError {
    path: PathBuf,
    source: io::Error,
}

/// Writes a workspace folder for the server at `origin`. Answers false, and touches nothing, where there is a workspace already.
///
/// # Errors
/// When a folder or file cannot be made. A file that exists is an error and stays as it is.
pub fn write_workspace(folder: &Path, origin: &str) -> Result<bool, WorkspaceError> {
    if folder.join("workspace.toml").exists() {
        return Ok(false);
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        write_new(&path, &text.replace("ORIGIN", origin))
            .map_err(|source| WorkspaceError { path, source })?;
    }
    Ok(true)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_written_once_and_names_the_server() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new = folder.path().join("demo");
        assert!(write_workspace(&new, "http://127.0.0.1:4000").expect("a new folder"));
        let request = fs::read_to_string(new.join("requests/list-orders.toml")).expect("a request");
        assert!(
            request.contains(r#"url = "http://127.0.0.1:4000/orders?limit=5""#),
            "{request}"
        );
        assert!(!write_workspace(&new, "http://127.0.0.1:5000").expect("it is there already"));
        assert_eq!(
            fs::read_to_string(new.join("requests/list-orders.toml")).expect("a request"),
            request
        );
    }

    #[test]
    fn a_file_of_somebody_else_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("sessions")).expect("a folder");
        fs::write(folder.path().join("sessions/demo.toml"), "mine").expect("a file");
        let error = write_workspace(folder.path(), "http://127.0.0.1:4000")
            .expect_err("a file is in the way");
        assert!(error.to_string().contains("demo.toml"), "{error}");
        assert_eq!(
            fs::read_to_string(folder.path().join("sessions/demo.toml")).expect("the file"),
            "mine"
        );
    }
}
