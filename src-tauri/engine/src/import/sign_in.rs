//! What other tools say about signing in, as a session's file or as a secret variable.

use serde_json::{Map, Value, json};

use super::collector::Collector;
use super::imported::{ImportedRequest, ImportedSession};
use super::left_out::WhyLeftOut;
use super::template::slug;
use crate::session::config::grant_type::GrantType;
use crate::workspace::fill::names;

/// OAuth as a file describes it.
#[derive(Default)]
pub(super) struct Oauth<'a> {
    /// What the file calls it.
    pub(super) name: &'a str,
    /// As RFC 6749, OpenAPI, Swagger 2 or another tool spells it.
    pub(super) grant: &'a str,
    pub(super) token_url: &'a str,
    /// Where the user signs in. Empty: the file does not say.
    pub(super) authorization_url: &'a str,
    pub(super) client_id: &'a str,
    pub(super) scope: String,
    /// The client's identifier and secret go into the body, not into a header.
    pub(super) in_body: bool,
    /// A client secret stood in the file.
    pub(super) has_secret: bool,
}

/// Reads it. `None`: it was listed.
pub(super) fn oauth(collector: &mut Collector<'_>, at: &str, found: Oauth<'_>) -> Option<String> {
    let name = if found.name.is_empty() {
        collector.name()
    } else {
        found.name
    }
    .to_owned();
    let what = format!("sign-in {name} ({})", found.grant);
    let plain: String = found
        .grant
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let grant = match plain.to_ascii_lowercase().as_str() {
        "clientcredentials" | "application" => GrantType::ClientCredentials,
        "implicit" => {
            collector.leave(at, what, WhyLeftOut::NotSupported);
            return None;
        }
        "authorizationcode" | "authorizationcodewithpkce" | "accesscode"
            if !found.authorization_url.is_empty() =>
        {
            GrantType::AuthorizationCode
        }
        // The others end with a refresh token.
        _ => GrantType::RefreshToken,
    };
    let endpoint = collector.endpoint(at, &format!("{what}: token endpoint"), found.token_url)?;
    if found.has_secret {
        collector.leave_once(format!("{what}: client secret"), WhyLeftOut::Secret);
    }
    let mut keys = Map::new();
    keys.insert("kind".to_owned(), "oauth".into());
    keys.insert("origins".to_owned(), json!([]));
    keys.insert("token_endpoint".to_owned(), endpoint.into());
    let client_id = collector.convert(at, found.client_id);
    keys.insert("client_id".to_owned(), client_id.into());
    if found.has_secret || grant == GrantType::ClientCredentials {
        let auth = if found.in_body {
            "client_secret_post"
        } else {
            "client_secret_basic"
        };
        keys.insert("client_auth".to_owned(), auth.into());
    }
    if grant == GrantType::AuthorizationCode {
        let what = format!("{what}: authorization endpoint");
        let address = collector.endpoint(at, &what, found.authorization_url)?;
        keys.insert("authorization_endpoint".to_owned(), address.into());
        keys.insert("grant".to_owned(), "authorization_code".into());
    }
    if grant == GrantType::ClientCredentials {
        keys.insert("grant".to_owned(), "client_credentials".into());
    }
    let scope = collector.convert(at, found.scope.trim());
    if !scope.is_empty() {
        keys.insert("scope".to_owned(), scope.into());
    }
    let name = slug(&name).replace('_', "-");
    collector.session(ImportedSession { name, keys })
}

/// OpenID Connect as a file describes it: the issuer, which says the rest. `None`: it was listed.
pub(super) fn issuer(collector: &mut Collector<'_>, name: &str, address: &str) -> Option<String> {
    let issuer = address.trim_end_matches("/.well-known/openid-configuration");
    let what = format!("sign-in {name}: issuer");
    let issuer = collector.endpoint("", &what, issuer)?;
    let mut keys = Map::new();
    keys.insert("kind".to_owned(), "oauth".into());
    keys.insert("origins".to_owned(), json!([]));
    keys.insert("issuer".to_owned(), issuer.into());
    keys.insert("client_id".to_owned(), "".into());
    keys.insert("grant".to_owned(), "authorization_code".into());
    let name = slug(name).replace('_', "-");
    collector.session(ImportedSession { name, keys })
}

