//! Reads a token endpoint's reply, refresh token first: whatever else is odd about it, the successor is not lost.

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::lifetime::lifetime;
use super::scheme::Scheme;
use crate::clock::WallMs;
use crate::session::config::replies::{Place, ReplyPlaces};
use crate::timeline::event::ExpirySource;

/// Largest reply that is read, in bytes.
pub(crate) const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// What a reply holds.
pub(crate) struct Reply {
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) access_token: Option<SecretString>,
    /// Unchecked: whose tokens these are, as the server says.
    pub(crate) id_token: Option<SecretString>,
    /// How the access token is presented.
    pub(crate) scheme: Scheme,
    /// From its arrival, in milliseconds. 0: it is expired already, not eternal.
    pub(crate) lifetime_ms: Option<u64>,
    pub(crate) expiry_source: ExpirySource,
    pub(crate) scope: Option<Vec<String>>,
    /// The server's error code, which some servers send with status 200.
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    /// What was odd, and what was made of it.
    pub(crate) warnings: Vec<String>,
}

/// Reads a reply, to a request that was `proven` to come from a key's holder or was not. `None`: it is neither JSON nor a
/// form, and no header holds a token.
pub(crate) fn read(
    body: &[u8],
    headers: &HeaderMap,
    places: &ReplyPlaces,
    proven: bool,
    now: WallMs,
) -> Option<Reply> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut warnings = Vec::new();
    let find =
        |places: &[Place], body: &Value| places.iter().find_map(|place| place.find(body, headers));
    let value = match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => value,
        // What is in the headers does not need a body.
        _ if find(&places.access_token, &Value::Null).is_some() => Value::Null,
        Ok(_) => return None,
        Err(_) => {
            warnings.push("the reply is a form, not JSON".to_owned());
            Value::Object(form(text)?)
        }
    };
    let string = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let token = |places: &[Place]| {
        let found = places
            .iter()
            .filter_map(|place| place.find(&value, headers));
        found
            .filter_map(|found| found.as_str().map(str::to_owned))
            .find(|text| !text.is_empty())
    };
    // RFC 6749 §6: no new refresh token means that the old one stays; so do an empty one and null.
    let refresh_token = token(&places.refresh_token).map(SecretString::from);
    let access_token = token(&places.access_token);
    let (lifetime_ms, expiry_source) = lifetime(
        find(&places.expires_in, &value).as_ref(),
        places.expires_in_unit,
        find(&places.expires_at, &value).as_ref(),
        access_token.as_deref(),
        now,
        &mut warnings,
    );
    // What is sent as Bearer must be one: a token of another kind would be refused, or worse, be taken for a password. One
    // that is bound to a key is of use only where the request named the key.
    let scheme = |kind: &str| {
        let is = |known: &[&str]| known.iter().any(|known| kind.eq_ignore_ascii_case(known));
        if proven && is(&["dpop"]) {
            Some(Scheme::Dpop)
        } else {
            is(&["bearer", "jwt", "access_token"]).then_some(Scheme::Bearer)
        }
    };
    let kind = string("/token_type");
    let odd = kind.filter(|kind| scheme(kind).is_none());
    if let Some(odd) = odd {
        warnings.push(format!(
            "token_type is {:?}, which is not known here",
            crate::redact::server_text(odd, 40)
        ));
    }
    Some(Reply {
        refresh_token,
        access_token: access_token
            .filter(|_| odd.is_none())
            .map(SecretString::from),
        id_token: string("/id_token").map(SecretString::from),
        scheme: kind.and_then(scheme).unwrap_or_default(),
        lifetime_ms,
        expiry_source,
        scope: string("/scope").map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
        error: string("/error").map(str::to_owned),
        error_description: string("/error_description")
            .or_else(|| string("/message"))
            .map(str::to_owned),
        warnings,
    })
}

