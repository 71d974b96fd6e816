//! HAR 1.2: every hop of every attempt, and every call of a token endpoint, as one entry.
//!
//! What HAR has no field for stands in fields that begin with `_`, which its readers leave alone. Times that the timeline
//! does not know are -1 where HAR allows that, and 0 where it does not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::Url;

use super::secrets::{BANNER, Secrets, Sent};
use super::{Evidence, moment};
use crate::redact::Fingerprint;
use crate::timeline::event::{Event, EventKey, Fact};
use crate::token::scheme::Scheme;

/// What a file without secrets says of itself.
const COMMENT: &str =
    "Tokens are keyed fingerprints. Bodies, cookies and request headers are not in it.";

/// One entry under way.
struct Entry {
    started: EventKey,
    at: String,
    method: String,
    url: String,
    /// The header that the credential is in.
    credential_header: &'static str,
    authorization: Option<String>,
    body_bytes: i64,
    status: u16,
    headers: Vec<Value>,
    media_type: String,
    content_bytes: u64,
    redirect: String,
    took_ms: f64,
    /// Its body as it was sent.
    body: Option<(String, String)>,
    /// All its headers as they were sent, where the file may hold them.
    sent_headers: Option<Vec<(String, String)>>,
    more: Map<String, Value>,
}

/// The file.
pub(super) fn write(evidence: &Evidence) -> String {
    let mut entries: Vec<Entry> = Vec::new();
    let mut requests: Requests = Requests::default();
    for event in &evidence.events {
        requests.learn(event);
        learn(event, &mut entries, &requests);
        if let Some(secrets) = &evidence.secrets {
            reveal(event, &mut entries, secrets);
        }
    }
    let entries: Vec<Value> = entries.into_iter().map(Entry::written).collect();
    let file = json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "Sandglass", "version": env!("CARGO_PKG_VERSION") },
            "comment": if evidence.secrets.is_some() { BANNER } else { COMMENT },
            "entries": entries,
            "_cut": evidence.cut,
        }
    });
    serde_json::to_string_pretty(&file).expect("JSON")
}

/// Where each request goes next, and under which token.
#[derive(Default)]
struct Requests {
    next: BTreeMap<u64, (String, String)>,
    leases: BTreeMap<u64, Fingerprint>,
}

impl Requests {
    fn learn(&mut self, event: &Event) {
        let Some(request) = event.subject.request else {
            return;
        };
        match &event.fact {
            Fact::RequestQueued { method, url, .. } => {
                self.next.insert(request, (method.clone(), url.clone()));
            }
            Fact::Redirected { method, to, .. } => {
                self.next.insert(request, (method.clone(), to.clone()));
            }
            Fact::LeaseTaken { fingerprint, .. } => {
                self.leases.insert(request, *fingerprint);
            }
            _ => {}
        }
    }
}

