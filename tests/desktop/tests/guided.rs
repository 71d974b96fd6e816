//! `sandglass --tour`, as a script would call it: the timeline as text, and an end when the input ends.

use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tests_desktop::programs;
use xtask::desk::{Desk, Keychain};
use xtask::running::Running;

/// The program's own limit, and time to start.
const LIMIT: Duration = Duration::from_secs(60);

/// A network of its own with a single port to choose from, which another program already has: binding to port 0 fails there.
const NO_PORT_LEFT: &str = r#"
    echo "40000 40000" > /proc/sys/net/ipv4/ip_local_port_range
    "$1" --port 40000 | { read -r listening; "$0" --tour; echo "exit $?"; }
"#;

#[test]
fn a_demo_that_cannot_listen_is_said_and_is_no_crash() -> Result<()> {
    let desk = Desk::new(Keychain::Unlocked)?;
    let mut command = desk.command("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", NO_PORT_LEFT]);
    command
        .arg(programs::sandglass()?)
        .arg(programs::sandglass_demo()?);
    let mut app = Running::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    )?;
    let lines = until(&app.lines()?, "exit ")?;
    ensure!(
        lines.last().is_some_and(|line| line == "exit 1"),
        "{lines:#?}"
    );
    let why = lines
        .iter()
        .find(|line| line.starts_with("tour: failed: "))
        .context("the reason")?;
    ensure!(
        why.contains("demo.unavailable") && why.contains("127.0.0.1:0"),
        "{why}"
    );
    Ok(())
}

#[test]
fn the_tour_by_itself_prints_the_timeline_and_ends_with_its_input() -> Result<()> {
    let desk = Desk::new(Keychain::Unlocked)?;
    let mut command = desk.command(programs::sandglass()?);
    command
        .arg("--tour")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut app = Running::start(&mut command)?;
    let input = app.take_stdin().context("its input is piped")?;
    let printed = app.lines()?;
    let lines = until(&printed, "tour: ")?;
    ensure!(
        lines.last().is_some_and(|line| line == "tour: finished"),
        "{lines:#?}"
    );
    let mut rest = lines.iter();
    for words in [
        "Signed in to demo",
        "R1 finished with 200",
        "G1 of demo expired",
        "answered 401",
        "demo now carries G2",
        "R2 attempt 2 answered 200",
    ] {
        ensure!(
            rest.any(|line| line.contains(words)),
            "no “{words}” in its place: {lines:#?}"
        );
    }
    ensure!(
        lines.iter().all(|line| !line.contains("eyJ")),
        "no token among the words"
    );
    drop(input);
    let status = app.wait(LIMIT)?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// The lines up to the first that begins like this.
fn until(printed: &Receiver<String>, start: &str) -> Result<Vec<String>> {
    let deadline = Instant::now() + LIMIT;
    let mut lines: Vec<String> = Vec::new();
    while lines.last().is_none_or(|line| !line.starts_with(start)) {
        let line = printed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        lines.push(line.with_context(|| format!("“{start}” was not printed in time: {lines:#?}"))?);
    }
    Ok(lines)
}
