//! A session's file: how to sign in and refresh, and where the token may be sent. It proposes; the vault's record decides.

use std::path::Path;

use reqwest::header::HeaderName;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::invalid;
use crate::error::Result;
use crate::origin::{Origin, parse_url};
use crate::session::config::refused_when::RefusedWhen;
use crate::session::config::{
    ClientAuth, Dialect, JsonDialect, JsonRequest, OauthDialect, RefreshWhen, ReplyPointers,
    SessionConfig,
};

/// Reads `sessions/NAME.toml`.
pub(super) fn read(name: &str, path: &Path, text: &str) -> Result<SessionConfig> {
    SessionFile::parse(path, text)?.into_config(name, path)
}

#[derive(Deserialize)]
struct KindFile {
    kind: toml::Spanned<String>,
}

/// What a session's file says, as data: what the reader makes of its text, and what the writer makes text of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionFile {
    /// A JSON sign-in and refresh endpoint.
    Json(JsonFile),
    /// A standard OAuth token endpoint.
    Oauth(OauthFile),
}

/// A JSON sign-in and refresh endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct JsonFile {
    /// [`SessionFile`] reads it and writes it.
    #[serde(rename = "kind", default, skip_serializing)]
    #[cfg_attr(feature = "bindings", ts(skip))]
    _kind: IgnoredAny,
    /// Where the token may be sent.
    pub origins: Vec<String>,
    /// Another family than its own name's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// When the token is refreshed.
    #[serde(default)]
    pub refresh_when: RefreshWhen,
    /// Headers that a redirect to another origin leaves behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_headers: Vec<String>,
    /// The request that signs in.
    pub sign_in: RequestFile,
    /// The request that refreshes.
    pub refresh: RequestFile,
    /// Where the tokens stand in both replies.
    #[serde(default, skip_serializing_if = "ReplyFile::is_empty")]
    pub reply: ReplyFile,
    /// How the API says that a token was refused, beside 401.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_when: Option<RefusedWhenFile>,
}

/// A standard OAuth token endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct OauthFile {
    /// [`SessionFile`] reads it and writes it.
    #[serde(rename = "kind", default, skip_serializing)]
    #[cfg_attr(feature = "bindings", ts(skip))]
    _kind: IgnoredAny,
    /// Where the token may be sent.
    pub origins: Vec<String>,
    /// The authorization server's identifier, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where refresh tokens go.
    pub token_endpoint: String,
    /// The client's identifier.
    pub client_id: String,
    /// How the client authenticates.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Scopes to ask for, with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The API that the token is for (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Another family than its own name's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// When the token is refreshed.
    #[serde(default)]
    pub refresh_when: RefreshWhen,
    /// Headers that a redirect to another origin leaves behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_headers: Vec<String>,
    /// How the API says that a token was refused, beside 401.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_when: Option<RefusedWhenFile>,
}

/// How the API says that a token was refused, beside 401.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RefusedWhenFile {
    /// The status of such an answer.
    pub status: u16,
    /// A header, and the value that it has then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<(String, String)>,
    /// A JSON pointer into the body, and what stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<(String, String)>,
}

/// A POST of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RequestFile {
    /// Where it goes.
    pub url: String,
    /// JSON whose strings may hold `{{placeholders}}`.
    pub body: String,
}

/// Where the tokens stand in a reply, as JSON pointers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReplyFile {
    /// The access token; `/accessToken` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The refresh token; `/refreshToken` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The lifetime in seconds; `/expiresIn` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<String>,
}

impl ReplyFile {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SessionFile {
    /// Reads the text of `sessions/NAME.toml`.
    ///
    /// # Errors
    /// `workspace.invalid` with the line, where it is no session's file.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        // The kind first: it says which keys there may be, and an error then has its line.
        let kind = super::parse::<KindFile>(path, text)?.kind;
        match kind.get_ref().as_str() {
            "json" => super::parse(path, text).map(Self::Json),
            "oauth" => super::parse(path, text).map(Self::Oauth),
            other => {
                let line = super::line_of(text, kind.span().start);
                Err(invalid(
                    path,
                    Some(line),
                    &format!("kind is {other:?}; it is \"json\" or \"oauth\""),
                ))
            }
        }
    }

    /// The session that it describes.
    ///
    /// # Errors
    /// `workspace.invalid` where a value cannot be used.
    pub(super) fn into_config(self, name: &str, path: &Path) -> Result<SessionConfig> {
        match self {
            Self::Json(file) => file.into_config(name, path),
            Self::Oauth(file) => file.into_config(name, path),
        }
    }
}

