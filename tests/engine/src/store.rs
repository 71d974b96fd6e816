//! A vault that can be told to fail: locked, refusing writes, or garbling what it keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sandglass_engine::vault::{MemoryStore, Store, StoreError, StoreErrorKind};
use secrecy::SecretSlice;

/// What is wrong with the store now.
#[derive(Default)]
pub struct StoreFaults {
    /// Every call is refused, as a locked keychain does.
    pub locked: AtomicBool,
    /// Writes are refused.
    pub read_only: AtomicBool,
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
        self.refuse(&self.faults.locked)?;
        self.store.read(name)
    }

    fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
        self.refuse(&self.faults.locked)?;
        self.refuse(&self.faults.read_only)?;
        self.store.write(name, item)
    }
}