fn learn(event: &Event, entries: &mut Vec<Entry>, requests: &Requests) {
    let request = event.subject.request;
    match &event.fact {
        Fact::AttemptStarted {
            origin,
            authorized,
            scheme,
            typed,
        } => {
            let Some(request) = request else { return };
            let (method, url) = requests
                .next
                .get(&request)
                .cloned()
                .unwrap_or_else(|| ("GET".to_owned(), format!("{origin}/")));
            let lease = requests.leases.get(&request).filter(|_| *authorized);
            let mut entry = Entry::new(event, method, url);
            let scheme = scheme.unwrap_or_default();
            entry.authorization = match (lease, typed) {
                (Some(token), _) if scheme == Scheme::Cookie => {
                    entry.credential_header = scheme.name();
                    Some(format!("[token {token}]"))
                }
                (Some(token), _) => Some(format!("{} [token {token}]", scheme.name())),
                (None, Some(typed)) => Some(format!(
                    "{} [typed]",
                    typed.scheme.as_deref().unwrap_or_default()
                )),
                (None, None) => None,
            };
            entry.tell("_request", format!("R{request}"));
            entry.tell("_attempt", event.subject.attempt);
            entry.tell("_hop", event.subject.hop);
            entry.tell("_generation", event.subject.generation);
            entry.tell("_fingerprint", lease);
            entries.push(entry);
        }
        Fact::BodySent { bytes, .. } => {
            if let Some(entry) = of(entries, request) {
                entry.body_bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
            }
        }
        Fact::ResponseHead {
            status,
            challenges,
            took_us,
            skew_ms,
            answerer,
        } => {
            if let Some(entry) = of(entries, request) {
                entry.status = *status;
                entry.took_ms = ms(*took_us);
                let header = |name: &str, value: &str| json!({ "name": name, "value": value });
                for challenge in challenges {
                    entry.headers.push(header("WWW-Authenticate", challenge));
                }
                for (name, value) in [
                    ("Server", &answerer.server),
                    ("Via", &answerer.via),
                    ("Content-Type", &answerer.media_type),
                ] {
                    if let Some(value) = value {
                        entry.headers.push(header(name, value));
                    }
                }
                entry.media_type = answerer.media_type.clone().unwrap_or_default();
                entry.tell("_skewMs", skew_ms);
            }
        }
        Fact::ResponseClassified { verdict, rule_id } => {
            if let Some(entry) = of(entries, request) {
                entry.tell("_verdict", verdict);
                entry.tell("_rule", rule_id);
            }
        }
        Fact::AttemptFailed { error, rule_id, .. } => {
            if let Some(entry) = of(entries, request) {
                entry.tell("_error", error);
                entry.tell("_rule", rule_id);
            }
        }
        Fact::Redirected { to, .. } => {
            if let Some(entry) = of(entries, request) {
                entry.redirect.clone_from(to);
            }
        }
        Fact::SecondOpinionAsked {
            method,
            url,
            authorized,
        } => {
            let mut entry = Entry::new(event, method.clone(), url.clone());
            let lease = request
                .and_then(|request| requests.leases.get(&request))
                .filter(|_| *authorized);
            entry.authorization = lease.map(|token| format!("[token {token}]"));
            entry.tell(
                "_secondOpinionOn",
                request.map(|request| format!("R{request}")),
            );
            entry.tell("_attempt", event.subject.attempt);
            entries.push(entry);
        }
        Fact::SecondOpinionGiven {
            status,
            error,
            took_us,
            conclusion,
            ..
        } => {
            if let Some(entry) = asked_by(entries, event) {
                entry.status = status.unwrap_or_default();
                entry.took_ms = ms(*took_us);
                entry.tell("_error", error);
                entry.tell("_conclusion", conclusion);
            }
        }
        Fact::RequestFinished { body_bytes, .. } => {
            if let Some(entry) = of(entries, request) {
                entry.content_bytes = *body_bytes;
            }
        }
        Fact::ExchangeSent {
            purpose,
            endpoint,
            method,
            fingerprint,
            replay,
        } => {
            let method = method.as_deref().unwrap_or("POST").to_owned();
            let mut entry = Entry::new(event, method, endpoint.clone());
            entry.tell("_purpose", purpose);
            entry.tell(
                "_flight",
                event.subject.flight.map(|flight| format!("F{flight}")),
            );
            entry.tell("_refreshToken", fingerprint);
            entry.tell("_replay", replay);
            entries.push(entry);
        }
        Fact::ExchangeReplied {
            status,
            class,
            rule_id,
            error,
            took_us,
            ..
        } => {
            if let Some(entry) = asked_by(entries, event) {
                // Without an answer it stays 0, which is how HAR says that none came.
                if let Some(status) = status {
                    entry.status = *status;
                }
                entry.took_ms = ms(*took_us);
                entry.tell("_class", class);
                entry.tell("_rule", rule_id);
                entry.tell("_error", error);
            }
        }
        _ => {}
    }
}

