//! What an authorization server says of itself (RFC 8414, OpenID Connect Discovery 1.0): where to ask, and what of the
//! answer is believed. Pure: nothing here goes over the wire.

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Code, Failure, Result};
use crate::origin::{Origin, parse_url};
use crate::redact::server_text;
use crate::rules;
use crate::session::config::server::{Metadata, Server};

/// Largest metadata that is read, in bytes.
pub(crate) const METADATA_BYTES_MAX: usize = 256 * 1024;
/// Names in one list that are kept, such as scopes.
const NAMES_MAX: usize = 200;
/// Characters of each.
const NAME_CHARS_MAX: usize = 200;

/// Where an issuer's metadata may be, the likeliest first: as OpenID Connect has it (§4), which appends, and as RFC 8414 §3
/// has it, which inserts before the path.
///
/// # Errors
/// `discovery.failed` where the issuer cannot be one: it has a query or a fragment, or crosses a network in clear text.
pub(crate) fn well_known(issuer: &str) -> Result<Vec<Url>> {
    let refused = |detail: &str| {
        Err(Failure::new(Code::DiscoveryFailed)
            .with("issuer", server_text(issuer, NAME_CHARS_MAX))
            .with("detail", detail))
    };
    let url = match parse_url(issuer) {
        Ok(url) => url,
        Err(failure) => return refused(&failure.params["detail"]),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return refused("an issuer has no query and no fragment");
    }
    if Origin::of(&url).is_cleartext() {
        return refused("an issuer is reached by https; http is for this machine");
    }
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        url
    };
    let mut places = vec![
        at(format!("{path}/.well-known/openid-configuration")),
        at(format!("/.well-known/oauth-authorization-server{path}")),
    ];
    places.dedup();
    Ok(places)
}

/// Reads metadata that was fetched for this issuer.
///
/// # Errors
/// `discovery.issuer_mismatch` where it is another one's, compared character by character (RFC 8414 §3.3);
/// `discovery.endpoint_refused` where an endpoint is nothing that secrets may be sent to; `discovery.failed` otherwise.
pub(crate) fn read(issuer: &str, body: &[u8]) -> Result<Metadata> {
    let failed = |detail: &str| {
        Failure::new(Code::DiscoveryFailed)
            .with("issuer", issuer)
            .with("detail", detail)
    };
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(failed("the answer is no JSON object"));
    };
    let found = fields.get("issuer").and_then(Value::as_str);
    if found != Some(issuer) && rules::on("discovery.issuer_mismatch") {
        return Err(Failure::new(Code::DiscoveryIssuerMismatch)
            .with("issuer", issuer)
            .with(
                "found",
                server_text(found.unwrap_or("nobody"), NAME_CHARS_MAX),
            ));
    }
    let at = |name: &str| endpoint(issuer, &fields, name);
    let Some(token_endpoint) = at("token_endpoint")? else {
        return Err(failed("it names no token endpoint"));
    };
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
    let server = Server {
        authorization_endpoint: at("authorization_endpoint")?,
        pushed_authorization_request_endpoint: at("pushed_authorization_request_endpoint")?,
        device_authorization_endpoint: at("device_authorization_endpoint")?,
        revocation_endpoint: at("revocation_endpoint")?,
        introspection_endpoint: at("introspection_endpoint")?,
        userinfo_endpoint: at("userinfo_endpoint")?,
        end_session_endpoint: at("end_session_endpoint")?,
        require_pushed_authorization_requests: flag("require_pushed_authorization_requests"),
        authorization_response_iss_parameter_supported: flag(
            "authorization_response_iss_parameter_supported",
        ),
        code_challenge_methods_supported: fields
            .contains_key("code_challenge_methods_supported")
            .then(|| names(&fields, "code_challenge_methods_supported")),
    };
    Ok(Metadata {
        issuer: issuer.to_owned(),
        found_at: None,
        token_endpoint,
        jwks_uri: at("jwks_uri")?,
        server,
        token_endpoint_auth_methods_supported: names(
            &fields,
            "token_endpoint_auth_methods_supported",
        ),
        grant_types_supported: names(&fields, "grant_types_supported"),
        scopes_supported: names(&fields, "scopes_supported"),
        dpop: fields.contains_key("dpop_signing_alg_values_supported"),
    })
}

impl Metadata {
    /// The endpoints that stand on another origin than the issuer, as `name at origin`: whoever wrote the metadata may send
    /// what signs in there, so the user has to know those hosts (N39).
    pub(crate) fn elsewhere(&self) -> Vec<String> {
        let home = parse_url(&self.issuer).ok().map(|url| Origin::of(&url));
        let own = [
            ("token_endpoint", Some(&self.token_endpoint)),
            ("jwks_uri", self.jwks_uri.as_ref()),
        ];
        own.into_iter()
            .filter_map(|(name, url)| url.map(|url| (name, url)))
            .chain(self.server.endpoints())
            .filter(|(_, url)| home.as_ref() != Some(&Origin::of(url)))
            .map(|(name, url)| format!("{name} at {}", Origin::of(url)))
            .collect()
    }
}

/// One endpoint: https, or this machine (RFC 8414 §2), with nothing in it that hides where it leads.
fn endpoint(issuer: &str, fields: &Map<String, Value>, name: &str) -> Result<Option<Url>> {
    let Some(value) = fields.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    let refused = |detail: &str| {
        Failure::new(Code::DiscoveryEndpointRefused)
            .with("issuer", issuer)
            .with("endpoint", name)
            .with("url", server_text(text, NAME_CHARS_MAX))
            .with("detail", detail)
    };
    let url = parse_url(text).map_err(|failure| refused(&failure.params["detail"]))?;
    if Origin::of(&url).is_cleartext() && rules::on("discovery.endpoint_refused") {
        return Err(refused("what signs in crosses a network only by https"));
    }
    if url.fragment().is_some() {
        return Err(refused("an endpoint has no fragment"));
    }
    Ok(Some(url))
}

