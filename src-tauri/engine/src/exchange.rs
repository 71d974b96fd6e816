//! The life of one send.
//!
//! ```text
//! Draft --check--> Ready --take a lease--> attempt --head--> judged --+--> answer
//!                   ^ ^                                            | |
//!                   | '---- once, with a newer token <---- refused-' |
//!                   |------ the next hop <---- redirected -----------|
//!                   '---- signed again <---- a nonce is wanted ------'
//! ```
//!
//! Each send runs on a task of its own and ends with exactly one `RequestFinished`, also where it is stopped or dies.

pub(crate) mod asked;
pub mod body;
mod consequence;
pub mod draft;
pub(crate) mod filled;
pub(crate) mod head;
mod judge;
mod misfortune;
mod multipart;
mod outgoing;
pub mod outlet;
mod payload;
pub mod peek;
pub(crate) mod presented;
pub(crate) mod ready;
pub mod redirect;
pub mod replay;
pub mod response;
pub mod sse;
pub mod stream;
mod typed;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use secrecy::SecretString;

use self::asked::{Asked, AskedBook};
use self::consequence::Step;
use self::head::Head;
use self::judge::{Attempt, judge};
use self::outgoing::Progress;
use self::outlet::Outlet;
use self::peek::Begun;
use self::presented::Presented;
pub(crate) use self::ready::Ready;
use self::redirect::Hop;
use self::replay::{Lost, is_refusal_in_disguise};
use self::response::ResponseDetails;
use crate::client;
use crate::clock::micros;
use crate::error::{Code, Failure, Result};
use crate::family::Context;
use crate::oauth::dpop::nonces::Role;
use crate::redact::{self, Masker};
use crate::session::config::connection::Connection;
use crate::session::snapshot::SessionKind;
use crate::session::{Lease, Session};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Outcome, Subject, Verdict, Withheld};
use crate::token::scheme::Scheme;

/// Of an answer's body, this much is returned as text; the rest is counted.
pub const BODY_SHOWN_BYTES_MAX: usize = 1024 * 1024;
/// Of an answer's body, this much is read; beyond that the connection is closed and the body is said to be cut.
pub const BODY_READ_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One accepted send under way.
pub(crate) struct Exchange {
    context: Arc<Context>,
    ready: Ready,
    session: Option<Arc<Session>>,
    /// All sessions' secrets are masked, not only this one's.
    sessions: Arc<[Arc<Session>]>,
    subject: Subject,
    began: Duration,
    queued: EventKey,
    attempts: u32,
    /// How long a token must live on to be taken for this.
    fresh_for: Duration,
    /// The stops before this one, by redirects.
    trail: Vec<Hop>,
    /// The sign-in whose token this send began with: it is never continued under another one.
    epoch: Option<u32>,
    /// A redirect led to another origin: the session's token stays behind, for good.
    left: bool,
    finished: bool,
    /// Where the body goes. Absent: its beginning is returned as text.
    outlet: Option<Outlet>,
    /// Where what was asked last is kept afterwards.
    book: Option<Arc<AskedBook>>,
}

/// What a send has behind it, as far as that limits what may follow.
#[derive(Clone, Copy, Default)]
struct Past {
    /// It was repeated with a newer token.
    retried: bool,
    /// Times that this hop was signed again for a nonce, under the token that it has now.
    nonces: u32,
}

/// Times that one hop is signed again because its server wants another nonce. The budget of the token is another one.
const NONCES_MAX: u32 = 1;

/// What one attempt brought, and how that was judged.
struct Tried {
    brought: Result<Reply>,
    verdict: Verdict,
    rule_id: &'static str,
    judged: EventKey,
}

/// An answer up to where it could be judged.
struct Reply {
    response: reqwest::Response,
    head: Head,
    begun: Begun,
}

/// What the last attempt brought, before it is finished.
struct Answer {
    response: reqwest::Response,
    begun: Begun,
    classified: EventKey,
    not_repeated: Option<Failure>,
}

impl Tried {
    /// The end of a send: with the answer, or with the reason why there is none.
    fn end(
        self,
        cause: EventKey,
        not_repeated: Option<Failure>,
    ) -> Result<Answer, (Failure, EventKey)> {
        let reply = self.brought.map_err(|failure| (failure, cause))?;
        Ok(Answer {
            response: reply.response,
            begun: reply.begun,
            classified: cause,
            not_repeated,
        })
    }
}

