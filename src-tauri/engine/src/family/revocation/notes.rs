//! Which tokens are to be given back, on disk and without any secret. It is written before the vault gets such a token and
//! after it has lost one, so that no token stays there unnoticed.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::journal;
use crate::redact::Fingerprint;
use crate::token::TokenKind;

/// Version of the file's form.
const VERSION: u32 = 1;
/// A longer file is none of ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// One token that is to be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) token: TokenKind,
    /// Which one; the token itself is in the vault.
    pub(super) fingerprint: Fingerprint,
    /// When the user signed out.
    pub(super) queued_ms: WallMs,
    /// Not before this.
    pub(super) next_ms: WallMs,
    /// Exchanges so far.
    pub(super) tries: u32,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    notes: Vec<Note>,
}

/// One family's notes.
pub(super) struct Notes {
    path: PathBuf,
}

impl Notes {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is noted. `None`: nothing is, and the vault need not be asked. A file that cannot be understood notes something,
    /// and nobody knows what. Blocks for a moment.
    pub(super) fn read(&self) -> io::Result<Option<Vec<Note>>> {
        match std::fs::metadata(&self.path) {
            Ok(file) if file.len() > FILE_BYTES_MAX => return Ok(Some(Vec::new())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let read = serde_json::from_slice::<File>(&std::fs::read(&self.path)?);
        Ok(Some(match read {
            Ok(file) if file.version == VERSION => file.notes,
            Ok(_) | Err(_) => Vec::new(),
        }))
    }

    /// Notes these and no others; it is on disk when this returns. Blocks.
    pub(super) fn write(&self, notes: Vec<Note>) -> io::Result<()> {
        if notes.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        let file = File {
            version: VERSION,
            notes,
        };
        journal::replace(&self.path, &serde_json::to_vec(&file)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::InstallKey;

    #[test]
    fn notes_come_back_as_they_were_and_an_odd_file_says_look_into_the_vault() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.revocations");
        let notes = Notes::new(path.clone());
        assert_eq!(notes.read().expect("readable"), None);
        let note = Note {
            token: TokenKind::Access,
            fingerprint: InstallKey::generate()
                .expect("random numbers")
                .fingerprint(&"a".into()),
            queued_ms: WallMs(1),
            next_ms: WallMs(2),
            tries: 3,
        };
        notes.write(vec![note.clone()]).expect("written");
        assert_eq!(notes.read().expect("readable"), Some(vec![note]));
        for odd in [
            &b""[..],
            b"{",
            b"{\"version\":2,\"notes\":[]}",
            &[b' '; 65 * 1024],
        ] {
            std::fs::write(&path, odd).expect("written");
            assert_eq!(notes.read().expect("readable"), Some(Vec::new()));
        }
        notes.write(Vec::new()).expect("written");
        assert_eq!(notes.read().expect("readable"), None);
        assert!(!path.exists());
    }
}
