//! The cookies of a session as its token: one jar a sign-in, kept and renewed as a whole (RFC 6265bis §5).
//!
//! Which cookie goes to which address is the library's part (domain, path, secure, expiry). What is ours is that a jar is
//! bounded, that prefixes are obeyed, and that every value in it is a secret.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use cookie_store::{Cookie, CookieStore, RawCookie};
use reqwest::header::{HeaderMap, SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::lifetime::lifetime;
use super::reply::{self, Reply};
use super::scheme::Scheme;
use crate::clock::WallMs;
use crate::session::config::cookies::CookieDialect;
use crate::session::config::replies::ReplyPlaces;
use crate::timeline::event::ExpirySource;

/// Cookies that one jar holds. A browser may hold more for one site, and no API needs them.
const COOKIES_MAX: usize = 60;
/// Longest cookie that is taken, name and value together (RFC 6265bis §5.6).
const COOKIE_BYTES_MAX: usize = 4096;
/// Largest jar, as text: with it twice in one record, that still fits into the vault.
const JAR_BYTES_MAX: usize = 24 * 1024;

/// The cookies of one sign-in.
#[derive(Clone, Default)]
pub(crate) struct Jar(CookieStore);

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jar").finish_non_exhaustive()
    }
}

impl Jar {
    /// The jar that was written down as this. `None`: it is none.
    pub(crate) fn read(text: &SecretString) -> Option<Self> {
        let cookies: Vec<Cookie<'static>> = serde_json::from_str(text.expose_secret()).ok()?;
        let all = cookies.into_iter().map(Ok::<_, std::convert::Infallible>);
        CookieStore::from_cookies(all, false).ok().map(Self)
    }

    /// All that has not expired, as it is written down.
    pub(crate) fn text(&self) -> SecretString {
        let cookies: Vec<&Cookie<'static>> = self.0.iter_unexpired().collect();
        let text = Zeroizing::new(
            serde_json::to_string(&cookies).expect("cookies are strings, which are always JSON"),
        );
        text.as_str().into()
    }

    /// Takes the cookies that an answer from this address sets, and says what it did not take. True: `wanted` is among
    /// those that were taken.
    pub(crate) fn absorb(
        &mut self,
        headers: &HeaderMap,
        from: &Url,
        wanted: &str,
        warnings: &mut Vec<String>,
    ) -> bool {
        let mut set = false;
        for value in headers.get_all(SET_COOKIE) {
            let before = self.0.clone();
            let taken = value
                .to_str()
                .ok()
                .and_then(|text| RawCookie::parse(text.to_owned()).ok())
                .filter(|cookie| is_fit(cookie, from))
                .filter(|cookie| self.0.insert_raw(cookie, from).is_ok());
            let Some(cookie) = taken else {
                warnings.push("a cookie was not taken: it is not for this server to set, has expired, or is too long".to_owned());
                continue;
            };
            let full = self.0.iter_unexpired().count() > COOKIES_MAX
                || self.text().expose_secret().len() > JAR_BYTES_MAX;
            if full {
                self.0 = before;
                warnings.push(format!(
                    "a cookie was not taken: there are more than {COOKIES_MAX}, or {JAR_BYTES_MAX} bytes of them"
                ));
                continue;
            }
            set |= cookie.name() == wanted && self.find(wanted).is_some();
        }
        set
    }

    /// What it holds, for a comparison: names, values and places, and the session's cookie with its expiry. Hashed, because
    /// all of it is secret.
    fn contents(&self, wanted: &str) -> BTreeSet<[u8; 32]> {
        let cookies = self.0.iter_unexpired();
        let content = |cookie: &Cookie<'static>| {
            let expiry = (cookie.name() == wanted).then(|| cookie.expires_datetime());
            let content = format!(
                "{} {} {:?} {:?} {expiry:?}",
                cookie.name(),
                cookie.value(),
                cookie.domain,
                cookie.path
            );
            Sha256::digest(Zeroizing::new(content).as_bytes()).into()
        };
        cookies.map(content).collect()
    }

    /// What goes into the `Cookie` header of a request to this address. `None`: nothing does.
    pub(crate) fn header_for(&self, url: &Url) -> Option<SecretString> {
        let mut cookies = self.0.matches(url);
        // RFC 6265bis §5.8.3: longer paths first. Beyond that a jar has no order of its own, and a stable one is kinder.
        cookies.sort_by(|one, other| {
            (other.path.len(), one.name()).cmp(&(one.path.len(), other.name()))
        });
        let pairs = cookies.iter().map(|cookie| {
            let (name, value) = cookie.name_value();
            format!("{name}={value}")
        });
        let text = Zeroizing::new(pairs.collect::<Vec<_>>().join("; "));
        (!text.is_empty()).then(|| text.as_str().into())
    }

    /// The value that a script on this address's page would read from a cookie: without its percent-encoding.
    pub(crate) fn readable(&self, name: &str, url: &Url) -> Option<SecretString> {
        let cookies = self.0.matches(url);
        let cookie = cookies.iter().find(|cookie| cookie.name() == name)?;
        Some(decoded(cookie.value()).as_ref().into())
    }

    fn find(&self, name: &str) -> Option<&Cookie<'static>> {
        self.0.iter_unexpired().find(|cookie| cookie.name() == name)
    }

    /// The value of a cookie, wherever it goes.
    pub(crate) fn value(&self, name: &str) -> Option<SecretString> {
        self.find(name).map(|cookie| cookie.value().into())
    }

    /// Every value, and what it reads as: each is a secret.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let values = self.0.iter_unexpired().map(|cookie| cookie.value());
        values
            .flat_map(|value| {
                let read = decoded(value);
                let differs = read != value;
                [Some(value.into()), differs.then(|| read.as_ref().into())]
            })
            .flatten()
            .collect()
    }
}