impl Exchange {
    /// Accepts a checked draft: from here on, exactly one `RequestFinished` follows.
    pub(crate) fn accept(
        context: Arc<Context>,
        ready: Ready,
        session: Option<Arc<Session>>,
        sessions: Arc<[Arc<Session>]>,
        request: u64,
    ) -> Self {
        let subject = Subject {
            request: Some(request),
            session: session
                .as_ref()
                .map(|session| Arc::clone(&session.config.name)),
            ..Subject::default()
        };
        let fact = Fact::RequestQueued {
            method: ready.method.to_string(),
            url: shown(&context, &ready.url),
            origin: ready.origin.to_string(),
        };
        let began = context.clock.mono();
        let queued = context
            .timeline
            .append(Entry::new(Actor::User, &subject, fact));
        Self {
            context,
            ready,
            session,
            sessions,
            subject,
            began,
            queued,
            attempts: 0,
            fresh_for: Duration::ZERO,
            trail: Vec::new(),
            epoch: None,
            left: false,
            finished: false,
            outlet: None,
            book: None,
        }
    }

    /// The same, whose last request is kept there when it is over.
    pub(crate) fn kept_in(mut self, book: &Arc<AskedBook>) -> Self {
        self.book = Some(Arc::clone(book));
        self
    }

    /// The same, whose answer's body goes there.
    pub(crate) fn into_outlet(mut self, outlet: Outlet) -> Self {
        self.outlet = Some(outlet);
        self
    }

