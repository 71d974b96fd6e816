//! What the one window may call: the commands of the list, each with one argument, and nothing of any plugin.

use std::collections::BTreeSet;

use sandglass_shell::commands::NAMES;

use crate::repository::{read, sources};

fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(&read(path)).expect("a JSON file")
}

#[test]
fn the_window_may_call_the_commands_and_nothing_else() {
    let capability = json("src-tauri/capabilities/main.json");
    let permitted: BTreeSet<_> = capability["permissions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    let commands: BTreeSet<_> = NAMES
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    assert_eq!(permitted, commands);
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert_eq!(capability["local"], serde_json::json!(true));
    assert!(
        capability.get("remote").is_none(),
        "no page from elsewhere may call anything"
    );
}

#[test]
fn the_page_is_locked_in() {
    let app = &json("src-tauri/tauri.conf.json")["app"];
    assert_eq!(app["withGlobalTauri"], serde_json::json!(false));
    let policy = app["security"]["csp"].as_object().expect("a policy");
    for (directive, expected) in [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("style-src", "'self'"),
        ("connect-src", "ipc: http://ipc.localhost"),
        ("base-uri", "'none'"),
        ("form-action", "'none'"),
        ("object-src", "'none'"),
        ("frame-ancestors", "'none'"),
    ] {
        assert_eq!(policy[directive], expected, "{directive}");
    }
    assert!(
        !policy
            .values()
            .any(|value| value.as_str().expect("text").contains("unsafe"))
    );
}

/// What Tauri hands to a command by itself; everything else comes from the view.
const FROM_TAURI: [&str; 2] = ["shell: State<'_, Shell>", "app: AppHandle"];

#[test]
fn a_command_takes_one_argument_and_the_watch_a_channel() {
    let mut commands = BTreeSet::new();
    for (path, text) in sources("src-tauri/src/commands", &["rs"]) {
        for command in text.split("#[tauri::command]").skip(1) {
            let name = command
                .split("async fn ")
                .nth(1)
                .and_then(|rest| rest.split('(').next())
                .expect("a command is async")
                .to_owned();
            let parameters = command
                .split_once(&name)
                .expect("its name")
                .1
                .split(") ->")
                .next()
                .expect("its parameters");
            let parameters: Vec<_> = parameters
                .trim_start_matches('(')
                .split(", ")
                .flat_map(|part| part.split(",\n"))
                .collect();
            let parameters = parameters.join(",").replace("'_,Shell", "'_, Shell");
            let mut names: Vec<&str> = Vec::new();
            let mut rest = parameters.trim().to_owned();
            for given in FROM_TAURI {
                rest = rest.replace(given, "");
            }
            for part in rest
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
            {
                names.push(if part.starts_with("args: ") {
                    "args"
                } else if part.starts_with("channel: Channel<") {
                    "channel"
                } else {
                    "other"
                });
            }
            let expected: &[&str] = if name == "watch_timeline" {
                &["args", "channel"]
            } else {
                &["args"]
            };
            assert_eq!(names, expected, "{}: {name}", path.display());
            commands.insert(name);
        }
    }
    assert_eq!(
        commands,
        NAMES.iter().map(|name| (*name).to_owned()).collect(),
        "every command is on the list"
    );
}
