//! What OAuth asks of a client beside the exchange itself: one file for each of its extensions.

pub(crate) mod client_auth;
pub(crate) mod code_grant;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod dpop;
mod fetch;
pub(crate) mod id_token;
pub(crate) mod jwks;
pub(crate) mod listener;
pub(crate) mod metadata;
pub(crate) mod protected_resource;

use crate::error::{Code, Failure, Result};

/// Random bytes in a value that is used once, such as a `jti`.
const UNIQUE_BYTES: usize = 16;

/// A value that nobody has used before, and nobody can guess.
///
/// # Errors
/// `system.unavailable` where the system has no random numbers.
pub(crate) fn unique() -> Result<String> {
    use base64::Engine as _;
    let mut bytes = [0; UNIQUE_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
