//! What a session's file comes to: its texts filled with variables, and each checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::super::environment::OF_A_SIGN_IN;
use super::super::fill::{Filler, names};
use super::super::reading::Wrong;
use super::{
    AnswerFile, ConnectionFile, CookieFile, JsonFile, OauthFile, ReplyFile, RequestFile,
    SessionFile,
};
use crate::client::tls;
use crate::origin::{Origin, parse_url};
use crate::session::config::answer_pattern::AnswerPattern;
use crate::session::config::authorization::{Authorization, PARAMETERS_MAX, RESERVED, Redirect};
use crate::session::config::connection::{Authority, Connection, PINS_MAX, Pin, Proxy};
use crate::session::config::cookies::{CookieDialect, Csrf};
use crate::session::config::replies::{OldRefreshToken, Place, Replies, ReplyPlaces};
use crate::session::config::server::Server;
use crate::session::config::{
    Dialect, JsonDialect, JsonRequest, OauthDialect, RefreshWhen, SessionConfig,
};

impl SessionFile {
    /// The session that it describes, with its variables filled.
    ///
    /// # Errors
    /// What cannot be used.
    pub(super) fn config(
        self,
        name: &str,
        folder: &Path,
        filler: &Filler<'_>,
    ) -> Result<SessionConfig, Wrong> {
        let (common, dialect) = match self {
            Self::Json(file) => file.parts(filler)?,
            Self::Oauth(file) => file.parts(filler)?,
            Self::Cookie(file) => file.parts(filler)?,
        };
        let family = common.family.map(|family| text("family", &family, filler));
        let origins = common
            .origins
            .iter()
            .map(|origin| read_origin(origin, filler));
        Ok(SessionConfig {
            name: name.into(),
            origins: origins.collect::<Result<_, _>>()?,
            family: family.transpose()?.as_deref().unwrap_or(name).into(),
            refresh_when: common.refresh_when,
            dialect,
            replies: Replies {
                places: common.reply.places()?,
                ended_when: patterns("ended_when", common.ended_when)?,
                old_refresh_token: common.old_refresh_token,
            },
            refused_when: patterns("refused_when", common.refused_when.into_iter().collect())?
                .pop(),
            secret_headers: secret_headers(common.secret_headers)?,
            connection: common.connection.connection(folder, filler)?,
        })
    }
}

/// What every kind of session says.
struct Common {
    origins: Vec<String>,
    family: Option<String>,
    refresh_when: RefreshWhen,
    secret_headers: Vec<String>,
    connection: ConnectionFile,
    old_refresh_token: OldRefreshToken,
    reply: ReplyFile,
    ended_when: Vec<AnswerFile>,
    refused_when: Option<AnswerFile>,
}

impl JsonFile {
    fn parts(self, filler: &Filler<'_>) -> Result<(Common, Dialect), Wrong> {
        let sign_in = self
            .sign_in
            .map(|file| file.request("sign_in", &["username", "password"], filler));
        let dialect = JsonDialect {
            sign_in: sign_in.transpose()?,
            refresh: self
                .refresh
                .request("refresh", &["refresh_token"], filler)?,
        };
        let common = Common {
            origins: self.origins,
            family: self.family,
            refresh_when: self.refresh_when,
            secret_headers: self.secret_headers,
            connection: self.connection,
            old_refresh_token: self.old_refresh_token,
            reply: self.reply,
            ended_when: self.ended_when,
            refused_when: self.refused_when,
        };
        Ok((common, Dialect::Json(Box::new(dialect))))
    }
}

impl CookieFile {
    fn parts(self, filler: &Filler<'_>) -> Result<(Common, Dialect), Wrong> {
        let prepare = self
            .prepare
            .map(|file| file.request("prepare", &[], filler));
        let refresh = self
            .refresh
            .map(|file| file.request("refresh", &[], filler));
        let csrf = self.csrf.map(|csrf| {
            let header = header_name(&csrf.header);
            Ok(Csrf {
                cookie: csrf.cookie,
                header: header.map_err(|detail| Wrong::new("csrf.header", detail))?,
            })
        });
        let dialect = CookieDialect {
            prepare: prepare.transpose()?,
            sign_in: self
                .sign_in
                .request("sign_in", &["username", "password"], filler)?,
            refresh: refresh.transpose()?,
            cookie: self.cookie,
            csrf: csrf.transpose()?,
        };
        let common = Common {
            origins: self.origins,
            family: self.family,
            refresh_when: self.refresh_when,
            secret_headers: self.secret_headers,
            connection: self.connection,
            // A jar is renewed as a whole: the cookies that a reply does not set stay in it.
            old_refresh_token: OldRefreshToken::Either,
            reply: self.reply,
            ended_when: self.ended_when,
            refused_when: self.refused_when,
        };
        Ok((common, Dialect::Cookie(Box::new(dialect))))
    }
}