/// How long a browser would keep a cookie, in milliseconds: a lifetime counts before a moment (RFC 6265bis §5.5).
fn kept_for_ms(cookie: &Cookie<'_>, now: WallMs) -> Option<u64> {
    if let Some(age) = cookie.max_age() {
        return Some(u64::try_from(age.whole_milliseconds()).unwrap_or(0));
    }
    let at_ms = cookie
        .expires_datetime()?
        .unix_timestamp()
        .saturating_mul(1_000);
    Some(at_ms.saturating_sub(now.0).max(0).unsigned_abs())
}

fn decoded(value: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy()
}

/// Whether a cookie may be taken from this address, beside what the library looks at: its length, that a secure one does not
/// come over clear text, and that its name does not promise what it does not keep (RFC 6265bis §4.1.3 and §5.6).
fn is_fit(cookie: &RawCookie<'_>, from: &Url) -> bool {
    let name = cookie.name().to_ascii_lowercase();
    let secure = cookie.secure() == Some(true);
    let safe = from.scheme() == "https" || !crate::origin::Origin::of(from).is_cleartext();
    let host = !name.starts_with("__host-")
        || (secure && cookie.domain().is_none() && cookie.path() == Some("/"));
    cookie.name().len() + cookie.value().len() <= COOKIE_BYTES_MAX
        && (!secure || safe)
        && (!name.starts_with("__secure-") || secure)
        && host
}

/// Which request of a session an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Whatever cookies come are good.
    Prepare,
    /// The session's cookie must come.
    SignIn,
    /// The session's cookie must be there afterwards.
    Refresh,
}

/// A jar that an API's answer has renewed.
pub(crate) struct Renewed {
    pub(crate) jar: SecretString,
    /// How long the session's cookie lives from now on, in milliseconds, where the answer set it anew and says so.
    pub(crate) lifetime_ms: Option<u64>,
    /// The answer set the session's cookie.
    pub(crate) set: bool,
}

/// What an API's answer makes of the jar (RFC 6265bis §5.6). `None`: nothing, or it takes the session's cookie away, which the
/// next answer will say in its own words.
pub(crate) fn renewed(
    jar: &Jar,
    dialect: &CookieDialect,
    from: &Url,
    headers: &HeaderMap,
    now: WallMs,
) -> Option<Renewed> {
    headers.get(SET_COOKIE)?;
    let (mut renewed, mut warnings) = (jar.clone(), Vec::new());
    let set = renewed.absorb(headers, from, &dialect.cookie, &mut warnings);
    let wanted = renewed.find(&dialect.cookie)?;
    let lifetime_ms = kept_for_ms(wanted, now).filter(|_| set);
    let changed = renewed.contents(&dialect.cookie) != jar.contents(&dialect.cookie);
    changed.then(|| Renewed {
        jar: renewed.text(),
        lifetime_ms,
        set,
    })
}

/// Reads an answer as new tokens: the jar as it is after it. The body is read for errors and an expiry only.
pub(crate) fn read(
    jar: &Jar,
    dialect: &CookieDialect,
    step: Step,
    from: &Url,
    (body, headers): (&[u8], &HeaderMap),
    places: &ReplyPlaces,
    now: WallMs,
) -> Reply {
    let said = reply::read(body, headers, places, false, now);
    let (error, error_description) =
        said.map_or((None, None), |said| (said.error, said.error_description));
    let (mut jar, mut warnings) = (jar.clone(), Vec::new());
    let set = jar.absorb(headers, from, &dialect.cookie, &mut warnings);
    let signed_in = match step {
        Step::Prepare => true,
        Step::SignIn => set,
        Step::Refresh => jar.find(&dialect.cookie).is_some(),
    };
    let value = jar.value(&dialect.cookie);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let find = |places: &[crate::session::config::replies::Place]| {
        places.iter().find_map(|place| place.find(&body, headers))
    };
    let (stated, source) = lifetime(
        find(&places.expires_in).as_ref(),
        places.expires_in_unit,
        find(&places.expires_at).as_ref(),
        value.as_ref().map(ExposeSecret::expose_secret),
        now,
        &mut warnings,
    );
    let kept = jar
        .find(&dialect.cookie)
        .filter(|_| set)
        .and_then(|cookie| kept_for_ms(cookie, now));
    // The cookie goes when the sooner of both is over: a browser would not send it, or the server would not take it.
    let (lifetime_ms, expiry_source) = match (stated, kept) {
        (Some(stated), Some(kept)) if kept < stated => (Some(kept), ExpirySource::Reply),
        (None, Some(kept)) => (Some(kept), ExpirySource::Reply),
        _ => (stated, source),
    };
    let text = signed_in.then(|| jar.text());
    Reply {
        refresh_token: text.clone().filter(|_| dialect.refresh.is_some()),
        access_token: text,
        id_token: None,
        scheme: Scheme::Cookie,
        lifetime_ms,
        expiry_source,
        scope: None,
        error,
        error_description,
        warnings,
    }
}

#[cfg(test)]
mod tests;
