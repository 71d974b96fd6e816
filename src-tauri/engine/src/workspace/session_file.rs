//! A session's file: how to sign in and refresh, and where the token may be sent. It proposes; the vault's record decides.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::invalid;
use crate::error::Result;
use crate::origin::{Origin, parse_url};
use crate::session::config::{
    ClientAuth, Dialect, JsonDialect, JsonRequest, OauthDialect, ReplyPointers, SessionConfig,
};

/// What stands in `sessions/NAME.toml`.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum SessionFile {
    /// A JSON sign-in and refresh endpoint.
    Json {
        origins: Vec<String>,
        sign_in: RequestFile,
        refresh: RequestFile,
        #[serde(default)]
        reply: ReplyFile,
    },
    /// A standard OAuth token endpoint.
    Oauth {
        origins: Vec<String>,
        token_endpoint: String,
        client_id: String,
        #[serde(default)]
        client_auth: ClientAuth,
        #[serde(default)]
        scope: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestFile {
    url: String,
    body: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyFile {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<String>,
}

impl SessionFile {
    pub(super) fn into_config(self, name: &str, path: &Path) -> Result<SessionConfig> {
        let wrong = |detail: String| invalid(path, None, &detail);
        let origins = |texts: Vec<String>| -> Result<Vec<Origin>> {
            let read = |text: &String| {
                Origin::parse(text).map_err(|failure| {
                    wrong(format!("origin {text:?}: {}", failure.params["detail"]))
                })
            };
            texts.iter().map(read).collect()
        };
        let endpoint = |text: &str| {
            let url = parse_url(text)
                .map_err(|failure| wrong(format!("{text:?}: {}", failure.params["detail"])))?;
            if Origin::of(&url).is_cleartext() {
                return Err(wrong(format!(
                    "{text:?}: tokens cross a network only by https; http is for this machine"
                )));
            }
            Ok(url)
        };
        let request = |file: RequestFile| -> Result<JsonRequest> {
            let body: Value = serde_json::from_str(&file.body).map_err(|error| {
                wrong(format!("the body for {} is not JSON: {error}", file.url))
            })?;
            Ok(JsonRequest {
                url: endpoint(&file.url)?,
                body,
            })
        };
        let (origins, dialect) = match self {
            Self::Json {
                origins: texts,
                sign_in,
                refresh,
                reply,
            } => {
                let defaults = ReplyPointers::json();
                let pointer = |text: Option<String>, default: String| match text {
                    Some(text) if !text.is_empty() && !text.starts_with('/') => Err(wrong(
                        format!("{text:?} is no JSON pointer; it begins with \"/\""),
                    )),
                    Some(text) => Ok(text),
                    None => Ok(default),
                };
                let reply = ReplyPointers {
                    access_token: pointer(reply.access_token, defaults.access_token)?,
                    refresh_token: pointer(reply.refresh_token, defaults.refresh_token)?,
                    expires_in: pointer(reply.expires_in, defaults.expires_in)?,
                };
                (
                    origins(texts)?,
                    Dialect::Json(JsonDialect {
                        sign_in: request(sign_in)?,
                        refresh: request(refresh)?,
                        reply,
                    }),
                )
            }
            Self::Oauth {
                origins: texts,
                token_endpoint,
                client_id,
                client_auth,
                scope,
            } => {
                let dialect = OauthDialect {
                    token_endpoint: endpoint(&token_endpoint)?,
                    client_id,
                    client_auth,
                    scope,
                };
                (origins(texts)?, Dialect::Oauth(dialect))
            }
        };
        Ok(SessionConfig {
            name: name.into(),
            origins,
            dialect,
        })
    }
}
