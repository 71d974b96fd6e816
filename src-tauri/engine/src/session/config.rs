//! How to sign in somewhere, how to refresh, and where the token may be sent: what a session is before it runs.

pub mod refused_when;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use self::refused_when::RefusedWhen;
use super::snapshot::SessionKind;
use crate::origin::Origin;

/// A session's set-up. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Its name, unique in the workspace.
    pub name: Arc<str>,
    /// Where its token may be sent, and nowhere else.
    pub origins: Vec<Origin>,
    /// The family whose refresh token it uses: its own by default, one that it shares with others by name.
    pub family: Arc<str>,
    /// When its token is refreshed.
    pub refresh_when: RefreshWhen,
    /// What its server speaks.
    pub dialect: Dialect,
    /// How its API says that a token was refused, beside 401.
    pub refused_when: Option<RefusedWhen>,
    /// Headers whose values are secrets of this API: a redirect to another origin leaves them behind.
    pub secret_headers: Vec<String>,
}

/// When a session's token is refreshed. A refusal always asks for it; this is about doing it earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshWhen {
    /// Before it expires, if it is in use and lives for a minute or more; otherwise after a refusal.
    #[default]
    BeforeExpiry,
    /// After a refusal only.
    Refused,
}

/// What a session's server speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A JSON sign-in and refresh endpoint.
    Json(JsonDialect),
    /// A standard OAuth token endpoint (RFC 6749).
    Oauth(OauthDialect),
}

/// Sign-in and refresh as JSON requests, and where the tokens stand in the reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonDialect {
    /// Takes `{{username}}` and `{{password}}`.
    pub sign_in: JsonRequest,
    /// Takes `{{refresh_token}}`.
    pub refresh: JsonRequest,
    /// Where the tokens stand in both replies.
    pub reply: ReplyPointers,
}

/// A POST of a JSON body whose strings may hold `{{placeholders}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRequest {
    /// Where it goes.
    pub url: Url,
    /// The body. Placeholders are replaced inside its strings only, so what is filled in cannot change its shape.
    pub body: Value,
}

/// Where the tokens stand in a reply, as JSON pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyPointers {
    /// The access token.
    pub access_token: String,
    /// The refresh token, which may be absent from a reply.
    pub refresh_token: String,
    /// The access token's lifetime in seconds, which may be absent.
    pub expires_in: String,
}

impl ReplyPointers {
    /// The classic JSON API's names.
    pub fn json() -> Self {
        Self {
            access_token: "/accessToken".into(),
            refresh_token: "/refreshToken".into(),
            expires_in: "/expiresIn".into(),
        }
    }

    /// RFC 6749's names.
    pub fn oauth() -> Self {
        Self {
            access_token: "/access_token".into(),
            refresh_token: "/refresh_token".into(),
            expires_in: "/expires_in".into(),
        }
    }
}

/// A client of a standard token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthDialect {
    /// The authorization server's identifier (RFC 8414 §2), where it is known.
    pub issuer: Option<String>,
    /// Where refresh tokens go, and nowhere else.
    pub token_endpoint: Url,
    /// The client's identifier.
    pub client_id: String,
    /// How the client authenticates.
    pub client_auth: ClientAuth,
    /// Whether its tokens are bound to a key of the session's own (RFC 9449).
    pub dpop: bool,
    /// Asked for on refresh. Absent: what was granted.
    pub scope: Option<String>,
    /// The API that the access token is for (RFC 8707). Absent: the server's choice.
    pub resource: Option<String>,
}

/// How an OAuth client authenticates to the token endpoint (RFC 6749 §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// A public client: its identifier in the body.
    #[default]
    None,
    /// HTTP Basic, both halves form-encoded first.
    ClientSecretBasic,
    /// Identifier and secret in the body, for servers that know nothing better.
    ClientSecretPost,
    /// A short-lived assertion, signed with the client's key (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// The client's certificate, from an authority that the server trusts, in the TLS handshake (RFC 8705 §2.1).
    TlsClientAuth,
    /// Likewise with a certificate that the server knows by itself (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

impl SessionConfig {
    /// How it signs in and refreshes.
    pub fn kind(&self) -> SessionKind {
        match self.dialect {
            Dialect::Json(_) => SessionKind::Json,
            Dialect::Oauth(_) => SessionKind::Oauth,
        }
    }

    /// Where its refresh token goes.
    pub fn refresh_endpoint(&self) -> &Url {
        match &self.dialect {
            Dialect::Json(json) => &json.refresh.url,
            Dialect::Oauth(oauth) => &oauth.token_endpoint,
        }
    }
}