impl JsonFile {
    fn into_config(self, name: &str, path: &Path) -> Result<SessionConfig> {
        let defaults = ReplyPointers::json();
        let reply = ReplyPointers {
            access_token: pointer(path, self.reply.access_token, defaults.access_token)?,
            refresh_token: pointer(path, self.reply.refresh_token, defaults.refresh_token)?,
            expires_in: pointer(path, self.reply.expires_in, defaults.expires_in)?,
        };
        let dialect = JsonDialect {
            sign_in: self.sign_in.into_request(path)?,
            refresh: self.refresh.into_request(path)?,
            reply,
        };
        Ok(SessionConfig {
            name: name.into(),
            origins: origins(path, &self.origins)?,
            family: self.family.as_deref().unwrap_or(name).into(),
            refresh_when: self.refresh_when,
            dialect: Dialect::Json(dialect),
            refused_when: refused_when(path, self.refused_when)?,
            secret_headers: secret_headers(path, self.secret_headers)?,
        })
    }
}

impl OauthFile {
    fn into_config(self, name: &str, path: &Path) -> Result<SessionConfig> {
        let dialect = OauthDialect {
            issuer: self.issuer,
            token_endpoint: endpoint(path, &self.token_endpoint)?,
            client_id: self.client_id,
            client_auth: self.client_auth,
            scope: self.scope,
            resource: self.resource,
        };
        Ok(SessionConfig {
            name: name.into(),
            origins: origins(path, &self.origins)?,
            family: self.family.as_deref().unwrap_or(name).into(),
            refresh_when: self.refresh_when,
            dialect: Dialect::Oauth(dialect),
            refused_when: refused_when(path, self.refused_when)?,
            secret_headers: secret_headers(path, self.secret_headers)?,
        })
    }
}

impl RequestFile {
    fn into_request(self, path: &Path) -> Result<JsonRequest> {
        let wrong = |error| {
            invalid(
                path,
                None,
                &format!("the body for {} is not JSON: {error}", self.url),
            )
        };
        let body: Value = serde_json::from_str(&self.body).map_err(wrong)?;
        Ok(JsonRequest {
            url: endpoint(path, &self.url)?,
            body,
        })
    }
}

fn origins(path: &Path, texts: &[String]) -> Result<Vec<Origin>> {
    let read = |text: &String| {
        Origin::parse(text).map_err(|failure| {
            invalid(
                path,
                None,
                &format!("origin {text:?}: {}", failure.params["detail"]),
            )
        })
    };
    texts.iter().map(read).collect()
}

/// An endpoint that takes secrets: https, or this machine.
fn endpoint(path: &Path, text: &str) -> Result<Url> {
    let url = parse_url(text).map_err(|failure| {
        invalid(
            path,
            None,
            &format!("{text:?}: {}", failure.params["detail"]),
        )
    })?;
    if Origin::of(&url).is_cleartext() {
        return Err(invalid(
            path,
            None,
            &format!("{text:?}: tokens cross a network only by https; http is for this machine"),
        ));
    }
    Ok(url)
}

fn refused_when(path: &Path, file: Option<RefusedWhenFile>) -> Result<Option<RefusedWhen>> {
    let Some(file) = file else {
        return Ok(None);
    };
    let wrong = |detail: &str| Err(invalid(path, None, &format!("refused_when: {detail}")));
    if !(200..=599).contains(&file.status) {
        return wrong("the status is a number from 200 to 599");
    }
    if file.status < 300 && file.header.is_none() && file.body.is_none() {
        return wrong("every good answer would refuse the token; name a header or a body as well");
    }
    if let Some((name, _)) = &file.header
        && HeaderName::from_bytes(name.as_bytes()).is_err()
    {
        return wrong(&format!("{name:?} is no header's name"));
    }
    if let Some((pointer, _)) = &file.body
        && !pointer.starts_with('/')
    {
        return wrong(&format!(
            "{pointer:?} is no JSON pointer; it begins with \"/\""
        ));
    }
    Ok(Some(RefusedWhen {
        status: file.status,
        header: file.header,
        body: file.body,
    }))
}

fn secret_headers(path: &Path, names: Vec<String>) -> Result<Vec<String>> {
    match names
        .iter()
        .find(|name| HeaderName::from_bytes(name.as_bytes()).is_err())
    {
        Some(name) => Err(invalid(
            path,
            None,
            &format!("secret_headers: {name:?} is no header's name"),
        )),
        None => Ok(names),
    }
}

fn pointer(path: &Path, text: Option<String>, default: String) -> Result<String> {
    match text {
        Some(text) if !text.is_empty() && !text.starts_with('/') => Err(invalid(
            path,
            None,
            &format!("{text:?} is no JSON pointer; it begins with \"/\""),
        )),
        Some(text) => Ok(text),
        None => Ok(default),
    }
}
