//! A draft that was checked: everything that can be wrong before the wire is found here, and nothing was sent yet.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING,
};
use reqwest::{Method, Request};
use url::Url;

use super::body::OneShot;
use super::draft::Draft;
use super::payload::Payload;
use super::presented::Presented;
use super::redirect::{self, Hop, Next};
use super::typed;
use crate::error::{Code, Failure, Result};
use crate::origin::{Origin, parse_url};
use crate::session::config::SessionConfig;
use crate::timeline::event::{TypedAuthorization, Withheld};

/// A request that can be sent as often as its body allows, byte for byte the same but for its token.
pub(crate) struct Ready {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) origin: Origin,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// Whether redirects are followed.
    pub(super) follows: bool,
    /// How long the send may take as a whole.
    pub(crate) time_limit: Option<Duration>,
    /// Why no token goes with it; `None`: the session's token does.
    pub(crate) withheld: Option<Withheld>,
}

impl Ready {
    /// Checks a draft against the session that it names.
    ///
    /// # Errors
    /// `url.invalid`, `method.invalid`, `header.invalid`, `body.invalid`, `origin.blocked`, `origin.cleartext`.
    pub(crate) fn check(draft: Draft, session: Option<&SessionConfig>) -> Result<Self> {
        let method = Method::from_bytes(draft.method.trim().as_bytes()).map_err(|_| {
            Failure::new(Code::MethodInvalid)
                .with("method", crate::redact::server_text(&draft.method, 40))
        })?;
        let url = parse_url(&draft.url)?;
        let origin = Origin::of(&url);
        let mut headers = HeaderMap::new();
        for (name, value) in &draft.headers {
            let wrong = |detail: &str| {
                Failure::new(Code::HeaderInvalid)
                    .with("header", crate::redact::server_text(name, 60))
                    .with("detail", detail)
            };
            let header = HeaderName::from_bytes(name.trim().as_bytes())
                .map_err(|_| wrong("the name is not a token"))?;
            let value = HeaderValue::from_str(value.trim())
                .map_err(|_| wrong("the value holds a line break or a control character"))?;
            headers.append(header, value);
        }
        let withheld = match session {
            None => Some(Withheld::NoSession),
            Some(_) if headers.contains_key(AUTHORIZATION) => Some(Withheld::OwnAuthorization),
            Some(session) => match may_attach(session, &origin) {
                Ok(()) => None,
                Err(_) if draft.allow_without_token => Some(Withheld::OriginNotAllowed),
                Err(failure) => return Err(failure),
            },
        };
        let time_limit = draft.time_limit();
        let payload = Payload::new(draft.body)?;
        if let Some((media_type, forced)) = payload.media_type()
            && (forced || !headers.contains_key(CONTENT_TYPE))
        {
            headers.insert(CONTENT_TYPE, media_type.clone());
        }
        Ok(Self {
            method,
            url,
            origin,
            headers,
            payload,
            follows: draft.follow_redirects,
            time_limit,
            withheld,
        })
    }

    /// The same with a body that can be sent once, instead of the draft's.
    pub(crate) fn with_stream(self, stream: OneShot) -> Self {
        Self {
            payload: Payload::once(stream),
            ..self
        }
    }

    /// The same, as a question for server-sent events.
    pub(crate) fn for_events(mut self) -> Self {
        if !self.headers.contains_key(ACCEPT) {
            let events = HeaderValue::from_static("text/event-stream");
            self.headers.insert(ACCEPT, events);
        }
        self
    }

    /// What a stream that this opens is asked for again with, and the id of the event that it already begins after.
    pub(crate) fn question(&self) -> (Question, String) {
        let mut headers = self.headers.clone();
        for name in OF_THE_BODY {
            headers.remove(name);
        }
        let id = headers
            .get(LAST_EVENT_ID)
            .and_then(|id| std::str::from_utf8(id.as_bytes()).ok())
            .unwrap_or_default()
            .to_owned();
        let question = Question {
            url: self.url.clone(),
            origin: self.origin.clone(),
            headers,
            follows: self.follows,
            withheld: self.withheld,
        };
        (question, id)
    }

