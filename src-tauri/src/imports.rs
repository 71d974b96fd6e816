//! The one import that the window is busy with: what was read, how far it is, and what was dropped on the window. The page
//! names no file: a person chooses it in a dialog of the system, drops it, or pastes a text.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::import::imported::Imported;
use sandglass_engine::import::source::Watch;
use tokio::sync::Notify;

/// What the window imports.
#[derive(Default)]
pub(crate) struct Imports {
    state: Mutex<State>,
    dropped: Notify,
}

#[derive(Default)]
struct State {
    watch: Arc<Watch>,
    read: Option<Arc<Imported>>,
    /// The file or folder that was dropped last and not taken yet.
    dropped: Option<PathBuf>,
    /// Whose turn it is to wait for the next drop.
    turn: u64,
}

impl Imports {
    /// Begins a new one; the one before is over.
    pub(crate) fn begin(&self) -> Arc<Watch> {
        let mut state = self.lock();
        state.watch.stop();
        state.watch = Arc::default();
        state.read = None;
        Arc::clone(&state.watch)
    }

    /// Keeps what was read, where nobody has begun another one or stopped this.
    ///
    /// # Errors
    /// `request.stopped`.
    pub(crate) fn keep(&self, watch: &Arc<Watch>, read: Imported) -> Result<Arc<Imported>> {
        watch.check()?;
        let mut state = self.lock();
        if !Arc::ptr_eq(&state.watch, watch) {
            return Err(Failure::new(Code::RequestStopped));
        }
        let read = Arc::new(read);
        state.read = Some(Arc::clone(&read));
        Ok(read)
    }

    /// What was read, and the watch over what becomes of it.
    ///
    /// # Errors
    /// `request.stopped` where nothing was, or not any more.
    pub(crate) fn current(&self) -> Result<(Arc<Imported>, Arc<Watch>)> {
        let state = self.lock();
        let read = state.read.clone();
        let read = read.ok_or_else(|| Failure::new(Code::RequestStopped))?;
        Ok((read, Arc::clone(&state.watch)))
    }

    /// Requests that were read so far.
    pub(crate) fn requests(&self) -> usize {
        self.lock().watch.requests()
    }

    /// Ends it where it stands. Nothing half is written.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.watch.stop();
        state.read = None;
    }

    /// Somebody dropped this on the window.
    pub(crate) fn drop_in(&self, path: PathBuf) {
        self.lock().dropped = Some(path);
        self.dropped.notify_waiters();
    }

    /// Waits for what is dropped next. `None`: somebody else waits since, such as the same page loaded again.
    pub(crate) async fn next_drop(&self) -> Option<PathBuf> {
        let turn = {
            let mut state = self.lock();
            state.turn += 1;
            state.turn
        };
        self.dropped.notify_waiters();
        loop {
            let next = self.dropped.notified();
            let mut next = std::pin::pin!(next);
            // Before the look: what comes between is not missed.
            next.as_mut().enable();
            {
                let mut state = self.lock();
                if state.turn != turn {
                    return None;
                }
                if let Some(path) = state.dropped.take() {
                    return Some(path);
                }
            }
            next.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drop_is_taken_once_by_whoever_waits_last() {
        let imports = Arc::new(Imports::default());
        let waiting = |imports: &Arc<Imports>| {
            let imports = Arc::clone(imports);
            tokio::spawn(async move { imports.next_drop().await })
        };
        let first = waiting(&imports);
        tokio::task::yield_now().await;
        let second = waiting(&imports);
        assert_eq!(first.await.expect("it ends"), None, "its turn is over");
        imports.drop_in("/tmp/shop.yaml".into());
        assert_eq!(
            second.await.expect("it ends"),
            Some("/tmp/shop.yaml".into())
        );
    }

    #[test]
    fn what_was_stopped_is_not_kept() {
        let imports = Imports::default();
        let watch = imports.begin();
        imports.stop();
        assert!(imports.keep(&watch, Imported::default()).is_err());
        let watch = imports.begin();
        let newer = imports.begin();
        assert!(imports.keep(&watch, Imported::default()).is_err());
        assert!(imports.keep(&newer, Imported::default()).is_ok());
        assert!(imports.current().is_ok());
    }
}
