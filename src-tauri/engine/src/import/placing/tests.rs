//! Imports written into folders, again and again, and what stands in the way of that.

use std::fs;
use std::path::PathBuf;

use super::super::source::{Source, Watch};
use super::*;
use crate::error::{Code, Failure};
use crate::workspace::writer::batch::write_all;

fn import(text: &str) -> Imported {
    let source = Source::File {
        name: "shop.yaml".to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    super::super::read(&source, &Watch::default()).expect("a good file")
}

fn plan_in(folder: &Path, imported: &Imported) -> ImportPlan {
    plan(Some(folder), imported, &BTreeMap::new()).expect("a plan")
}

fn write(folder: &Path, plan: &ImportPlan) {
    write_all(folder, &plan.changes, &|| Ok(())).expect("written");
}

/// Every file below a folder with its text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .expect("below")
                    .display()
                    .to_string();
                found.insert(name, fs::read_to_string(path).expect("text"));
            }
        }
    }
    found
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/testdata")
}

#[test]
fn every_format_is_written_as_a_workspace_that_reads_and_once_more_changes_nothing() {
    for name in [
        "shop-3.1.yaml",
        "shop-2.json",
        "shop.postman.json",
        "staging.postman_environment.json",
        "shop.insomnia-4.json",
        "shop.insomnia-5.yaml",
        "shop.har",
        "shop-bruno",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Source::open(&testdata().join(name)).expect(name);
        let imported = super::super::read(&source, &Watch::default()).expect(name);
        let planned = plan_in(folder.path(), &imported);
        assert!(
            files(folder.path()).is_empty(),
            "{name}: a plan writes nothing"
        );
        let elsewhere = plan(None, &imported, &BTreeMap::new()).expect(name);
        assert_eq!(
            elsewhere.changes, planned.changes,
            "{name}: a folder that is not there yet is an empty one"
        );
        write(folder.path(), &planned);
        let (workspace, failures) = Workspace::read(folder.path()).expect(name);
        assert_eq!(failures, [], "{name}");
        assert_eq!(workspace.requests.len(), imported.requests.len(), "{name}");
        assert_eq!(workspace.sessions.len(), imported.sessions.len(), "{name}");
        assert!(
            workspace
                .sessions
                .iter()
                .all(|session| session.origins.is_empty()),
            "{name}: bound to nothing"
        );
        let again = plan_in(folder.path(), &imported);
        assert_eq!(again.changes, [], "{name}");
        assert!(again.preview.again, "{name}");
        let written: String = files(folder.path()).into_values().collect();
        assert!(!written.contains("CANARY"), "{name}");
    }
}

const FIRST: &str = r#"
openapi: 3.0.0
info: {title: Shop}
servers: [{url: "https://shop.test"}]
paths:
  /orders: {get: {summary: Orders}}
  /items: {get: {summary: Items}}
  /carts: {get: {summary: Carts}}
  /users: {get: {summary: Users}}
  /gone: {get: {summary: Gone}}
"#;

const SECOND: &str = r#"
openapi: 3.0.0
info: {title: Shop}
servers: [{url: "https://new.shop.test"}]
paths:
  /orders: {get: {summary: Orders, parameters: [{name: X-New, in: header, example: "1"}]}}
  /items: {get: {summary: Items, parameters: [{name: a, in: query, example: "1"}]}}
  /carts: {get: {summary: Carts}}
  /users: {get: {summary: Users}}
  /news: {get: {summary: News}}
"#;

