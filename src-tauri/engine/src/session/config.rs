//! How to sign in somewhere, how to refresh, and where the token may be sent: what a session is before it runs.

pub mod answer_pattern;
pub mod authorization;
pub mod connection;
pub mod cookies;
pub mod grant_type;
pub mod replies;
pub mod server;
pub mod step_up;

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use self::answer_pattern::AnswerPattern;
use self::authorization::Authorization;
use self::connection::Connection;
use self::cookies::CookieDialect;
use self::grant_type::GrantType;
use self::replies::Replies;
use self::server::{Metadata, Offer, Server};
use super::credentials::SignsInWith;
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
    /// What its token endpoint's replies look like.
    pub replies: Replies,
    /// How its API says that a token was refused, beside 401. It is asked after what the standards say, and only about
    /// answers to the session's token.
    pub refused_when: Option<AnswerPattern>,
    /// Headers whose values are secrets of this API: a redirect to another origin leaves them behind.
    pub secret_headers: Vec<String>,
    /// How its connections are made.
    pub connection: Connection,
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
    Json(Box<JsonDialect>),
    /// Sign-in and refresh by requests whose answers set cookies.
    Cookie(Box<CookieDialect>),
    /// A standard OAuth token endpoint (RFC 6749).
    Oauth(Box<OauthDialect>),
}

/// Sign-in and refresh as JSON requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonDialect {
    /// Takes `{{username}}` and `{{password}}`. Absent: one signs in with a refresh token that one already has.
    pub sign_in: Option<JsonRequest>,
    /// Takes `{{refresh_token}}`.
    pub refresh: JsonRequest,
}

/// A request whose headers and JSON body may hold `{{placeholders}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRequest {
    /// POST by default.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Names and values; placeholders are replaced in the values.
    pub headers: Vec<(HeaderName, String)>,
    /// The body. Placeholders are replaced inside its strings only, so what is filled in cannot change its shape.
    pub body: Option<Value>,
    /// The body is sent as a form: it is an object of strings.
    pub form: bool,
}

impl JsonRequest {
    /// A POST of this body.
    pub fn post(url: Url, body: Value) -> Self {
        Self {
            method: Method::POST,
            url,
            headers: Vec::new(),
            body: Some(body),
            form: false,
        }
    }
}

/// A client of a standard token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthDialect {
    /// The authorization server's identifier (RFC 8414 §2), where it is known.
    pub issuer: Option<String>,
    /// Where refresh tokens go, and nowhere else. Where it is still to be discovered, the issuer stands here.
    pub token_endpoint: Url,
    /// The session's file names an issuer and no token endpoint, and the issuer was not asked yet.
    pub to_discover: bool,
    /// Where the keys are that the server signs with (RFC 8414 §2), where that is known.
    pub jwks_uri: Option<Url>,
    /// Where the server does everything else.
    pub server: Server,
    /// How the user signs in through the browser, for the grant that does so.
    pub authorization: Authorization,
    /// The client's identifier.
    pub client_id: String,
    /// How the client authenticates.
    pub client_auth: ClientAuth,
    /// Whether its tokens are bound to a key of the session's own (RFC 9449).
    pub dpop: bool,
    /// How it gets tokens.
    pub grant: GrantType,
    /// Asked for. Absent: what was granted before, or the server's choice.
    pub scope: Option<String>,
    /// The API that the access token is for (RFC 8707). Absent: the server's choice.
    pub resource: Option<String>,
}

/// How an OAuth client authenticates to the token endpoint (RFC 6749 §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
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

impl Dialect {
    /// What one signs in with.
    pub fn signs_in_with(&self) -> SignsInWith {
        match self {
            Self::Json(json) if json.sign_in.is_none() => SignsInWith::RefreshToken,
            Self::Json(_) | Self::Cookie(_) => SignsInWith::Password,
            Self::Oauth(oauth) => match oauth.grant {
                GrantType::RefreshToken => SignsInWith::RefreshToken,
                GrantType::ClientCredentials => SignsInWith::Client,
                GrantType::AuthorizationCode => SignsInWith::Browser,
                GrantType::DeviceCode => SignsInWith::Device,
                GrantType::Password => SignsInWith::Password,
            },
        }
    }
}

