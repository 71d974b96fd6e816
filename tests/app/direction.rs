//! view -> state -> backend -> (IPC) -> commands -> Engine -> session, exchange -> token, vault, timeline -> redact, clock, error.

use crate::repository::{read, sources};

#[test]
fn the_engine_and_the_demo_know_no_window() {
    for package in ["src-tauri/engine", "src-tauri/demo"] {
        let manifest = read(&format!("{package}/Cargo.toml"));
        assert!(
            !manifest.contains("tauri") && !manifest.contains("wry"),
            "{package}: a window among its dependencies"
        );
        for (path, text) in sources(&format!("{package}/src"), &["rs"]) {
            assert!(
                !text.contains("tauri::") && !text.contains("sandglass_shell"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_engine_does_not_know_the_demo() {
    for (path, text) in sources("src-tauri/engine/src", &["rs"]) {
        assert!(!text.contains("sandglass_demo"), "{}", path.display());
    }
}

/// The engine's modules from the outside in. A module uses only those that stand beside or after it; one that is not
/// named here belongs to the last.
const LAYERS: [&[&str]; 7] = [
    &["engine", "preset", "import", "code", "notebook"],
    &["roster", "verdict", "evidence", "second_opinion"],
    &["exchange"],
    &["session"],
    &["family"],
    &[
        "variables",
        "workspace",
        "oauth",
        "token_endpoint",
        "oauth",
        "token",
        "vault",
        "timeline",
        "answers",
        "journal",
        "lock",
        "client",
        "challenge",
        "origin",
        "profile",
    ],
    &["redact", "clock", "error", "rules", "failpoint"],
];

/// Plain data and pure rules of a layer, which the layers below may name: they do nothing.
const DATA: [&str; 8] = [
    "exchange::body",
    "exchange::response",
    "second_opinion::compare",
    "session::config",
    "session::snapshot",
    "session::credentials",
    "session::decision",
    "timeline::event",
];

#[test]
fn the_engines_modules_point_one_way() {
    let lib = read("src-tauri/engine/src/lib.rs");
    let layer = |module: &str| LAYERS.iter().position(|modules| modules.contains(&module));
    for (path, text) in sources("src-tauri/engine/src", &["rs"]) {
        let below = path
            .strip_prefix(crate::repository::path("src-tauri/engine/src"))
            .expect("a source of the engine");
        let module = below
            .components()
            .next()
            .expect("a name")
            .as_os_str()
            .to_string_lossy();
        let module = module.trim_end_matches(".rs");
        // A module of tests stands outside, and uses what it tests.
        if module == "lib" || lib.contains(&format!("#[cfg(test)]\nmod {module};")) {
            continue;
        }
        let own = layer(module).unwrap_or(LAYERS.len() - 1);
        for used in text.split("crate::").skip(1) {
            let used = used
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
                .next()
                .unwrap_or_default();
            let name = used.split("::").next().unwrap_or_default();
            if let Some(other) = layer(name) {
                let data = DATA.iter().any(|data| used.starts_with(data));
                assert!(
                    other >= own || data,
                    "{}: uses {used}, which is above it",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_backend_speaks_to_the_host() {
    for (path, text) in sources("ui/src", &["ts", "svelte"]) {
        let door = path.ends_with("backend/tauri.ts");
        assert!(
            door || !text.contains("@tauri-apps"),
            "{}: only backend/tauri.ts imports @tauri-apps",
            path.display()
        );
        assert!(
            !text.contains("{@html"),
            "{}: no HTML from text",
            path.display()
        );
    }
}

/// The view's folders from the outside in.
const VIEW_LAYERS: [&str; 5] = ["view", "state", "backend", "lib", "wire"];

#[test]
fn the_views_folders_point_one_way() {
    let layer = |name: &str| VIEW_LAYERS.iter().position(|layer| *layer == name);
    for (path, text) in sources("ui/src", &["ts", "svelte"]) {
        let below = path
            .strip_prefix(crate::repository::path("ui/src"))
            .expect("a source of the view");
        let folder = below
            .components()
            .next()
            .expect("a name")
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        // What tests share may use everything that they may.
        let is_test = path.to_string_lossy().contains(".test.") || path.ends_with("lib/samples.ts");
        let (Some(own), false) = (layer(&folder), is_test) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let from = line
                .split(" from ")
                .nth(1)
                .or_else(|| line.trim_start().strip_prefix("import "));
            let Some(from) = from.map(|from| from.trim_matches(['"', '\'', ';', ' '])) else {
                continue;
            };
            let other = from.split('/').find_map(layer);
            // `./` stays in the folder; `../` and aliases may leave it.
            if let (Some(other), false) = (other, from.starts_with("./")) {
                assert!(
                    other >= own,
                    "{}:{}: {folder} uses {from}",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}
