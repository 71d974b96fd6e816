//! Where an answer sends us next, and what may go along: redirects are followed here, hop by hop (RFC 9110 §15.4).
//!
//! The token and every other secret stay behind as soon as scheme, host or port differ, and do not come back on a later
//! hop. What would widen trust without asking stops instead: clear text after https, and a body to another origin.

use reqwest::Method;
use reqwest::header::{
    AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, ORIGIN, PROXY_AUTHORIZATION, REFERER,
    TRANSFER_ENCODING,
};
use url::Url;

use crate::error::{Code, Failure, Result};
use crate::origin::{Origin, parse_url};
use crate::redact::{self, server_text};
use crate::rules;

/// Redirects that one send follows.
pub const HOPS_MAX: usize = 10;
/// Characters of an unusable `Location` that are shown.
const LOCATION_CHARS_MAX: usize = 200;

/// Headers whose values are secrets by their names, beside those that a session's file names.
const SECRET_HEADERS: [HeaderName; 14] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("apikey"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("x-access-token"),
    HeaderName::from_static("x-csrf-token"),
    HeaderName::from_static("x-xsrf-token"),
    HeaderName::from_static("x-amz-security-token"),
    HeaderName::from_static("private-token"),
    HeaderName::from_static("ocp-apim-subscription-key"),
];
/// Headers that speak of the origin that was left.
const OF_ORIGIN: [HeaderName; 3] = [HOST, ORIGIN, REFERER];

/// One stop of a send: what was asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) url: Url,
}

/// The stop after it.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub(crate) hop: Hop,
    pub(crate) origin: Origin,
    pub(crate) same_origin: bool,
    pub(crate) keeps_body: bool,
}

/// Decides where a redirect leads. `trail` holds the stops so far, the one that answered last; `body`: it carried one.
///
/// # Errors
/// `redirect.*`, with the chain of addresses.
pub(crate) fn next(trail: &[Hop], body: bool, status: u16, location: &[u8]) -> Result<Next> {
    let from = trail
        .last()
        .expect("a send has been somewhere before it is redirected");
    let to = target(&from.url, location)?;
    let (left, origin) = (Origin::of(&from.url), Origin::of(&to));
    let stop = |code| {
        Failure::new(code)
            .with("from", &left)
            .with("to", &origin)
            .with("chain", chain(trail, &to))
    };
    if from.url.scheme() == "https" && to.scheme() == "http" && rules::on("redirect.cleartext") {
        return Err(stop(Code::RedirectCleartext));
    }
    let (method, keeps_body) = repeated_as(status, &from.method);
    let same_origin = left == origin;
    if body && keeps_body && !same_origin && rules::on("redirect.body") {
        return Err(stop(Code::RedirectBody).with("status", status));
    }
    let hop = Hop {
        method,
        url: to.clone(),
    };
    if trail.contains(&hop) && rules::on("redirect.loop") {
        return Err(stop(Code::RedirectLoop));
    }
    if trail.len() > HOPS_MAX {
        return Err(stop(Code::RedirectTooMany).with("limit", HOPS_MAX));
    }
    Ok(Next {
        hop,
        origin,
        same_origin,
        keeps_body,
    })
}

/// The method of the next hop, and whether the body goes along.
fn repeated_as(status: u16, method: &Method) -> (Method, bool) {
    match status {
        303 if method == Method::HEAD => (Method::HEAD, false),
        303 => (Method::GET, false),
        // RFC 9110 §15.4.2 and §15.4.3 allow this for POST, and it is what all browsers do.
        301 | 302 if method == Method::POST => (Method::GET, false),
        _ => (method.clone(), true),
    }
}

fn target(from: &Url, location: &[u8]) -> Result<Url> {
    let text = String::from_utf8_lossy(location);
    let invalid = |detail: &str| {
        // What it carries may be secret: nothing behind the path is shown, and nothing before an `@`.
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let shown = path.rsplit_once('@').map_or(path, |(_, host)| host);
        Failure::new(Code::RedirectInvalid)
            .with("location", server_text(shown, LOCATION_CHARS_MAX))
            .with("detail", detail)
            .with("from", Origin::of(from))
    };
    if std::str::from_utf8(location).is_err() || text.trim().is_empty() {
        return Err(invalid("it is empty or not text"));
    }
    if text
        .split(['?', '#'])
        .next()
        .is_some_and(|address| address.contains('\\'))
    {
        return Err(invalid("a backslash makes two readers see two hosts"));
    }
    let joined = from
        .join(text.trim())
        .map_err(|error| invalid(&error.to_string()))?;
    let mut to = parse_url(joined.as_str())
        .map_err(|failure| invalid(failure.params.get("detail").map_or("", String::as_str)))?;
    // It never goes on the wire, and would make two stops of one.
    to.set_fragment(None);
    Ok(to)
}

/// The addresses in the order of the hops, as text.
fn chain(trail: &[Hop], to: &Url) -> String {
    let mut addresses: Vec<String> = trail.iter().map(|hop| redact::url(&hop.url)).collect();
    addresses.push(redact::url(to));
    addresses.join(" -> ")
}

/// Takes away the headers that may not go along to the next stop, and names them.
pub(crate) fn strip(headers: &mut HeaderMap, next: &Next, secret: &[String]) -> Vec<String> {
    let goes = |name: &HeaderName| {
        let of_body = name.as_str().starts_with("content-") || name == TRANSFER_ENCODING;
        let bound_to_origin = SECRET_HEADERS.contains(name)
            || OF_ORIGIN.contains(name)
            || secret
                .iter()
                .any(|known| name.as_str().eq_ignore_ascii_case(known));
        (next.keeps_body || !of_body) && (next.same_origin || !bound_to_origin)
    };
    let stay: Vec<HeaderName> = headers.keys().filter(|name| !goes(name)).cloned().collect();
    for name in &stay {
        headers.remove(name);
    }
    stay.iter().map(HeaderName::to_string).collect()
}

#[cfg(test)]
mod tests;
