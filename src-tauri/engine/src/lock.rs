//! One holder at a time of what must not be done twice: among the tasks of a process, and among the processes of a machine.
//!
//! The file is empty, never deleted and never taken away from its holder: the operating system frees it when the holder
//! ends, however it ends. After locking, and again before anything is done that cannot be undone, the file is compared with
//! its path: somebody else may have removed it, and then others can lock the file that took its place.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// How long a family's lock is waited for: longer than any flight may take, the vault included.
pub(crate) const LOCK_LIMIT: Duration = Duration::from_secs(90);
/// The waits between two looks at a lock that somebody else holds.
const POLL_BOUNDS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// A lock that tasks and processes share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lock {
    /// Absent: there is no data folder, so there is no other process to share with.
    path: Option<Arc<Path>>,
    tasks: Arc<tokio::sync::Mutex<()>>,
}

/// The lock, held. Dropped, it is free.
pub(crate) struct Held {
    /// How long it was waited for.
    pub(crate) waited: Duration,
    /// Somebody else held it first.
    pub(crate) contended: bool,
    /// Why only this process is kept out, where the file could not be locked.
    pub(crate) weak: Option<String>,
    path: Option<Arc<Path>>,
    file: Option<Arc<File>>,
    _task: OwnedMutexGuard<()>,
}

/// The lock stayed with somebody else for longer than the limit.
#[derive(Debug)]
pub(crate) struct Busy;

enum Try {
    Locked(File),
    Taken,
    /// The path names another file than the one that was locked.
    Replaced,
    Failed(String),
}

impl Lock {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path: path.map(Into::into),
            tasks: Arc::default(),
        }
    }

    /// Takes the lock, waiting at most `limit`. Where the file cannot be locked at all (a read-only folder, a file system
    /// without locks), tasks of this process are still kept apart, and `weak` says why that is all.
    pub(crate) async fn take(&self, limit: Duration) -> Result<Held, Busy> {
        let began = Instant::now();
        let contended = self.tasks.try_lock().is_err();
        let task = tokio::time::timeout(limit, Arc::clone(&self.tasks).lock_owned())
            .await
            .map_err(|_| Busy)?;
        let mut held = Held {
            waited: Duration::ZERO,
            contended,
            weak: None,
            path: self.path.clone(),
            file: None,
            _task: task,
        };
        held.lock_file(began, limit).await?;
        Ok(held)
    }
}

impl Held {
    /// Whether the path still names the file that is locked. What was never locked cannot be lost.
    pub(crate) async fn is_still_ours(&self) -> bool {
        let (Some(path), Some(file)) = (self.path.clone(), self.file.clone()) else {
            return true;
        };
        tokio::task::spawn_blocking(move || is_still_there(&file, &path))
            .await
            .unwrap_or(false)
    }

    /// Locks the file that the path names now, waiting at most `limit` for whoever holds it. The tasks of this process are
    /// kept out all the while.
    pub(crate) async fn regain(&mut self, limit: Duration) -> Result<(), Busy> {
        (self.file, self.weak, self.contended) = (None, None, false);
        self.lock_file(Instant::now(), limit).await
    }

    async fn lock_file(&mut self, began: Instant, limit: Duration) -> Result<(), Busy> {
        let mut pause = POLL_BOUNDS.0;
        while let Some(path) = self.path.clone() {
            let tried = tokio::task::spawn_blocking(move || try_lock(&path)).await;
            match tried.unwrap_or_else(|error| Try::Failed(error.to_string())) {
                Try::Locked(file) => self.file = Some(Arc::new(file)),
                Try::Failed(detail) => self.weak = Some(detail),
                Try::Replaced => continue,
                Try::Taken => {
                    self.contended = true;
                    if began.elapsed() >= limit {
                        return Err(Busy);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(POLL_BOUNDS.1);
                    continue;
                }
            }
            break;
        }
        self.waited = began.elapsed();
        Ok(())
    }
}

fn try_lock(path: &Path) -> Try {
    let file = match OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
    {
        Ok(file) => file,
        Err(error) => return Try::Failed(error.to_string()),
    };
    match file.try_lock() {
        Ok(()) if is_still_there(&file, path) => Try::Locked(file),
        Ok(()) => Try::Replaced,
        Err(TryLockError::WouldBlock) => Try::Taken,
        Err(TryLockError::Error(error)) => Try::Failed(error.to_string()),
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(locked), Ok(named)) => (locked.dev(), locked.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, _: &Path) -> bool {
    // A file that is open cannot be removed here.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time_also_through_another_handle() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.lock");
        let (one, other) = (Lock::new(Some(path.clone())), Lock::new(Some(path)));
        let held = one.take(LOCK_LIMIT).await.expect("free");
        assert!(!held.contended && held.weak.is_none());
        assert!(other.take(Duration::from_millis(20)).await.is_err());
        assert!(one.take(Duration::from_millis(20)).await.is_err());
        drop(held);
        assert!(other.take(LOCK_LIMIT).await.is_ok());
    }

    /// Scenario 48: a third party unlinked the file while it was held; the next holder must not lock a file nobody sees.
    #[tokio::test]
    async fn a_lock_file_that_was_removed_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.lock");
        let lock = Lock::new(Some(path.clone()));
        let stale = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .expect("a file");
        std::fs::remove_file(&path).expect("removed");
        let held = lock.take(LOCK_LIMIT).await.expect("a new file is locked");
        stale.try_lock().expect("the removed file is another one");
        assert!(!is_still_there(&stale, &path));
        assert!(
            Lock::new(Some(path))
                .take(Duration::from_millis(20))
                .await
                .is_err(),
            "the one that is there is held"
        );
        drop(held);
    }

    /// Scenario 48: it is removed while it is held.
    #[tokio::test]
    async fn a_lock_that_was_lost_is_noticed_and_regained_after_whoever_came_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("family.lock");
        let (one, other) = (Lock::new(Some(path.clone())), Lock::new(Some(path.clone())));
        let mut held = one.take(LOCK_LIMIT).await.expect("free");
        assert!(held.is_still_ours().await);
        std::fs::remove_file(&path).expect("removed");
        assert!(!held.is_still_ours().await, "nobody is kept out any more");
        let intruder = other.take(LOCK_LIMIT).await.expect("a new file is locked");
        assert!(!held.is_still_ours().await);
        assert!(held.regain(Duration::from_millis(20)).await.is_err());
        drop(intruder);
        held.regain(LOCK_LIMIT).await.expect("it is free again");
        assert!(held.is_still_ours().await);
        assert!(other.take(Duration::from_millis(20)).await.is_err());
    }

    /// Scenario 54.
    #[tokio::test]
    async fn where_no_file_can_be_locked_the_tasks_of_this_process_still_take_turns() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = Lock::new(Some(folder.path().join("missing/family.lock")));
        let held = lock.take(LOCK_LIMIT).await.expect("weakly held");
        assert!(held.weak.is_some());
        assert!(lock.take(Duration::from_millis(20)).await.is_err());
    }
}
