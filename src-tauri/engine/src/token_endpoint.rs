//! One exchange with a token endpoint: put together from the session's dialect, sent, judged by pure rules.

mod judge;
pub(crate) mod spoken;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

pub(crate) use self::judge::Judged;
use self::judge::judge;
#[cfg(test)]
pub(crate) use self::transport::MemoryAnswer;
pub(crate) use self::transport::TokenTransport;
use crate::client;
use crate::clock::WallMs;
use crate::error::Result;
use crate::failpoint::{Point, reach};
use crate::oauth::client_auth::Client;
use crate::oauth::dpop::ProofKey;
use crate::oauth::dpop::nonces::nonce_in;
use crate::session::config::connection::Connection;
use crate::session::config::cookies::CookieDialect;
use crate::session::config::grant_type::GrantType;
use crate::session::config::replies::Replies;
use crate::session::config::{ClientAuth, Dialect, JsonRequest, OauthDialect};
use crate::session::credentials::ClientSecrets;
use crate::token::TokenKind;
use crate::token::cookies::{self, Jar, Step};
use crate::token::reply::{self, REPLY_BYTES_MAX};

/// A request to a token endpoint. What may be used once only is made for each time that it is sent.
pub(crate) struct TokenRequest {
    pub(crate) url: Url,
    method: Method,
    content: Content,
    /// The key that its holder proves to have, where tokens are bound to one.
    proof_key: Option<Arc<ProofKey>>,
    /// The cookies that go along, and how the answer's are read, where the session is cookies.
    jar: Option<Cookies>,
}

/// The cookies of a session whose sign-in or refresh is under way.
#[derive(Clone)]
struct Cookies {
    dialect: CookieDialect,
    jar: Jar,
    step: Step,
}

/// What a request says.
enum Content {
    Json {
        /// Absent: there is none.
        body: Option<SecretString>,
        /// The body is a form all the same.
        form: bool,
        headers: Vec<(HeaderName, SecretString)>,
    },
    /// The fields, and the client that adds who it is.
    Form(SecretString, Client),
}

/// What is sent, this once. The headers are secrets.
struct Post {
    /// Absent: there is no body.
    content_type: Option<&'static str>,
    body: SecretString,
    headers: Vec<(HeaderName, SecretString)>,
    proof: Option<String>,
}

/// What the wire gave back.
pub(crate) enum Wire {
    /// An answer, up to [`REPLY_BYTES_MAX`] of its body.
    Answer {
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
    },
    /// The request never left.
    NotSent { detail: String },
    /// It may have left, and no whole answer came.
    Lost { status: Option<u16>, detail: String },
}

impl Wire {
    /// The status of the answer, where one came.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            Self::Lost { status, .. } => *status,
            Self::NotSent { .. } => None,
        }
    }

    /// How long the server asks to be left alone, in milliseconds, within [`RETRY_AFTER_BOUNDS`].
    pub(crate) fn retry_after_ms(&self, now: WallMs) -> Option<u64> {
        let Self::Answer { headers, .. } = self else {
            return None;
        };
        let header = headers.get(RETRY_AFTER)?.to_str().ok()?;
        judge::retry_after_ms(header, now)
    }

    /// What it was, for people: without any value that could be a secret.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Answer {
                status,
                headers,
                body,
            } => spoken::reply(*status, headers, body),
            Self::NotSent { detail } => format!("(not sent: {detail})"),
            Self::Lost { detail, .. } => format!("(no whole answer: {detail})"),
        }
    }
}

