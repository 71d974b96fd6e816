//! A request's file, written, moved and removed. What the user did not change stays as it was written, with its comments;
//! a file that somebody else has changed meanwhile is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::batch::inside;
use super::{SessionKeys, replace, sync_folder, unchanged, unwritable, written};
use crate::error::Result;
use crate::workspace::folder::text;
use crate::workspace::reading::parse;
use crate::workspace::{SavedRequest, invalid, request_file};

/// Reads a request's file.
///
/// # Errors
/// `workspace.invalid`.
pub fn read(folder: &Path, id: &str) -> Result<SavedRequest> {
    let path = path_of(folder, id)?;
    request_file::read(id, &path, &text(&path)?)
}

/// Writes a request's file: that of its revision; without one there must be none yet. Answers it as it is there now.
///
/// # Errors
/// `workspace.invalid` with what cannot be used; `workspace.exists`; `workspace.changed` where somebody else was faster;
/// `workspace.unwritable`. Nothing has changed then.
pub fn write(folder: &Path, request: &SavedRequest) -> Result<SavedRequest> {
    let path = path_of(folder, &request.id)?;
    let new = match &request.revision {
        Some(revision) => {
            let before = unchanged(&path, revision)?;
            with_changes(&path, &before, request)?
        }
        None => written(&path, "", &request.keys())?,
    };
    let read = request_file::read(&request.id, &path, &new)?;
    replace(&path, &new, request.revision.is_some())?;
    Ok(read)
}

/// Gives a request another name and place; the new file is there before the old one goes.
///
/// # Errors
/// As [`write`].
pub fn move_to(
    folder: &Path,
    id: &str,
    revision: &str,
    to: &str,
    name: &str,
) -> Result<SavedRequest> {
    let (from, path) = (path_of(folder, id)?, path_of(folder, to)?);
    let before = unchanged(&from, revision)?;
    let saved = request_file::read(id, &from, &before)?;
    let renamed = SavedRequest {
        name: name.to_owned(),
        ..saved
    };
    let new = with_changes(&from, &before, &renamed)?;
    let read = request_file::read(to, &path, &new)?;
    if path == from {
        replace(&path, &new, true)?;
    } else {
        replace(&path, &new, false)?;
        remove(&from)?;
    }
    Ok(read)
}

/// Removes a request's file, where it still is what was read, and the folders that are empty then.
///
/// # Errors
/// `workspace.changed`, `workspace.invalid`, `workspace.unwritable`.
pub fn delete(folder: &Path, id: &str, revision: &str) -> Result<()> {
    let path = path_of(folder, id)?;
    unchanged(&path, revision)?;
    remove(&path)
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| unwritable(path, &error))?;
    sync_folder(path);
    for parent in path.ancestors().skip(1) {
        // One that still holds something stays, and so do those around it.
        if parent.ends_with("requests") || fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(())
}

/// Where the request of this id is.
fn path_of(folder: &Path, id: &str) -> Result<PathBuf> {
    let folder = folder
        .canonicalize()
        .map_err(|error| invalid(folder, None, &error))?;
    if id
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.'))
    {
        let shown = crate::redact::server_text(id, 80);
        return Err(invalid(
            &folder,
            None,
            &format!("{shown:?} is no name of a request"),
        ));
    }
    inside(&folder, &format!("requests/{id}.toml"))
}

/// The text before, with what the user changed in it and nothing else.
fn with_changes(path: &Path, before: &str, request: &SavedRequest) -> Result<String> {
    let mut whole: SessionKeys = parse(path, before)?;
    let (old, new) = (
        request_file::read(&request.id, path, before)?.keys(),
        request.keys(),
    );
    for key in old.keys().chain(new.keys()) {
        match new.get(key) {
            same if same == old.get(key) => {}
            None => {
                whole.remove(key);
            }
            Some(value) => {
                let value = match (key.as_str(), whole.get(key)) {
                    ("headers", Some(Value::Object(_))) => as_table(&request.headers).into(),
                    _ => value.clone(),
                };
                whole.insert(key.clone(), value);
            }
        }
    }
    written(path, before, &whole)
}

