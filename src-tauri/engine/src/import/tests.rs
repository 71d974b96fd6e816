//! Small files of every format, and what each comes to; and files that are none, or that mean harm.

use std::path::{Path, PathBuf};

use super::imported::ImportedVariables;
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
        ("UTF-16", b"\xff\xfe{\0}\0".to_vec(), "not UTF-8"),
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

/// The figures of a large file, by hand: `cargo test --release -p sandglass-engine --lib figures -- --ignored`;
/// they stand in `sandglass-import-figures.txt` of the temporary folder then.
#[test]
#[ignore = "a figure, not a rule: it prints what this machine needs"]
fn figures_of_a_large_description_and_of_five_thousand_requests() {
    let mut yaml = "openapi: 3.0.0\ninfo: {title: Large}\npaths:\n".to_owned();
    let mut number = 0;
    while yaml.len() < 10 * 1024 * 1024 {
        number += 1;
        yaml.push_str(&format!(
            "  /things{number}/{{id}}:\n    get:\n      summary: Thing {number}\n      description: {}\n      parameters:\n        - {{name: id, in: path, required: true, schema: {{type: string}}}}\n        - {{name: limit, in: query, schema: {{type: integer}}}}\n      responses:\n        '200': {{description: good, content: {{application/json: {{schema: {{type: object, properties: {{a: {{type: string}}, b: {{type: integer}}}}}}}}}}}}\n",
            "what it is for ".repeat(60)
        ));
    }
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or_default()
            .to_owned();
        line.split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse::<usize>().ok())
            .unwrap_or(0)
            / 1024
    };
    let before = peak();
    let begun = std::time::Instant::now();
    let imported = read_text("large.yaml", &yaml).expect("it is read");
    let mut told = format!(
        "YAML {} MB, {} requests: {:?}, peak {} MB more\n",
        yaml.len() / 1024 / 1024,
        imported.requests.len(),
        begun.elapsed(),
        peak() - before
    );
    let many: Vec<String> = (0..5_000)
        .map(|one| format!(r#"{{"name": "r{one}", "request": {{"method": "GET", "url": "https://a.test/{one}", "header": [{{"key": "Accept", "value": "text/plain"}}]}}}}"#))
        .collect();
    let many = format!(
        r#"{{"info": {{"name": "Many", "schema": "x/v2.1.0/"}}, "item": [{}]}}"#,
        many.join(",")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let begun = std::time::Instant::now();
    let imported = read_text("many.json", &many).expect("it is read");
    let plan = placing::plan(
        Some(folder.path()),
        &imported,
        &std::collections::BTreeMap::new(),
    )
    .expect("a plan");
    crate::workspace::writer::batch::write_all(folder.path(), &plan.changes, &|| Ok(()))
        .expect("written");
    told.push_str(&format!(
        "5,000 requests read, planned and written: {:?}\n",
        begun.elapsed()
    ));
    // Where the figures go is the tester's business, and a test may print nothing.
    std::fs::write(
        std::env::temp_dir().join("sandglass-import-figures.txt"),
        told,
    )
    .expect("written");
}
