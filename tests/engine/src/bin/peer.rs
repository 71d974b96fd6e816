//! An engine in a process of its own, for the tests that need several or need to kill one: `peer WORKSPACE DATA`.
//!
//! It reads one command a line and answers each with one line of JSON: `sign_in`, `send`, `get URL`, `refresh`, `sign_out`, `state`,
//! `events`, `arm POINT` (stop at this mark of the next refresh). It ends with its input. Tokens are in the system's own keychain.

use std::path::{Path, PathBuf};

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER};
use sandglass_engine::Engine;
use sandglass_engine::engine::Options;
use sandglass_engine::error::Failure;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::failpoint::{Point, arm};
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::timeline::event::Fact;
use sandglass_engine::workspace::Workspace;
use serde_json::{Value, json};
use tests_engine::JSON;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut folder = || arguments.next().expect("peer WORKSPACE DATA");
    let (workspace, data) = (folder(), folder());
    let engine = open(&workspace, data);
    engine.settled().await;
    answer(&json!({ "ready": true }));
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    while let Some(command) = commands.next_line().await.expect("stdin is text") {
        let done = obey(&engine, &workspace, &command).await;
        answer(&done.unwrap_or_else(
            |failure| json!({ "error": failure.code, "why": failure.to_string() }),
        ));
    }
    engine.shut_down().await;
}

fn open(workspace: &Path, data: PathBuf) -> Engine {
    let (workspace, failures) = Workspace::read(workspace).expect("a workspace");
    assert_eq!(failures, [], "the demo writes files that the engine reads");
    let options = Options {
        data_folder: Some(data),
        ..Options::default()
    };
    Engine::open(workspace, options).expect("an engine")
}

async fn obey(engine: &Engine, workspace: &Path, command: &str) -> Result<Value, Failure> {
    match command.split_once(' ').unwrap_or((command, "")) {
        ("sign_in", _) => {
            let credentials = Credentials::password(DEMO_USER, DEMO_PASSWORD);
            engine.sign_in(JSON, credentials).await?;
            Ok(json!({ "ok": true }))
        }
        ("send", _) => {
            let answer = engine.send(orders(workspace))?.finished().await?;
            let not_repeated = answer.not_repeated.as_ref().map(|failure| failure.code);
            Ok(json!({ "status": answer.status, "not_repeated": not_repeated }))
        }
        ("get", url) => {
            let draft = json!({ "method": "GET", "url": url, "session": JSON });
            let draft = serde_json::from_value(draft).expect("a draft");
            let answer = engine.send(draft)?.finished().await?;
            Ok(json!({ "status": answer.status }))
        }
        ("refresh", _) => engine.refresh(JSON).await.map(|()| json!({ "ok": true })),
        ("sign_out", _) => engine.sign_out(JSON).await.map(|()| json!({ "ok": true })),
        ("state", _) => {
            let sessions = engine.sessions();
            let session = sessions.iter().find(|session| session.name == JSON);
            let ended = engine.timeline().events();
            let ended = ended
                .iter()
                .any(|event| matches!(event.fact, Fact::LoginRequired { .. }));
            Ok(json!({ "session": session, "login_required_told": ended }))
        }
        ("events", _) => {
            let events = engine.timeline().events();
            Ok(serde_json::to_value(&*events).expect("events are JSON"))
        }
        ("arm", name) => {
            let point = Point::ALL.into_iter().find(|point| point.name() == name);
            arm(point.expect("a mark of this name"));
            Ok(json!({ "ok": true }))
        }
        _ => panic!("no command is called {command}"),
    }
}

/// The request for the orders, at the server that the workspace names.
fn orders(workspace: &Path) -> Draft {
    let file = workspace.join("requests/list-orders.toml");
    let text = std::fs::read_to_string(file).expect("the demo's workspace");
    let line = text.lines().find_map(|line| line.strip_prefix("url = "));
    let url = line.expect("a request has a URL").trim_matches('"');
    serde_json::from_value(json!({ "method": "GET", "url": url, "session": JSON }))
        .expect("a draft")
}

#[expect(clippy::print_stdout, reason = "the harness reads the answers there")]
fn answer(value: &Value) {
    println!("{value}");
}