/// Puts what was sent into the entry of a send's last attempt.
fn reveal(event: &Event, entries: &mut [Entry], secrets: &Secrets) {
    let Fact::AttemptStarted { .. } = event.fact else {
        return;
    };
    let (request, attempt) = (event.subject.request, event.subject.attempt);
    let sent = request.and_then(|request| secrets.requests.get(&request));
    let Some(sent) = sent.filter(|sent| Some(sent.attempt) == attempt) else {
        return;
    };
    if let Some(entry) = of(entries, request) {
        let Sent {
            method,
            url,
            headers,
            body,
            token_gone,
            ..
        } = sent;
        entry.method.clone_from(method);
        entry.url.clone_from(url);
        entry.sent_headers = Some(headers.clone());
        let media_type = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map_or_else(String::new, |(_, value)| value.clone());
        entry.body = body.clone().map(|body| (media_type, body));
        entry.tell("_tokenGone", token_gone.then_some(true));
    }
}

/// The entry of what this event is the answer to.
fn asked_by<'e>(entries: &'e mut [Entry], event: &Event) -> Option<&'e mut Entry> {
    let sent = event.cause_seq.first().copied();
    entries
        .iter_mut()
        .rev()
        .find(|entry| Some(entry.started) == sent)
}

/// The newest entry of a request.
fn of(entries: &mut [Entry], request: Option<u64>) -> Option<&mut Entry> {
    let name = Value::from(format!("R{}", request?));
    entries
        .iter_mut()
        .rev()
        .find(|entry| entry.more.get("_request") == Some(&name))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "HAR wants milliseconds with a fraction; 2^52 microseconds are a century"
)]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

impl Entry {
    fn new(event: &Event, method: String, url: String) -> Self {
        let mut entry = Self {
            started: event.key,
            at: moment::written(event.wall_ms),
            method,
            url,
            credential_header: "Authorization",
            authorization: None,
            body_bytes: -1,
            status: 0,
            headers: Vec::new(),
            media_type: String::new(),
            content_bytes: 0,
            redirect: String::new(),
            took_ms: 0.0,
            body: None,
            sent_headers: None,
            more: Map::new(),
        };
        entry.tell("_run", event.key.run);
        entry.tell("_seq", event.key.seq);
        entry.tell("_session", event.subject.session.as_deref());
        entry
    }

    /// One more field of ours, if it has a value.
    fn tell(&mut self, name: &str, value: impl serde::Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if !value.is_null() {
            self.more.insert(name.to_owned(), value);
        }
    }

    fn written(self) -> Value {
        let query: Vec<Value> = Url::parse(&self.url).map_or_else(
            |_| Vec::new(),
            |url| {
                url.query_pairs()
                    .map(|(name, value)| json!({ "name": name, "value": value }))
                    .collect()
            },
        );
        let authorization = self.authorization.map(|value| {
            json!({ "name": self.credential_header, "value": value, "comment": "a fingerprint, not the credential" })
        });
        let headers = match self.sent_headers {
            None => authorization.into_iter().collect(),
            Some(sent) => sent
                .into_iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>(),
        };
        let mut entry = json!({
            "startedDateTime": self.at,
            "time": self.took_ms,
            "request": {
                "method": self.method,
                "url": self.url,
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": headers,
                "queryString": query,
                "headersSize": -1,
                "bodySize": self.body_bytes,
            },
            "response": {
                "status": self.status,
                "statusText": "",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": self.headers,
                "content": { "size": self.content_bytes, "mimeType": self.media_type },
                "redirectURL": self.redirect,
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": { "blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": self.took_ms, "receive": 0, "ssl": -1 },
        });
        if let Some((media_type, text)) = self.body {
            entry["request"]["postData"] = json!({ "mimeType": media_type, "text": text });
        }
        if let Value::Object(fields) = &mut entry {
            fields.extend(self.more);
        }
        entry
    }
}