    pub(crate) fn queued(&self) -> EventKey {
        self.queued
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> Result<Arc<ResponseDetails>> {
        let (ended, status, cause) = match self.ready.time_limit {
            None => self.work().await,
            Some(limit) => match tokio::time::timeout(limit, self.work()).await {
                Ok(ended) => ended,
                // As where the user stops it: what was under way for others goes on.
                Err(_) => (Err(self.late(limit)), None, self.queued),
            },
        };
        let request = self.subject.request.unwrap_or_default();
        self.remember(request);
        self.context.answers.keep(request, ended.clone());
        match &ended {
            Ok(details) => {
                let error = details.not_repeated.as_ref().map(|failure| failure.code);
                self.finish(Outcome::Answered, status, details.body_bytes, error, cause);
            }
            Err(failure) => self.finish(Outcome::Failed, status, 0, Some(failure.code), cause),
        }
        ended
    }

    /// Keeps what was asked last. Called before the timeline says that it is over: who hears of it finds it.
    fn remember(&mut self, request: u64) {
        if let Some(book) = &self.book {
            let asked = Asked {
                ready: self.ready.taken(),
                session: self.subject.session.clone(),
                attempt: self.attempts,
                left: self.left,
            };
            book.keep(request, asked);
        }
    }

    /// The attempts, then the body: how it ended, the status where there was one, and the event that says so.
    async fn work(&mut self) -> (Result<Arc<ResponseDetails>>, Option<u16>, EventKey) {
        match self.answer(self.queued).await {
            Ok(answer) => {
                let (status, classified) = (answer.response.status().as_u16(), answer.classified);
                (
                    self.read(answer).await.map(Arc::new),
                    Some(status),
                    classified,
                )
            }
            Err((failure, cause)) => {
                let masked = failure.masked(&self.context.variable_masker());
                (Err(masked), None, cause)
            }
        }
    }

    /// The time that the request itself allows is over.
    fn late(&self, limit: Duration) -> Failure {
        Failure::new(Code::RequestTimeout)
            .with("host", self.ready.host())
            .with("seconds", limit.as_secs_f32())
    }

    /// The attempts: one, and at most one more with a newer token; each over as many hops as its redirects lead, and each
    /// hop signed again where its server wants a nonce.
    async fn answer(&mut self, mut cause: EventKey) -> Result<Answer, (Failure, EventKey)> {
        // A stream comes here for each of its connections, which all begin where it began.
        self.trail.clear();
        self.left = false;
        let payload = &self.ready.payload;
        let bytes = payload
            .measure()
            .await
            .map_err(|failure| (failure, cause))?;
        self.fresh_for = replay::fresh_for(payload.class(), bytes);
        let mut past = Past::default();
        let mut hopped = false;
        loop {
            let lease = self.lease(&mut cause).await?;
            self.attempts += u32::from(!hopped);
            let tried = self.attempt(lease.as_ref(), past, cause).await?;
            match self.follow_up(tried, lease.as_ref(), past).await? {
                Step::End(answer) => return Ok(answer),
                Step::Hop(told) => {
                    (cause, hopped) = (told, true);
                    past.nonces = 0;
                }
                Step::Again(told) => {
                    (cause, hopped) = (told, false);
                    past = Past {
                        retried: true,
                        nonces: 0,
                    };
                }
                Step::SignAgain(told) => {
                    (cause, hopped) = (told, false);
                    past.nonces += 1;
                }
            }
        }
    }

    /// The token for the next attempt, if this send carries one; waits where a newer one is on the way.
    async fn lease(&mut self, cause: &mut EventKey) -> Result<Option<Lease>, (Failure, EventKey)> {
        if self.left {
            return Ok(None);
        }
        if let Some(reason) = self.ready.withheld {
            if self.attempts == 0 && (self.session.is_some() || reason != Withheld::NoSession) {
                *cause = self.tell(Fact::TokenWithheld { reason }, *cause);
            }
            return Ok(None);
        }
        let Some(session) = self.session.clone() else {
            return Ok(None);
        };
        let lease = session.fresh(&self.subject, cause, self.fresh_for).await?;
        let (epoch, _) = lease.epoch_and_generation();
        if *self.epoch.get_or_insert(epoch) != epoch {
            // Whoever signed in since may be somebody else (scenario 120).
            let failure = Failure::new(Code::Superseded).with("session", &session.config.name);
            return Err((failure, *cause));
        }
        let (age_ms, expires_in_ms) = lease.times(session.family.wall());
        let fact = Fact::LeaseTaken {
            fingerprint: lease.fingerprint(),
            age_ms,
            expires_in_ms,
        };
        *cause = self.tell_under(Some(&lease), fact, Some(*cause), None);
        Ok(Some(lease))
    }

    /// One hop on the wire, up to the head of the answer, and what it means.
    async fn attempt(
        &self,
        lease: Option<&Lease>,
        past: Past,
        cause: EventKey,
    ) -> Result<Tried, (Failure, EventKey)> {
        let fact = Fact::AttemptStarted {
            origin: self.ready.origin.to_string(),
            authorized: lease.is_some(),
            scheme: lease
                .map(Lease::scheme)
                .filter(|scheme| *scheme != Scheme::Bearer),
            typed: self.ready.typed(),
        };
        let started = self.tell_under(lease, fact, Some(cause), None);
        let began = self.context.clock.mono();
        let opened = self.ready.payload.open().await;
        let (body, progress) = opened.map_err(|failure| (failure, started))?.unzip();
        let (corrupted, mut cause) = match self.corrupted(lease, started) {
            Some((token, injected)) => (Some(token), injected),
            None => (None, started),
        };
        let presented = self
            .present(lease, corrupted.as_ref())
            .map_err(|failure| (failure, started))?;
        let proven = presented.as_ref().is_some_and(Presented::is_proven);
        let nonce_sent = presented.as_ref().and_then(|shown| shown.nonce.clone());
        let client = self.client(lease).map_err(|failure| (failure, started))?;
        let request = self
            .ready
            .request(&client, presented, body)
            .map_err(|failure| (failure, started))?;
        let brought = match self.made_up(lease, cause) {
            Some((response, injected)) => {
                cause = injected;
                Ok(response)
            }
            None => client.execute(request).await,
        };
        if let Some(progress) = &progress {
            let fact = Fact::BodySent {
                class: self.ready.payload.class(),
                bytes: progress.sent(),
                whole: progress.whole(),
            };
            cause = self.tell_under(lease, fact, Some(cause), None);
        }
        let mut response = match brought {
            Ok(response) => response,
            Err(error) => {
                let failure = self.transport(error);
                let (suspect, rule_id) = self.judge_failure(&failure, lease, progress.as_deref());
                let verdict = if suspect {
                    Verdict::TokenRefused
                } else {
                    Verdict::Returned
                };
                let fact = Fact::AttemptFailed {
                    error: failure.code,
                    verdict,
                    rule_id: rule_id.to_owned(),
                };
                return Ok(Tried {
                    brought: Err(failure),
                    verdict,
                    rule_id,
                    judged: self.tell_under(lease, fact, Some(cause), None),
                });
            }
        };
        let head = Head::read(response.status().as_u16(), response.headers());
        if proven && let (Some(nonce), Some(session)) = (&head.nonce, &self.session) {
            // From any answer, also from a good one (scenario 61).
            let nonces = session.family.nonces();
            nonces.learn(Role::Resource, &self.ready.url, nonce);
        }
        let masker = self.masker();
        let now = self.context.clock.wall();
        let fact = Fact::ResponseHead {
            status: head.status,
            challenges: head.told(&masker),
            took_us: micros(self.context.clock.mono().saturating_sub(began)),
            skew_ms: head.date_ms.map(|date| date.saturating_sub(now.0)),
            answerer: head.answerer(&masker),
        };
        let told = self.tell_under(lease, fact, Some(cause), None);
        let (begun, matched) = self
            .look_into(&mut response, &head, lease)
            .await
            .map_err(|failure| (failure, told))?;
        let (verdict, rule_id) = judge(
            &head,
            &Attempt {
                proven,
                nonce_sent: nonce_sent.as_deref(),
                ..self.judged_by(lease, past.retried, matched)
            },
        );
        let fact = Fact::ResponseClassified {
            verdict,
            rule_id: rule_id.to_owned(),
        };
        let judged = self.tell_under(lease, fact, Some(told), None);
        if let (Some(session), Some(lease)) = (&self.session, lease) {
            session.learn_from_answer(lease, verdict, head.status, judged);
            // An answer that refuses says nothing of a session that goes on.
            let goes_on = matches!(verdict, Verdict::Returned | Verdict::Redirected);
            if goes_on && head.status < 400 {
                let (url, subject) = (&self.ready.url, &self.attempt_subject());
                session.take_cookies(lease, response.headers(), url, subject, judged);
            }
        }
        Ok(Tried {
            brought: Ok(Reply {
                response,
                head,
                begun,
            }),
            verdict,
            rule_id,
            judged,
        })
    }

    /// The client for the hop under way: the client's certificate goes only where its token goes.
    fn client(&self, lease: Option<&Lease>) -> Result<reqwest::Client> {
        let usual = Connection::default();
        let connection = self
            .session
            .as_ref()
            .map(|session| &session.config.connection);
        let certificate = lease.and_then(Lease::certificate);
        self.context
            .clients
            .for_apis(connection.unwrap_or(&usual), certificate)
    }

    /// The first request as it would go to the wire, for the bench.
    #[cfg(feature = "probe")]
    pub(crate) async fn attached(mut self) -> Result<reqwest::Request> {
        let mut cause = self.queued;
        let lease = self
            .lease(&mut cause)
            .await
            .map_err(|(failure, _)| failure)?;
        let presented = self.present(lease.as_ref(), None)?;
        let client = self.client(lease.as_ref())?;
        self.ready.request(&client, presented, None)
    }

    /// What goes with the hop under way: the session's token, or this instead.
    fn present(
        &self,
        lease: Option<&Lease>,
        instead: Option<&SecretString>,
    ) -> Result<Option<Presented>> {
        let (Some(session), Some(lease)) = (&self.session, lease) else {
            return Ok(None);
        };
        let (method, url) = (&self.ready.method, &self.ready.url);
        Presented::new(session, lease, instead, method, url, self.wall()).map(Some)
    }

    /// Whether the answer fits the session's own description of a refusal; reads ahead only where that is about the body.
    async fn look_into(
        &self,
        response: &mut reqwest::Response,
        head: &Head,
        lease: Option<&Lease>,
    ) -> Result<(Begun, bool)> {
        let session = self.session.as_ref().filter(|_| lease.is_some());
        let description = session.and_then(|session| session.config.refused_when.as_ref());
        let Some(description) =
            description.filter(|wanted| wanted.fits_head(head.status, response.headers()))
        else {
            return Ok((Begun::default(), false));
        };
        if description.body.is_none() {
            return Ok((Begun::default(), true));
        }
        if !head.is_json() {
            return Ok((Begun::default(), false));
        }
        let begun = Begun::read(response)
            .await
            .map_err(|error| self.transport(error))?;
        let fits = begun
            .whole()
            .is_some_and(|body| description.fits_body(body));
        Ok((begun, fits))
    }

    /// Whether an attempt without an answer is taken for a refusal of its token, and the rule that says so.
    fn judge_failure(
        &self,
        failure: &Failure,
        lease: Option<&Lease>,
        progress: Option<&Progress>,
    ) -> (bool, &'static str) {
        is_refusal_in_disguise(Lost {
            method: self.ready.method.as_str(),
            broken: failure.code == Code::ConnectionLost,
            began: progress.is_some_and(|progress| progress.sent() > 0),
            whole: progress.is_none_or(Progress::whole),
            stale: lease.is_some_and(|lease| lease.is_stale(self.wall())),
        })
    }

    /// Reads the body and makes the answer what the outside may see.
    async fn read(&mut self, mut answer: Answer) -> Result<ResponseDetails> {
        let masker = self.masker();
        let mut outlet = self.outlet.take();
        let response = &mut answer.response;
        let headers = shown_headers(response.headers(), self.session.as_deref(), &masker);
        let (status, version) = (
            response.status().as_u16(),
            format!("{:?}", response.version()),
        );
        let media_type = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(head::media_type);
        let (mut shown, mut cut) = (answer.begun.bytes, false);
        let mut body_bytes = shown.len() as u64;
        if let Some(outlet) = &mut outlet {
            outlet.write(&shown, &masker).await?;
            if !outlet.is_beside() {
                shown.clear();
            }
        }
        let read_max = match &outlet {
            None => BODY_READ_BYTES_MAX,
            Some(outlet) => outlet.bytes_max().unwrap_or(u64::MAX),
        };
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(error))?
        {
            body_bytes += chunk.len() as u64;
            if let Some(outlet) = &mut outlet {
                outlet.write(&chunk, &masker).await?;
                if !outlet.is_beside() {
                    continue;
                }
            }
            let room = BODY_SHOWN_BYTES_MAX - shown.len();
            shown.extend_from_slice(&chunk[..chunk.len().min(room)]);
            cut |= chunk.len() > room;
            if body_bytes > read_max {
                break;
            }
        }
        if let Some(outlet) = &mut outlet {
            outlet.finish(&masker).await?;
        }
        let text = match &outlet {
            Some(outlet) if !outlet.is_beside() => None,
            _ => text(shown, media_type.as_deref(), cut).map(|text| match masker.mask(&text) {
                Cow::Owned(masked) => masked,
                Cow::Borrowed(_) => text,
            }),
        };
        Ok(ResponseDetails {
            request: self.subject.request.unwrap_or_default(),
            attempts: self.attempts,
            status,
            version,
            headers,
            took_us: micros(self.context.clock.mono().saturating_sub(self.began)),
            text,
            media_type,
            body_bytes,
            cut,
            not_repeated: answer.not_repeated,
        })
    }