impl OauthDialect {
    /// The issuer that has to be asked before this session can sign in: its file leaves an endpoint open that it needs.
    pub fn issuer_to_ask(&self) -> Option<&str> {
        let needed = match self.grant {
            GrantType::AuthorizationCode => Some(&self.server.authorization_endpoint),
            GrantType::DeviceCode => Some(&self.server.device_authorization_endpoint),
            GrantType::RefreshToken | GrantType::ClientCredentials | GrantType::Password => None,
        };
        let open = self.to_discover || needed.is_some_and(Option::is_none);
        self.issuer.as_deref().filter(|_| open)
    }

    /// Takes what the file leaves open from what its issuer said. A file that names another token endpoint than the issuer
    /// does is about another server, and stays as it is.
    pub fn fill_from(&mut self, metadata: &Metadata) {
        let same_server = self.to_discover || self.token_endpoint == metadata.token_endpoint;
        if self.issuer.as_deref() != Some(&metadata.issuer) || !same_server {
            return;
        }
        self.token_endpoint = metadata.token_endpoint.clone();
        self.to_discover = false;
        if self.jwks_uri.is_none() {
            self.jwks_uri.clone_from(&metadata.jwks_uri);
        }
        self.server = std::mem::take(&mut self.server).or(&metadata.server);
    }
}

impl SessionConfig {
    /// How it signs in and refreshes.
    pub fn kind(&self) -> SessionKind {
        match self.dialect {
            Dialect::Json(_) => SessionKind::Json,
            Dialect::Cookie(_) => SessionKind::Cookie,
            Dialect::Oauth(_) => SessionKind::Oauth,
        }
    }

    /// How it gets tokens. `None`: it does not speak OAuth.
    pub fn grant(&self) -> Option<GrantType> {
        match &self.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => None,
            Dialect::Oauth(oauth) => Some(oauth.grant),
        }
    }

    /// How its client authenticates. `None`: it does not speak OAuth.
    pub fn client_auth(&self) -> Option<ClientAuth> {
        match &self.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => None,
            Dialect::Oauth(oauth) => Some(oauth.client_auth),
        }
    }

    /// What its server can be asked to do beside giving tokens.
    pub(crate) fn offers(&self) -> Vec<Offer> {
        match &self.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => Vec::new(),
            Dialect::Oauth(oauth) => oauth.server.offers(),
        }
    }

    /// The name of its authorization server, where the file says one.
    pub(crate) fn issuer(&self) -> Option<&str> {
        match &self.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => None,
            Dialect::Oauth(oauth) => oauth.issuer.as_deref(),
        }
    }

    /// Where else it sends what it signs in and refreshes with, by the names of RFC 8414 or of its file's tables.
    pub(crate) fn other_endpoints(&self) -> Vec<(&'static str, &Url)> {
        match &self.dialect {
            Dialect::Json(json) => {
                let sign_in = json.sign_in.iter();
                sign_in.map(|request| ("sign_in", &request.url)).collect()
            }
            Dialect::Cookie(cookies) => {
                let prepare = cookies.prepare.iter();
                let prepare = prepare.map(|request| ("prepare", &request.url));
                prepare.chain([("sign_in", &cookies.sign_in.url)]).collect()
            }
            Dialect::Oauth(oauth) => oauth.server.endpoints().collect(),
        }
    }

    /// Where its refresh token goes; where there is none, what else it signs in with.
    pub fn refresh_endpoint(&self) -> &Url {
        match &self.dialect {
            Dialect::Cookie(cookies) => &cookies.refresh.as_ref().unwrap_or(&cookies.sign_in).url,
            Dialect::Json(json) => &json.refresh.url,
            Dialect::Oauth(oauth) => &oauth.token_endpoint,
        }
    }
}
