//! The one user, the registered OAuth clients, and how a client proves who it is (RFC 6749, section 2.3).

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The name of the only user.
pub const DEMO_USER: &str = "ada";
/// The only user's password.
pub const DEMO_PASSWORD: &str = "hourglass";
/// A public OAuth client: it names itself in the form and proves nothing.
pub const PUBLIC_CLIENT: &str = "desktop";
/// A confidential OAuth client (`client_secret_basic`).
pub const BASIC_CLIENT: &str = "web-basic";
/// The secret of [`BASIC_CLIENT`].
pub const BASIC_SECRET: &str = "web-basic-secret";
/// A confidential client whose name and secret only arrive when both are form-encoded before Base64.
pub const ODD_CLIENT: &str = "odd:client +1";
/// The secret of [`ODD_CLIENT`].
pub const ODD_SECRET: &str = "100% s+cret:&=/?";

/// What stands for the client in families that were started by the JSON dialect, which has no clients.
pub(crate) const JSON_CLIENT: &str = "json sign-in";
/// Likewise for the cookie mode.
pub(crate) const COOKIE_CLIENT: &str = "cookie sign-in";

const CONFIDENTIAL: [(&str, &str); 2] = [(BASIC_CLIENT, BASIC_SECRET), (ODD_CLIENT, ODD_SECRET)];

/// True for the one name and password that exist here.
pub(crate) fn is_the_user(name: &str, password: &str) -> bool {
    name == DEMO_USER && password == DEMO_PASSWORD
}

/// The client that sent a form, or `None` when it did not prove to be a registered one in the way it registered for.
///
/// `named` is the form's `client_id`; `posted_secret` says that the form carried a secret, which no client here registered for.
pub(crate) fn authenticate(
    headers: &HeaderMap,
    named: Option<&str>,
    posted_secret: bool,
) -> Option<&'static str> {
    if posted_secret {
        return None;
    }
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return (named == Some(PUBLIC_CLIENT)).then_some(PUBLIC_CLIENT);
    };
    let (id, secret) = basic(authorization.to_str().ok()?)?;
    let (client, _) = CONFIDENTIAL
        .into_iter()
        .find(|known| *known == (id.as_str(), secret.as_str()))?;
    // RFC 6749 lets a form repeat the client's name, but not name another one.
    named.is_none_or(|named| named == client).then_some(client)
}

/// The two halves of `Basic …`, each undone from its form encoding (RFC 6749, section 2.3.1).
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    // A bare separator would make this two pairs: such a half was not encoded.
    if text.contains(['&', '=']) {
        return None;
    }
    let (key, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
    Some(key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn encoded(text: &str) -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    fn check(
        basic: Option<&str>,
        named: Option<&str>,
        posted_secret: bool,
        expected: Option<&str>,
    ) {
        let mut headers = HeaderMap::new();
        if let Some(pair) = basic {
            let value = format!("Basic {}", STANDARD.encode(pair));
            let value = HeaderValue::from_str(&value).expect("Base64 is a header value");
            headers.insert(header::AUTHORIZATION, value);
        }
        assert_eq!(
            authenticate(&headers, named, posted_secret),
            expected,
            "{basic:?} {named:?} {posted_secret}"
        );
    }

    #[test]
    fn a_client_is_known_only_by_the_way_it_registered_for() {
        let odd = format!("{}:{}", encoded(ODD_CLIENT), encoded(ODD_SECRET));
        let odd_unencoded = format!("{ODD_CLIENT}:{ODD_SECRET}");
        check(None, Some("desktop"), false, Some("desktop"));
        check(None, Some("web-basic"), false, None);
        check(None, None, false, None);
        check(None, Some("desktop"), true, None);
        check(
            Some("web-basic:web-basic-secret"),
            None,
            false,
            Some("web-basic"),
        );
        check(
            Some("web-basic:web-basic-secret"),
            Some("web-basic"),
            false,
            Some("web-basic"),
        );
        check(
            Some("web-basic:web-basic-secret"),
            Some("desktop"),
            false,
            None,
        );
        check(Some("web-basic:wrong"), None, false, None);
        check(Some("desktop:"), None, false, None);
        check(Some(&odd), None, false, Some(ODD_CLIENT));
        check(Some(&odd_unencoded), None, false, None);
        check(Some("no separator"), None, false, None);
    }
}
