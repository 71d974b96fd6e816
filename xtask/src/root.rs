//! Where the repository is on this machine.

use std::path::{Path, PathBuf};

/// The top folder of the repository, whatever folder the command was started in.
#[must_use]
pub fn root() -> PathBuf {
    // Cargo sets the variable for `cargo run` and `cargo test`, so a checkout that was moved is still found;
    // the compiled-in value serves a binary that is started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .ancestors()
        .find(|folder| is_top(folder))
        .map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The folder that Cargo builds into.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether `folder` is the top: the lock file stands beside the workspace's manifest and nowhere else.
fn is_top(folder: &Path) -> bool {
    folder.join("Cargo.lock").is_file() && folder.join("xtask").is_dir()
}
