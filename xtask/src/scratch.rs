//! Folders that are thrown away, in memory where the system has a file system there.
//!
//! A keychain writes and syncs a file at every store. On a disk that is full, or that others keep busy for half a minute,
//! that fails or takes longer than a vault waits; what a test finds must not depend on it.

use std::io;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// The file system in memory that Linux gives every program.
const IN_MEMORY: &str = "/dev/shm";

/// A new folder whose name begins with `prefix`; it is removed when dropped. Where nothing can be kept in memory it is
/// among the system's temporary files.
///
/// # Errors
/// When no folder can be made there either.
pub fn folder(prefix: &str) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(prefix);
    builder
        .tempdir_in(Path::new(IN_MEMORY))
        .or_else(|_| builder.tempdir())
}
