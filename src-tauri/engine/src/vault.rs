//! Where secrets are: a store of named items behind one dedicated thread.
//!
//! Keychain calls block, may wait for a person, and must keep their order (keyring-core: stores may be unreliable across
//! threads). So all calls go through one thread, never the async runtime. A call that takes longer than [`SOFT_LIMIT`]
//! is said to be slow; past [`HARD_LIMIT`] its thread is abandoned and a new store on a new thread goes on, at most
//! [`THREADS_ABANDONED_MAX`] times. Nothing ever falls back to a plain file.

mod keychain;
mod memory;
pub(crate) mod owed;
mod parts;
pub(crate) mod record;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretSlice;
use tokio::sync::oneshot;

pub use self::keychain::KeychainStore;
pub use self::memory::MemoryStore;
pub use self::record::{AskedFor, Binding};
use crate::error::{Code, Failure};

/// A keychain call longer than this is reported as slow; it may be waiting for a person.
pub const SOFT_LIMIT: Duration = Duration::from_secs(3);
/// A keychain call longer than this is given up, and its thread abandoned.
pub const HARD_LIMIT: Duration = Duration::from_secs(30);
/// Threads that may be stuck in a keychain call at once; beyond that every call answers `store.slow` at once.
pub const THREADS_ABANDONED_MAX: usize = 4;
/// Largest item, in bytes.
pub const ITEM_BYTES_MAX: usize = 64 * 1024;

/// A store of named secrets. Calls block; they are made from one thread at a time.
pub trait Store: Send {
    /// The item of this name. `None` does not prove that it never existed (a keyring that was never unlocked answers so too).
    ///
    /// # Errors
    /// Where the store cannot be read now.
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError>;

    /// Writes or replaces the item of this name.
    ///
    /// # Errors
    /// Where the store did not take it.
    fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError>;
}

/// Makes a store: at first use, and again after a failure of the connection to it.
pub type StoreMaker = dyn Fn() -> Result<Box<dyn Store>, StoreError> + Send + Sync;

/// Why a store could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What can be done about it.
    pub kind: StoreErrorKind,
    /// The store's own words.
    pub detail: String,
}

/// What can be done about a store that could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Unlock it.
    Locked,
    /// Install or start one; or keep tokens in memory.
    Absent,
    /// Answer its question, or wait.
    Slow,
    /// It refused or garbled the item.
    Failed,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, detail: impl fmt::Display) -> Self {
        Self {
            kind,
            detail: detail.to_string(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error.kind {
            StoreErrorKind::Locked => Code::StoreLocked,
            StoreErrorKind::Absent => Code::StoreAbsent,
            StoreErrorKind::Slow => Code::StoreSlow,
            StoreErrorKind::Failed => Code::StoreFailed,
        };
        Failure::new(code)
            .with("detail", error.detail)
            .with("seconds", HARD_LIMIT.as_secs())
    }
}

/// The names under which a session's two slots are listed in the keychain, for those who look there themselves.
pub fn item_names(workspace_id: &str, session: &str) -> [String; 2] {
    record::Slots::new(workspace_id, session).names()
}

type Job = Box<dyn FnOnce(&mut dyn Store) + Send>;
type Refusal = Box<dyn FnOnce(StoreError) + Send>;

/// The way to the store for async code. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    maker: Arc<StoreMaker>,
    limits: Limits,
    keeper: Mutex<Option<Keeper>>,
    abandoned: Arc<AtomicUsize>,
    on_slow: Box<dyn Fn() + Send + Sync>,
}

/// How long a call may take. Settings, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// See [`SOFT_LIMIT`].
    pub soft: Duration,
    /// See [`HARD_LIMIT`].
    pub hard: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            soft: SOFT_LIMIT,
            hard: HARD_LIMIT,
        }
    }
}

/// One thread that owns one store.
#[derive(Clone)]
struct Keeper {
    jobs: mpsc::Sender<(Job, Refusal)>,
    /// Set when the thread was given up: what is still queued there must not run late.
    given_up: Arc<AtomicBool>,
}