impl OauthFile {
    fn parts(self, filler: &Filler<'_>) -> Result<(Common, Dialect), Wrong> {
        let optional =
            |key, value: Option<String>| value.map(|value| text(key, &value, filler)).transpose();
        let at = |key: &str, address: Option<String>| {
            address
                .map(|address| endpoint(key, &address, filler))
                .transpose()
        };
        let issuer = optional("issuer", self.issuer)?;
        let token_endpoint = at("token_endpoint", self.token_endpoint)?;
        let to_discover = token_endpoint.is_none();
        let token_endpoint = match (token_endpoint, &issuer) {
            (Some(endpoint), _) => endpoint,
            (None, Some(issuer)) => endpoint("issuer", issuer, filler)?,
            (None, None) => {
                let detail = "name it, or the issuer, which says where it is";
                return Err(Wrong::new("token_endpoint", detail.to_owned()));
            }
        };
        let dialect = OauthDialect {
            issuer,
            token_endpoint,
            to_discover,
            jwks_uri: at("jwks_uri", self.jwks_uri)?,
            server: Server {
                authorization_endpoint: at("authorization_endpoint", self.authorization_endpoint)?,
                pushed_authorization_request_endpoint: at(
                    "pushed_authorization_request_endpoint",
                    self.pushed_authorization_request_endpoint,
                )?,
                device_authorization_endpoint: at(
                    "device_authorization_endpoint",
                    self.device_authorization_endpoint,
                )?,
                revocation_endpoint: at("revocation_endpoint", self.revocation_endpoint)?,
                introspection_endpoint: at("introspection_endpoint", self.introspection_endpoint)?,
                userinfo_endpoint: at("userinfo_endpoint", self.userinfo_endpoint)?,
                end_session_endpoint: at("end_session_endpoint", self.end_session_endpoint)?,
                require_pushed_authorization_requests: self.require_pushed_authorization_requests,
                authorization_response_iss_parameter_supported: self
                    .authorization_response_iss_parameter_supported,
                code_challenge_methods_supported: None,
            },
            authorization: authorization(self.redirect_uri, self.authorization_parameters, filler)?,
            client_id: text("client_id", &self.client_id, filler)?,
            client_auth: self.client_auth,
            dpop: self.dpop,
            grant: self.grant,
            scope: optional("scope", self.scope)?,
            resource: optional("resource", self.resource)?,
        };
        let common = Common {
            origins: self.origins,
            family: self.family,
            refresh_when: self.refresh_when,
            secret_headers: self.secret_headers,
            connection: self.connection,
            old_refresh_token: self.old_refresh_token,
            reply: self.reply,
            ended_when: self.ended_when,
            refused_when: self.refused_when,
        };
        Ok((common, Dialect::Oauth(Box::new(dialect))))
    }
}

/// Largest file of an authority, in bytes.
const AUTHORITY_BYTES_MAX: u64 = 1024 * 1024;

impl ConnectionFile {
    fn connection(self, folder: &Path, filler: &Filler<'_>) -> Result<Connection, Wrong> {
        let proxy = match self.proxy.as_deref() {
            None => Proxy::None,
            Some("system") => Proxy::System,
            Some(template) => Proxy::At(proxy_address(template, filler)?),
        };
        let read = |path: String| authority(folder, &text("connection.authority", &path, filler)?);
        if self.pins.len() > PINS_MAX {
            let detail = format!("there are more than {PINS_MAX}");
            return Err(Wrong::new("connection.pins", detail));
        }
        let pin = |pin: super::PinFile| {
            let sha256 = pin.sha256.replace(':', "").to_ascii_lowercase();
            let whole = sha256.len() == 64 && sha256.bytes().all(|c| c.is_ascii_hexdigit());
            if !whole {
                let detail = format!("{:?} is no SHA-256; it has 64 hex digits", pin.sha256);
                return Err(Wrong::new("connection.pins", detail));
            }
            let host = text("connection.pins", &pin.host, filler)?;
            Ok(Pin { host, sha256 })
        };
        Ok(Connection {
            proxy,
            authority: self.authority.map(read).transpose()?,
            pins: self.pins.into_iter().map(pin).collect::<Result<_, _>>()?,
        })
    }
}

