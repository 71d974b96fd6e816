//! A session's file: how to sign in and refresh, and where the token may be sent. It proposes; the vault's record decides.

use std::path::Path;

use reqwest::header::HeaderName;
use serde::Deserialize;
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
    // The kind first: it says which keys there may be, and an error then has its line.
    let kind = super::parse::<KindFile>(path, text)?.kind;
    match kind.get_ref().as_str() {
        "json" => super::parse::<JsonFile>(path, text)?.into_config(name, path),
        "oauth" => super::parse::<OauthFile>(path, text)?.into_config(name, path),
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

#[derive(Deserialize)]
struct KindFile {
    kind: toml::Spanned<String>,
}

/// A JSON sign-in and refresh endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonFile {
    #[serde(rename = "kind")]
    _kind: String,
    origins: Vec<String>,
    sign_in: RequestFile,
    refresh: RequestFile,
    #[serde(default)]
    reply: ReplyFile,
    #[serde(default)]
    family: Option<String>,
    #[serde(default)]
    refresh_when: RefreshWhen,
    #[serde(default)]
    refused_when: Option<RefusedWhenFile>,
    #[serde(default)]
    secret_headers: Vec<String>,
}

/// A standard OAuth token endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OauthFile {
    #[serde(rename = "kind")]
    _kind: String,
    origins: Vec<String>,
    #[serde(default)]
    issuer: Option<String>,
    token_endpoint: String,
    client_id: String,
    #[serde(default)]
    client_auth: ClientAuth,
    #[serde(default)]
    dpop: bool,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    family: Option<String>,
    #[serde(default)]
    refresh_when: RefreshWhen,
    #[serde(default)]
    refused_when: Option<RefusedWhenFile>,
    #[serde(default)]
    secret_headers: Vec<String>,
}

/// How the API says that a token was refused, beside 401.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedWhenFile {
    status: u16,
    header: Option<(String, String)>,
    body: Option<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    url: String,
    body: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyFile {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<String>,
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
            dpop: self.dpop,
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
