//! The tour where there is no display: at a virtual desk, as text and as a picture.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use xtask::desk::{Desk, Keychain};
use xtask::root;
use xtask::running::Running;

use crate::app;

/// How long the whole tour may take: itself 12 s, on a machine that may be busy.
const TOUR_LIMIT: Duration = Duration::from_secs(90);
/// The view draws an event a moment after the engine has it, later on a machine that is busy, and nothing outside of it
/// tells when it has: the picture waits this long, while the last token is still alive.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the app may take to close its window.
const CLOSE_LIMIT: Duration = Duration::from_secs(15);
/// The app's last line; its window stays open after it until its input closes.
const FINISHED: &str = "tour: finished";

/// Runs the tour, hands each line of its timeline to `show`, and keeps a picture of its end
/// in the folder `shots` of the target folder. Answers where the picture is, from the top.
///
/// # Errors
/// When the desk cannot be set up, the tour does not finish, or the app ends with an error.
pub(crate) fn tour(shot: &str, show: impl Fn(&str)) -> Result<PathBuf> {
    let shots = root::target().join("shots");
    fs::create_dir_all(&shots).with_context(|| format!("creating {}", shots.display()))?;
    let shot = shots.join(shot);
    let log = shot.with_extension("log");
    let desk = Desk::new(Keychain::Unlocked)?;
    let app = Running::start(
        desk.command(app::program())
            .arg("--tour")
            .current_dir(root::root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("creating {}", log.display()))?),
    )?;
    watch(&desk, app, &shot, show).map_err(|why| anyhow!("{why:#}; {}", end_of(&log)))?;
    Ok(shot
        .strip_prefix(root::root())
        .map(Path::to_path_buf)
        .unwrap_or(shot))
}

fn watch(desk: &Desk, mut app: Running, shot: &Path, show: impl Fn(&str)) -> Result<()> {
    let stdin = app.take_stdin();
    until_finished(&app.lines()?, show)?;
    thread::sleep(SETTLE);
    desk.screenshot(shot)?;
    drop(stdin);
    let status = app.wait(CLOSE_LIMIT)?;
    if !status.success() {
        bail!("the tour finished, but the app then ended with an error ({status})");
    }
    Ok(())
}

fn until_finished(lines: &Receiver<String>, show: impl Fn(&str)) -> Result<()> {
    let deadline = Instant::now() + TOUR_LIMIT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => {
                show(&line);
                if line.trim() == FINISHED {
                    return Ok(());
                }
            }
            Err(_) if Instant::now() >= deadline => {
                bail!("the tour has not finished after {} s", TOUR_LIMIT.as_secs())
            }
            Err(_) => bail!("the app ended before its tour had finished"),
        }
    }
}

/// What the app said last in its log, for a message.
fn end_of(log: &Path) -> String {
    const LINES: usize = 12;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    format!("{} ends with\n  {end}", log.display())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_tour_has_finished_only_when_the_app_says_so() {
        let cases: [(&[&str], bool); 3] = [
            (&["1 sent", FINISHED], true),
            (&["1 sent", "tour: failed"], false),
            (&[], false),
        ];
        for (said, expected) in cases {
            let (sender, lines) = mpsc::channel();
            for line in said {
                sender
                    .send((*line).to_owned())
                    .expect("the channel is open");
            }
            drop(sender);
            assert_eq!(until_finished(&lines, |_| ()).is_ok(), expected, "{said:?}");
        }
    }
}