    fn masker(&self) -> Masker {
        masker(&self.context, &self.sessions)
    }

    fn transport(&self, error: reqwest::Error) -> Failure {
        client::failure(error, &self.ready.host(), self.context.api_limits.idle)
    }

    fn attempt_subject(&self) -> Subject {
        Subject {
            attempt: Some(self.attempts).filter(|attempts| *attempts > 0),
            hop: u32::try_from(self.trail.len())
                .ok()
                .filter(|hops| *hops > 0),
            ..self.subject.clone()
        }
    }

    fn tell(&self, fact: Fact, cause: EventKey) -> EventKey {
        self.tell_under(None, fact, Some(cause), None)
    }

    fn tell_under(
        &self,
        lease: Option<&Lease>,
        fact: Fact,
        cause: Option<EventKey>,
        because: Option<EventKey>,
    ) -> EventKey {
        let entry = Entry::about(Actor::Request, self.attempt_subject(), fact)
            .because(cause)
            .because(because);
        self.context.timeline.append(match lease {
            Some(lease) => {
                let (epoch, generation) = lease.epoch_and_generation();
                entry.of_generation(epoch, generation)
            }
            None => entry,
        })
    }

    fn finish(
        &mut self,
        outcome: Outcome,
        status: Option<u16>,
        body_bytes: u64,
        error: Option<Code>,
        cause: EventKey,
    ) {
        self.finished = true;
        let took_us = micros(self.context.clock.mono().saturating_sub(self.began));
        let fact = Fact::RequestFinished {
            outcome,
            status,
            attempts: self.attempts,
            took_us,
            body_bytes,
            error,
        };
        self.context
            .timeline
            .append(Entry::new(Actor::Request, &self.subject, fact).because(cause));
    }
}

