//! One exchange with a token endpoint: put together from the session's dialect, sent, judged by pure rules.

mod grants;
mod judge;
pub(crate) mod spoken;
mod template;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

pub(crate) use self::grants::{device_code_request, device_request, pushed_request};
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
use crate::oauth::dpop::nonces::{Role, nonce_in};
use crate::session::config::connection::Connection;
use crate::session::config::cookies::CookieDialect;
use crate::session::config::replies::Replies;
use crate::token::cookies::{self, Jar, Step};
use crate::token::reply::{self, REPLY_BYTES_MAX};
use crate::token::scheme::Scheme;

/// A request to a token endpoint. What may be used once only is made for each time that it is sent.
pub(crate) struct TokenRequest {
    pub(crate) url: Url,
    method: Method,
    content: Content,
    /// The key that its holder proves to have, where tokens are bound to one.
    proof_key: Option<Arc<ProofKey>>,
    /// The access token that it presents, where it is a call of a protected resource of the server's own.
    presented: Option<(Scheme, SecretString)>,
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

    /// Its method, where that is not POST: a session's own requests may have any.
    pub(crate) fn method_if_odd(&self) -> Option<&str> {
        (self.method != Method::POST).then(|| self.method.as_str())
    }

    /// What presents its token (RFC 6750 §2.1, RFC 9449 §7.1).
    fn authorization(&self) -> Vec<(HeaderName, SecretString)> {
        let header = |(scheme, token): &(Scheme, SecretString)| {
            let text = Zeroizing::new(format!("{} {}", scheme.name(), token.expose_secret()));
            (AUTHORIZATION, text.as_str().into())
        };
        self.presented.iter().map(header).collect()
    }

    /// As what the server is called: each of its parts has nonces of its own.
    pub(crate) fn nonce_role(&self) -> Role {
        match self.presented {
            Some(_) => Role::Resource,
            None => Role::Authorization,
        }
    }

    /// Whether a proof goes along.
    pub(crate) fn is_proven(&self) -> bool {
        self.proof_key.is_some()
    }

    /// What is sent, this once.
    fn post(&self, nonce: Option<&str>, now: WallMs) -> Result<Post> {
        let presented = self.presented.as_ref().map(|(_, token)| token);
        let proof =
            |key: &Arc<ProofKey>| key.proof(self.method.as_str(), &self.url, presented, nonce, now);
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
                headers: [headers.clone(), self.cookie_headers(), self.authorization()].concat(),
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

    /// What would be sent as the body.
    pub(super) fn body(request: &TokenRequest) -> String {
        let post = request.post(None, WallMs(0)).expect("ready");
        post.body.expose_secret().to_owned()
    }
}
