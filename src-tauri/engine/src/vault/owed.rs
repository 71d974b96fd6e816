//! Tokens that the user has signed out of and a server is still to take back: one item a family, empty most of the time.

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::session::credentials::ClientSecrets;
use crate::token::TokenKind;

/// Version of the item's form.
const VERSION: u32 = 1;

/// One token, and who may get it.
#[derive(Clone)]
pub(crate) struct Owed {
    pub(crate) kind: TokenKind,
    pub(crate) token: SecretString,
    pub(crate) client: ClientSecrets,
    pub(crate) taker: Taker,
}

/// Who may get a token back: as it was approved when the token was given. A session file that says something else is not
/// obeyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taker {
    /// Where it goes.
    pub(crate) endpoint: String,
    /// The client that it was given to.
    pub(crate) client_id: String,
    /// What is unusual about the connection, a line each.
    pub(crate) connection: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    owed: Vec<StoredOwed>,
}

#[derive(Serialize, Deserialize)]
struct StoredOwed {
    kind: TokenKind,
    token: Zeroizing<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_certificate: Option<Zeroizing<String>>,
    taker: Taker,
}

/// The item for these.
pub(super) fn encode(owed: &[Owed]) -> SecretSlice<u8> {
    let exposed = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
    let stored = |owed: &Owed| StoredOwed {
        kind: owed.kind,
        token: exposed(&owed.token),
        client_secret: owed.client.client_secret.as_ref().map(exposed),
        client_key: owed.client.client_key.as_ref().map(exposed),
        client_certificate: owed.client.client_certificate.as_ref().map(exposed),
        taker: owed.taker.clone(),
    };
    let stored = Stored {
        version: VERSION,
        owed: owed.iter().map(stored).collect(),
    };
    serde_json::to_vec(&stored)
        .expect("a record of strings and numbers is always JSON")
        .into()
}

/// What an item holds; one that is none of ours holds nothing that could be given back.
pub(super) fn decode(item: &SecretSlice<u8>) -> Vec<Owed> {
    let stored = serde_json::from_slice::<Stored>(item.expose_secret());
    let secret = |text: Zeroizing<String>| SecretString::from(text.as_str());
    let owed = |stored: StoredOwed| Owed {
        kind: stored.kind,
        token: secret(stored.token),
        client: ClientSecrets {
            client_secret: stored.client_secret.map(secret),
            client_key: stored.client_key.map(secret),
            client_certificate: stored.client_certificate.map(secret),
            dpop_key: None,
        },
        taker: stored.taker,
    };
    match stored {
        Ok(stored) if stored.version == VERSION => stored.owed.into_iter().map(owed).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_comes_back_with_what_its_client_authenticates_with() {
        let owed = Owed {
            kind: TokenKind::Refresh,
            token: "a refresh token".into(),
            client: ClientSecrets {
                client_secret: Some("a secret".into()),
                ..ClientSecrets::default()
            },
            taker: Taker {
                endpoint: "https://login.example.com/revoke".to_owned(),
                client_id: "desktop".to_owned(),
                connection: vec!["goes over the system's proxy".to_owned()],
            },
        };
        let read = decode(&encode(std::slice::from_ref(&owed)));
        let [read] = &read[..] else {
            panic!("one went in, {} came out", read.len());
        };
        assert_eq!((read.kind, &read.taker), (owed.kind, &owed.taker));
        assert_eq!(read.token.expose_secret(), "a refresh token");
        let secret = read.client.client_secret.as_ref().expect("it went in");
        assert_eq!(secret.expose_secret(), "a secret");
        for odd in [&b"-"[..], b"{}", b"{\"version\":2,\"owed\":[]}"] {
            assert!(decode(&odd.to_vec().into()).is_empty());
        }
    }
}