impl Drop for Exchange {
    /// A send that is stopped is dropped where it stands; this is where the timeline hears of it.
    fn drop(&mut self) {
        if !self.finished {
            self.finish(
                Outcome::Stopped,
                None,
                0,
                Some(Code::RequestStopped),
                self.queued,
            );
        }
    }
}

/// What must not be seen in anything that a server sends back.
pub(crate) fn masker(context: &Context, sessions: &[Arc<Session>]) -> Masker {
    let mut masker = context.variable_masker();
    for session in sessions {
        session.mask_with(&mut masker);
    }
    masker
}

/// The headers of an answer as they may be shown.
pub(crate) fn shown_headers(
    headers: &HeaderMap,
    session: Option<&Session>,
    masker: &Masker,
) -> Vec<(String, String)> {
    let of_cookies = session.is_some_and(|session| session.config.kind() == SessionKind::Cookie);
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        // What an API sets for a session of cookies is worth as much as what its sign-in set.
        let shown = match of_cookies && name == SET_COOKIE {
            true => redact::set_cookie(&text),
            false => masker.mask(&text).into_owned(),
        };
        (name.to_string(), shown)
    };
    headers.iter().map(header).collect()
}

/// An address as it may be told: without what is a secret by its name, or by the workspace's.
pub(crate) fn shown(context: &Context, url: &url::Url) -> String {
    let shown = crate::redact::url(url);
    match context.variable_masker().mask(&shown) {
        Cow::Borrowed(_) => shown,
        Cow::Owned(masked) => masked,
    }
}

