//! What the vault holds of a session: its newest tokens, in two slots that take turns.
//!
//! A record is written to the slot that does not hold the newest one, so that a write that is torn by a crash leaves the
//! generation before it readable. The highest valid (epoch, generation) of both wins, whatever order they were written in.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{StoreError, Vault};
use crate::clock::WallMs;
use crate::timeline::event::ExpirySource;

/// Version of the record's form.
const VERSION: u32 = 1;

/// The newest tokens of a session, and what they were approved for.
pub(crate) struct Record {
    pub(crate) epoch: u32,
    /// 0 in a tombstone.
    pub(crate) generation: u32,
    /// Absent: a tombstone, written at sign-out so that a late write cannot bring the session back.
    pub(crate) tokens: Option<Tokens>,
    /// What the tokens may be used with.
    pub(crate) binding: Binding,
}

/// One pair, and what came with it.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) scope: Vec<String>,
    pub(crate) received_at: WallMs,
    pub(crate) lifetime_ms: Option<u64>,
    pub(crate) expiry_source: ExpirySource,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// What a family was approved for when it was signed in. A session file that says something else is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding {
    pub(crate) refresh_endpoint: String,
    pub(crate) origins: Vec<String>,
}

/// The keychain names of one session's slots.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    family: Arc<str>,
}

/// What was found in the two slots.
pub(crate) struct Found {
    pub(crate) newest: Option<Record>,
    /// The slot of the newest record.
    pub(crate) slot: Slot,
    /// A slot held something that is no record.
    pub(crate) corrupt: bool,
}

/// One of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    A,
    B,
}

impl Slot {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Slots {
    /// The slots of a session in a workspace: another workspace's session of the same name has others.
    pub(crate) fn new(workspace: &str, session: &str) -> Self {
        let hash: String = Sha256::digest(workspace.as_bytes())
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            family: format!("{session} ({hash})").into(),
        }
    }

    /// The names of both slots.
    pub(super) fn names(&self) -> [String; 2] {
        [self.name(Slot::A), self.name(Slot::B)]
    }

    fn name(&self, slot: Slot) -> String {
        format!(
            "{}/{}",
            self.family,
            if slot == Slot::A { "a" } else { "b" }
        )
    }

    /// Reads both slots.
    pub(crate) async fn load(&self, vault: &Vault) -> Result<Found, StoreError> {
        let mut found = Found {
            newest: None,
            slot: Slot::B,
            corrupt: false,
        };
        for slot in [Slot::A, Slot::B] {
            let Some(item) = vault.read(self.name(slot)).await? else {
                continue;
            };
            match decode(&item) {
                None => found.corrupt = true,
                Some(record)
                    if found
                        .newest
                        .as_ref()
                        .is_none_or(|newest| record.order() > newest.order()) =>
                {
                    found.newest = Some(record);
                    found.slot = slot;
                }
                Some(_) => {}
            }
        }
        Ok(found)
    }

    /// Writes a record into one slot and reads it back.
    pub(crate) async fn save(
        &self,
        vault: &Vault,
        slot: Slot,
        record: &Record,
    ) -> Result<(), StoreError> {
        vault.write(self.name(slot), encode(record)).await
    }
}

impl Record {
    fn order(&self) -> (u32, u32) {
        (self.epoch, self.generation)
    }
}

/// The record as it is stored. Only here do secrets and serde meet.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    epoch: u32,
    generation: u32,
    binding: Binding,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<StoredTokens>,
}

#[derive(Serialize, Deserialize)]
struct StoredTokens {
    access_token: Zeroizing<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Zeroizing<String>>,
    #[serde(default)]
    scope: Vec<String>,
    received_at_ms: WallMs,
    #[serde(default)]
    lifetime_ms: Option<u64>,
    expiry_source: ExpirySource,
}

