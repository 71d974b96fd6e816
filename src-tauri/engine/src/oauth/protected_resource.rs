//! What an API says of itself when it refuses (RFC 9728): which authorization servers give tokens for it. Read for a person who
//! decides; no token goes to a server that is found here, and none that exists is shown to it.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::fetch;
use crate::error::{Code, Failure, Result};
use crate::origin::{Origin, parse_url};
use crate::redact::server_text;
use crate::rules;
use crate::session::config::connection::Connection;
use crate::token_endpoint::TokenTransport;

/// Largest document that is read, in bytes.
const BYTES_MAX: usize = 64 * 1024;
/// Names of one list that are kept.
const NAMES_MAX: usize = 32;
/// Characters of one name.
const NAME_CHARS_MAX: usize = 300;

/// What an API says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProtectedResource {
    /// Where it says so.
    pub found_at: String,
    /// The API by its own identifier, which a token is asked for (RFC 8707).
    pub resource: String,
    /// Its name for people.
    pub name: Option<String>,
    /// The issuers that give tokens for it. Only such that secrets may go to.
    pub authorization_servers: Vec<String>,
    /// What may be asked for.
    pub scopes: Vec<String>,
    /// It takes tokens that are bound to a key (RFC 9449), and no others.
    pub dpop_required: bool,
    /// Entries that were left out: too many, or no address that secrets may go to.
    pub left_out: u32,
}

/// Where the document may be fetched that a challenge names: from the API's own origin and nowhere else, so that whoever
/// answers cannot send us about.
///
/// # Errors
/// What is wrong with the address.
fn allowed(named: &str, asked: &Url) -> std::result::Result<Url, String> {
    let url = parse_url(named).map_err(|_| "it is no web address".to_owned())?;
    let origin = Origin::of(&url);
    if origin != Origin::of(asked) && rules::on("resource_metadata.elsewhere") {
        return Err(format!("it is at {origin}, and not at the API itself"));
    }
    match origin.is_cleartext() {
        true => Err("it is not https".to_owned()),
        false => Ok(url),
    }
}

/// Reads the document (RFC 9728 §2) that is about the API at this address.
///
/// # Errors
/// What is wrong with it.
fn read(
    found_at: &Url,
    body: &[u8],
    asked: &Url,
) -> std::result::Result<ProtectedResource, String> {
    let document: Value = serde_json::from_slice(body).map_err(|_| "it is not JSON".to_owned())?;
    let text = |name: &str| {
        let text = document.get(name).and_then(Value::as_str);
        text.map(|text| server_text(text, NAME_CHARS_MAX))
    };
    let resource = text("resource").ok_or("it does not say which API it is about")?;
    if !covers(&resource, asked) && rules::on("resource_metadata.another") {
        return Err(format!("it is about another API, {resource}"));
    }
    let mut left_out = 0;
    let mut names = |name: &str| -> Vec<String> {
        let all = document.get(name).and_then(Value::as_array);
        let all = all.map_or(&[][..], Vec::as_slice);
        left_out += u32::try_from(all.len().saturating_sub(NAMES_MAX)).unwrap_or(u32::MAX);
        let texts = all.iter().take(NAMES_MAX).filter_map(Value::as_str);
        texts
            .map(|text| server_text(text, NAME_CHARS_MAX))
            .collect()
    };
    let scopes = names("scopes_supported");
    let servers = names("authorization_servers");
    let named = servers.len();
    let is_safe =
        |issuer: &String| parse_url(issuer).is_ok_and(|url| !Origin::of(&url).is_cleartext());
    let authorization_servers: Vec<String> = servers.into_iter().filter(is_safe).collect();
    left_out += u32::try_from(named - authorization_servers.len()).unwrap_or(u32::MAX);
    let dpop_required = document.get("dpop_bound_access_tokens_required");
    Ok(ProtectedResource {
        found_at: found_at.to_string(),
        resource,
        name: text("resource_name"),
        authorization_servers,
        scopes,
        dpop_required: dpop_required.and_then(Value::as_bool) == Some(true),
        left_out,
    })
}

