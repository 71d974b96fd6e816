//! The compact form of signed claims, made with a private key (RFC 7515 §3.1 and §5.1).

use serde_json::{Map, Value};

use super::encode;
use super::private_key::PrivateKey;
use crate::error::Failure;

/// Signs claims. The header says how, and what else it is given.
///
/// # Errors
/// `key.invalid` where the key cannot sign after all.
pub(crate) fn sign(
    key: &PrivateKey,
    header: impl IntoIterator<Item = (&'static str, Value)>,
    claims: &Value,
) -> Result<String, Failure> {
    let mut head = Map::new();
    head.insert("alg".to_owned(), key.algorithm().name().into());
    if let Some(key_id) = key.key_id() {
        head.insert("kid".to_owned(), key_id.into());
    }
    head.extend(
        header
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let signed = format!(
        "{}.{}",
        encode(Value::Object(head).to_string()),
        encode(claims.to_string())
    );
    let signature = encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}
