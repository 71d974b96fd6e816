//! What a user signs in with. It goes in and never comes out again.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What one signs in to a session with: a kind of [`Credentials`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SignsInWith {
    /// A name and a password.
    Password,
    /// A refresh token that the user already has.
    RefreshToken,
    /// The system's browser.
    Browser,
    /// A code that is typed on another device.
    Device,
    /// What the client proves itself with, and nothing of a user.
    Client,
}

impl SignsInWith {
    /// As the parameter of a failure names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::Browser => "browser",
            Self::Device => "device",
            Self::Client => "client",
        }
    }
}

/// What the user typed to sign in. Deserialized at the boundary, never serialized.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// For a JSON or cookie sign-in, and for an OAuth session of the legacy password grant.
    Password {
        /// The user's name there.
        username: String,
        /// The password.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        password: SecretString,
        /// What an OAuth client authenticates with, where it has something.
        #[serde(default)]
        #[cfg_attr(feature = "bindings", ts(optional, as = "Option<ClientSecrets>"))]
        client: ClientSecrets,
    },
    /// For an OAuth session whose refresh token the user already has.
    RefreshToken {
        /// The refresh token.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        refresh_token: SecretString,
        /// What the client authenticates with, where it has something.
        #[serde(default)]
        client: ClientSecrets,
    },
    /// For an OAuth session whose user signs in through the browser.
    Browser {
        /// What the client authenticates with, where it has something.
        #[serde(default)]
        client: ClientSecrets,
    },
    /// For an OAuth session whose user signs in on any other device.
    Device {
        /// What the client authenticates with, where it has something.
        #[serde(default)]
        client: ClientSecrets,
    },
    /// For an OAuth session whose grant asks the user for nothing here.
    Client {
        /// What the client authenticates with, where it has something.
        #[serde(default)]
        client: ClientSecrets,
    },
}

impl Credentials {
    /// A name and a password, without a client that would have to prove itself.
    pub fn password(username: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self::Password {
            username: username.into(),
            password: password.into(),
            client: ClientSecrets::default(),
        }
    }

    /// What the client authenticates with, where there is one.
    pub fn client_mut(&mut self) -> &mut ClientSecrets {
        let (Self::Password { client, .. }
        | Self::RefreshToken { client, .. }
        | Self::Browser { client }
        | Self::Device { client }
        | Self::Client { client }) = self;
        client
    }
}

/// What an OAuth client authenticates with, beside its identifier. Deserialized at the boundary, never serialized.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct ClientSecrets {
    /// Its secret, for `client_secret_basic` and `client_secret_post`.
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<String>"))]
    pub client_secret: Option<SecretString>,
    /// Its private key as PEM or JWK, for `private_key_jwt`.
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<String>"))]
    pub client_key: Option<SecretString>,
    /// Its certificate with the chain above it, and the certificate's private key, all as PEM, for `tls_client_auth`.
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<String>"))]
    pub client_certificate: Option<SecretString>,
    /// The key that a refresh token is bound to already, as PEM or JWK (RFC 9449 §5). Absent: a new one is made.
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<String>"))]
    pub dpop_key: Option<SecretString>,
}

impl ClientSecrets {
    /// Whether there is anything to authenticate with.
    pub(crate) fn has_any(&self) -> bool {
        self.client_secret.is_some()
            || self.client_key.is_some()
            || self.client_certificate.is_some()
    }
}