/// Whether an identifier is that of the API that was called (RFC 9728 §3.3): the very address, or one above it.
fn covers(resource: &str, asked: &Url) -> bool {
    let Ok(resource) = parse_url(resource) else {
        return false;
    };
    let path = resource.path().trim_end_matches('/');
    let below = asked.path().strip_prefix(path);
    Origin::of(&resource) == Origin::of(asked)
        && resource
            .query()
            .is_none_or(|query| asked.query() == Some(query))
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Fetches the document that a refusal of this address names. No secret goes along.
///
/// # Errors
/// `resource.metadata_failed`.
pub(crate) async fn fetch(
    named: &str,
    asked: &Url,
    transport: &TokenTransport,
    connection: &Connection,
) -> Result<ProtectedResource> {
    let failed = |detail: String| {
        Failure::new(Code::ResourceMetadataFailed)
            .with("url", server_text(named, NAME_CHARS_MAX))
            .with("detail", detail)
    };
    let url = allowed(named, asked).map_err(failed)?;
    let body = fetch::get(&url, transport, connection, BYTES_MAX)
        .await
        .map_err(failed)?;
    read(&url, &body, asked).map_err(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    /// Scenario 71.
    #[test]
    fn a_document_is_fetched_from_the_api_itself_and_nowhere_else() {
        let asked = url("https://api.test/orders/7?page=2");
        for (named, right) in [
            (
                "https://api.test/.well-known/oauth-protected-resource",
                true,
            ),
            ("https://api.test:443/x", true),
            ("https://api.test:8443/x", false),
            ("http://api.test/x", false),
            ("https://evil.test/x", false),
            ("https://api.test@evil.test/x", false),
            ("file:///etc/passwd", false),
            ("http://169.254.169.254/latest", false),
            ("/relative", false),
            ("", false),
        ] {
            assert_eq!(allowed(named, &asked).is_ok(), right, "{named}");
        }
    }

    /// Scenario 71.
    #[test]
    fn a_document_about_another_api_is_none() {
        let asked = url("https://api.test/v1/orders?page=2");
        for (resource, right) in [
            ("https://api.test/v1/orders", true),
            ("https://api.test/v1", true),
            ("https://api.test/v1/", true),
            ("https://api.test", true),
            ("https://api.test/v", false),
            ("https://api.test/v1/orders/7", false),
            ("https://api.test/v2", false),
            ("https://api.test:8443/v1", false),
            ("https://evil.test/v1", false),
            ("https://api.test/v1?tenant=a", false),
            ("urn:api", false),
        ] {
            let body = json!({ "resource": resource }).to_string();
            let found = read(&asked, body.as_bytes(), &asked);
            assert_eq!(found.is_ok(), right, "{resource}");
        }
        for body in ["", "[]", "{}", "<html>"] {
            assert!(read(&asked, body.as_bytes(), &asked).is_err(), "{body}");
        }
    }

    #[test]
    fn servers_that_secrets_may_not_go_to_are_left_out_and_counted() {
        let asked = url("https://api.test/");
        let many: Vec<String> = (0..NAMES_MAX + 3).map(|n| format!("s{n}")).collect();
        let body = json!({
            "resource": "https://api.test", "resource_name": "Orders\u{1b}[2J", "scopes_supported": many,
            "dpop_bound_access_tokens_required": true,
            "authorization_servers": ["https://id.test", "http://id.test", "javascript:alert(1)", 7, "https://other.test/tenant"],
        });
        let found = read(&asked, body.to_string().as_bytes(), &asked).expect("about it");
        assert_eq!(
            found.authorization_servers,
            ["https://id.test", "https://other.test/tenant"]
        );
        assert_eq!(found.left_out, 3 + 2);
        assert_eq!(found.scopes.len(), NAMES_MAX);
        assert_eq!(found.name.as_deref(), Some("Orders[2J"));
        assert!(found.dpop_required);
    }
}
