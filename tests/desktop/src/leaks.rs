//! Looks for secrets where they must not be: in every file below a folder, in every form that a program might write.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;

/// A file that holds a secret.
#[derive(Debug)]
pub struct Leak {
    /// The file.
    pub file: PathBuf,
    /// The form that was found.
    pub form: &'static str,
}

/// The files below `folder` that hold one of these secrets. `keychain` is the one folder where they belong.
///
/// # Errors
/// When a file cannot be read.
pub fn find(folder: &Path, keychain: &Path, secrets: &[String]) -> Result<Vec<Leak>> {
    let forms: Vec<_> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let mut leaks = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?
        {
            let path = entry?.path();
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_dir() && path != keychain {
                folders.push(path);
            } else if kind.is_file() {
                let bytes =
                    fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                let found = forms.iter().filter(|(_, form)| holds(&bytes, form));
                leaks.extend(found.map(|(form, _)| Leak {
                    file: path.clone(),
                    form,
                }));
            }
        }
    }
    Ok(leaks)
}

/// A secret as it is, and as programs write secrets. Base64 is looked for without its ends, which depend on what stands beside.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        ("raw", bytes.to_vec()),
        ("percent", percent(bytes).into_bytes()),
        (
            "hex",
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                .into_bytes(),
        ),
        (
            "UTF-16",
            secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("base64", STANDARD_NO_PAD.encode(bytes).into_bytes()),
        ("base64 with padding", STANDARD.encode(bytes).into_bytes()),
        ("base64url", URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
    ];
    // Inside a longer text, such as `user:secret`, the same bytes have three spellings.
    for shift in 1..3 {
        let whole = STANDARD_NO_PAD.encode([&vec![0; shift], bytes].concat());
        forms.push((
            "base64 inside another text",
            whole.as_bytes()[4..whole.len().max(8) - 4].to_vec(),
        ));
    }
    // A JWT's signature alone is as good as the token to whoever has the claims.
    if let Some((_, signature)) = secret.rsplit_once('.') {
        forms.push(("signature", signature.as_bytes().to_vec()));
    }
    forms
}

fn percent(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(*byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    wanted.len() >= 8 && memmem::find(bytes, wanted).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_each_form_and_not_in_the_keychain() {
        let secret = "rt_Zx81kd0Lq2mN7vB3xT9w.abcdefgh".to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let keychain = folder.path().join("keyrings");
        fs::create_dir(&keychain).expect("a folder");
        fs::write(keychain.join("login.keyring"), &secret).expect("a file");
        assert!(
            find(folder.path(), &keychain, std::slice::from_ref(&secret))
                .expect("readable")
                .is_empty()
        );
        for (form, bytes) in forms(&secret) {
            let file = folder.path().join("log");
            fs::write(&file, [b"before ", &bytes[..], b" after"].concat()).expect("a file");
            let leaks =
                find(folder.path(), &keychain, std::slice::from_ref(&secret)).expect("readable");
            assert!(
                leaks
                    .iter()
                    .any(|leak| leak.form == form && leak.file == file),
                "{form}"
            );
        }
        let basic = STANDARD.encode(format!("u:{secret}"));
        fs::write(folder.path().join("log"), basic).expect("a file");
        assert!(
            !find(folder.path(), &keychain, &[secret])
                .expect("readable")
                .is_empty(),
            "inside another text"
        );
    }
}
