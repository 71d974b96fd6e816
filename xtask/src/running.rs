//! A program that is stopped, with everything it started, when its guard is dropped, or when we die.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::tool;

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// How often a state is looked at that nothing reports.
pub(crate) const GLANCE: Duration = Duration::from_millis(10);

/// What the keeper runs: it waits for the end of its input, which is our end, then stops the group that it was given.
const KEEPER: &str = "read -r _; kill -TERM \"-$1\"; sleep 1; kill -KILL \"-$1\"";

/// A started program, leader of a process group of its own.
///
/// Dropping it stops the whole group. A small shell, the keeper, does the same if this process ends without dropping
/// it (Ctrl+C, a kill): it holds the other end of a pipe that only this process keeps open.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Child,
    keeper: Child,
}

impl Running {
    /// Starts the command.
    ///
    /// # Errors
    /// When it, or the keeper, cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let line = tool::line(command);
        let mut child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting `{line}`"))?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match keeper {
            Ok(keeper) => Ok(Self {
                line,
                child,
                keeper,
            }),
            Err(why) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(why).context("starting the shell that watches over programs")
            }
        }
    }

    /// The program's input, the first time this is asked; `None` afterwards or when it is not piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The lines that the program prints on stdout, as they come; the channel closes with the program's output.
    ///
    /// # Errors
    /// When its stdout is not piped, or was taken before.
    pub fn lines(&mut self) -> Result<Receiver<String>> {
        match self.child.stdout.take() {
            Some(stdout) => Ok(lines(stdout)),
            None => bail!("the output of `{}` is not piped", self.line),
        }
    }

    /// Waits for the program to end by itself.
    ///
    /// # Errors
    /// When it has not ended after `limit`; it goes on running then.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().context("looking after a program")? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("`{}` has not ended after {} s", self.line, limit.as_secs());
            }
            thread::sleep(GLANCE);
        }
    }

    /// Whether the program has ended. It is not reaped, so that its group's number stays ours.
    fn has_ended(pid: Pid) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while !Self::has_ended(group) && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
        // The leader may have gone before its helpers: nothing of the group stays.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output)
            .lines()
            .map_while(std::result::Result::ok)
        {
            // Nobody may listen any more; the pipe is still emptied, or the program would stall on it.
            let _ = sender.send(line);
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_alive(pid: &str) -> bool {
        // A zombie is dead: only its parent has not looked yet.
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn gone(pid: &str) -> bool {
        let deadline = Instant::now() + GRACE;
        while is_alive(pid) && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
        !is_alive(pid)
    }

    #[test]
    fn a_dropped_program_takes_its_helpers_with_it() {
        let script = "sleep 1000 & echo $!; trap '' TERM; wait; wait";
        let mut running = Running::start(
            Command::new("sh")
                .args(["-c", script])
                .stdout(Stdio::piped()),
        )
        .expect("sh starts");
        let helper = running
            .lines()
            .expect("stdout is piped")
            .recv_timeout(GRACE)
            .expect("the helper's number");
        assert!(is_alive(&helper));
        drop(running);
        assert!(gone(&helper), "the helper outlived its leader");
    }

    #[test]
    fn the_keeper_stops_a_program_whose_owner_died() {
        let mut running = Running::start(Command::new("sleep").arg("1000")).expect("sleep starts");
        // What the kernel does when a process dies: its end of the pipe closes.
        drop(running.keeper.stdin.take());
        let status = running.wait(GRACE).expect("the keeper ends it");
        assert!(!status.success());
    }

    #[test]
    fn a_program_that_does_not_end_is_named() {
        let mut running = Running::start(Command::new("sleep").arg("1000")).expect("sleep starts");
        let why = running.wait(Duration::ZERO).expect_err("it sleeps");
        assert_eq!(why.to_string(), "`sleep 1000` has not ended after 0 s");
    }
}
