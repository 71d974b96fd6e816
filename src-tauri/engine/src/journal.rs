//! What a flight was about to do, on disk before it does it: secret-free, fsynced, one file a family.
//!
//! Each line is one fact of one flight. Only the newest whole line counts; a line that a crash tore is as if it had never
//! been begun. Together with the vault it tells, after any crash, whether a refresh token may have been spent.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::redact::Fingerprint;

/// Version of the line's form.
const VERSION: u32 = 1;
/// A journal longer than this is begun anew with its newest line.
const JOURNAL_BYTES_MAX: u64 = 64 * 1024;
/// Lines longer than this are not lines of ours.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// How far a flight had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// It is about to send; nothing was sent.
    Intent,
    /// It sends in the next instant.
    Sent,
    /// A reply with new tokens came.
    Replied,
    /// The vault refused the new tokens; they are in the owner's memory.
    PersistPending,
    /// The new tokens are in the vault.
    Committed,
    /// The flight ended without new tokens, and the refresh token is as good as it was.
    Cleared,
    /// The flight ended, and nobody knows whether the refresh token was spent.
    Doubt,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) version: u32,
    pub(crate) phase: Phase,
    pub(crate) flight: u64,
    pub(crate) epoch: u32,
    /// The generation that the flight started from.
    pub(crate) base_generation: u32,
    /// The refresh token that it sends.
    pub(crate) refresh_fingerprint: Fingerprint,
    /// When it was written.
    pub(crate) wall_ms: WallMs,
    /// Who wrote it.
    pub(crate) owner: Owner,
}

impl Line {
    /// The newest generation that the vault must hold, by this line.
    pub(crate) fn stored_generation(&self) -> u32 {
        match self.phase {
            Phase::Committed => self.base_generation.saturating_add(1),
            _ => self.base_generation,
        }
    }
}

/// One process in one start of one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pid: u32,
    /// Clock ticks from the machine's start to the process's, so that a reused number is not taken for the same process.
    start: Option<u64>,
    boot: Option<String>,
}

impl Owner {
    /// This process.
    pub(crate) fn this() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            start: start_of(pid),
            boot: boot(),
        }
    }

    /// Whether that very process still runs. Where the system does not tell, it is taken for gone.
    pub(crate) fn is_alive(&self) -> bool {
        self.boot == boot() && self.start.is_some() && start_of(self.pid) == self.start
    }
}

/// When a process that runs has started: field 22 of its `stat`, behind its name, which may hold anything. A dead one that
/// nobody has looked after keeps its number and its start; its state, field 3, tells.
fn start_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot() -> Option<String> {
    Some(
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()?
            .trim()
            .to_owned(),
    )
}

/// One family's journal.
pub(crate) struct Journal {
    /// Absent: there is no data folder, and nothing survives the process.
    path: Option<PathBuf>,
    /// Where there is no file: the newest line all the same, for this process.
    newest: Mutex<Option<Line>>,
}

impl Journal {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            newest: Mutex::default(),
        }
    }

    /// The newest whole line. Blocks for a moment.
    pub(crate) fn newest(&self) -> io::Result<Option<Line>> {
        let Some(path) = &self.path else {
            return Ok(self
                .newest
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone());
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut newest = None;
        for line in BufReader::new(file).split(b'\n') {
            let line = line?;
            if line.len() <= LINE_BYTES_MAX
                && let Ok(read) = serde_json::from_slice::<Line>(&line)
                && read.version == VERSION
            {
                newest = Some(read);
            }
        }
        Ok(newest)
    }

    /// Writes one line; it is on disk when this returns. Blocks.
    pub(crate) fn write(&self, mut line: Line) -> io::Result<()> {
        line.version = VERSION;
        if let Some(path) = &self.path {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            if std::fs::metadata(path).is_ok_and(|file| file.len() > JOURNAL_BYTES_MAX) {
                replace(path, &text)?;
            } else {
                append(path, &text)?;
            }
        }
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
        Ok(())
    }
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let created = !path.exists();
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    private(&mut options);
    let mut file = options.open(path)?;
    // A torn line before this one must not swallow it.
    if file.metadata()?.len() > 0 && !ends_with_line_break(path)? {
        file.write_all(b"\n")?;
    }
    file.write_all(line)?;
    file.sync_data()?;
    if created { sync_folder(path) } else { Ok(()) }
}

fn ends_with_line_break(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Puts a file with these bytes in the place of the one before, whole or not at all. Blocks.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    private(&mut options);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    sync_folder(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Without this, a new name may be gone after a power cut though the file's bytes are there.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::InstallKey;

    fn line(flight: u64, phase: Phase) -> Line {
        let fingerprint = InstallKey::generate()
            .expect("random numbers")
            .fingerprint(&"r".into());
        Line {
            version: VERSION,
            phase,
            flight,
            epoch: 1,
            base_generation: 3,
            refresh_fingerprint: fingerprint,
            wall_ms: WallMs(5),
            owner: Owner::this(),
        }
    }

    #[test]
    fn the_newest_whole_line_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.journal");
        let journal = Journal::new(Some(path.clone()));
        assert_eq!(journal.newest().expect("readable"), None);
        let (intent, sent) = (line(1, Phase::Intent), line(1, Phase::Sent));
        journal.write(intent.clone()).expect("written");
        journal.write(sent.clone()).expect("written");
        assert_eq!(
            Journal::new(Some(path.clone())).newest().expect("readable"),
            Some(sent.clone())
        );

        for torn in [
            &b"{\"version\":1,\"phase\":\"comm"[..],
            b"\0\0\0\0",
            b"{\"version\":99}\n",
        ] {
            let mut bytes = std::fs::read(&path).expect("readable");
            bytes.extend_from_slice(torn);
            std::fs::write(&path, &bytes).expect("written");
            assert_eq!(
                journal.newest().expect("readable"),
                Some(sent.clone()),
                "{torn:?}"
            );
            journal
                .write(sent.clone())
                .expect("written after a torn line");
            assert_eq!(
                Journal::new(Some(path.clone())).newest().expect("readable"),
                Some(sent.clone())
            );
        }
    }

    #[test]
    fn a_journal_does_not_grow_without_bound_and_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.journal");
        let journal = Journal::new(Some(path.clone()));
        for flight in 0..1_000 {
            journal
                .write(line(flight, Phase::Committed))
                .expect("written");
        }
        let file = std::fs::metadata(&path).expect("there");
        assert!(file.len() < JOURNAL_BYTES_MAX + LINE_BYTES_MAX as u64);
        assert_eq!(
            journal.newest().expect("readable").map(|line| line.flight),
            Some(999)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_process_is_told_from_another_one_with_its_number() {
        let this = Owner::this();
        assert!(this.is_alive());
        assert!(
            !Owner {
                start: this.start.map(|start| start + 1),
                ..this.clone()
            }
            .is_alive()
        );
        assert!(
            !Owner {
                boot: Some("another start".to_owned()),
                ..this
            }
            .is_alive()
        );
    }

    /// A killed process keeps its number until its parent has looked: it is dead all the same.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_owner_that_was_killed_is_dead_before_anybody_has_looked() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep starts");
        let owner = Owner {
            pid: child.id(),
            start: start_of(child.id()),
            boot: boot(),
        };
        assert!(owner.is_alive());
        child.kill().expect("it runs");
        let stat = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z ")) {
            std::thread::yield_now();
        }
        assert!(!owner.is_alive());
        child.wait().expect("it has ended");
    }
}