/// A form-encoded reply, as some servers send for the default Accept. `None` where it has no known name.
fn form(text: &str) -> Option<Map<String, Value>> {
    if text.contains(['<', '\n', '{']) {
        return None;
    }
    let fields: Map<String, Value> = url::form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    ["access_token", "refresh_token", "error"]
        .iter()
        .any(|name| fields.contains_key(*name))
        .then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn oauth(body: &str) -> Option<Reply> {
        read(
            body.as_bytes(),
            &HeaderMap::new(),
            &ReplyPlaces::default(),
            false,
            WallMs(1_000_000),
        )
    }

    #[test]
    fn an_odd_lifetime_costs_no_token() {
        for lifetime in ["3600", "-1", "\"abc\"", "null", "{}", "1e308"] {
            let reply = oauth(&format!(
                r#"{{"access_token":"a","refresh_token":"r","expires_in":{lifetime}}}"#
            ))
            .expect("a reply");
            assert_eq!(
                reply.refresh_token.expect("kept").expose_secret(),
                "r",
                "{lifetime}"
            );
        }
    }

    /// Scenario 91.
    #[test]
    fn the_tokens_type_decides_the_scheme() {
        for (kind, proven, expected) in [
            ("", false, Some(Scheme::Bearer)),
            (r#","token_type":"bearer""#, true, Some(Scheme::Bearer)),
            (r#","token_type":"DPoP""#, true, Some(Scheme::Dpop)),
            (r#","token_type":"dpop""#, true, Some(Scheme::Dpop)),
            (r#","token_type":"DPoP""#, false, None),
            (r#","token_type":"mac""#, true, None),
        ] {
            let body = format!(r#"{{"access_token":"a","refresh_token":"r"{kind}}}"#);
            let places = ReplyPlaces::default();
            let headers = HeaderMap::new();
            let reply = read(body.as_bytes(), &headers, &places, proven, WallMs(0));
            let reply = reply.expect("a reply");
            let scheme = reply.access_token.map(|_| reply.scheme);
            assert_eq!(scheme, expected, "{kind} {proven}");
            assert!(reply.refresh_token.is_some(), "kept whatever the type");
        }
    }

    #[test]
    fn an_absent_empty_or_null_refresh_token_is_none() {
        for field in [
            "",
            r#","refresh_token":"""#,
            r#","refresh_token":null"#,
            r#","refresh_token":7"#,
        ] {
            let reply = oauth(&format!(r#"{{"access_token":"a"{field}}}"#)).expect("a reply");
            assert!(reply.refresh_token.is_none(), "{field}");
        }
    }

    #[test]
    fn tokens_are_found_by_pointer_and_in_forms() {
        let at = |place: &str| vec![Place::parse(place).expect("a place")];
        let places = ReplyPlaces {
            access_token: at("/data/token"),
            refresh_token: at("/data/next"),
            expires_in: at("/ttl"),
            ..ReplyPlaces::default()
        };
        let body = br#"{"data":{"token":"a","next":"r"},"ttl":6}"#;
        let reply = read(body, &HeaderMap::new(), &places, false, WallMs(0)).expect("a reply");
        assert_eq!(
            (
                reply.access_token.expect("found").expose_secret(),
                reply.lifetime_ms
            ),
            ("a", Some(6_000))
        );
        let reply = oauth("access_token=a&refresh_token=r%2Bs&expires_in=60").expect("a form");
        assert_eq!(
            (
                reply.refresh_token.expect("found").expose_secret(),
                reply.lifetime_ms
            ),
            ("r+s", Some(60_000))
        );
        assert!(
            oauth("\u{feff}{\"access_token\":\"a\"}")
                .expect("a reply")
                .access_token
                .is_some()
        );
    }

    #[test]
    fn tokens_may_stand_in_headers_beside_any_body() {
        let at = |place: &str| vec![Place::parse(place).expect("a place")];
        let places = ReplyPlaces {
            access_token: at("header:Authorization"),
            refresh_token: at("header:X-Refresh"),
            expires_in: at("header:X-Expires-In"),
            ..ReplyPlaces::default()
        };
        let headers = [
            ("authorization", "Bearer a"),
            ("x-refresh", "r"),
            ("x-expires-in", "60"),
        ];
        let headers: HeaderMap = headers
            .map(|(name, value)| {
                (
                    reqwest::header::HeaderName::from_static(name),
                    reqwest::header::HeaderValue::from_static(value),
                )
            })
            .into_iter()
            .collect();
        for body in ["", "welcome", "[]", "{}"] {
            let reply =
                read(body.as_bytes(), &headers, &places, false, WallMs(0)).expect("a reply");
            assert_eq!(
                reply.access_token.expect("found").expose_secret(),
                "a",
                "{body}"
            );
            assert_eq!(
                reply.refresh_token.expect("found").expose_secret(),
                "r",
                "{body}"
            );
            assert_eq!(reply.lifetime_ms, Some(60_000), "{body}");
        }
        assert!(read(b"welcome", &HeaderMap::new(), &places, false, WallMs(0)).is_none());
    }

    #[test]
    fn what_holds_no_reply_is_none() {
        for body in [
            "",
            "<html>access_token=1</html>",
            "[1]",
            "\"text\"",
            "hello=world",
        ] {
            assert!(oauth(body).is_none(), "{body}");
        }
    }

    #[test]
    fn an_error_with_status_200_is_read() {
        let reply = oauth(
            r#"{"error":"bad_refresh_token","error_description":"The refresh token is invalid."}"#,
        )
        .expect("a reply");
        assert_eq!(reply.error.as_deref(), Some("bad_refresh_token"));
    }
}