impl Dialect {
    /// The exchange that gives new tokens for a refresh token (RFC 6749 §6).
    pub(crate) fn refresh_request(
        &self,
        refresh_token: &SecretString,
        client: &ClientSecrets,
    ) -> TokenRequest {
        match self {
            Self::Json(json) => json_request(
                &json.refresh,
                &[("{{refresh_token}}", refresh_token.expose_secret())],
            ),
            Self::Cookie(cookies) => {
                // Without a refresh of its own a session has nothing that anybody could renew; see `Family::renewal`.
                let template = cookies.refresh.as_ref().unwrap_or(&cookies.sign_in);
                let jar = Jar::read(refresh_token).unwrap_or_default();
                json_request(template, &[]).with_cookies(cookies, jar, Step::Refresh)
            }
            Self::Oauth(oauth) => {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", refresh_token.expose_secret()),
                ];
                // A sign-in in the browser may have been granted more than the file asks for: a step-up is not given back by
                // the next refresh. Without a scope, all that was granted is meant (RFC 6749 §6).
                let scope = match oauth.grant {
                    GrantType::AuthorizationCode => None,
                    _ => scope(oauth),
                };
                oauth_request(oauth, fields.into_iter().chain(scope), client)
            }
        }
    }

    /// The exchange that gives tokens to the client itself (RFC 6749 §4.4); JSON sign-in has none.
    pub(crate) fn client_credentials_request(
        &self,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        match self {
            Self::Json(_) | Self::Cookie(_) => None,
            Self::Oauth(oauth) => {
                let fields = [("grant_type", "client_credentials")];
                Some(oauth_request(
                    oauth,
                    fields.into_iter().chain(scope(oauth)),
                    client,
                ))
            }
        }
    }

    /// The exchange that gives a token back (RFC 7009 §2.1). `None`: the server is not known to take any.
    pub(crate) fn revocation_request(
        &self,
        kind: TokenKind,
        token: &SecretString,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        let url = oauth.server.revocation_endpoint.clone()?;
        let hint = match kind {
            TokenKind::Access => "access_token",
            TokenKind::Refresh => "refresh_token",
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret());
        form.append_pair("token_type_hint", hint);
        Some(TokenRequest {
            method: Method::POST,
            url,
            content: Content::Form(form.finish().into(), Client::new(oauth, client)),
            proof_key: None,
            jar: None,
        })
    }

    /// The exchange that gives the cookies which a sign-in takes along, where the session has one.
    pub(crate) fn prepare_request(&self) -> Option<TokenRequest> {
        let Self::Cookie(cookies) = self else {
            return None;
        };
        let request = json_request(cookies.prepare.as_ref()?, &[]);
        Some(request.with_cookies(cookies, Jar::default(), Step::Prepare))
    }

    /// The exchange that gives first tokens for a code (RFC 6749 §4.1.3, RFC 7636 §4.5); JSON sign-in has none.
    pub(crate) fn code_request(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &str,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose_secret()),
        ];
        Some(oauth_request(oauth, fields.into_iter(), client))
    }

    /// The exchange that gives first tokens for a name and a password, where the session has one.
    pub(crate) fn password_request(
        &self,
        username: &str,
        password: &SecretString,
    ) -> Option<TokenRequest> {
        let values = [
            ("{{username}}", username),
            ("{{password}}", password.expose_secret()),
        ];
        match self {
            Self::Json(json) => json
                .sign_in
                .as_ref()
                .map(|sign_in| json_request(sign_in, &values)),
            Self::Cookie(cookies) => {
                let request = json_request(&cookies.sign_in, &values);
                Some(request.with_cookies(cookies, Jar::default(), Step::SignIn))
            }
            Self::Oauth(_) => None,
        }
    }
}

fn json_request(template: &JsonRequest, values: &[(&str, &str)]) -> TokenRequest {
    let body = template.body.clone().map(|mut body| {
        fill(&mut body, values);
        match template.form {
            true => form_of(&body).into(),
            false => body.to_string().into(),
        }
    });
    let headers = template.headers.iter();
    TokenRequest {
        method: template.method.clone(),
        url: template.url.clone(),
        content: Content::Json {
            body,
            form: template.form,
            headers: headers
                .map(|(name, value)| (name.clone(), fill_text(value, values).into()))
                .collect(),
        },
        proof_key: None,
        jar: None,
    }
}