#[test]
fn a_second_import_brings_up_to_date_and_keeps_what_the_user_has_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &plan_in(folder.path(), &import(FIRST)));
    let file = |name: &str| folder.path().join(format!("requests/Shop/{name}.toml"));
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(file(name)).expect("a file");
        assert!(text.contains(from), "{text}");
        fs::write(file(name), text.replace(from, to)).expect("written");
    };
    edit(
        "Orders",
        "name = \"Orders\"",
        "# ours\nname = \"My orders\"",
    );
    edit("Items", "/items", "/items?mine=1");
    fs::remove_file(file("Users")).expect("removed");
    let planned = plan_in(folder.path(), &import(SECOND));
    let states: Vec<(&str, RequestState)> = planned
        .preview
        .requests
        .iter()
        .map(|one| (one.id.as_str(), one.state))
        .collect();
    assert_eq!(
        states,
        [
            ("Shop/Orders", RequestState::Updated),
            ("Shop/Items", RequestState::Yours),
            ("Shop/Carts", RequestState::Same),
            ("Shop/Users", RequestState::Removed),
            ("Shop/News", RequestState::New),
        ]
    );
    assert_eq!((planned.preview.gone, planned.preview.yours), (1, 2));
    write(folder.path(), &planned);
    let orders = fs::read_to_string(file("Orders")).expect("a file");
    assert!(
        orders.contains("# ours\nname = \"My orders\"") && orders.contains("X-New"),
        "{orders}"
    );
    assert!(
        fs::read_to_string(file("Items"))
            .expect("a file")
            .contains("/items?mine=1")
    );
    assert!(!file("Users").exists() && file("News").exists());
    assert!(
        file("Gone").exists(),
        "what the file does not have any more is the user's"
    );
    let (workspace, _) = Workspace::read(folder.path()).expect("a workspace");
    assert_eq!(
        workspace.variables.values["shop_url"],
        "https://new.shop.test"
    );
    // A value that the user has changed stays.
    let manifest = folder.path().join("workspace.toml");
    let text = fs::read_to_string(&manifest)
        .expect("a file")
        .replace("new.shop.test", "mine.test");
    fs::write(&manifest, text).expect("written");
    assert_eq!(
        plan_in(folder.path(), &import(FIRST))
            .changes
            .iter()
            .filter(|change| change.path == "workspace.toml")
            .count(),
        0
    );
}

fn with_session(endpoint: &str) -> Imported {
    import(&format!(
        r#"
openapi: 3.0.0
info: {{title: Shop}}
servers: [{{url: "https://shop.test"}}]
security: [{{main: []}}]
paths: {{/a: {{get: {{summary: A}}}}}}
components:
  securitySchemes:
    main: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: "{endpoint}", scopes: {{}}}}}}}}
"#
    ))
}

#[test]
fn a_session_that_is_there_is_never_replaced_and_both_endpoints_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    writer::create(folder.path(), "Shop").expect("a workspace");
    let own = "kind = \"oauth\"\norigins = [\"https://shop.test\"]\ntoken_endpoint = \"https://id.test/token\"\nclient_id = \"me\"\n";
    fs::create_dir(folder.path().join("sessions")).expect("a folder");
    fs::write(folder.path().join("sessions/main.toml"), own).expect("a file");
    let imported = with_session("https://evil.test/token");
    for (choice, sessions, used) in [
        (None, 1, Some("main")),
        (Some(SessionChoice::Keep), 1, Some("main")),
        (Some(SessionChoice::Add), 2, Some("main 2")),
        (Some(SessionChoice::Leave), 1, None),
    ] {
        let copy = tempfile::tempdir().expect("a folder");
        for (name, text) in files(folder.path()) {
            let path = copy.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let choices = choice
            .map(|choice| ("main".to_owned(), choice))
            .into_iter()
            .collect();
        let planned = plan(Some(copy.path()), &imported, &choices).expect("a plan");
        let session = &planned.preview.sessions[0];
        assert_eq!(session.endpoint, "https://evil.test/token");
        assert_eq!(
            session.known_endpoint.as_deref(),
            Some("https://id.test/token")
        );
        write(copy.path(), &planned);
        let (workspace, failures) = Workspace::read(copy.path()).expect("a workspace");
        assert_eq!(
            (workspace.sessions.len(), failures),
            (sessions, vec![]),
            "{choice:?}"
        );
        assert_eq!(workspace.requests[0].session.as_deref(), used, "{choice:?}");
        assert_eq!(files(copy.path())["sessions/main.toml"], own, "{choice:?}");
    }
}

