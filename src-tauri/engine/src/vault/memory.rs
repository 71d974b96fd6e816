//! A store in this process's memory: the user's choice where there is no keychain, and what tests steer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretSlice};

use super::{Store, StoreError};

/// Items that live as long as the process. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryStore {
    items: Arc<Mutex<HashMap<String, SecretSlice<u8>>>>,
}

impl Store for MemoryStore {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(items
            .get(name)
            .map(|item| item.expose_secret().to_vec().into()))
    }

    fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert(name.to_owned(), item.to_vec().into());
        Ok(())
    }
}