/// A proxy's address. A password in it would be a secret in a file.
fn proxy_address(template: &str, filler: &Filler<'_>) -> Result<Url, Wrong> {
    let key = "connection.proxy";
    let address = text(key, template, filler)?;
    parse_url(&address)
        .map_err(|failure| Wrong::new(key, format!("{address:?}: {}", failure.params["detail"])))
}

fn authority(folder: &Path, path: &str) -> Result<Authority, Wrong> {
    let wrong = |detail: String| Wrong::new("connection.authority", format!("{path:?}: {detail}"));
    let file = folder.join(path);
    let length = std::fs::metadata(&file)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if length > AUTHORITY_BYTES_MAX {
        return Err(wrong(format!(
            "it is larger than {AUTHORITY_BYTES_MAX} bytes"
        )));
    }
    let pem = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
    if tls::certificates(pem.as_bytes()).is_err() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    let sha256 = tls::hex(&Sha256::digest(&pem));
    Ok(Authority {
        path: path.to_owned(),
        pem,
        sha256,
    })
}

impl RequestFile {
    /// The request, in which at least one of these placeholders stands, where there are any: without, there would be nothing
    /// to sign in or refresh with.
    fn request(
        self,
        table: &str,
        placeholders: &'static [&'static str],
        filler: &Filler<'_>,
    ) -> Result<JsonRequest, Wrong> {
        let key = |name: &str| format!("{table}.{name}");
        let filler_later = filler.leaving(&OF_A_SIGN_IN);
        let method = self.method.as_deref().unwrap_or("POST");
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Wrong::new(&key("method"), format!("{method:?} is no method")))?;
        let form = !self.form.is_empty();
        let body = match (self.body, form) {
            (Some(_), true) => {
                let detail = "a request has one body; this is another one beside `body`";
                return Err(Wrong::new(&key("form"), detail.to_owned()));
            }
            // Its strings are filled like those of any other JSON.
            (None, true) => Some(serde_json::json!(self.form).to_string()),
            (body, false) => body,
        };
        let body = body.map(|body| {
            let filled = filler_later.json(&body);
            let filled = filled.map_err(|unfilled| unfilled.in_a_file(filler.names()));
            filled
                .and_then(|body| {
                    serde_json::from_str(&body)
                        .map_err(|error| format!("this is not JSON: {error}"))
                })
                .map_err(|detail| Wrong::new(&key("body"), detail))
        });
        let headers = self.headers.iter().map(|(name, value)| {
            let key = format!("{table}.headers.{name}");
            let value = filler_later
                .text(value)
                .map_err(|unfilled| Wrong::new(&key, unfilled.in_a_file(filler.names())))?;
            Ok((
                header_name(name).map_err(|detail| Wrong::new(&key, detail))?,
                value,
            ))
        });
        let request = JsonRequest {
            method,
            url: endpoint(&key("url"), &self.url, filler)?,
            headers: headers.collect::<Result<_, Wrong>>()?,
            body: body.transpose()?,
            form,
        };
        let used = placeholders_in(&request);
        if let Some(other) = used
            .iter()
            .find(|name| !placeholders.contains(&name.as_str()))
        {
            let detail = format!(
                "{{{{{other}}}}} is not filled here; what is filled is {}",
                in_braces(placeholders)
            );
            return Err(Wrong::new(&key("body"), detail));
        }
        if used.is_empty() && !placeholders.is_empty() {
            let detail = format!("neither body nor headers hold {}", in_braces(placeholders));
            return Err(Wrong::new(table, detail));
        }
        Ok(request)
    }
}

impl ReplyFile {
    fn places(self) -> Result<ReplyPlaces, Wrong> {
        let standard = ReplyPlaces::default();
        let at = |key: &str, text: Option<String>, standard| match text {
            None => Ok(standard),
            Some(text) => match Place::parse(&text) {
                Ok(place) => Ok(vec![place]),
                Err(detail) => Err(Wrong::new(&format!("reply.{key}"), detail)),
            },
        };
        Ok(ReplyPlaces {
            access_token: at("access_token", self.access_token, standard.access_token)?,
            refresh_token: at("refresh_token", self.refresh_token, standard.refresh_token)?,
            expires_in: at("expires_in", self.expires_in, standard.expires_in)?,
            expires_in_unit: self.expires_in_unit,
            expires_at: at("expires_at", self.expires_at, standard.expires_at)?,
        })
    }
}

