//! A desk: a display, a session bus, a keychain and a home folder, all of them private and thrown away afterwards.
//!
//! The app runs at it as it would on a person's machine, on a machine where no person sits. Nothing of the machine's
//! own session is visible there: the bus starts no service by itself, the home is empty, the keychain holds nothing
//! but what the app puts into it.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use xtask::desk::{Desk, Keychain};
//! use xtask::running::Running;
//!
//! let desk = Desk::new(Keychain::Unlocked)?;
//! let app = Running::start(&mut desk.command("target/debug/sandglass"))?;
//! desk.screenshot("target/shots/first.png".as_ref())?;
//! drop(app); // before its desk: fields and locals go in this order by themselves
//! # Ok(())
//! # }
//! ```

mod bus;
mod display;
mod keyring;

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow};
use tempfile::TempDir;

use crate::running::Running;
use crate::scratch;

pub use display::{HEIGHT_PX, WIDTH_PX};

/// How long each part of the desk may take to be ready; far above what it needs, for a machine that is busy.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// Variables of the machine's own session that would lead a program back to it.
const FOREIGN: [&str; 6] = [
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "GNOME_KEYRING_CONTROL",
];

/// What the app finds when it looks for the system keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keychain {
    /// A keychain that is open, as after a login.
    Unlocked,
    /// A keychain that is there, and locked; nobody answers its prompt.
    Locked,
    /// No keychain service at all.
    Absent,
}

/// A place to run the app without a display. Everything at it ends when it is dropped.
#[derive(Debug)]
pub struct Desk {
    // Dropped in this order: first what uses the others.
    _keyring: Option<Running>,
    _bus: Running,
    _display: Running,
    environment: Vec<(&'static str, OsString)>,
    home: TempDir,
}

impl Desk {
    /// Sets up a desk.
    ///
    /// # Errors
    /// When a part of it cannot be started or is not ready in time; the message carries what that part complained of.
    pub fn new(keychain: Keychain) -> Result<Self> {
        let home = scratch::folder("sandglass-desk-").context("creating a home for the desk")?;
        let mut environment = folders(home.path())?;
        let (display, name) = display::start(&mut command("Xvfb", &environment, home.path())?)
            .map_err(|why| complain(&why, home.path()))?;
        environment.push(("DISPLAY", name.into()));
        let (bus, address) = bus::start(
            &mut command("dbus-daemon", &environment, home.path())?,
            home.path(),
        )
        .map_err(|why| complain(&why, home.path()))?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS", address.into()));
        let mut desk = Self {
            _keyring: None,
            _bus: bus,
            _display: display,
            environment,
            home,
        };
        if keychain != Keychain::Absent {
            let daemon = &mut command("gnome-keyring-daemon", &desk.environment, desk.home())?;
            desk._keyring =
                Some(keyring::start(daemon, &desk).map_err(|why| complain(&why, desk.home()))?);
        }
        if keychain == Keychain::Locked {
            desk.lock_keychain()?;
        }
        Ok(desk)
    }

    /// The home folder of whoever sits at the desk. It is removed with the desk.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The variables that make a program run at this desk.
    #[must_use]
    pub fn environment(&self) -> &[(&'static str, OsString)] {
        &self.environment
    }

    /// A command that will run at this desk. Start it with [`Running::start`], so that it cannot outlive its owner.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Locks the keychain, as a person would who leaves.
    ///
    /// # Errors
    /// When the keychain does not answer.
    pub fn lock_keychain(&self) -> Result<()> {
        keyring::lock(self)
    }

    /// Saves what the display shows as a PNG.
    ///
    /// A window that has just opened is given two seconds to paint.
    ///
    /// # Errors
    /// When the picture cannot be taken, or nothing is painted by then; the picture is kept in that case too.
    pub fn screenshot(&self, file: &Path) -> Result<()> {
        display::screenshot(self, file)
    }
}

/// Makes the folders of a fresh home, and the variables that name them.
fn folders(home: &Path) -> Result<Vec<(&'static str, OsString)>> {
    let mut environment = vec![("HOME", home.into())];
    for (name, folder) in [
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
        // Programs refuse a runtime folder that others may enter.
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        let folder = home.join(folder);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("creating {}", folder.display()))?;
        environment.push((name, folder.into()));
    }
    environment.extend([
        ("LANG", "C.UTF-8".into()),
        ("GDK_BACKEND", "x11".into()),
        // Neither the accessibility bus nor the desktop's settings belong to a desk that only tests sit at.
        ("NO_AT_BRIDGE", "1".into()),
        ("GSETTINGS_BACKEND", "memory".into()),
    ]);
    Ok(environment)
}

/// A command for one of the desk's own parts. Its complaints go to the desk's log.
fn command(
    program: &str,
    environment: &[(&'static str, OsString)],
    home: &Path,
) -> Result<Command> {
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log(home)?);
    Ok(command)
}

fn log_path(home: &Path) -> PathBuf {
    home.join("desk.log")
}

fn log(home: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(home))
        .context("opening the desk's log")
}

/// Why a part could not be set up, with the end of the desk's log.
fn complain(why: &Error, home: &Path) -> Error {
    const LINES: usize = 8;
    let log = fs::read_to_string(log_path(home)).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    anyhow!("setting up a virtual desk: {why:#}; its log ends with\n  {end}")
}

/// The first line that a part prints when it is ready.
fn first_line(lines: &Receiver<String>, part: &str) -> Result<String> {
    lines.recv_timeout(READY_LIMIT).with_context(|| {
        format!(
            "{part} ended, or was not ready after {} s",
            READY_LIMIT.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Stores and reads with a program that knows nothing of us.
    fn keeps_a_secret(desk: &Desk) -> Option<String> {
        let mut store = desk
            .command("secret-tool")
            .args(["store", "--label=desk", "of", "desk"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("secret-tool is installed");
        let mut stdin = store.stdin.take().expect("stdin is piped");
        stdin
            .write_all(b"kept")
            .expect("secret-tool reads its input");
        drop(stdin);
        if !store.wait().expect("secret-tool ends").success() {
            return None;
        }
        crate::tool::output(desk.command("secret-tool").args(["lookup", "of", "desk"]))
    }

    #[test]
    fn the_keychain_is_what_was_asked_for() {
        let cases = [(Keychain::Unlocked, Some("kept")), (Keychain::Absent, None)];
        for (keychain, expected) in cases {
            let desk = Desk::new(keychain).expect("the desk's parts are installed");
            assert_eq!(keeps_a_secret(&desk).as_deref(), expected, "{keychain:?}");
        }
    }

    #[test]
    fn a_locked_keychain_says_so() {
        let desk = Desk::new(Keychain::Locked).expect("the desk's parts are installed");
        assert!(keyring::is_locked(&desk).expect("the keychain answers"));
    }

    #[test]
    fn a_picture_of_an_empty_display_is_refused_and_kept() {
        let desk = Desk::new(Keychain::Absent).expect("the desk's parts are installed");
        let file = desk.home().join("shots/empty.png");
        let why = desk
            .screenshot(&file)
            .expect_err("nothing is painted there");
        assert!(why.to_string().contains("nothing is painted"), "{why:#}");
        assert!(file.is_file());
    }
}
