//! The state file: sign-ins and the signing key on disk, so that a restarted server still knows its users.

use crate::families::Families;
use crate::key::Key;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

/// Where state is kept, if anywhere.
#[derive(Debug)]
pub(crate) struct StateFile(PathBuf);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: u32,
    key: String,
    families: Families,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    key: String,
    families: &'a Families,
}

impl StateFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// What the file holds; `None` if there is no file yet. A file that cannot be understood is an error and stays as it is.
    pub(crate) fn read(&self) -> io::Result<Option<(Key, Families)>> {
        let text = match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        // The parser's message could quote the key; where it stopped is enough.
        let not_ours = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let read: Read = serde_json::from_slice(&text).map_err(|error| {
            not_ours(format!(
                "not a state file (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if read.version != VERSION {
            return Err(not_ours(format!(
                "version {} instead of {VERSION}",
                read.version
            )));
        }
        let key =
            Key::from_text(&read.key).ok_or_else(|| not_ours("the key is damaged".to_owned()))?;
        Ok(Some((key, read.families)))
    }

    /// Writes all of it beside the file and renames it over: a reader, or a restart, sees the old state or the new one.
    pub(crate) fn write(&self, key: &Key, families: &Families) -> io::Result<()> {
        let state = Written {
            version: VERSION,
            key: key.to_text(),
            families,
        };
        let folder = match self.0.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A temporary file is made readable by its owner only; the rename keeps that.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &state)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(&self.0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.json");
        let key = Key::random();
        let whole = format!(
            r#"{{"version":1,"key":"{}","families":{{}}}}"#,
            key.to_text()
        );
        for text in ["", "{}", "null", &whole, r#"{"version":2}"#] {
            fs::write(&path, text).expect("writing the file");
            let error = StateFile::at(&path).read().err().expect(text);
            assert!(!error.to_string().contains(&key.to_text()), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("reading the file"), text);
        }
    }

    #[test]
    fn a_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.json");
        let file = StateFile::at(&path);
        assert!(file.read().expect("no file yet").is_none());
        file.write(&Key::random(), &Families::default())
            .expect("writing the state");
        assert!(file.read().expect("reading the state").is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