/// The body as text, where it is text: by its media type, or by its bytes where it names none.
pub(crate) fn text(body: Vec<u8>, media_type: Option<&str>, cut: bool) -> Option<String> {
    let textual = media_type.is_none_or(|kind| {
        kind.starts_with("text/")
            || kind.ends_with("+json")
            || kind.ends_with("+xml")
            || matches!(
                kind,
                "application/json"
                    | "application/xml"
                    | "application/javascript"
                    | "application/x-www-form-urlencoded"
                    | "application/x-ndjson"
            )
    });
    match String::from_utf8(body) {
        Ok(text) if textual || !text.contains('\0') => Some(text),
        Ok(_) => None,
        Err(error) => {
            let (wrong, mut body) = (error.utf8_error(), error.into_bytes());
            // A cut may fall inside a character: the whole ones before it are shown.
            if cut && wrong.error_len().is_none() {
                body.truncate(wrong.valid_up_to());
                return String::from_utf8(body).ok();
            }
            let is_text = textual && media_type.is_some();
            is_text.then(|| String::from_utf8_lossy(&body).into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_body_is_text_by_its_type_or_by_its_bytes() {
        for (body, media_type, cut, expected) in [
            (&b"{}"[..], Some("application/json"), false, Some("{}")),
            (b"caf\xc3\xa9", None, false, Some("café")),
            (b"caf\xc3", None, true, Some("caf")),
            (b"\x89PNG\0", Some("image/png"), false, None),
            (b"a\0b", None, false, Some("a\0b")),
            (
                b"\xff\xfe",
                Some("text/plain"),
                false,
                Some("\u{fffd}\u{fffd}"),
            ),
            (b"\xff\xfe", None, false, None),
            (
                b"plain words",
                Some("application/octet-stream"),
                false,
                Some("plain words"),
            ),
        ] {
            let shown = text(body.to_vec(), media_type, cut);
            assert_eq!(shown.as_deref(), expected, "{body:?}");
        }
    }
}
