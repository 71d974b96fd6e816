//! The examples of `docs/workspace.md`, written into folders as somebody would who reads it, and used against the demo.

use std::path::Path;

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER};
use sandglass_engine::workspace::Workspace;
use tests_engine::World;
use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{finish, path};

const PAGE: &str = include_str!("../../docs/workspace.md");

/// The TOML examples: the first line's comment, and the text.
fn examples() -> Vec<(&'static str, &'static str)> {
    PAGE.split("```toml\n")
        .skip(1)
        .filter_map(|rest| {
            let text = rest.split("```").next()?;
            Some((text.lines().next()?.strip_prefix("# ")?, text))
        })
        .collect()
}

/// Writes the files of one example workspace, for the demo at this origin.
fn write(name: &str, folder: &Path, origin: &str) {
    let files = examples();
    let files = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(name)?, text)));
    for (path, text) in files {
        let path = folder.join(path.trim_start_matches('/'));
        let text = text
            .replace("https://api.example.com", origin)
            .replace("https://login.example.com", origin)
            .replace("my-client", sandglass_demo::PUBLIC_CLIENT)
            .replace("my-service", sandglass_demo::BASIC_CLIENT);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

fn run(place: &Place, folder: &Path, arguments: &[&str], stdin: &str) -> (Option<i32>, String) {
    let mut command = place.command(path());
    command
        .arg("--workspace")
        .arg(folder)
        .arg("--data-dir")
        .arg(&place.data)
        .args(arguments);
    let ended = finish(&mut command, stdin);
    (ended.code, ended.stdout + &ended.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_example_signs_in_at_the_first_try() {
    let place = Place::new(quick()).await;
    let folder = place.data.join("documented");
    write("my-api", &folder, place.demo.origin());
    tokio::task::block_in_place(|| {
        let stdin = format!("{DEMO_USER}\n{DEMO_PASSWORD}\n");
        let (code, said) = run(
            &place,
            &folder,
            &["login", "main", "--env", "small"],
            &stdin,
        );
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = run(
            &place,
            &folder,
            &["send", "orders/list", "--env", "small"],
            "",
        );
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("200: 1"), "{said}");
        place.demo.expire_all();
        let (code, said) = run(
            &place,
            &folder,
            &["send", "orders/list", "--env", "small"],
            "",
        );
        assert!(code == Some(0) && said.contains("refreshes 1"), "{said}");
        let (code, said) = run(&place, &folder, &["sessions"], "");
        assert!(
            code == Some(0) && said.contains("signed out"),
            "each environment has tokens of its own: {said}"
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oauth_example_signs_in_at_the_first_try() {
    let world = World::new().await;
    let refresh_token = world.first_refresh_token().await;
    let place = Place::new(quick()).await;
    let folder = place.data.join("documented");
    write("my-oauth", &folder, world.demo.origin());
    tokio::task::block_in_place(|| {
        let (code, said) = run(
            &place,
            &folder,
            &["login", "main"],
            &format!("{refresh_token}\n"),
        );
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = run(&place, &folder, &["send", "me"], "");
        assert!(code == Some(0) && said.contains("200: 1"), "{said}");
        assert!(!said.contains(&refresh_token));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_example_signs_in_at_the_first_try() {
    let place = Place::new(quick()).await;
    let folder = place.data.join("documented");
    write("my-service", &folder, place.demo.origin());
    tokio::task::block_in_place(|| {
        let secret = format!("{}\n", sandglass_demo::BASIC_SECRET);
        let (code, said) = run(&place, &folder, &["login", "main"], &secret);
        assert_eq!(code, Some(0), "{said}");
        for refreshes in ["refreshes 0", "refreshes 1"] {
            let (code, said) = run(&place, &folder, &["send", "orders"], "");
            assert!(
                code == Some(0) && said.contains("200: 1") && said.contains(refreshes),
                "{said}"
            );
            place.demo.expire_all();
        }
    });
}

/// The keys that the reader of a file knows at a place in it, as it names them to somebody who wrote another one.
fn known_keys(file: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    write("my-oauth", folder.path(), "http://127.0.0.1:9");
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("a file");
    let detail = match Workspace::read(folder.path()) {
        Ok((_, failures)) => failures[0].params["detail"].clone(),
        Err(failure) => failure.params["detail"].clone(),
    };
    let (_, known) = detail
        .split_once("is not known here; known are ")
        .unwrap_or_else(|| panic!("{text}: {detail}"));
    let known = known.split('`').skip(1).step_by(2).map(str::to_owned);
    known.collect()
}

#[test]
fn every_key_that_a_file_may_hold_stands_on_the_page() {
    let oauth = "kind = \"oauth\"\norigins = []\nclient_id = \"c\"\n";
    let session = |kind: &str, table: &str| format!("kind = {kind:?}\n{table}\nzzzzzzzz = 1\n");
    let mut known = Vec::new();
    for kind in ["json", "oauth", "cookie"] {
        known.extend(known_keys("sessions/main.toml", &session(kind, "")));
    }
    for table in [
        "[reply]",
        "[refused_when]",
        "[connection]",
        "[[connection.pins]]",
    ] {
        let text = format!("{oauth}{table}\nzzzzzzzz = 1\n");
        known.extend(known_keys("sessions/main.toml", &text));
    }
    for (kind, table) in [("json", "[refresh]"), ("cookie", "[csrf]")] {
        known.extend(known_keys("sessions/main.toml", &session(kind, table)));
    }
    let manifest = "version = 1\nname = \"n\"\nzzzzzzzz = 1\n";
    known.extend(known_keys("workspace.toml", manifest));
    for file in ["environments/small.toml", "requests/r.toml"] {
        known.extend(known_keys(file, "zzzzzzzz = 1\n"));
    }
    assert!(known.len() > 60, "{known:?}");
    let words = |text: &'static str| {
        text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
            .map(str::to_owned)
    };
    let told: std::collections::BTreeSet<String> = PAGE
        .split('`')
        .skip(1)
        .step_by(2)
        .chain(examples().into_iter().map(|(_, text)| text))
        .flat_map(words)
        .collect();
    known.retain(|key| !told.contains(key));
    assert_eq!(
        known,
        Vec::<String>::new(),
        "the page does not say what these are"
    );
}

#[test]
fn the_parts_of_the_page_are_read_too() {
    let parts = examples();
    let part = |start: &str| {
        let found = parts.iter().find(|(first, _)| first.starts_with(start));
        found.expect("the page has it").1
    };
    let folder = tempfile::tempdir().expect("a folder");
    write("my-oauth", folder.path(), "http://127.0.0.1:9");
    let session = folder.path().join("sessions/main.toml");
    let mut text = std::fs::read_to_string(&session).expect("the example");
    text.push_str(part("a part of a session's file"));
    std::fs::write(&session, text).expect("a file");
    let manifest = folder.path().join("workspace.toml");
    let mut text = std::fs::read_to_string(&manifest).expect("the example");
    text.push_str(part("a part of workspace.toml"));
    std::fs::write(&manifest, text).expect("a file");
    let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
    assert_eq!(failures, []);
    assert_eq!(workspace.sessions[0].replies.ended_when.len(), 2);
    assert!(workspace.variables.secrets.contains("api_key"));

    let whole = parts
        .iter()
        .filter(|(first, _)| *first == "the session's file");
    for (_, text) in whole {
        std::fs::write(&session, text).expect("a file");
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!((failures, workspace.sessions.len()), (vec![], 1));
    }
}
