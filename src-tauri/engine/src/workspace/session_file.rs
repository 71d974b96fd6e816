//! A session's file: how to sign in and refresh, and where the token may be sent. It proposes; the vault's record decides.
//!
//! Here is what it may say, as data; what that comes to is in `config`.

mod config;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use super::fill::Filler;
use super::invalid;
use super::reading::{line_of, parse, quoted};
use crate::error::Result;
use crate::session::config::grant_type::GrantType;
use crate::session::config::replies::{OldRefreshToken, Unit};
use crate::session::config::{ClientAuth, RefreshWhen, SessionConfig};

/// Kinds of sessions.
const KINDS: [&str; 3] = ["json", "oauth", "cookie"];

/// Reads `sessions/NAME.toml`.
pub(super) fn read(
    name: &str,
    path: &Path,
    text: &str,
    filler: &Filler<'_>,
) -> Result<SessionConfig> {
    let file = SessionFile::parse(path, text)?;
    // `FOLDER/sessions/NAME.toml`: other files are named from the workspace's own folder.
    let folder = path.ancestors().nth(2).unwrap_or(path);
    file.config(name, folder, filler)
        .map_err(|wrong| wrong.in_text(path, text))
}

#[derive(Deserialize)]
struct KindFile {
    kind: toml::Spanned<String>,
}

/// What a session's file says.
enum SessionFile {
    /// A JSON sign-in and refresh endpoint.
    Json(JsonFile),
    /// A standard OAuth token endpoint.
    Oauth(OauthFile),
    /// Requests whose answers set cookies.
    Cookie(CookieFile),
}

/// A JSON sign-in and refresh endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonFile {
    #[serde(rename = "kind")]
    _kind: String,
    /// Where the token may be sent.
    origins: Vec<String>,
    /// Another family than its own name's.
    #[serde(default)]
    family: Option<String>,
    /// When the token is refreshed.
    #[serde(default)]
    refresh_when: RefreshWhen,
    /// Headers that a redirect to another origin leaves behind.
    #[serde(default)]
    secret_headers: Vec<String>,
    /// How its connections are made.
    #[serde(default)]
    connection: ConnectionFile,
    /// What becomes of the refresh token that a refresh was sent with.
    #[serde(default)]
    old_refresh_token: OldRefreshToken,
    /// The request that signs in. Absent: one signs in with a refresh token that one already has.
    #[serde(default)]
    sign_in: Option<RequestFile>,
    /// The request that refreshes.
    refresh: RequestFile,
    /// Where the tokens stand in both replies.
    #[serde(default)]
    reply: ReplyFile,
    /// Answers to a refresh that mean that the session has ended.
    #[serde(default, deserialize_with = "one_or_more")]
    ended_when: Vec<AnswerFile>,
    /// How the API says that a token was refused, beside 401.
    #[serde(default)]
    refused_when: Option<AnswerFile>,
}

/// Sign-in and refresh by requests whose answers set cookies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CookieFile {
    #[serde(rename = "kind")]
    _kind: String,
    /// Where the cookies may be sent, as far as they are for it.
    origins: Vec<String>,
    /// The cookie without which nobody is signed in.
    cookie: String,
    /// Another family than its own name's.
    #[serde(default)]
    family: Option<String>,
    /// When the cookies are refreshed.
    #[serde(default)]
    refresh_when: RefreshWhen,
    /// Headers that a redirect to another origin leaves behind.
    #[serde(default)]
    secret_headers: Vec<String>,
    /// How its connections are made.
    #[serde(default)]
    connection: ConnectionFile,
    /// The request that fetches what the sign-in must bring back.
    #[serde(default)]
    prepare: Option<RequestFile>,
    /// The request that signs in.
    sign_in: RequestFile,
    /// The request that refreshes. Absent: the user signs in again.
    #[serde(default)]
    refresh: Option<RequestFile>,
    /// The header that repeats a cookie.
    #[serde(default)]
    csrf: Option<CsrfFile>,
    /// Where an expiry stands in the replies, where it is not the cookie's own.
    #[serde(default)]
    reply: ReplyFile,
    /// Answers to a refresh that mean that the session has ended.
    #[serde(default, deserialize_with = "one_or_more")]
    ended_when: Vec<AnswerFile>,
    /// How the API says that the cookies were refused, beside 401.
    #[serde(default)]
    refused_when: Option<AnswerFile>,
}

/// The header that repeats a cookie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsrfFile {
    /// The cookie that holds the value.
    cookie: String,
    /// The header that it goes back in.
    header: String,
}