impl Vault {
    pub(crate) fn new(
        maker: Arc<StoreMaker>,
        limits: Limits,
        on_slow: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let inner = Inner {
            maker,
            limits,
            keeper: Mutex::default(),
            abandoned: Arc::default(),
            on_slow: Box::new(on_slow),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) async fn read(&self, name: String) -> Result<Option<SecretSlice<u8>>, StoreError> {
        self.call(move |store| parts::read(store, &name)).await
    }

    /// Writes an item and reads it back: `Ok` means that the store really holds it.
    pub(crate) async fn write(
        &self,
        name: String,
        item: SecretSlice<u8>,
    ) -> Result<(), StoreError> {
        self.call(move |store| {
            parts::write(store, &name, secrecy::ExposeSecret::expose_secret(&item))
        })
        .await
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let tell = |answer: &Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>, result| {
            // Nobody may be waiting any more; the work is done all the same.
            if let Some(answer) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                drop(answer.send(result));
            }
        };
        let job: Job = Box::new({
            let answer = Arc::clone(&answer);
            move |store| tell(&answer, work(store))
        });
        let refusal: Refusal = Box::new(move |error| tell(&answer, Err(error)));
        let keeper = self.keeper()?;
        if keeper.jobs.send((job, refusal)).is_err() {
            self.forget(&keeper);
            return Err(StoreError::new(
                StoreErrorKind::Failed,
                "the keychain thread ended",
            ));
        }
        let died = |_| StoreError::new(StoreErrorKind::Failed, "the keychain thread ended");
        if let Ok(result) = tokio::time::timeout(self.inner.limits.soft, &mut answered).await {
            return result.map_err(died)?;
        }
        (self.inner.on_slow)();
        match tokio::time::timeout(
            self.inner
                .limits
                .hard
                .saturating_sub(self.inner.limits.soft),
            answered,
        )
        .await
        {
            Ok(result) => result.map_err(died)?,
            Err(_) => {
                self.give_up(&keeper);
                Err(StoreError::new(
                    StoreErrorKind::Slow,
                    "the keychain did not answer in time",
                ))
            }
        }
    }

    /// The thread that takes calls now; a new one where there is none.
    fn keeper(&self) -> Result<Keeper, StoreError> {
        let mut current = self
            .inner
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(keeper) = &*current {
            return Ok(keeper.clone());
        }
        if self.inner.abandoned.load(Ordering::Acquire) >= THREADS_ABANDONED_MAX {
            return Err(StoreError::new(
                StoreErrorKind::Slow,
                format!("{THREADS_ABANDONED_MAX} keychain calls have not come back"),
            ));
        }
        let (jobs, queue) = mpsc::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            jobs,
            given_up: Arc::clone(&given_up),
        };
        let (maker, abandoned) = (
            Arc::clone(&self.inner.maker),
            Arc::clone(&self.inner.abandoned),
        );
        std::thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || {
                keep(&queue, &*maker, &given_up);
                if given_up.load(Ordering::Acquire) {
                    abandoned.fetch_sub(1, Ordering::AcqRel);
                }
            })
            .map_err(|error| StoreError::new(StoreErrorKind::Failed, error))?;
        Ok(current.insert(keeper).clone())
    }

    /// Leaves a stuck thread behind. The next call gets a new one.
    fn give_up(&self, keeper: &Keeper) {
        if !keeper.given_up.swap(true, Ordering::AcqRel) {
            self.inner.abandoned.fetch_add(1, Ordering::AcqRel);
        }
        self.forget(keeper);
    }

    fn forget(&self, keeper: &Keeper) {
        let mut current = self
            .inner
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(&current.given_up, &keeper.given_up))
        {
            *current = None;
        }
    }
}

