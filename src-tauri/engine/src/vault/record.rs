//! What the vault holds of a family: its newest refresh token and the access tokens below it, in two slots that take turns.
//!
//! A record is written to the slot that does not hold the newest one, so that a write that is torn by a crash leaves the
//! generation before it readable. The highest valid (epoch, generation) of both wins, whatever order they were written in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::owed::{self, Owed};
use super::{StoreError, Vault};
use crate::clock::WallMs;
use crate::oauth::dpop::{Bound, ProofKey};
use crate::session::credentials::ClientSecrets;
use crate::timeline::event::ExpirySource;
use crate::token::claims::TokenClaims;
use crate::token::scheme::Scheme;

/// Version of the record's form.
const VERSION: u32 = 1;
/// What an empty slot holds once it was used.
const ERASED: &[u8] = b"-";

/// One generation of a family, and what it was approved for.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) epoch: u32,
    /// 0 in a tombstone.
    pub(crate) generation: u32,
    /// Absent: a tombstone, written at sign-out so that a late write cannot bring the family back.
    pub(crate) grant: Option<Grant>,
    /// What the tokens may be used with.
    pub(crate) binding: Binding,
}

/// What one sign-in and its refreshes have given.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) client: ClientSecrets,
    /// What its tokens are bound to.
    pub(crate) bound: Bound,
    /// Whose it is, as a hash, where a token said so.
    pub(crate) account: Option<u64>,
    /// Likewise by issuer and subject, where an ID token said so.
    pub(crate) identity: Option<u64>,
    /// The access tokens, by the session that they were got for.
    pub(crate) access: BTreeMap<Arc<str>, Access>,
}

/// One access token, and what came with it.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) token: SecretString,
    pub(crate) scheme: Scheme,
    /// The generation whose exchange gave it.
    pub(crate) generation: u32,
    pub(crate) scope: Vec<String>,
    pub(crate) received_at: WallMs,
    pub(crate) lifetime_ms: Option<u64>,
    pub(crate) expiry_source: ExpirySource,
}

impl Access {
    /// What the token says of itself; its scope is what was granted, where it names none.
    pub(crate) fn claims(&self) -> TokenClaims {
        let mut claims = TokenClaims::of(self.token.expose_secret());
        if claims.scope.is_empty() {
            claims.scope.clone_from(&self.scope);
        }
        claims
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// What a family was approved for when it was signed in. A session file that says something else is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Binding {
    /// Where its refresh token goes.
    pub refresh_endpoint: String,
    /// The client that it was given to, where there is one.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Where each session's access token may be sent.
    pub origins: BTreeMap<String, Vec<String>>,
    /// What each session's access token was asked for. Records of before this was written down hold none.
    #[serde(default)]
    pub asked_for: BTreeMap<String, AskedFor>,
    /// What is unusual about each session's connections, a line each. A session without is not in it.
    #[serde(default)]
    pub connections: BTreeMap<String, Vec<String>>,
    /// The server's other endpoints by their names, where they are on another origin than the token endpoint.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
}

/// What a token is, beside where it may go: one that was asked for otherwise is another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AskedFor {
    /// The authorization server, where its identifier is known.
    pub issuer: Option<String>,
    /// Scopes, with spaces between them.
    pub scope: Option<String>,
    /// The API that it is for (RFC 8707).
    pub resource: Option<String>,
}

impl Binding {
    /// Whether tokens of this binding are not those that `proposed` is about. No approval makes them so; only a new sign-in
    /// gives those.
    pub(crate) fn is_another_key(&self, proposed: &Self) -> bool {
        let differs = |(session, asked_for): (&String, &AskedFor)| {
            proposed
                .asked_for
                .get(session)
                .is_some_and(|proposed| proposed != asked_for)
        };
        self.client_id != proposed.client_id || self.asked_for.iter().any(differs)
    }

    /// What one session is bound to, for a message.
    pub(crate) fn in_words(&self, session: &str) -> String {
        let origins = self
            .origins
            .get(session)
            .map_or_else(String::new, |origins| origins.join(", "));
        let connection = self
            .connections
            .get(session)
            .map_or_else(String::new, |words| format!(", {}", words.join(", ")));
        let endpoints = self.endpoints.iter();
        let endpoints: String = endpoints
            .map(|(name, url)| format!(", {name} {url}"))
            .collect();
        format!(
            "refreshes at {}, token goes to {origins}{endpoints}{connection}",
            self.refresh_endpoint
        )
    }
}

/// The keychain names of one family's slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    family: Arc<str>,
}

/// What was found in the two slots.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) newest: Option<Record>,
    /// The slot of the newest record.
    pub(crate) slot: Slot,
    /// A slot held something that is no record.
    pub(crate) corrupt: bool,
}

