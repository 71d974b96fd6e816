//! The folder for the timeline, the locks and the journals: the same one with a window and without.

use std::io;
use std::path::{Path, PathBuf};

/// The folder's name, which is the app's identifier in `tauri.conf.json`.
pub const IDENTIFIER: &str = "dev.sandglass.desktop";

/// Makes the data folder where there is none, and answers it: the one that is wanted, or the user's.
///
/// # Errors
/// Where it cannot be made, or the system names no folder for a user's data.
pub fn open(wanted: Option<&Path>) -> io::Result<PathBuf> {
    let folder = match wanted {
        Some(folder) => std::path::absolute(folder)?,
        None => dirs::data_dir()
            .ok_or_else(|| io::Error::other("there is no home folder; name one by --data-dir"))?
            .join(IDENTIFIER),
    };
    create_private(&folder)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// Makes the data folder. It holds no secrets, and is nobody else's business all the same.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tauri's own folder is the user's data folder and this identifier: what it keeps stands beside ours.
    #[test]
    fn the_folder_is_that_of_the_app() {
        let settings: serde_json::Value =
            serde_json::from_str(include_str!("../tauri.conf.json")).expect("JSON");
        assert_eq!(settings["identifier"], IDENTIFIER);
    }
}
