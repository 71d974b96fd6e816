//! A session that is cookies: how it begins, how it is renewed, and which of its cookies are what (RFC 6265bis).

use reqwest::header::HeaderName;

use super::JsonRequest;

/// Sign-in and refresh by requests whose answers set cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieDialect {
    /// Sent before the sign-in, for servers that want a cookie of theirs back with it.
    pub prepare: Option<JsonRequest>,
    /// Takes `{{username}}` and `{{password}}`.
    pub sign_in: JsonRequest,
    /// Carries the session's cookies and nothing else of it. Absent: the user signs in again.
    pub refresh: Option<JsonRequest>,
    /// The cookie without which nobody is signed in. Its expiry is the session's.
    pub cookie: String,
    /// The header that repeats a cookie, where the server wants one.
    pub csrf: Option<Csrf>,
}

/// A header that only somebody who can read the server's cookies can send: it tells our requests from forged ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csrf {
    /// The cookie that holds the value, which may be percent-encoded there.
    pub cookie: String,
    /// The header that it goes back in.
    pub header: HeaderName,
}