/// An object of strings as a form; the reader of session files lets nothing else be one.
fn form_of(body: &Value) -> String {
    let fields = body.as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Replaces placeholders inside strings, in one pass: what is filled in is never searched again.
fn fill(value: &mut Value, values: &[(&str, &str)]) {
    match value {
        Value::String(text) => *text = fill_text(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fill_text(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        match values
            .iter()
            .find(|(placeholder, _)| from.starts_with(placeholder))
        {
            Some((placeholder, value)) => {
                filled.push_str(value);
                rest = &from[placeholder.len()..];
            }
            None => {
                filled.push_str("{{");
                rest = &from[2..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn scope(oauth: &OauthDialect) -> Option<(&str, &str)> {
    oauth.scope.as_deref().map(|scope| ("scope", scope))
}

/// A request of the client with the fields of its grant: what it is for, and who it is, come with every one.
fn oauth_request<'a>(
    oauth: &OauthDialect,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
    client: &ClientSecrets,
) -> TokenRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    if let Some(resource) = &oauth.resource {
        form.append_pair("resource", resource);
    }
    TokenRequest {
        method: Method::POST,
        url: oauth.token_endpoint.clone(),
        content: Content::Form(form.finish().into(), Client::new(oauth, client)),
        proof_key: None,
        jar: None,
    }
}

/// The request that puts an authorization request at the server before the browser is sent there (RFC 9126 §2.1).
pub(crate) fn pushed_request(
    oauth: &OauthDialect,
    endpoint: &Url,
    parameters: &[(String, String)],
    client: &ClientSecrets,
) -> TokenRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    if oauth.client_auth == ClientAuth::ClientSecretBasic {
        // The other methods say it themselves; a request for authorization has it whatever the client proves itself with.
        form.append_pair("client_id", &oauth.client_id);
    }
    TokenRequest {
        method: Method::POST,
        url: endpoint.clone(),
        content: Content::Form(form.finish().into(), Client::new(oauth, client)),
        proof_key: None,
        jar: None,
    }
}

impl TokenRequest {
    /// Whether it can be sent at all: before a sign-in, so that a key which is none is found before anything is kept.
    ///
    /// # Errors
    /// `key.invalid`.
    pub(crate) fn check(&self, now: WallMs) -> Result<()> {
        if let Some(certificate) = self.certificate() {
            client::tls::check_certificate(certificate)?;
        }
        self.post(None, now).map(drop)
    }

    /// The certificate that the client proves itself with, where it does so.
    fn certificate(&self) -> Option<&SecretString> {
        match &self.content {
            Content::Form(_, client) => client.certificate(),
            _ => None,
        }
    }

    /// The same, with a proof that we hold this key.
    pub(crate) fn proven_by(self, key: Option<&Arc<ProofKey>>) -> Self {
        Self {
            proof_key: key.cloned(),
            ..self
        }
    }

    fn with_cookies(self, dialect: &CookieDialect, jar: Jar, step: Step) -> Self {
        let jar = Some(Cookies {
            dialect: dialect.clone(),
            jar,
            step,
        });
        Self { jar, ..self }
    }

    /// The same, with the cookies that were got for it, where it takes any.
    pub(crate) fn taking(mut self, jar: &SecretString) -> Self {
        if let (Some(cookies), Some(jar)) = (&mut self.jar, Jar::read(jar)) {
            cookies.jar = jar;
        }
        self
    }

    /// Judges what the wire gave back to it.
    pub(crate) fn judge(&self, wire: &Wire, replies: &Replies, now: WallMs) -> Judged {
        let read = |body: &[u8], headers: &HeaderMap| match &self.jar {
            Some(Cookies { dialect, jar, step }) => Some(cookies::read(
                jar,
                dialect,
                *step,
                &self.url,
                (body, headers),
                &replies.places,
                now,
            )),
            None => reply::read(body, headers, &replies.places, self.is_proven(), now),
        };
        judge(wire, &replies.ended_when, read, now)
    }

    /// The headers that its cookies come to.
    fn cookie_headers(&self) -> Vec<(HeaderName, SecretString)> {
        let Some(Cookies { dialect, jar, .. }) = &self.jar else {
            return Vec::new();
        };
        let cookie = jar.header_for(&self.url).map(|value| (COOKIE, value));
        let csrf = dialect.csrf.as_ref().and_then(|csrf| {
            let value = jar.readable(&csrf.cookie, &self.url)?;
            Some((csrf.header.clone(), value))
        });
        cookie.into_iter().chain(csrf).collect()
    }

    /// Whether a proof goes along.
    pub(crate) fn is_proven(&self) -> bool {
        self.proof_key.is_some()
    }

    /// What is sent, this once.
    fn post(&self, nonce: Option<&str>, now: WallMs) -> Result<Post> {
        let proof =
            |key: &Arc<ProofKey>| key.proof(self.method.as_str(), &self.url, None, nonce, now);
        let proof = self.proof_key.as_ref().map(proof).transpose()?;
        match &self.content {
            Content::Json {
                body,
                form,
                headers,
            } => Ok(Post {
                content_type: body.as_ref().map(|_| match form {
                    true => "application/x-www-form-urlencoded",
                    false => "application/json",
                }),
                body: body.clone().unwrap_or_default(),
                headers: [headers.clone(), self.cookie_headers()].concat(),
                proof,
            }),
            Content::Form(fields, client) => {
                let fields = fields.expose_secret().to_owned();
                let mut form = form_urlencoded::Serializer::new(fields);
                let authorization = client.authenticate(&mut form, now)?;
                Ok(Post {
                    content_type: Some("application/x-www-form-urlencoded"),
                    body: form.finish().into(),
                    headers: authorization
                        .into_iter()
                        .map(|value| (AUTHORIZATION, value))
                        .collect(),
                    proof,
                })
            }
        }
    }

    /// What it says, for people: without any value that could be a secret.
    pub(crate) fn said(&self, now: WallMs) -> String {
        let Ok(post) = self.post(None, now) else {
            return String::new();
        };
        let headers = post.headers.iter().map(|(name, value)| {
            let value = value.expose_secret();
            let scheme = value.split_once(' ').filter(|_| *name == AUTHORIZATION);
            (name.as_str(), scheme.map(|(scheme, _)| scheme))
        });
        let proof = post.proof.as_ref().map(|_| ("dpop", None));
        let headers: Vec<_> = headers.chain(proof).collect();
        let body = post
            .content_type
            .map(|content_type| (content_type, post.body.expose_secret()));
        spoken::request(self.method.as_str(), &self.url, &headers, body)
    }

    /// Sends it, once, with the server's nonce in the proof if there is one. What came back, and the server's newest nonce.
    pub(crate) async fn send(
        &self,
        transport: &TokenTransport,
        connection: &Connection,
        nonce: Option<&str>,
        now: WallMs,
    ) -> (Wire, Option<String>) {
        let mut newest = None;
        let wire = match self.post(nonce, now) {
            Ok(post) => match transport {
                TokenTransport::Network(clients) => {
                    match clients.for_token_endpoints(connection, self.certificate()) {
                        Ok(client) => self.send_over(&client, &post, &mut newest).await,
                        Err(failure) => Wire::NotSent {
                            detail: failure.to_string(),
                        },
                    }
                }
                #[cfg(test)]
                TokenTransport::Memory(answer) => answer(post.body.expose_secret()),
            },
            Err(failure) => Wire::NotSent {
                detail: failure.to_string(),
            },
        };
        (wire, newest)
    }

    async fn send_over(
        &self,
        client: &reqwest::Client,
        post: &Post,
        newest: &mut Option<String>,
    ) -> Wire {
        let mut request = client
            .request(self.method.clone(), self.url.clone())
            .header(ACCEPT, "application/json");
        if let Some(content_type) = post.content_type {
            request = request
                .header(CONTENT_TYPE, content_type)
                .body(post.body.expose_secret().to_owned());
        }
        for (name, value) in &post.headers {
            let Ok(mut value) = HeaderValue::from_str(value.expose_secret()) else {
                return Wire::NotSent {
                    detail: format!("what it takes does not fit into the header {name}"),
                };
            };
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(proof) = &post.proof {
            request = request.header(DPOP, proof);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Wire::NotSent {
                    detail: client::chain(error),
                };
            }
            Err(error) => {
                return Wire::Lost {
                    status: None,
                    detail: client::chain(error),
                };
            }
        };
        reach(Point::HeadReceived);
        *newest = nonce_in(response.headers());
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= REPLY_BYTES_MAX => {
                    body.extend_from_slice(&chunk)
                }
                Ok(Some(_)) => {
                    return Wire::Lost {
                        status: Some(status),
                        detail: format!("the reply is larger than {REPLY_BYTES_MAX} bytes"),
                    };
                }
                Ok(None) => {
                    reach(Point::BodyWhole);
                    return Wire::Answer {
                        status,
                        headers,
                        body,
                    };
                }
                Err(error) => {
                    return Wire::Lost {
                        status: Some(status),
                        detail: client::chain(error),
                    };
                }
            }
        }
    }
}

/// RFC 9449 §4.1.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The shortest and the longest time that a server's `Retry-After` is obeyed for.
pub(crate) const RETRY_AFTER_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(3_600));

#[cfg(test)]
mod tests {
    use super::*;

    fn body(request: &TokenRequest) -> String {
        let post = request.post(None, WallMs(0)).expect("ready");
        post.body.expose_secret().to_owned()
    }

    fn template(body: &str) -> JsonRequest {
        let url = Url::parse("http://127.0.0.1:1/").expect("a URL");
        JsonRequest::post(url, serde_json::from_str(body).expect("JSON"))
    }

    #[test]
    fn what_is_filled_in_cannot_change_the_shape_of_the_body() {
        for (value, expected) in [
            ("plain", r#"{"a":["x plain y"],"{{v}}":1}"#),
            (r#"q"uote\"#, r#"{"a":["x q\"uote\\ y"],"{{v}}":1}"#),
            ("{{v}}", r#"{"a":["x {{v}} y"],"{{v}}":1}"#),
        ] {
            let request = json_request(
                &template(r#"{"a": ["x {{v}} y"], "{{v}}": 1}"#),
                &[("{{v}}", value)],
            );
            assert_eq!(body(&request), expected);
        }
        assert_eq!(
            fill_text("{{unknown}} {{", &[("{{v}}", "x")]),
            "{{unknown}} {{"
        );
    }

    #[test]
    fn a_json_request_may_carry_its_secret_in_a_header_and_no_body() {
        let template = JsonRequest {
            method: Method::GET,
            headers: vec![(AUTHORIZATION, "Bearer {{v}}".to_owned())],
            body: None,
            form: false,
            ..template("null")
        };
        let request = json_request(&template, &[("{{v}}", "secret")]);
        let post = request.post(None, WallMs(0)).expect("ready");
        assert_eq!(post.headers[0].1.expose_secret(), "Bearer secret");
        assert!(post.content_type.is_none() && post.body.expose_secret().is_empty());
    }

    #[test]
    fn a_refresh_says_what_is_wanted_and_who_asks() {
        let oauth = OauthDialect {
            issuer: None,
            jwks_uri: None,
            to_discover: false,
            server: crate::session::config::server::Server::default(),
            authorization: crate::session::config::authorization::Authorization::default(),
            token_endpoint: Url::parse("http://127.0.0.1:1/token").expect("a URL"),
            client_id: "desktop".to_owned(),
            client_auth: ClientAuth::None,
            dpop: false,
            grant: GrantType::RefreshToken,
            scope: Some("read write".to_owned()),
            resource: None,
        };
        let dialect = Dialect::Oauth(Box::new(oauth));
        let request = dialect.refresh_request(&"r t".into(), &ClientSecrets::default());
        assert_eq!(
            body(&request),
            "grant_type=refresh_token&refresh_token=r+t&scope=read+write&client_id=desktop"
        );
        let request = dialect.client_credentials_request(&ClientSecrets::default());
        assert_eq!(
            body(&request.expect("it speaks OAuth")),
            "grant_type=client_credentials&scope=read+write&client_id=desktop"
        );
    }
}
