//! Keys and certificates from files that a person chose to sign in with: read once, kept until they are used, and never in
//! the page, which knows them by number and name.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::session::credentials::Credentials;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Largest file that is read, in bytes: a certificate with its chain and its key is far smaller.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Files that are kept at once; the oldest is forgotten first, and chosen again.
const FILES_MAX: usize = 8;

/// A key's file, as the page knows it.
#[derive(Debug, Serialize, TS)]
pub struct KeyFile {
    /// What it is named by when signing in.
    pub id: u32,
    /// What the file is called.
    pub name: String,
}

/// A key's file that is used to sign in.
#[derive(Clone, Copy, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UsedKeyFile {
    /// Which one.
    pub id: u32,
    /// What is in it.
    pub holds: KeyFileHolds,
}

/// What is in a key's file.
#[derive(Clone, Copy, Debug, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyFileHolds {
    /// The client's private key, as PEM or JWK.
    ClientKey,
    /// The client's certificate with the chain above it, and its private key, all as PEM.
    ClientCertificate,
}

/// What was chosen since the window was opened.
#[derive(Default)]
pub(crate) struct KeyFiles(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    last: u32,
    texts: VecDeque<(u32, SecretString)>,
}

impl KeyFiles {
    /// Reads a file that was chosen.
    ///
    /// # Errors
    /// `key.invalid` where it cannot be read, is larger than [`FILE_BYTES_MAX`], or is no text.
    pub(crate) fn take(&self, path: &Path) -> Result<KeyFile> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let refused = |detail: String| {
            Failure::new(Code::KeyInvalid).with("detail", format!("{name}: {detail}"))
        };
        let length = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
        if length.len() > FILE_BYTES_MAX {
            return Err(refused(format!("it is larger than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let id = kept.last;
        if kept.texts.len() == FILES_MAX {
            kept.texts.pop_front();
        }
        kept.texts.push_back((id, text.into()));
        Ok(KeyFile {
            id,
            name: name.into_owned(),
        })
    }

    /// The text of a file.
    ///
    /// # Errors
    /// `key.invalid` where it is kept no longer.
    fn text(&self, id: u32) -> Result<SecretString> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.texts.iter().find(|(known, _)| *known == id);
        found
            .map(|(_, text)| text.clone())
            .ok_or_else(|| Failure::new(Code::KeyInvalid).with("detail", "choose the file again"))
    }

    /// Puts a chosen file where the client's authentication wants it.
    ///
    /// # Errors
    /// As [`KeyFiles::text`].
    pub(crate) fn fill(&self, credentials: &mut Credentials, file: &UsedKeyFile) -> Result<()> {
        let text = Some(self.text(file.id)?);
        let client = credentials.client_mut();
        match file.holds {
            KeyFileHolds::ClientKey => client.client_key = text,
            KeyFileHolds::ClientCertificate => client.client_certificate = text,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sandglass_engine::session::credentials::ClientSecrets;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_chosen_key_goes_into_the_sign_in_and_not_to_the_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let (small, large) = (folder.path().join("key.pem"), folder.path().join("large"));
        std::fs::write(&small, "a key").expect("a file");
        std::fs::write(&large, vec![b'x'; 300 * 1024]).expect("a file");
        let files = KeyFiles::default();
        let file = files.take(&small).expect("a small text");
        let shown = serde_json::to_string(&file).expect("plain data");
        assert_eq!(shown, r#"{"id":1,"name":"key.pem"}"#);
        assert_eq!(
            files.take(&large).expect_err("too large").code,
            Code::KeyInvalid
        );

        let mut credentials = Credentials::Browser {
            client: ClientSecrets::default(),
        };
        let used = |id| UsedKeyFile {
            id,
            holds: KeyFileHolds::ClientKey,
        };
        files.fill(&mut credentials, &used(1)).expect("it is kept");
        let client = credentials.client_mut();
        let key = client.client_key.as_ref().map(|key| key.expose_secret());
        assert_eq!(key, Some("a key"));
        assert!(
            files.fill(&mut credentials, &used(7)).is_err(),
            "never seen"
        );
        for _ in 0..FILES_MAX {
            files.take(&small).expect("a small text");
        }
        assert!(files.fill(&mut credentials, &used(1)).is_err(), "long ago");
    }
}