/// A value that is sent as it is: a variable, where it is one; else a secret variable in its place.
pub(super) fn kept(collector: &mut Collector<'_>, at: &str, what: &str, value: &str) -> String {
    let value = collector.convert(at, value);
    if names(&value).next().is_some() {
        return value;
    }
    if !value.is_empty() {
        collector.leave(at, what, WhyLeftOut::Secret);
    }
    let variable = collector.own_variable(what);
    collector.secret(None, &variable);
    format!("{{{{{variable}}}}}")
}

/// The ways that Postman, Insomnia and Bruno share, by their names there. `field` gives a value by the names that the
/// three have for it.
pub(super) fn apply(
    collector: &mut Collector<'_>,
    at: &str,
    kind: &str,
    field: &dyn Fn(&[&str]) -> String,
    request: &mut ImportedRequest,
) {
    match kind {
        "" | "none" | "noauth" | "inherit" => {}
        "bearer" => {
            let value = kept(collector, at, "bearer token", &field(&["token"]));
            let prefix = field(&["prefix"]);
            let prefix = if prefix.is_empty() { "Bearer" } else { &prefix };
            request
                .headers
                .push(("Authorization".to_owned(), format!("{prefix} {value}")));
        }
        "basic" => {
            // Name and password together are encoded, and a variable inside would not be.
            let value = kept(collector, at, "basic credentials", "");
            collector.leave(at, "basic sign-in: the value in base64", WhyLeftOut::Secret);
            request
                .headers
                .push(("Authorization".to_owned(), format!("Basic {value}")));
        }
        "apikey" => {
            let key = collector.convert(at, &field(&["key"]));
            let value = kept(collector, at, &format!("API key {key}"), &field(&["value"]));
            let place = field(&["in", "addTo", "placement"]);
            if place.starts_with("query") {
                let glue = if request.url.contains('?') { '&' } else { '?' };
                request.url = format!("{}{glue}{key}={value}", request.url);
            } else if place == "cookie" {
                request
                    .headers
                    .push(("Cookie".to_owned(), format!("{key}={value}")));
            } else {
                request.headers.push((key, value));
            }
        }
        "oauth2" => {
            let token_url = field(&["accessTokenUrl", "access_token_url"]);
            let authorization_url = field(&["authUrl", "authorizationUrl", "authorization_url"]);
            let client_id = field(&["clientId", "client_id"]);
            let grant = field(&["grant_type", "grantType"]);
            let placement = field(&[
                "client_authentication",
                "credentialsInBody",
                "credentials_placement",
            ]);
            let found = Oauth {
                name: &field(&["tokenName", "name"]),
                grant: if grant.is_empty() {
                    "authorization_code"
                } else {
                    &grant
                },
                token_url: &token_url,
                authorization_url: &authorization_url,
                client_id: &client_id,
                scope: field(&["scope"]),
                in_body: matches!(placement.as_str(), "body" | "true"),
                has_secret: !field(&["clientSecret", "client_secret"]).is_empty(),
            };
            request.session = oauth(collector, at, found);
        }
        other => collector.leave(at, format!("sign-in {other}"), WhyLeftOut::NotSupported),
    }
}

/// A value of a list of `{key, value}`, or of an object.
pub(super) fn field_of(auth: &Value, names: &[&str]) -> String {
    let scalar = |value: &Value| super::fields::scalar(value).unwrap_or_default();
    for name in names {
        let found = match auth {
            Value::Array(items) => items
                .iter()
                .find(|item| super::fields::text(item, "key") == *name)
                .and_then(|item| item.get("value")),
            other => other.get(*name),
        };
        if let Some(found) = found {
            return scalar(found);
        }
    }
    String::new()
}