/// The thread: makes the store when the first job comes, and again after a failure of it.
fn keep(queue: &mpsc::Receiver<(Job, Refusal)>, maker: &StoreMaker, given_up: &AtomicBool) {
    let mut store: Option<Box<dyn Store>> = None;
    for (job, refuse) in queue {
        if given_up.load(Ordering::Acquire) {
            refuse(StoreError::new(
                StoreErrorKind::Slow,
                "an earlier keychain call has not come back",
            ));
            return;
        }
        let opened = match store.take() {
            Some(open) => Ok(open),
            None => maker(),
        };
        match opened {
            Ok(mut open) => {
                job(&mut *open);
                store = Some(open);
            }
            Err(error) => refuse(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn vault(
        maker: impl Fn() -> Result<Box<dyn Store>, StoreError> + Send + Sync + 'static,
        limits: Limits,
    ) -> (Vault, Arc<AtomicUsize>) {
        let slow = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&slow);
        (
            Vault::new(Arc::new(maker), limits, move || {
                _ = counted.fetch_add(1, Ordering::Relaxed)
            }),
            slow,
        )
    }

    #[tokio::test]
    async fn what_was_written_is_read_back() {
        let memory = MemoryStore::default();
        let (vault, _) = vault(move || Ok(Box::new(memory.clone())), Limits::default());
        assert!(vault.read("a".into()).await.expect("readable").is_none());
        vault
            .write("a".into(), vec![1, 2, 3].into())
            .await
            .expect("written");
        assert_eq!(
            vault
                .read("a".into())
                .await
                .expect("readable")
                .expect("there")
                .expose_secret(),
            [1, 2, 3]
        );
        let error = vault
            .write("a".into(), vec![0; ITEM_BYTES_MAX + 1].into())
            .await
            .expect_err("too large");
        assert_eq!(error.kind, StoreErrorKind::Failed);
    }

    #[tokio::test]
    async fn a_store_that_was_absent_is_tried_again_at_the_next_call() {
        let tries = AtomicUsize::new(0);
        let (vault, _) = vault(
            move || match tries.fetch_add(1, Ordering::Relaxed) {
                0 => Err(StoreError::new(StoreErrorKind::Absent, "no bus")),
                _ => Ok(Box::new(MemoryStore::default())),
            },
            Limits::default(),
        );
        assert_eq!(
            vault.read("a".into()).await.expect_err("absent").kind,
            StoreErrorKind::Absent
        );
        assert!(vault.read("a".into()).await.is_ok());
    }

    /// Scenario 43.
    #[tokio::test(flavor = "multi_thread")]
    async fn all_calls_are_made_from_one_thread_in_their_order() {
        type Seen = Arc<Mutex<Vec<(std::thread::ThreadId, String)>>>;
        struct Watched(Seen);
        impl Store for Watched {
            fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
                let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push((std::thread::current().id(), name.to_owned()));
                Ok(None)
            }
            fn write(&mut self, _: &str, _: &[u8]) -> Result<(), StoreError> {
                Ok(())
            }
        }
        let seen = Seen::default();
        let shared = Arc::clone(&seen);
        let (vault, _) = vault(
            move || Ok(Box::new(Watched(Arc::clone(&shared)))),
            Limits::default(),
        );
        for number in 0..50 {
            let vault = vault.clone();
            let call = tokio::spawn(async move { vault.read(number.to_string()).await });
            assert!(call.await.expect("it ends").is_ok());
        }
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(seen.iter().all(|(thread, _)| *thread == seen[0].0));
        assert_eq!(
            seen.iter()
                .map(|(_, name)| name.clone())
                .collect::<Vec<_>>(),
            (0..50).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }

    /// Scenario 36. A call that never returned held every later one: the daemon showed a password window nobody answered.
    #[tokio::test]
    async fn a_call_that_never_returns_stalls_no_other_and_threads_are_bounded() {
        struct Stuck(Arc<Mutex<mpsc::Receiver<()>>>);
        impl Store for Stuck {
            fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
                if name == "stuck" {
                    let end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    assert!(end.recv().is_err(), "nobody sends; the test's end lets go");
                }
                Ok(None)
            }
            fn write(&mut self, _: &str, _: &[u8]) -> Result<(), StoreError> {
                Ok(())
            }
        }
        let ends: Arc<Mutex<Vec<mpsc::Sender<()>>>> = Arc::default();
        let kept = Arc::clone(&ends);
        // Long enough for a call that does return, also on a machine that is busy with other tests.
        let limits = Limits {
            soft: Duration::from_millis(500),
            hard: Duration::from_millis(1_000),
        };
        let (vault, slow) = vault(
            move || {
                let (end, ended) = mpsc::channel();
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(end);
                Ok(Box::new(Stuck(Arc::new(Mutex::new(ended)))))
            },
            limits,
        );
        for _ in 0..THREADS_ABANDONED_MAX {
            assert!(
                vault.read("free".into()).await.is_ok(),
                "a new store on a new thread goes on"
            );
            assert_eq!(
                vault.read("stuck".into()).await.expect_err("given up").kind,
                StoreErrorKind::Slow
            );
        }
        assert_eq!(slow.load(Ordering::Relaxed), THREADS_ABANDONED_MAX);
        assert_eq!(
            vault
                .read("free".into())
                .await
                .expect_err("no more threads")
                .kind,
            StoreErrorKind::Slow
        );
        ends.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
