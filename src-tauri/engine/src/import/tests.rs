//! Small files of every format, and what each comes to; and files that are none, or that mean harm.

use std::path::{Path, PathBuf};

use super::imported::ImportedVariables;
use super::left_out::WhyLeftOut;
use super::*;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/import/testdata")
        .join(name)
}

fn read_text(name: &str, text: &str) -> Result<Imported> {
    let source = Source::File {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    read(&source, &Watch::default())
}

/// Everything of an import, a line each.
fn told(imported: &Imported) -> String {
    let mut lines = vec![format!("{}: {}", imported.format, imported.name)];
    for request in &imported.requests {
        let folders: String = request
            .folders
            .iter()
            .map(|folder| format!("{folder} / "))
            .collect();
        lines.push(format!("\n{folders}{} <{}>", request.name, request.key));
        lines.push(format!("  {} {}", request.method, request.url));
        lines.extend(
            request
                .headers
                .iter()
                .map(|(name, value)| format!("  {name}: {value}")),
        );
        lines.extend(request.body.iter().map(|body| format!("  body {body}")));
        lines.extend(
            request
                .session
                .iter()
                .map(|session| format!("  session {session}")),
        );
    }
    for session in &imported.sessions {
        lines.push(format!("\nsession {}", session.name));
        lines.extend(
            session
                .keys
                .iter()
                .map(|(key, value)| format!("  {key} = {value}")),
        );
    }
    let mut variables = |name: &str, variables: &ImportedVariables| {
        if *variables != ImportedVariables::default() {
            lines.push(format!("\nvariables {name}"));
            lines.extend(
                variables
                    .values
                    .iter()
                    .map(|(name, value)| format!("  {name} = {value}")),
            );
            lines.extend(
                variables
                    .secrets
                    .iter()
                    .map(|name| format!("  {name} (secret)")),
            );
        }
    };
    variables("everywhere", &imported.variables);
    for (name, of_it) in &imported.environments {
        variables(&format!("in {name}"), of_it);
    }
    lines.push("\nleft out".to_owned());
    for item in &imported.left_out {
        let script = item
            .script
            .as_ref()
            .map(|text| format!(" {text:?}"))
            .unwrap_or_default();
        lines.push(format!(
            "  {:?}: [{}] {}{script}",
            item.why, item.at, item.what
        ));
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_format_comes_to_the_same_kind_of_plan_and_lists_what_it_loses() {
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
        let source = Source::open(&testdata(name)).expect(name);
        let imported = read(&source, &Watch::default()).expect(name);
        let told = told(&imported);
        // N5, and what is a secret is in no part of it.
        assert!(!told.contains("CANARY"), "{name}: {told}");
        for session in &imported.sessions {
            assert_eq!(
                session.keys["origins"],
                serde_json::json!([]),
                "{name}: bound to nothing"
            );
        }
        let expected = testdata(&format!("{name}.told"));
        if std::env::var_os("SANDGLASS_WRITE_IMPORTS").is_some() {
            std::fs::write(&expected, &told).expect("written");
        }
        assert_eq!(
            told,
            std::fs::read_to_string(&expected).expect(name),
            "{name}"
        );
    }
}

/// Laughs nine times over: each line stands for ten of the line before.
fn alias_bomb() -> String {
    let mut text =
        "openapi: 3.0.0\npaths: {}\na: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
            .to_owned();
    for (of, name) in ["a", "b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .zip(["b", "c", "d", "e", "f", "g", "h", "i"])
    {
        let ten = vec![format!("*{of}"); 10].join(", ");
        text.push_str(&format!("{name}: &{name} [{ten}]\n"));
    }
    text
}

#[test]
fn what_cannot_be_read_says_why_and_nothing_comes_of_it() {
    let deep_json = format!(
        "{{\"openapi\": \"3.0.0\", \"x\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let deep_yaml = format!(
        "openapi: 3.0.0\nx: {}{}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let many = format!(
        r#"{{"info": {{"schema": "x/v2.1.0/"}}, "item": [{}]}}"#,
        vec![r#"{"name": "a", "request": "https://a.test"}"#; imported::REQUESTS_MAX + 1].join(",")
    );
    for (name, text, word) in [
        ("nothing", "", "neither JSON nor YAML"),
        ("words", "hello", "neither JSON nor YAML"),
        ("half of it", r#"{"openapi": "3.0.0", "pa"#, "EOF"),
        ("a list", "[1, 2]", "it is none of"),
        ("another file", r#"{"name": "package"}"#, "it is none of"),
        ("an old version", "swagger: \"1.2\"", "\"1.2\" is not known"),
        ("a future", "openapi: 4.0.0", "\"4.0.0\" is not known"),
        (
            "Postman 1",
            r#"{"info": {"schema": "https://x/json/collection/v1.0.0/"}}"#,
            "\"1.0.0\" is not known",
        ),
        (
            "Postman 1 as it was",
            r#"{"id": "1", "name": "a", "order": [], "requests": []}"#,
            "version 1 is not known",
        ),
        (
            "Insomnia 3",
            r#"{"_type": "export", "__export_format": 3, "resources": []}"#,
            "\"3\" is not known",
        ),
        (
            "Insomnia 9",
            "type: collection.insomnia.rest/9.0",
            "\"9.0\" is not known",
        ),
        (
            "HAR 2",
            r#"{"log": {"version": "2.0", "entries": []}}"#,
            "\"2.0\" is not known",
        ),
        ("an empty one", "openapi: 3.0.0\nservers: []", ""),
        ("alias bomb", &alias_bomb(), ""),
        (
            "a key twice",
            "openapi: 3.0.0\nopenapi: 3.1.0\n",
            "duplicate",
        ),
        ("deep JSON", &deep_json, "recursion limit"),
        ("deep YAML", &deep_yaml, ""),
        ("too many", &many, "more than 10000 requests"),
    ] {
        let read = read_text(name, text);
        if name == "an empty one" {
            // A server is something.
            assert!(read.expect(name).requests.is_empty());
            continue;
        }
        let failure = read.expect_err(name);
        assert_eq!(failure.code, Code::ImportInvalid, "{name}");
        assert!(failure.params["detail"].contains(word), "{name}: {failure}");
        assert!(failure.params["detail"].len() < 400, "{name}: {failure}");
    }
    for (name, bytes, word) in [
        ("UTF-16", b"\xff\xfe{\0}\0".to_vec(), "it is none of"),
        ("half of UTF-16", b"\xff\xfe{\0}".to_vec(), "does not go on"),
        (
            "UTF-16 without a mark",
            b"{\0\"\0}\0".to_vec(),
            "key must be",
        ),
        (
            "Latin 1",
            b"{\"openapi\": \"3.0.0\", \"a\": \"\xe4\"}".to_vec(),
            "not UTF-8",
        ),
        ("100 MB", vec![b' '; 100 * 1024 * 1024], "at most 32 MB"),
    ] {
        let source = Source::File {
            name: name.to_owned(),
            bytes,
        };
        let failure = read(&source, &Watch::default()).expect_err(name);
        assert!(failure.params["detail"].contains(word), "{name}: {failure}");
    }
    let marked = "\u{feff}openapi: 3.0.0\npaths: {/a: {get: {}}}";
    assert_eq!(
        read_text("marked", marked)
            .expect("a mark is no mistake")
            .requests
            .len(),
        1
    );
}

#[test]
fn references_that_lead_away_or_round_and_round_end_in_the_list() {
    for (reference, why) in [
        ("http://evil.test/x", "RemoteReference"),
        ("file:///etc/passwd", "RemoteReference"),
        ("other.yaml#/a", "RemoteReference"),
        ("../../secret.json", "RemoteReference"),
        ("#/paths/~1a/get/requestBody", "CircularReference"),
        ("#/nowhere", "BrokenReference"),
    ] {
        let text = format!(
            r##"{{"openapi": "3.0.0", "paths": {{"/a": {{"get": {{"requestBody": {{"$ref": "{reference}"}}}}}}}}}}"##
        );
        let imported = read_text("api.json", &text).expect("the rest is good");
        assert_eq!(imported.requests.len(), 1, "{reference}");
        let reasons: Vec<String> = imported
            .left_out
            .iter()
            .map(|item| format!("{:?}", item.why))
            .collect();
        assert!(
            reasons.iter().any(|found| found == why),
            "{reference}: {reasons:?}"
        );
    }
}

#[test]
fn an_import_that_is_stopped_ends_with_that() {
    let watch = Watch::default();
    watch.stop();
    let source = Source::open(&testdata("shop.har")).expect("a file");
    assert_eq!(
        read(&source, &watch).expect_err("stopped").code,
        Code::RequestStopped
    );
}

#[cfg(unix)]
#[test]
fn a_folder_is_not_left_by_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("collection");
    std::fs::create_dir(&inside).expect("a folder");
    let secret = folder.path().join("secret.bru");
    std::fs::write(&secret, "get {\n  url: https://CANARY.test\n}\n").expect("a file");
    std::os::unix::fs::symlink(&secret, inside.join("linked.bru")).expect("a link");
    std::os::unix::fs::symlink(folder.path(), inside.join("up")).expect("a link");
    std::fs::write(
        inside.join("own.bru"),
        "get {\n  url: https://own.test\n}\n",
    )
    .expect("a file");
    let imported =
        read(&Source::open(&inside).expect("a folder"), &Watch::default()).expect("a collection");
    assert_eq!(imported.requests.len(), 1);
    assert_eq!(imported.requests[0].url, "https://own.test");
}

/// What public collections taught: small files of ours that have what those had.
#[test]
fn what_public_files_have_is_read_or_listed() {
    let nameless = read_text(
        "sample.json",
        r#"{"item": [{"name": "a", "request": "https://a.test/1"}]}"#,
    )
    .expect("a collection without a head");
    assert_eq!((&*nameless.name, nameless.requests.len()), ("sample", 1));
    assert_eq!(nameless.left_out[0].why, WhyLeftOut::NewerVersion);
    let handed_out = read_text(
        "api.json",
        r#"{"collection": {"info": {"name": "Out", "schema": "x/v2.1.0/"}, "item": [{"name": "a", "request": "https://a.test/1"}]}}"#,
    )
    .expect("as an API hands it out");
    assert_eq!((&*handed_out.name, handed_out.requests.len()), ("Out", 1));
    let wide: Vec<u8> =
        "\u{feff}{\"name\": \"Wide\", \"values\": [{\"key\": \"a\", \"value\": \"ü\"}]}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    let source = Source::File {
        name: "wide.json".to_owned(),
        bytes: wide,
    };
    let read_wide = read(&source, &Watch::default()).expect("UTF-16 with a mark");
    assert_eq!(read_wide.environments[0].1.values["a"], "ü");
    let typed = "meta {\n  name: Typed\n}\nget {\n  url: https://a.test/{{more}}\n}\nvars:pre-request {\n  @number\n  size: 5\n  @object\n  more: '''\n    {\"scope\": \"own\"}\n  '''\n  last: 1\n}\n";
    let typed = read_text("typed.bru", typed).expect("values of a kind, and of several lines");
    assert_eq!(typed.variables.values["more"], r#"{"scope": "own"}"#);
    assert_eq!(typed.variables.values["size"], "5");
    assert_eq!(typed.variables.values["last"], "1");
    assert_eq!(typed.left_out, [], "nothing of it is lost");
}

/// Names that leave the folder, that a file system refuses, or that are one there: each has a file of its own inside.
#[test]
fn names_that_mean_harm_stay_inside_and_apart() {
    let names = [
        "../../etc/passwd",
        "..",
        "a/b",
        "a\\\\b",
        "CON",
        "nul.txt",
        "List",
        "list",
        "LIST ",
        "",
        "x\\u0000y",
        ".hidden",
    ];
    let items: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"name": "{name}", "request": "https://a.test/1"}}"#))
        .collect();
    let text = format!(
        r#"{{"info": {{"name": "../../out", "schema": "x/v2.1.0/"}}, "item": [{{"name": "../up", "item": [{}]}}]}}"#,
        items.join(",")
    );
    let imported = read_text("harm.json", &text).expect("it is read");
    let around = tempfile::tempdir().expect("a folder");
    let folder = around.path().join("workspace");
    std::fs::create_dir(&folder).expect("a folder");
    let plan = placing::plan(Some(&folder), &imported, &std::collections::BTreeMap::new())
        .expect("a plan");
    crate::workspace::writer::batch::write_all(&folder, &plan.changes, &|| Ok(()))
        .expect("written");
    let apart: std::collections::BTreeSet<String> = plan
        .changes
        .iter()
        .filter(|change| change.path.starts_with("requests/"))
        .map(|change| change.path.to_lowercase())
        .collect();
    assert_eq!(apart.len(), names.len(), "{apart:#?}");
    for path in &apart {
        let parts: Vec<&str> = path.trim_end_matches(".toml").split('/').collect();
        assert_eq!(parts.len(), 4, "{path}: its folders are the import's");
        for part in parts {
            let device = ["con", "nul"].contains(&part.split('.').next().unwrap_or_default());
            assert!(
                !part.starts_with('.') && !part.ends_with(' ') && !device,
                "{path}"
            );
        }
    }
    let outside: Vec<_> = std::fs::read_dir(around.path())
        .expect("it is there")
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    assert_eq!(outside, ["workspace"], "nothing left the folder");
}
