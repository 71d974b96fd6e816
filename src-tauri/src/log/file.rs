//! A log file that never grows above a limit: the full one becomes the one before, and that is all there is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Size at which a new file is begun, in bytes. Two files are kept.
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The file's name in the data folder.
const NAME: &str = "sandglass.log";
/// The name of the one before.
const BEFORE: &str = "sandglass.log.1";

/// The file, open to append.
pub(super) struct CappedFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl CappedFile {
    /// Opens the log in this folder, which is made where it is missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(NAME);
        let file = append_to(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes })
    }
}

impl Write for CappedFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes >= FILE_BYTES_MAX {
            fs::rename(&self.path, self.path.with_file_name(BEFORE))?;
            self.file = append_to(&self.path)?;
            self.bytes = 0;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_two_files_of_a_bounded_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = CappedFile::open(folder.path()).expect("a log");
        let line = [b'x'; 1024];
        for _ in 0..3 * FILE_BYTES_MAX / 1024 + 5 {
            file.write_all(&line).expect("written");
        }
        let sizes: Vec<u64> = [NAME, BEFORE]
            .map(|name| {
                fs::metadata(folder.path().join(name))
                    .expect("a file")
                    .len()
            })
            .to_vec();
        assert_eq!(sizes, [5 * 1024, FILE_BYTES_MAX]);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);
    }
}
