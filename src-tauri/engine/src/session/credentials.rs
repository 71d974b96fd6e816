//! What a user signs in with. It goes in and never comes out again.

use secrecy::SecretString;
use serde::Deserialize;

/// What the user typed to sign in. Deserialized at the boundary, never serialized.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// For a JSON sign-in endpoint.
    Password {
        /// The user's name there.
        username: String,
        /// The password.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        password: SecretString,
    },
    /// For an OAuth session whose refresh token the user already has.
    RefreshToken {
        /// The refresh token.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        refresh_token: SecretString,
        /// The client's secret, for `client_secret_basic`.
        #[serde(default)]
        #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
        client_secret: Option<SecretString>,
    },
}