fn patterns(table: &str, files: Vec<AnswerFile>) -> Result<Vec<AnswerPattern>, Wrong> {
    let pattern = |file: AnswerFile| {
        let wrong = |key: &str, detail: String| Wrong::new(&format!("{table}.{key}"), detail);
        if !(200..=599).contains(&file.status) {
            let detail = "a status is a number from 200 to 599";
            return Err(wrong("status", detail.to_owned()));
        }
        if file.status < 300 && file.header.is_none() && file.body.is_none() {
            let detail = "every good answer would be one; name a header or a body as well";
            return Err(wrong("status", detail.to_owned()));
        }
        if let Some((name, _)) = &file.header {
            header_name(name).map_err(|detail| wrong("header", detail))?;
        }
        if let Some((pointer, _)) = &file.body
            && !pointer.starts_with('/')
        {
            let detail = format!("{pointer:?} is no JSON pointer; it begins with \"/\"");
            return Err(wrong("body", detail));
        }
        Ok(AnswerPattern {
            status: file.status,
            header: file.header,
            body: file.body,
        })
    };
    files.into_iter().map(pattern).collect()
}

fn text(key: &str, template: &str, filler: &Filler<'_>) -> Result<String, Wrong> {
    filler
        .text(template)
        .map_err(|unfilled| Wrong::new(key, unfilled.in_a_file(filler.names())))
}

fn read_origin(template: &str, filler: &Filler<'_>) -> Result<Origin, Wrong> {
    let origin = text("origins", template, filler)?;
    Origin::parse(&origin).map_err(|failure| {
        let detail = format!("{origin:?} is no origin: {}", failure.params["detail"]);
        Wrong::new("origins", detail)
    })
}

/// An endpoint that takes secrets: https, or this machine.
fn endpoint(key: &str, template: &str, filler: &Filler<'_>) -> Result<Url, Wrong> {
    let address = text(key, template, filler)?;
    let url = parse_url(&address)
        .map_err(|failure| Wrong::new(key, format!("{address:?}: {}", failure.params["detail"])))?;
    if Origin::of(&url).is_cleartext() {
        let detail =
            format!("{address:?}: tokens cross a network only by https; http is for this machine");
        return Err(Wrong::new(key, detail));
    }
    Ok(url)
}

/// How the user signs in through the browser.
fn authorization(
    redirect_uri: Option<String>,
    parameters: BTreeMap<String, String>,
    filler: &Filler<'_>,
) -> Result<Authorization, Wrong> {
    let redirect = match redirect_uri {
        None => Redirect::default(),
        Some(address) => {
            let address = text("redirect_uri", &address, filler)?;
            Redirect::parse(&address)
                .map_err(|detail| Wrong::new("redirect_uri", format!("{address:?}: {detail}")))?
        }
    };
    let key = "authorization_parameters";
    if parameters.len() > PARAMETERS_MAX {
        let detail = format!("there are more than {PARAMETERS_MAX}");
        return Err(Wrong::new(key, detail));
    }
    if let Some(name) = parameters
        .keys()
        .find(|name| RESERVED.contains(&name.as_str()))
    {
        let detail = format!("{name:?} is made anew for each sign-in, or has a key of its own");
        return Err(Wrong::new(key, detail));
    }
    let filled = |(name, value): (String, String)| Ok((name, text(key, &value, filler)?));
    Ok(Authorization {
        redirect,
        parameters: parameters
            .into_iter()
            .map(filled)
            .collect::<Result<_, Wrong>>()?,
    })
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header's name"))
}

fn secret_headers(names: Vec<String>) -> Result<Vec<String>, Wrong> {
    for name in &names {
        header_name(name).map_err(|detail| Wrong::new("secret_headers", detail))?;
    }
    Ok(names)
}

/// The sign-in's placeholders that a request holds.
fn placeholders_in(request: &JsonRequest) -> BTreeSet<String> {
    let mut texts: Vec<&str> = request
        .headers
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    let mut values: Vec<&Value> = request.body.iter().collect();
    while let Some(value) = values.pop() {
        match value {
            Value::String(text) => texts.push(text),
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => values.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let names = texts.into_iter().flat_map(names);
    names
        .filter(|name| OF_A_SIGN_IN.contains(name))
        .map(str::to_owned)
        .collect()
}

fn in_braces(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    names.join(" or ")
}
