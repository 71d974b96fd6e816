//! The real binary, run at a desk with a real keychain.

use std::io::Write as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tests_engine::peer::Place;
use xtask::desk::Desk;

/// How long one call may take at most.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// How often a state is looked at that nothing reports.
const GLANCE: Duration = Duration::from_millis(5);

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program.
pub(crate) fn path() -> std::path::PathBuf {
    tests_desktop::programs::sandglass().expect("it can be built")
}

/// A call of the program at this place.
pub(crate) fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(path());
    command
        .arg("--workspace")
        .arg(&place.workspace)
        .arg("--data-dir")
        .arg(&place.data)
        .args(arguments);
    command
}

/// Runs the program at this place to its end.
pub(crate) fn run(place: &Place, arguments: &[&str]) -> Ended {
    finish(&mut command(place, arguments), "")
}

/// The same with this on stdin.
pub(crate) fn run_with(place: &Place, arguments: &[&str], stdin: &str) -> Ended {
    finish(&mut command(place, arguments), stdin)
}

/// Signs in to the demo's JSON session, as a script does.
pub(crate) fn log_in(place: &Place) {
    let stdin = format!(
        "{}\n{}\n",
        sandglass_demo::DEMO_USER,
        sandglass_demo::DEMO_PASSWORD
    );
    let ended = run_with(place, &["login", "demo"], &stdin);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, stdin: &str) -> Ended {
    let mut child = start(command);
    let mut input = child.stdin.take().expect("it is piped");
    // A program that does not read its input may have ended already.
    drop(input.write_all(stdin.as_bytes()));
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Starts a command with pipes.
pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Waits for its end.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status;
        }
        assert!(Instant::now() < deadline, "it never ended");
        std::thread::sleep(GLANCE);
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "it never came: {what}");
        std::thread::sleep(GLANCE);
    }
}

/// A call of the program at a desk of its own, with nothing but a home.
pub(crate) fn at(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = desk.command(path());
    command.current_dir(desk.home()).args(arguments);
    command
}

/// The same at a terminal, on which this is typed.
pub(crate) fn run_at_terminal(place: &Place, arguments: &[&str], typed: &str) -> Ended {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_string_lossy());
    let inner = command(place, arguments);
    let words = std::iter::once(inner.get_program()).chain(inner.get_args());
    let line: Vec<String> = words.map(quoted).collect();
    // Of the essential packages of Debian: it runs a command on a terminal of its own, and passes its exit code on.
    let mut command = place.command("script");
    command.args(["-qec", &line.join(" "), "/dev/null"]);
    finish(&mut command, typed)
}