    /// Takes what a send has asked out of it, once nothing more of it is sent: the headers and the body go along.
    pub(super) fn taken(&mut self) -> Self {
        Self {
            method: self.method.clone(),
            url: self.url.clone(),
            origin: self.origin.clone(),
            headers: std::mem::take(&mut self.headers),
            payload: std::mem::replace(&mut self.payload, Payload::empty()),
            follows: self.follows,
            time_limit: self.time_limit,
            withheld: self.withheld,
        }
    }

    /// The request for one attempt, with the body opened for it.
    pub(super) fn request(
        &self,
        client: &reqwest::Client,
        presented: Option<Presented>,
        body: Option<reqwest::Body>,
    ) -> Result<Request> {
        let mut request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone());
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut request = request.build().map_err(|error| {
            Failure::new(Code::UrlInvalid).with("detail", crate::client::chain(error))
        })?;
        if let Some(presented) = presented {
            presented.put_into(request.headers_mut());
        }
        Ok(request)
    }

    /// What of an `Authorization` the user typed, as far as it may be told.
    pub(crate) fn typed(&self) -> Option<TypedAuthorization> {
        typed::typed(&self.headers)
    }

    /// Whether it asks for JSON and for no page: by what it accepts, else by what it sends.
    pub(crate) fn wants_json(&self) -> bool {
        let says = |name: HeaderName, word: &str| {
            let mut values = self.headers.get_all(name).iter();
            values.any(|value| {
                value
                    .to_str()
                    .is_ok_and(|value| value.to_ascii_lowercase().contains(word))
            })
        };
        if self.headers.contains_key(ACCEPT) {
            says(ACCEPT, "json") && !says(ACCEPT, "html")
        } else {
            says(CONTENT_TYPE, "json")
        }
    }

    /// This stop of the send.
    pub(crate) fn hop(&self) -> Hop {
        Hop {
            method: self.method.clone(),
            url: self.url.clone(),
        }
    }

    /// Goes on to the next stop. Returns the headers that stayed behind.
    pub(crate) fn follow(&mut self, next: Next, secret: &[String]) -> Vec<String> {
        let stripped = redirect::strip(&mut self.headers, &next, secret);
        if !next.keeps_body {
            self.payload = Payload::empty();
        }
        self.method = next.hop.method;
        self.url = next.hop.url;
        self.origin = next.origin;
        stripped
    }

    /// The host and port, for messages.
    pub(crate) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// How an interrupted stream is asked for again: by GET and without a body, whatever opened it.
pub(crate) struct Question {
    url: Url,
    origin: Origin,
    headers: HeaderMap,
    follows: bool,
    withheld: Option<Withheld>,
}

