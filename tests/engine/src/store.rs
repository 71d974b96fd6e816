//! A vault that can be told to fail: locked, refusing writes, or garbling what it keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sandglass_engine::vault::{MemoryStore, Store, StoreError, StoreErrorKind};
use secrecy::SecretSlice;

/// What is wrong with the store now.
#[derive(Default)]
pub struct StoreFaults {
    /// Every call is refused, as a locked keychain does.
    pub locked: AtomicBool,
    /// Writes are refused.
    pub read_only: AtomicBool,
    /// Calls so far, reads and writes alike.
    pub calls: AtomicU64,
    /// The call of this number fails, counted from 1; 0: none.
    pub fail_at: AtomicU64,
}

/// A store in memory with faults.
pub struct FaultyStore {
    store: MemoryStore,
    faults: Arc<StoreFaults>,
}

impl FaultyStore {
    /// A store that shares its items and its faults.
    pub fn new(store: MemoryStore, faults: Arc<StoreFaults>) -> Self {
        Self { store, faults }
    }

    /// Counts a call, and fails it if it is the one.
    fn count(&self) -> Result<(), StoreError> {
        let call = self.faults.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if call == self.faults.fail_at.load(Ordering::SeqCst) {
            return Err(StoreError {
                kind: StoreErrorKind::Failed,
                detail: format!("told to fail at call {call}"),
            });
        }
        Ok(())
    }

    fn refuse(&self, fault: &AtomicBool) -> Result<(), StoreError> {
        if fault.load(Ordering::SeqCst) {
            return Err(StoreError {
                kind: StoreErrorKind::Locked,
                detail: "told to refuse".to_owned(),
            });
        }
        Ok(())
    }
}

impl Store for FaultyStore {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        self.count()?;
        self.refuse(&self.faults.locked)?;
        self.store.read(name)
    }

    fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
        self.count()?;
        self.refuse(&self.faults.locked)?;
        self.refuse(&self.faults.read_only)?;
        self.store.write(name, item)
    }
}
