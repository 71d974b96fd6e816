//! Engines in processes of their own, at one desk with one real keychain, and the test that steers them.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sandglass_demo::{Demo, Settings};
use sandglass_engine::failpoint::Point;
use serde_json::Value;
use xtask::desk::{Desk, Keychain};

/// How long a peer may take for one answer.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How often a state is looked at that nothing reports.
const GLANCE: Duration = Duration::from_millis(2);

/// A desk with an open keychain, shared by the tests of this process that are under way.
fn desk() -> Arc<Desk> {
    static SHARED: Mutex<Weak<Desk>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let desk = Desk::new(Keychain::Unlocked).expect("`cargo xtask setup` installs its parts");
        let desk = Arc::new(desk);
        *shared = Arc::downgrade(&desk);
        desk
    })
}

/// A demo, a workspace for it, and an empty place for data: what peers share.
pub struct Place {
    /// The server.
    pub demo: Demo,
    /// The workspace's folder.
    pub workspace: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    desk: Arc<Desk>,
    _folder: tempfile::TempDir,
}

impl Place {
    /// A place on a demo with these settings.
    pub async fn new(settings: Settings) -> Self {
        let desk = tokio::task::spawn_blocking(desk).await.expect("a desk");
        Self::at(desk, settings).await
    }

    /// The same at a desk of the caller's own.
    pub async fn at(desk: Arc<Desk>, settings: Settings) -> Self {
        let demo = Demo::start(settings)
            .await
            .expect("loopback has a free port");
        let folder = xtask::scratch::folder("sandglass-place-").expect("a temporary folder");
        let (workspace, data) = (folder.path().join("workspace"), folder.path().join("data"));
        sandglass_demo::write_workspace(&workspace, demo.origin()).expect("a workspace folder");
        std::fs::create_dir(&data).expect("a data folder");
        Self {
            demo,
            workspace,
            data,
            desk,
            _folder: folder,
        }
    }

    /// A command that will run here, beside the peers.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.desk.command(program)
    }

    /// Starts one more process here.
    pub fn peer(&self, program: &str) -> Peer {
        Peer::start(program, self, None)
    }

    /// Starts one more process here, for which this certificate (PEM) is the only one that its system trusts.
    pub fn peer_that_trusts(&self, program: &str, certificate: &Path) -> Peer {
        Peer::start(program, self, Some(certificate))
    }
}

/// One engine in its own process. Killed when dropped.
pub struct Peer {
    child: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<Value>,
}

impl Peer {
    /// Starts one and waits until its session is known.
    fn start(program: &str, place: &Place, trusted: Option<&Path>) -> Self {
        let mut command: Command = place.desk.command(program);
        if let Some(certificate) = trusted {
            command.env("SSL_CERT_FILE", certificate);
        }
        let mut child = command
            .args([&place.workspace, &place.data])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer was built with the tests");
        let commands = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let answer = serde_json::from_str(&line).expect("peers answer in JSON");
                // The test may be over.
                drop(sender.send(answer));
            }
        });
        let peer = Self {
            child,
            commands,
            answers,
        };
        let first = peer.answer();
        assert_eq!(first["ready"], true, "{first}");
        peer
    }

    /// Gives a command without waiting for its answer.
    pub fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("it was not ended");
        writeln!(commands, "{command}").expect("the peer reads");
    }

    /// The next answer.
    pub fn answer(&self) -> Value {
        self.answers
            .recv_timeout(ANSWER_LIMIT)
            .expect("the peer answers")
    }

    /// The next answer, if it comes within this time.
    pub fn answer_within(&self, limit: Duration) -> Option<Value> {
        self.answers.recv_timeout(limit).ok()
    }

    /// Gives a command and waits for its answer.
    pub fn ask(&mut self, command: &str) -> Value {
        self.tell(command);
        self.answer()
    }

    /// Gives a command that must succeed; what it says otherwise is shown whole.
    pub fn must(&mut self, command: &str) {
        let answer = self.ask(command);
        assert_eq!(answer["ok"], true, "{command}: {answer}");
    }

    /// Stops at this mark of the next refresh.
    pub fn arm(&mut self, point: Point) {
        self.must(&format!("arm {}", point.name()));
    }

    /// Waits until the process has stopped itself.
    pub fn stopped(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        let deadline = Instant::now() + ANSWER_LIMIT;
        loop {
            let stat = std::fs::read_to_string(&stat).expect("it has not ended");
            if stat
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('T'))
            {
                return;
            }
            assert!(Instant::now() < deadline, "it never came to the mark");
            std::thread::sleep(GLANCE);
        }
    }

    /// Lets a stopped process go on.
    pub fn go_on(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).expect("it is stopped");
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end_now();
    }

    /// Lets it end by itself.
    pub fn quit(mut self) {
        drop(self.commands.take());
        self.child.wait().expect("it ends");
    }

    fn end_now(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end_now();
    }
}