impl Question {
    /// The request for what came after the event with this id; empty: none is known.
    pub(crate) fn after(&self, id: &str) -> Ready {
        let mut headers = self.headers.clone();
        headers.remove(LAST_EVENT_ID);
        // An id that cannot stand in a header was not taken by the parser.
        if let Some(id) = HeaderValue::from_bytes(id.as_bytes())
            .ok()
            .filter(|id| !id.is_empty())
        {
            headers.insert(LAST_EVENT_ID, id);
        }
        Ready {
            method: Method::GET,
            url: self.url.clone(),
            origin: self.origin.clone(),
            headers,
            payload: Payload::empty(),
            follows: self.follows,
            // A stream that is open has no end to wait for.
            time_limit: None,
            withheld: self.withheld,
        }
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Headers that belong to the request that opened a stream, and not to the question how it went on.
const OF_THE_BODY: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
    HeaderName::from_static("idempotency-key"),
];

/// Whether the session's token may go to this origin: only an exact match on its list, and never in clear text across a network.
pub(crate) fn may_attach(session: &SessionConfig, origin: &Origin) -> Result<()> {
    if !session.origins.contains(origin) {
        let allowed = session
            .origins
            .iter()
            .map(Origin::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(Failure::new(Code::OriginBlocked)
            .with("origin", origin)
            .with("session", &session.name)
            .with("allowed", allowed));
    }
    if origin.is_cleartext() {
        return Err(Failure::new(Code::OriginCleartext)
            .with("origin", origin)
            .with("session", &session.name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::config::grant_type::GrantType;
    use crate::session::config::replies::Replies;
    use crate::session::config::{ClientAuth, Dialect, OauthDialect, RefreshWhen};

    fn session() -> SessionConfig {
        let endpoint = Url::parse("https://id.test/token").expect("a URL");
        let dialect = OauthDialect {
            issuer: None,
            jwks_uri: None,
            to_discover: false,
            server: crate::session::config::server::Server::default(),
            authorization: crate::session::config::authorization::Authorization::default(),
            token_endpoint: endpoint,
            client_id: "c".to_owned(),
            client_auth: ClientAuth::None,
            dpop: false,
            grant: GrantType::RefreshToken,
            scope: None,
            resource: None,
        };
        let origins = ["https://api.acme.test", "http://10.0.0.5"]
            .map(|text| Origin::parse(text).expect("an origin"));
        SessionConfig {
            name: "acme".into(),
            origins: origins.to_vec(),
            family: "acme".into(),
            refresh_when: RefreshWhen::Refused,
            dialect: Dialect::Oauth(Box::new(dialect)),
            replies: Replies::default(),
            refused_when: None,
            secret_headers: Vec::new(),
            connection: Default::default(),
        }
    }

    fn draft(url: &str) -> Draft {
        Draft {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            session: None,
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        }
    }

    /// Scenario 106. N2 and N3.
    #[test]
    fn a_token_goes_only_to_the_exact_origins_of_its_session() {
        for (url, expected) in [
            ("https://api.acme.test/orders", None),
            ("https://api.acme.test:443/", None),
            ("https://evil.test/", Some(Code::OriginBlocked)),
            (
                "https://api.acme.test.evil.test/",
                Some(Code::OriginBlocked),
            ),
            ("https://api.acme.test:8443/", Some(Code::OriginBlocked)),
            ("http://api.acme.test/", Some(Code::OriginBlocked)),
            ("http://10.0.0.5/", Some(Code::OriginCleartext)),
        ] {
            let checked = Ready::check(draft(url), Some(&session()));
            assert_eq!(
                checked.as_ref().err().map(|failure| failure.code),
                expected,
                "{url}"
            );
            if expected.is_some() {
                let without = Ready::check(
                    Draft {
                        allow_without_token: true,
                        ..draft(url)
                    },
                    Some(&session()),
                )
                .expect("sent without");
                assert_eq!(without.withheld, Some(Withheld::OriginNotAllowed));
            }
        }
    }

    /// Scenario 103.
    #[test]
    fn a_typed_authorization_makes_the_session_step_aside() {
        let draft = Draft {
            headers: vec![("authorization".to_owned(), "Basic x".to_owned())],
            ..draft("https://api.acme.test/")
        };
        assert_eq!(
            Ready::check(draft, Some(&session()))
                .expect("fine")
                .withheld,
            Some(Withheld::OwnAuthorization)
        );
    }

    #[test]
    fn json_is_asked_for_by_what_is_accepted_else_by_what_is_sent() {
        for (headers, expected) in [
            (&[][..], false),
            (&[("Accept", "application/json")], true),
            (&[("Accept", "application/problem+json, */*")], true),
            (&[("Accept", "text/html, application/json")], false),
            (
                &[("Accept", "*/*"), ("Content-Type", "application/json")],
                false,
            ),
            (&[("Content-Type", "application/json; charset=utf-8")], true),
        ] {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
                .collect();
            let draft = Draft {
                headers,
                ..draft("https://a.test/")
            };
            let ready = Ready::check(draft, None).expect("fine");
            assert_eq!(ready.wants_json(), expected, "{:?}", ready.headers);
        }
    }

    #[test]
    fn what_cannot_be_sent_is_named_before_anything_is_sent() {
        let header = |name: &str, value: &str| Draft {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..draft("https://a.test/")
        };
        for (draft, code) in [
            (
                Draft {
                    method: "GE T".to_owned(),
                    ..draft("https://a.test/")
                },
                Code::MethodInvalid,
            ),
            (
                Draft {
                    method: String::new(),
                    ..draft("https://a.test/")
                },
                Code::MethodInvalid,
            ),
            (draft("not a url"), Code::UrlInvalid),
            (header("x y", "1"), Code::HeaderInvalid),
            (header("x", "a\r\nInjected: 1"), Code::HeaderInvalid),
        ] {
            let failure = Ready::check(draft, None).err().expect("refused");
            assert_eq!(failure.code, code);
        }
        assert!(
            Ready::check(
                Draft {
                    method: "PURGE".to_owned(),
                    ..self::draft("https://a.test/")
                },
                None
            )
            .is_ok(),
            "any token is a method"
        );
    }
}