/// Headers for a file that writes them as a table: repeated ones as a list.
fn as_table(headers: &[(String, String)]) -> Map<String, Value> {
    let mut table = Map::new();
    for (name, value) in headers {
        let value = Value::from(value.as_str());
        match table.get_mut(name) {
            None => {
                table.insert(name.clone(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Failure};
    use crate::exchange::body::{Body, Part};
    use crate::workspace::Workspace;

    const BY_HAND: &str = r#"# The first page only.
url = "{{api}}/orders?limit=5" # five are enough

session = "main"
[headers]
# What the old clients want.
X-Version = "3"
Accept = "application/json"
"#;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        super::super::create(folder.path(), "Shop").expect("a new workspace");
        let orders = folder.path().join("requests/orders");
        fs::create_dir_all(&orders).expect("a folder");
        fs::write(orders.join("list.toml"), BY_HAND).expect("a file");
        folder
    }

    fn list(folder: &Path) -> SavedRequest {
        read(folder, "orders/list").expect("a good file")
    }

    fn text_of(folder: &Path, id: &str) -> String {
        fs::read_to_string(folder.join(format!("requests/{id}.toml"))).expect("a file")
    }

    #[test]
    fn a_change_keeps_comments_order_and_what_is_as_usual() {
        let folder = folder();
        let request = list(folder.path());
        let saved = write(folder.path(), &request).expect("nothing has changed");
        assert_eq!(
            (text_of(folder.path(), "orders/list"), saved),
            (BY_HAND.to_owned(), request.clone())
        );
        let changed = SavedRequest {
            url: "{{api}}/orders?limit=6".to_owned(),
            headers: [
                ("Accept", "text/csv"),
                ("X-Version", "3"),
                ("X-Tag", "a"),
                ("X-Tag", "b"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            follow_redirects: false,
            ..request.clone()
        };
        let saved = write(folder.path(), &changed).expect("written");
        assert_ne!(saved.revision, request.revision);
        let text = text_of(folder.path(), "orders/list");
        for kept in [
            "# The first page only.\nurl = \"{{api}}/orders?limit=6\" # five are enough\n",
            "# What the old clients want.\nX-Version = \"3\"\nAccept = \"text/csv\"\nX-Tag = [\"a\", \"b\"]\n",
            "follow_redirects = false\n",
        ] {
            assert!(text.contains(kept), "{kept}\n---\n{text}");
        }
        assert!(
            !text.contains("method") && !text.contains("name ="),
            "{text}"
        );
    }

    #[test]
    fn every_kind_of_body_is_what_it_was_when_it_is_read_again() {
        let folder = folder();
        let text = |name: &str| Part::Text {
            name: name.to_owned(),
            text: "1\n2".to_owned(),
        };
        let file = Part::File {
            name: "cat".to_owned(),
            path: "/home/ada/cat.png".into(),
            file_name: None,
            media_type: Some("image/png".to_owned()),
        };
        for (index, body) in [
            None,
            Some(Body::Text("{\n  \"total\": {{total}}\n}".to_owned())),
            Some(Body::File {
                path: "/home/ada/cat.png".into(),
                media_type: None,
            }),
            Some(Body::Multipart {
                parts: vec![text("a"), file],
            }),
        ]
        .into_iter()
        .enumerate()
        {
            let request = SavedRequest {
                id: format!("bodies/{index}"),
                body,
                time_limit_ms: Some(5_000),
                headers: vec![("Accept".to_owned(), "*/*".to_owned())],
                ..SavedRequest::new("A body", "POST", "https://api.test/")
            };
            let saved = write(folder.path(), &request).expect("written");
            let expected = SavedRequest {
                revision: saved.revision.clone(),
                ..request
            };
            assert_eq!(
                (&saved, &read(folder.path(), &saved.id).expect("readable")),
                (&expected, &expected)
            );
        }
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!((workspace.requests.len(), failures), (5, vec![]));
    }

    #[test]
    fn a_request_moves_with_its_comments_and_leaves_no_empty_folder() {
        let folder = folder();
        let revision = list(folder.path()).revision.expect("a file");
        let moved = move_to(
            folder.path(),
            "orders/list",
            &revision,
            "shop/old/All orders",
            "All orders",
        )
        .expect("moved");
        assert_eq!(
            (&*moved.id, &*moved.name),
            ("shop/old/All orders", "All orders")
        );
        assert!(text_of(folder.path(), &moved.id).contains("# five are enough"));
        assert!(!folder.path().join("requests/orders").exists());
        let revision = moved.revision.expect("a file");
        delete(folder.path(), &moved.id, &revision).expect("removed");
        assert!(
            folder.path().join("requests").exists()
                && !folder.path().join("requests/shop").exists()
        );
    }

    #[test]
    fn what_somebody_else_wrote_is_never_written_over() {
        let folder = folder();
        let request = list(folder.path());
        let revision = request.revision.clone().expect("a file");
        let path = folder.path().join("requests/orders/list.toml");
        let theirs = format!("{BY_HAND}X-Theirs = \"1\"\n");
        fs::write(&path, &theirs).expect("somebody else writes");
        let code = |failure: Failure| failure.code;
        for refused in [
            write(folder.path(), &request).map(drop).map_err(code),
            move_to(folder.path(), "orders/list", &revision, "orders/all", "All")
                .map(drop)
                .map_err(code),
            delete(folder.path(), "orders/list", &revision).map_err(code),
        ] {
            assert_eq!(refused, Err(Code::WorkspaceChanged));
        }
        let new = SavedRequest {
            revision: None,
            ..request
        };
        assert_eq!(
            write(folder.path(), &new).map_err(code),
            Err(Code::WorkspaceExists)
        );
        assert_eq!(fs::read_to_string(&path).expect("a file"), theirs);
        fs::remove_file(&path).expect("somebody else removes it");
        let gone = SavedRequest {
            revision: Some(revision),
            ..new
        };
        assert_eq!(
            write(folder.path(), &gone).map_err(code),
            Err(Code::WorkspaceChanged)
        );
    }

    #[test]
    fn an_id_leads_nowhere_but_into_the_requests() {
        let folder = folder();
        for id in [
            "../sessions/admin",
            "/etc/passwd",
            "a/../../b",
            "a\\b",
            "a//b",
            ".hidden",
            "",
        ] {
            let request = SavedRequest {
                id: id.to_owned(),
                ..SavedRequest::new("x", "GET", "https://api.test/")
            };
            let written = write(folder.path(), &request).map_err(|failure| failure.code);
            assert_eq!(written, Err(Code::WorkspaceInvalid), "{id:?}");
        }
    }
}
