//! The system keychain, through the `keyring` crate.
//!
//! `keyring::Entry::new` remembers a store that failed to open for the life of the process, so the platform's store is
//! made here, and made again after its connection broke; entries are built from it.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use secrecy::SecretSlice;

use super::{Store, StoreError, StoreErrorKind};

/// The service under which the items are listed in the user's keychain.
const SERVICE: &str = "sandglass";

/// The platform's keychain: Secret Service, macOS Keychain, or Windows Credential Manager.
pub struct KeychainStore {
    platform: Option<Arc<dyn CredentialStoreApi + Send + Sync>>,
}

impl KeychainStore {
    /// Connects to the keychain. Blocks.
    ///
    /// # Errors
    /// `Absent` where no keychain answers.
    pub fn open() -> Result<Self, StoreError> {
        Ok(Self {
            platform: Some(open_platform()?),
        })
    }

    fn entry(&mut self, name: &str) -> Result<keyring::Entry, StoreError> {
        let platform = match self.platform.take() {
            Some(platform) => platform,
            None => open_platform()?,
        };
        let inner = platform
            .build(SERVICE, name, None)
            .map_err(|error| classify(&error))?;
        self.platform = Some(platform);
        Ok(keyring::Entry { inner })
    }

    /// Passes an answer on; a broken connection is dropped, so that the next call makes a new one.
    fn settle<T>(&mut self, answer: keyring::Result<T>) -> Result<Option<T>, StoreError> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => {
                if matches!(error, keyring::Error::PlatformFailure(_)) {
                    self.platform = None;
                }
                Err(classify(&error))
            }
        }
    }
}

impl Store for KeychainStore {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let found = self.entry(name)?.get_secret();
        Ok(self.settle(found)?.map(Into::into))
    }

    fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
        let written = self.entry(name)?.set_secret(item);
        match self.settle(written)? {
            Some(()) => Ok(()),
            None => Err(StoreError::new(
                StoreErrorKind::Failed,
                "the keychain says that the item is not there",
            )),
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open_platform() -> Result<Arc<dyn CredentialStoreApi + Send + Sync>, StoreError> {
    zbus_secret_service_keyring_store::Store::new()
        .map(|store| store as Arc<dyn CredentialStoreApi + Send + Sync>)
        .map_err(|error| StoreError::new(StoreErrorKind::Absent, error))
}

#[cfg(target_os = "macos")]
fn open_platform() -> Result<Arc<dyn CredentialStoreApi + Send + Sync>, StoreError> {
    apple_native_keyring_store::keychain::Store::new()
        .map(|store| store as Arc<dyn CredentialStoreApi + Send + Sync>)
        .map_err(|error| StoreError::new(StoreErrorKind::Absent, error))
}

#[cfg(windows)]
fn open_platform() -> Result<Arc<dyn CredentialStoreApi + Send + Sync>, StoreError> {
    windows_native_keyring_store::Store::new()
        .map(|store| store as Arc<dyn CredentialStoreApi + Send + Sync>)
        .map_err(|error| StoreError::new(StoreErrorKind::Absent, error))
}

/// What can be done about an error of the keychain. Its words hold names of items and of D-Bus parts, never a secret.
fn classify(error: &keyring::Error) -> StoreError {
    let kind = match error {
        keyring::Error::NoStorageAccess(_) => StoreErrorKind::Locked,
        keyring::Error::PlatformFailure(_) | keyring::Error::NoDefaultStore => {
            StoreErrorKind::Absent
        }
        _ => StoreErrorKind::Failed,
    };
    // `BadEncoding` carries the bytes that could not be decoded; its `Display` does not print them, its `Debug` would.
    StoreError::new(kind, error)
}