fn names(fields: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = fields.get(name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .take(NAMES_MAX)
        .map(|name| server_text(name, NAME_CHARS_MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.test/realms/shop";

    fn metadata(name: &str, value: Value) -> Vec<u8> {
        let mut metadata = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.test/realms/shop/auth",
            "token_endpoint": "https://id.test/realms/shop/token",
            "jwks_uri": "https://id.test/realms/shop/keys",
            "code_challenge_methods_supported": ["S256", "plain"],
            "authorization_response_iss_parameter_supported": true,
        });
        metadata[name] = value;
        metadata.to_string().into_bytes()
    }

    #[test]
    fn metadata_is_looked_for_where_both_standards_have_it() {
        for (issuer, places) in [
            (
                "https://id.test",
                [
                    "https://id.test/.well-known/openid-configuration",
                    "https://id.test/.well-known/oauth-authorization-server",
                ],
            ),
            (
                "https://id.test/realms/shop/",
                [
                    "https://id.test/realms/shop/.well-known/openid-configuration",
                    "https://id.test/.well-known/oauth-authorization-server/realms/shop",
                ],
            ),
        ] {
            let found = well_known(issuer).expect("an issuer");
            let found: Vec<&str> = found.iter().map(Url::as_str).collect();
            assert_eq!(found, places, "{issuer}");
        }
    }

    #[test]
    fn what_is_no_issuer_is_not_asked() {
        for issuer in [
            "",
            "id.test",
            "http://id.test",
            "https://id.test?a=b",
            "https://id.test#a",
            "https://id.test@evil.test",
            "https://id.test\\@evil.test",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            let failure = well_known(issuer).expect_err(issuer);
            assert_eq!(failure.code, Code::DiscoveryFailed, "{issuer}");
        }
    }

    /// N38.
    #[test]
    fn n38_another_issuer_is_refused_by_every_character() {
        for found in [
            json!("https://id.test/realms/shop/"),
            json!("https://id.test/realms/Shop"),
            json!("https://ID.test/realms/shop"),
            json!("https://id.test:443/realms/shop"),
            json!("http://id.test/realms/shop"),
            json!("https://evil.test/realms/shop"),
            json!("https://id.test/realms/shop "),
            json!(7),
            Value::Null,
        ] {
            let failure = read(ISSUER, &metadata("issuer", found.clone())).expect_err("refused");
            assert_eq!(failure.code, Code::DiscoveryIssuerMismatch, "{found}");
        }
        assert!(read(ISSUER, &metadata("issuer", ISSUER.into())).is_ok());
    }

    /// N39: what can be refused without a question is; what is a question is named with its host.
    #[test]
    fn n39_an_endpoint_that_secrets_may_not_go_to_refuses_the_metadata() {
        for name in [
            "token_endpoint",
            "authorization_endpoint",
            "revocation_endpoint",
            "pushed_authorization_request_endpoint",
            "jwks_uri",
        ] {
            for url in [
                "http://id.test/token",
                "file:///etc/passwd",
                "javascript:alert(1)",
                "vscode://open",
                "//evil.test/token",
                "https://id.test\\@evil.test/",
                "https://id.test@evil.test/",
                "https://id.test/token#x",
                "",
            ] {
                let failure = read(ISSUER, &metadata(name, url.into())).expect_err(url);
                assert_eq!(failure.code, Code::DiscoveryEndpointRefused, "{name} {url}");
            }
            let odd = read(ISSUER, &metadata(name, json!(["https://id.test/"])));
            assert!(odd.is_err(), "{name}");
        }
        let found = read(
            ISSUER,
            &metadata("token_endpoint", "https://evil.test/token".into()),
        );
        assert_eq!(
            found.expect("well formed").elsewhere(),
            ["token_endpoint at https://evil.test"]
        );
        let same = read(ISSUER, &metadata("x", Value::Null)).expect("metadata");
        assert_eq!(same.elsewhere(), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_metadata_is_told_apart_from_another_issuers() {
        for body in ["", "<html>", "[]", "7", "{", "\"x\""] {
            let failure = read(ISSUER, body.as_bytes()).expect_err(body);
            assert_eq!(failure.code, Code::DiscoveryFailed, "{body}");
        }
        let failure = read(ISSUER, &metadata("token_endpoint", Value::Null)).expect_err("none");
        assert_eq!(failure.code, Code::DiscoveryFailed);
        let deep = "[".repeat(100_000);
        assert!(
            read(ISSUER, deep.as_bytes()).is_err(),
            "no end of the stack"
        );
    }

    #[test]
    fn what_a_server_does_not_say_stays_unknown() {
        let found =
            read(ISSUER, &metadata("scopes_supported", json!(["openid", 7]))).expect("read");
        assert_eq!(found.scopes_supported, ["openid"]);
        assert!(found.server.authorization_response_iss_parameter_supported);
        assert!(!found.server.require_pushed_authorization_requests && !found.dpop);
        assert_eq!(found.server.endpoints().count(), 1);
        let silent = metadata("code_challenge_methods_supported", json!("S256"));
        let methods = read(ISSUER, &silent).expect("read").server;
        assert_eq!(methods.code_challenge_methods_supported, Some(Vec::new()));
    }
}
