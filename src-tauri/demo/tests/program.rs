//! The program: its one line of output, its failures, and that it ends when it is asked to.

use crate::server::Client;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The program as a child; killed when a test ends early.
struct Program {
    child: Child,
    origin: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let origin = line
            .trim()
            .strip_prefix("listening on ")
            .expect("the one line it prints");
        Self {
            child,
            origin: origin.to_owned(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, which is fine too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandglass-demo"));
    command.args(arguments);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path in UTF-8")
}

#[test]
fn a_killed_program_knows_its_users_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let start_on = |port: &str| {
        let lives = ["--no-delay", "--access-ttl", "600"];
        Program::start(&[&lives[..], &["--state", text(&file), "--port", port]].concat())
    };
    let program = start_on("0");
    let client = Client::of(&program.origin);
    let first = client.log_in();
    let second = client.refresh(&first.field("refreshToken"));
    let (_, port) = program.origin.rsplit_once(':').expect("a port");
    let port = port.to_owned();
    drop(program);

    let program = start_on(&port);
    assert_eq!(client.get("/me", &second.field("accessToken")).status, 200);
    assert_eq!(client.refresh(&second.field("refreshToken")).status, 200);
    drop(program);
}

#[test]
fn it_writes_a_workspace_that_names_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let workspace = folder.path().join("demo");
    let program = Program::start(&["--workspace", text(&workspace)]);
    let session = std::fs::read_to_string(workspace.join("sessions/demo.toml")).expect("a session");
    assert!(
        session.contains(&format!("url = \"{}/auth/login\"", program.origin)),
        "{session}"
    );
}

#[test]
fn a_port_that_is_taken_is_one_clear_message_and_exit_code_1() {
    let program = Program::start(&[]);
    let (_, port) = program.origin.rsplit_once(':').expect("a port");
    let second = command(&["--port", port])
        .output()
        .expect("the program runs");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).expect("UTF-8");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{said}"
    );
    assert!(second.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn it_ends_cleanly_when_it_is_asked_to() {
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::start(&[]);
        let pid = program.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill $0 $1", signal, &pid])
            .status();
        assert!(sent.expect("a shell").success());
        let ended = program.child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "{signal}");
    }
}
