//! Items above what every keychain takes: cut into parts, with a manifest written last.
//!
//! Windows takes 2,560 bytes an item. A larger one is written as `NAME#1`, `NAME#2` … and then `NAME` says how many there
//! are and what they must hash to: a write that was torn is told from a whole one.

use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{ITEM_BYTES_MAX, Store, StoreError, StoreErrorKind};

/// Items up to this size are written as they are.
const PART_BYTES_MAX: usize = 2_400;
/// Parts that an item of [`ITEM_BYTES_MAX`] needs.
const PARTS_MAX: usize = ITEM_BYTES_MAX.div_ceil(PART_BYTES_MAX);
/// What a manifest begins with; no record of ours does.
const MANIFEST: &[u8] = b"{\"parts\":";

#[derive(Serialize, Deserialize)]
struct Manifest {
    parts: usize,
    bytes: usize,
    sha256: String,
}

/// Writes an item and reads it back: `Ok` means that the store really holds it.
pub(super) fn write(store: &mut dyn Store, name: &str, item: &[u8]) -> Result<(), StoreError> {
    if item.len() > ITEM_BYTES_MAX {
        let detail = format!("a record of {} bytes is above {ITEM_BYTES_MAX}", item.len());
        return Err(StoreError::new(StoreErrorKind::Failed, detail));
    }
    let before = store
        .read(name)?
        .and_then(|item| manifest(&item))
        .map_or(0, |manifest| manifest.parts);
    let parts = if item.len() > PART_BYTES_MAX {
        item.len().div_ceil(PART_BYTES_MAX)
    } else {
        0
    };
    for (index, part) in item.chunks(PART_BYTES_MAX).enumerate().take(parts) {
        store.write(&part_name(name, index), part)?;
    }
    if parts > 0 {
        let manifest = Manifest {
            parts,
            bytes: item.len(),
            sha256: hash(item),
        };
        let text = serde_json::to_vec(&manifest).expect("a manifest is always JSON");
        store.write(name, &text)?;
    } else {
        store.write(name, item)?;
    }
    match read(store, name)? {
        Some(found) if found.expose_secret() == item => {}
        _ => {
            return Err(StoreError::new(
                StoreErrorKind::Failed,
                "the item read back is not the one that was written",
            ));
        }
    }
    // What the longer item before left behind holds secrets that nobody will read again.
    for index in parts..before.min(PARTS_MAX) {
        store.write(&part_name(name, index), b"-")?;
    }
    Ok(())
}

/// Reads an item, whole. Parts that do not fit their manifest are given as what the manifest says, which is no record.
pub(super) fn read(
    store: &mut dyn Store,
    name: &str,
) -> Result<Option<SecretSlice<u8>>, StoreError> {
    let Some(head) = store.read(name)? else {
        return Ok(None);
    };
    let Some(manifest) = manifest(&head) else {
        return Ok(Some(head));
    };
    let mut item = Zeroizing::new(Vec::with_capacity(manifest.bytes.min(ITEM_BYTES_MAX)));
    for index in 0..manifest.parts.min(PARTS_MAX) {
        if let Some(part) = store.read(&part_name(name, index))? {
            item.extend_from_slice(part.expose_secret());
        }
    }
    let whole = item.len() == manifest.bytes && hash(&item) == manifest.sha256;
    Ok(Some(if whole { item.to_vec().into() } else { head }))
}

fn manifest(item: &SecretSlice<u8>) -> Option<Manifest> {
    let bytes = item.expose_secret();
    bytes
        .starts_with(MANIFEST)
        .then(|| serde_json::from_slice(bytes).ok())
        .flatten()
}

fn part_name(name: &str, index: usize) -> String {
    format!("{name}#{}", index + 1)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::MemoryStore;

    fn item(length: usize, seed: usize) -> Vec<u8> {
        (0..length)
            .map(|index| ((index * 31 + seed) % 251) as u8)
            .collect()
    }

    /// N33.
    #[test]
    fn items_of_every_size_come_back_or_are_refused() {
        let mut store = MemoryStore::default();
        for length in [0, 1, 2_400, 2_401, 2_561, 8_193, ITEM_BYTES_MAX] {
            write(&mut store, "n", &item(length, 1)).expect("written");
            assert_eq!(
                read(&mut store, "n")
                    .expect("readable")
                    .expect("there")
                    .expose_secret(),
                item(length, 1),
                "{length}"
            );
        }
        let refused = write(&mut store, "n", &item(ITEM_BYTES_MAX + 1, 2)).expect_err("too large");
        assert_eq!(refused.kind, StoreErrorKind::Failed);
        assert_eq!(
            read(&mut store, "n")
                .expect("readable")
                .expect("there")
                .expose_secret(),
            item(ITEM_BYTES_MAX, 1)
        );
    }

    /// Scenario 38: a store that takes 2,560 bytes an item, as Windows does.
    #[test]
    fn no_single_item_is_above_what_every_keychain_takes() {
        struct Small(MemoryStore);
        impl Store for Small {
            fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
                self.0.read(name)
            }
            fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
                if item.len() > 2_560 {
                    return Err(StoreError::new(StoreErrorKind::Failed, "too long"));
                }
                self.0.write(name, item)
            }
        }
        let mut store = Small(MemoryStore::default());
        write(&mut store, "n", &item(10_000, 1)).expect("written in parts");
        assert_eq!(
            read(&mut store, "n")
                .expect("readable")
                .expect("there")
                .expose_secret(),
            item(10_000, 1)
        );
    }

    /// Scenario 39.
    #[test]
    fn a_torn_write_is_told_from_a_whole_one() {
        let mut store = MemoryStore::default();
        write(&mut store, "n", &item(6_000, 1)).expect("written");
        store
            .write("n#2", &item(2_400, 9))
            .expect("the crash came here");
        assert_ne!(
            read(&mut store, "n")
                .expect("readable")
                .expect("there")
                .expose_secret(),
            item(6_000, 1)
        );
    }

    #[test]
    fn parts_of_a_longer_item_before_are_overwritten() {
        let mut store = MemoryStore::default();
        write(&mut store, "n", &item(10_000, 1)).expect("written");
        write(&mut store, "n", &item(100, 2)).expect("written");
        for index in 0..5 {
            let left = store
                .read(&part_name("n", index))
                .expect("readable")
                .expect("there");
            assert_eq!(left.expose_secret(), b"-");
        }
    }
}