/// One of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot {
    A,
    #[default]
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
    /// The slots of a family in a workspace: another workspace's family of the same name has others.
    pub(crate) fn new(workspace: &str, family: &str) -> Self {
        let hash: String = Sha256::digest(workspace.as_bytes())
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            family: format!("{family} ({hash})").into(),
        }
    }

    /// The names of both slots.
    pub(super) fn names(&self) -> [String; 2] {
        [self.name(Slot::A), self.name(Slot::B)]
    }

    /// The name of a file beside the database that belongs to this family.
    pub(crate) fn file_name(&self, ending: &str) -> String {
        let hash: String = Sha256::digest(self.family.as_bytes())
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{hash}.{ending}")
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
                None if item.expose_secret() == ERASED => {}
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

    /// Takes what is in one slot out of the vault.
    pub(crate) async fn erase(&self, vault: &Vault, slot: Slot) -> Result<(), StoreError> {
        vault.write(self.name(slot), ERASED.to_vec().into()).await
    }

    /// Reads what servers are still to take back.
    pub(crate) async fn load_owed(&self, vault: &Vault) -> Result<Vec<Owed>, StoreError> {
        let item = vault.read(self.owed_name()).await?;
        Ok(item.as_ref().map(owed::decode).unwrap_or_default())
    }

    /// Writes what servers are still to take back, and reads it back.
    pub(crate) async fn save_owed(&self, vault: &Vault, owed: &[Owed]) -> Result<(), StoreError> {
        let item = match owed {
            [] => ERASED.to_vec().into(),
            owed => owed::encode(owed),
        };
        vault.write(self.owed_name(), item).await
    }

    fn owed_name(&self) -> String {
        format!("{}/to give back", self.family)
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
    grant: Option<StoredGrant>,
}

#[derive(Serialize, Deserialize)]
struct StoredGrant {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_certificate: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof_key: Option<Zeroizing<String>>,
    /// Beside the key, so that its loss is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof_key_thumbprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<u64>,
    access: BTreeMap<Arc<str>, StoredAccess>,
}

#[derive(Serialize, Deserialize)]
struct StoredAccess {
    token: Zeroizing<String>,
    #[serde(default)]
    scheme: Scheme,
    generation: u32,
    #[serde(default)]
    scope: Vec<String>,
    received_at_ms: WallMs,
    #[serde(default)]
    lifetime_ms: Option<u64>,
    expiry_source: ExpirySource,
}

fn encode(record: &Record) -> SecretSlice<u8> {
    let exposed = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
    let access = |access: &Access| StoredAccess {
        token: exposed(&access.token),
        scheme: access.scheme,
        generation: access.generation,
        scope: access.scope.clone(),
        received_at_ms: access.received_at,
        lifetime_ms: access.lifetime_ms,
        expiry_source: access.expiry_source,
    };
    let stored = |grant: &Grant, with_access: bool| Stored {
        version: VERSION,
        epoch: record.epoch,
        generation: record.generation,
        binding: record.binding.clone(),
        grant: Some(StoredGrant {
            refresh_token: grant.refresh_token.as_ref().map(exposed),
            client_secret: grant.client.client_secret.as_ref().map(exposed),
            client_key: grant.client.client_key.as_ref().map(exposed),
            client_certificate: grant.client.client_certificate.as_ref().map(exposed),
            proof_key: grant.bound.key().map(|key| exposed(key.text())),
            proof_key_thumbprint: match &grant.bound {
                Bound::ToNothing => None,
                Bound::ToKey(key) => Some(key.thumbprint().to_owned()),
                Bound::KeyLost { thumbprint } => Some(thumbprint.clone()),
            },
            account: grant.account,
            identity: grant.identity,
            access: grant
                .access
                .iter()
                .filter(|_| with_access)
                .map(|(name, token)| (Arc::clone(name), access(token)))
                .collect(),
        }),
    };
    let text = |stored: &Stored| {
        serde_json::to_vec(stored).expect("a record of strings and numbers is always JSON")
    };
    let bytes = match &record.grant {
        None => text(&Stored {
            version: VERSION,
            epoch: record.epoch,
            generation: record.generation,
            binding: record.binding.clone(),
            grant: None,
        }),
        Some(grant) => {
            let whole = text(&stored(grant, true));
            // An access token can be had again, its family cannot: where both do not fit, the access tokens stay out.
            let renewable = grant.refresh_token.is_some() || grant.client.has_any();
            if whole.len() > super::ITEM_BYTES_MAX && renewable {
                text(&stored(grant, false))
            } else {
                whole
            }
        }
    };
    bytes.into()
}

pub(crate) fn decode(item: &SecretSlice<u8>) -> Option<Record> {
    let stored: Stored = serde_json::from_slice(item.expose_secret()).ok()?;
    if stored.version != VERSION {
        return None;
    }
    let secret = |text: Zeroizing<String>| SecretString::from(text.as_str());
    let access = |access: StoredAccess| Access {
        token: secret(access.token),
        scheme: access.scheme,
        generation: access.generation,
        scope: access.scope,
        received_at: access.received_at_ms,
        lifetime_ms: access.lifetime_ms,
        expiry_source: access.expiry_source,
    };
    Some(Record {
        epoch: stored.epoch,
        generation: stored.generation,
        binding: stored.binding,
        grant: stored.grant.map(|grant| Grant {
            refresh_token: grant.refresh_token.map(secret),
            client: ClientSecrets {
                client_secret: grant.client_secret.map(secret),
                client_key: grant.client_key.map(secret),
                client_certificate: grant.client_certificate.map(secret),
                // It is what the tokens are bound to from the sign-in on.
                dpop_key: None,
            },
            bound: bound(grant.proof_key_thumbprint, grant.proof_key.map(secret)),
            account: grant.account,
            identity: grant.identity,
            access: grant
                .access
                .into_iter()
                .map(|(name, token)| (name, access(token)))
                .collect(),
        }),
    })
}

/// What tokens are bound to, by what was kept of it: only the very key is one.
fn bound(thumbprint: Option<String>, text: Option<SecretString>) -> Bound {
    let Some(thumbprint) = thumbprint else {
        return Bound::ToNothing;
    };
    match text.map(ProofKey::read) {
        Some(Ok(key)) if key.thumbprint() == thumbprint => Bound::ToKey(Arc::new(key)),
        _ => Bound::KeyLost { thumbprint },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Limits, MemoryStore, Store};

    fn record(epoch: u32, generation: u32) -> Record {
        let access = Access {
            token: "an access token".into(),
            scheme: Scheme::Bearer,
            generation,
            scope: vec!["read".to_owned()],
            received_at: WallMs(1),
            lifetime_ms: Some(6_000),
            expiry_source: ExpirySource::Reply,
        };
        let grant = Grant {
            refresh_token: Some("a refresh token".into()),
            client: ClientSecrets::default(),
            bound: Bound::ToNothing,
            account: None,
            identity: None,
            access: BTreeMap::from([("s".into(), access)]),
        };
        let binding = Binding {
            asked_for: BTreeMap::new(),
            refresh_endpoint: "http://127.0.0.1:1/".to_owned(),
            client_id: None,
            origins: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            connections: BTreeMap::new(),
        };
        Record {
            epoch,
            generation,
            grant: Some(grant),
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

    /// Scenario 37.
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

    #[tokio::test]
    async fn an_access_token_that_does_not_fit_stays_out_and_the_family_is_kept() {
        let (vault, _) = vault();
        let slots = Slots::new("w", "s");
        let mut large = record(1, 1);
        let grant = large.grant.as_mut().expect("a grant");
        for access in grant.access.values_mut() {
            access.token = "a".repeat(crate::vault::ITEM_BYTES_MAX).into();
        }
        slots.save(&vault, Slot::A, &large).await.expect("written");
        let found = slots
            .load(&vault)
            .await
            .expect("readable")
            .newest
            .expect("there")
            .grant
            .expect("a grant");
        assert!(found.access.is_empty());
        assert_eq!(
            found.refresh_token.expect("kept").expose_secret(),
            "a refresh token"
        );
    }

    /// Scenario 94: what is kept of a lost key is its name, and a key of another name is not it.
    #[test]
    fn only_the_very_key_is_the_key_that_tokens_are_bound_to() {
        let key = Arc::new(ProofKey::generate().expect("a key"));
        let other = ProofKey::generate().expect("a key");
        let mut kept = record(1, 1);
        kept.grant.as_mut().expect("a grant").bound = Bound::ToKey(Arc::clone(&key));
        let item = encode(&kept);
        let text = String::from_utf8(item.expose_secret().to_vec()).expect("text");
        let quoted =
            |key: &ProofKey| serde_json::to_string(key.text().expose_secret()).expect("JSON");
        let read = |text: String| {
            let record = decode(&text.into_bytes().into()).expect("a record");
            record.grant.expect("a grant").bound
        };
        assert_eq!(
            read(text.clone()).key().map(|key| key.thumbprint()),
            Some(key.thumbprint())
        );
        for instead in [quoted(&other), "\"no key\"".to_owned(), "null".to_owned()] {
            let bound = read(text.replace(&quoted(&key), &instead));
            assert!(matches!(bound, Bound::KeyLost { .. }), "{bound:?}");
        }
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
        let shown = format!("{:?}", record(1, 1).grant);
        assert!(
            !shown.contains("access token") && !shown.contains("refresh token"),
            "{shown}"
        );
    }
}