fn encode(record: &Record) -> SecretSlice<u8> {
    let exposed = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
    let stored = Stored {
        version: VERSION,
        epoch: record.epoch,
        generation: record.generation,
        binding: record.binding.clone(),
        tokens: record.tokens.as_ref().map(|tokens| StoredTokens {
            access_token: exposed(&tokens.access_token),
            refresh_token: tokens.refresh_token.as_ref().map(exposed),
            client_secret: tokens.client_secret.as_ref().map(exposed),
            scope: tokens.scope.clone(),
            received_at_ms: tokens.received_at,
            lifetime_ms: tokens.lifetime_ms,
            expiry_source: tokens.expiry_source,
        }),
    };
    serde_json::to_vec(&stored)
        .expect("a record of strings and numbers is always JSON")
        .into()
}

fn decode(item: &SecretSlice<u8>) -> Option<Record> {
    let stored: Stored = serde_json::from_slice(item.expose_secret()).ok()?;
    if stored.version != VERSION {
        return None;
    }
    let secret = |text: Zeroizing<String>| SecretString::from(text.as_str());
    Some(Record {
        epoch: stored.epoch,
        generation: stored.generation,
        binding: stored.binding,
        tokens: stored.tokens.map(|tokens| Tokens {
            access_token: secret(tokens.access_token),
            refresh_token: tokens.refresh_token.map(secret),
            client_secret: tokens.client_secret.map(secret),
            scope: tokens.scope,
            received_at: tokens.received_at_ms,
            lifetime_ms: tokens.lifetime_ms,
            expiry_source: tokens.expiry_source,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Limits, MemoryStore, Store};

    fn record(epoch: u32, generation: u32) -> Record {
        let tokens = Tokens {
            access_token: "an access token".into(),
            refresh_token: Some("a refresh token".into()),
            client_secret: None,
            scope: vec!["read".to_owned()],
            received_at: WallMs(1),
            lifetime_ms: Some(6_000),
            expiry_source: ExpirySource::Reply,
        };
        let binding = Binding {
            refresh_endpoint: "http://127.0.0.1:1/".to_owned(),
            origins: Vec::new(),
        };
        Record {
            epoch,
            generation,
            tokens: Some(tokens),
            binding,
        }
    }

    fn vault() -> (Vault, MemoryStore) {
        let memory = MemoryStore::default();
        let shared = memory.clone();
        (
            Vault::new(
                Arc::new(move || Ok(Box::new(shared.clone()))),
                Limits::default(),
                || {},
            ),
            memory,
        )
    }

    #[tokio::test]
    async fn the_highest_epoch_and_generation_of_both_slots_wins() {
        for (a, b, newest) in [
            ((1, 1), (1, 2), (1, 2)),
            ((2, 1), (1, 9), (2, 1)),
            ((3, 0), (2, 5), (3, 0)),
        ] {
            let (vault, _) = vault();
            let slots = Slots::new("w", "s");
            slots
                .save(&vault, Slot::A, &record(a.0, a.1))
                .await
                .expect("written");
            slots
                .save(&vault, Slot::B, &record(b.0, b.1))
                .await
                .expect("written");
            let found = slots.load(&vault).await.expect("readable");
            assert_eq!(found.newest.expect("there").order(), newest);
        }
    }

    #[tokio::test]
    async fn a_torn_write_leaves_the_generation_before_it_readable() {
        let (vault, mut memory) = vault();
        let slots = Slots::new("w", "s");
        slots
            .save(&vault, Slot::A, &record(1, 1))
            .await
            .expect("written");
        memory
            .write(&slots.name(Slot::B), b"{\"version\":1,\"epoch\":1,\"gener")
            .expect("written");
        let found = slots.load(&vault).await.expect("readable");
        assert!(found.corrupt);
        assert_eq!(
            (found.newest.expect("there").order(), found.slot),
            ((1, 1), Slot::A)
        );
    }

    #[test]
    fn another_workspace_has_other_slots() {
        assert_ne!(
            Slots::new("/a", "demo").name(Slot::A),
            Slots::new("/b", "demo").name(Slot::A)
        );
    }

    #[test]
    fn tokens_cannot_be_printed() {
        let shown = format!("{:?}", record(1, 1).tokens);
        assert!(
            !shown.contains("access token") && !shown.contains("refresh token"),
            "{shown}"
        );
    }
}