#[test]
fn a_batch_that_fails_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &plan_in(folder.path(), &import(FIRST)));
    let good = |path: &str| FileChange {
        path: path.to_owned(),
        before: None,
        after: "url = \"https://a.test\"\n".to_owned(),
    };
    let orders =
        fs::read_to_string(folder.path().join("requests/Shop/Orders.toml")).expect("a file");
    let replacing = FileChange {
        path: "requests/Shop/Orders.toml".to_owned(),
        before: Some(orders.clone()),
        after: orders.replace("orders", "elsewhere"),
    };
    let stale = FileChange {
        before: Some("of long ago".to_owned()),
        ..replacing.clone()
    };
    let unreadable = FileChange {
        after: "url = 5\n".to_owned(),
        ..good("requests/New/a.toml")
    };
    let before = files(folder.path());
    for (changes, code) in [
        (
            vec![good("requests/New/a.toml"), good("../outside.toml")],
            Code::WorkspaceInvalid,
        ),
        (
            vec![good("requests/New/a.toml"), good("requests/../../x.toml")],
            Code::WorkspaceInvalid,
        ),
        (
            vec![good("requests/New/a.toml"), good("/tmp/x.toml")],
            Code::WorkspaceInvalid,
        ),
        (
            vec![good("requests/New/a.toml"), good("requests\\..\\x.toml")],
            Code::WorkspaceInvalid,
        ),
        (
            vec![good("requests/New/a.toml"), unreadable],
            Code::WorkspaceInvalid,
        ),
        (
            vec![
                good("requests/New/a.toml"),
                good("requests/Shop/Orders.toml"),
            ],
            Code::WorkspaceExists,
        ),
        (
            vec![good("requests/New/a.toml"), stale],
            Code::WorkspaceChanged,
        ),
    ] {
        let failure = write_all(folder.path(), &changes, &|| Ok(())).expect_err("refused");
        assert_eq!(failure.code, code, "{changes:?}");
        assert_eq!(files(folder.path()), before, "{changes:?}");
        assert!(!folder.path().join("requests/New").exists(), "{changes:?}");
    }
    // Stopped between two files.
    let times = std::cell::Cell::new(0);
    let stop = || {
        times.set(times.get() + 1);
        if times.get() == 2 {
            Err(Failure::new(Code::RequestStopped))
        } else {
            Ok(())
        }
    };
    let changes = [good("requests/New/a.toml"), good("requests/New/b.toml")];
    assert_eq!(
        write_all(folder.path(), &changes, &stop)
            .expect_err("stopped")
            .code,
        Code::RequestStopped
    );
    assert_eq!(files(folder.path()), before);
    // Somebody else is faster when two of three are in their places already.
    let third = folder.path().join("requests/c.toml");
    let times = std::cell::Cell::new(0);
    let rival = || {
        times.set(times.get() + 1);
        if times.get() == 4 {
            fs::write(&third, "theirs").expect("written");
        }
        Ok(())
    };
    let changes = [
        replacing,
        good("requests/b.toml"),
        good("requests/c.toml"),
        good("requests/d.toml"),
    ];
    assert_eq!(
        write_all(folder.path(), &changes, &rival)
            .expect_err("late")
            .code,
        Code::WorkspaceExists
    );
    fs::remove_file(&third).expect("removed");
    assert_eq!(files(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_an_import_out_of_the_folder() {
    let outside = tempfile::tempdir().expect("a folder");
    for link in ["requests", "requests/Shop", "requests/Shop/Orders.toml"] {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join(link);
        fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
        std::os::unix::fs::symlink(outside.path().join("missing"), &link).expect("a link");
        let change = FileChange {
            path: "requests/Shop/Orders.toml".to_owned(),
            before: None,
            after: "url = \"https://a.test\"\n".to_owned(),
        };
        write_all(folder.path(), &[change], &|| Ok(())).expect_err("refused");
        assert!(files(outside.path()).is_empty(), "{}", link.display());
    }
}