/// A standard OAuth token endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OauthFile {
    #[serde(rename = "kind")]
    _kind: String,
    /// Where the token may be sent.
    origins: Vec<String>,
    /// The authorization server's identifier, where it is known.
    #[serde(default)]
    issuer: Option<String>,
    /// Where refresh tokens go. Absent: the issuer says.
    #[serde(default)]
    token_endpoint: Option<String>,
    /// Where the user signs in, in a browser.
    #[serde(default)]
    authorization_endpoint: Option<String>,
    /// Where an authorization request is put before the browser is sent there (RFC 9126).
    #[serde(default)]
    pushed_authorization_request_endpoint: Option<String>,
    /// Where a device asks for a code to show (RFC 8628).
    #[serde(default)]
    device_authorization_endpoint: Option<String>,
    /// Where tokens are given back (RFC 7009).
    #[serde(default)]
    revocation_endpoint: Option<String>,
    /// Where the server tells what a token is worth (RFC 7662).
    #[serde(default)]
    introspection_endpoint: Option<String>,
    /// Where the server tells who the user is.
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    /// Where the user signs out of the server itself.
    #[serde(default)]
    end_session_endpoint: Option<String>,
    /// The server takes no authorization request that was not pushed.
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    /// The server's authorization responses name it (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    /// Where the browser is sent back to.
    #[serde(default)]
    redirect_uri: Option<String>,
    /// What the authorization request says besides.
    #[serde(default)]
    authorization_parameters: BTreeMap<String, String>,
    /// Where the keys are that the server signs with, where that is known.
    #[serde(default)]
    jwks_uri: Option<String>,
    /// The client's identifier.
    client_id: String,
    /// How the client authenticates.
    #[serde(default)]
    client_auth: ClientAuth,
    /// Whether its tokens are bound to a key of the session's own (RFC 9449).
    #[serde(default)]
    dpop: bool,
    /// How it gets tokens.
    #[serde(default)]
    grant: GrantType,
    /// Scopes to ask for, with spaces between them.
    #[serde(default)]
    scope: Option<String>,
    /// The API that the token is for (RFC 8707).
    #[serde(default)]
    resource: Option<String>,
    /// Another family than its own name's.
    #[serde(default)]
    family: Option<String>,
    /// When the token is refreshed.
    #[serde(default)]
    refresh_when: RefreshWhen,
    /// Headers that a redirect to another origin leaves behind.
    #[serde(default)]
    secret_headers: Vec<String>,
    /// How its connections are made.
    #[serde(default)]
    connection: ConnectionFile,
    /// What becomes of the refresh token that a refresh was sent with.
    #[serde(default)]
    old_refresh_token: OldRefreshToken,
    /// Where the tokens stand in the endpoint's replies.
    #[serde(default)]
    reply: ReplyFile,
    /// Answers to a refresh that mean that the session has ended.
    #[serde(default, deserialize_with = "one_or_more")]
    ended_when: Vec<AnswerFile>,
    /// How the API says that a token was refused, beside 401.
    #[serde(default)]
    refused_when: Option<AnswerFile>,
}

/// How connections are made, where that is not as usual.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionFile {
    /// `system`, or the address of a proxy.
    proxy: Option<String>,
    /// A file with the certificates of an authority, in the workspace's folder or anywhere.
    authority: Option<String>,
    /// Certificates that are taken for one host each.
    #[serde(default)]
    pins: Vec<PinFile>,
}

/// A certificate that is taken for one host.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinFile {
    host: String,
    sha256: String,
}

/// An answer that means something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    /// The status of such an answer.
    status: u16,
    /// A header, and the value that it has then.
    #[serde(default)]
    header: Option<(String, String)>,
    /// A JSON pointer into the body, and what stands there.
    #[serde(default)]
    body: Option<(String, String)>,
}

/// A request whose JSON and headers may hold `{{placeholders}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    /// POST by default.
    #[serde(default)]
    method: Option<String>,
    /// Where it goes.
    url: String,
    /// JSON whose strings may hold placeholders.
    #[serde(default)]
    body: Option<String>,
    /// Names and values of a form instead; the values may hold placeholders.
    #[serde(default)]
    form: BTreeMap<String, String>,
    /// Names and values; the values may hold placeholders.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Where the tokens stand in a reply: a JSON pointer into its body, or `header:` and the header's name.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyFile {
    /// The access token; by default `/access_token`, `/accessToken` or `/token`.
    #[serde(default)]
    access_token: Option<String>,
    /// The refresh token; by default `/refresh_token` or `/refreshToken`.
    #[serde(default)]
    refresh_token: Option<String>,
    /// The lifetime; by default `/expires_in` or `/expiresIn`.
    #[serde(default)]
    expires_in: Option<String>,
    /// What the lifetime is counted in; seconds by default.
    #[serde(default)]
    expires_in_unit: Unit,
    /// The moment of expiry; by default `/expires_at` or `/expiresAt`.
    #[serde(default)]
    expires_at: Option<String>,
}

impl SessionFile {
    /// Reads the text of `sessions/NAME.toml`.
    ///
    /// # Errors
    /// `workspace.invalid` with the line, where it is no session's file.
    fn parse(path: &Path, text: &str) -> Result<Self> {
        // The kind first: it says which keys there may be, and an error then has its line.
        let kind = parse::<KindFile>(path, text)?.kind;
        match kind.get_ref().as_str() {
            "json" => parse(path, text).map(Self::Json),
            "oauth" => parse(path, text).map(Self::Oauth),
            "cookie" => parse(path, text).map(Self::Cookie),
            other => {
                let line = line_of(text, kind.span().start);
                let detail = format!("kind {other:?} is not known; known are {}", quoted(&KINDS));
                Err(invalid(path, Some(line), &detail))
            }
        }
    }
}

/// Reads `[name]` as a list of one, and `[[name]]`.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<AnswerFile>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a table with a `status`, and with `header` or `body`, or a list of such tables"
    )]
    enum OneOrMore {
        One(AnswerFile),
        More(Vec<AnswerFile>),
    }
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}
