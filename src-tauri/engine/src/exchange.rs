//! The life of one send.
//!
//! ```text
//! Draft --check--> Ready --take a lease--> attempt --head--> judged --+--> answer
//!                    ^                                                |
//!                    '---- once, with a newer token <---- refused ----'
//! ```
//!
//! Each send runs on a task of its own and ends with exactly one `RequestFinished`, also where it is stopped or dies.

pub mod body;
pub mod draft;
mod multipart;
mod outgoing;
mod payload;
mod ready;
pub mod replay;
pub mod response;
pub mod sse;
pub mod stream;

use std::sync::Arc;
use std::time::Duration;

use self::outgoing::Progress;
pub(crate) use self::ready::Ready;
use self::replay::{Lost, is_refusal_in_disguise};
use self::response::ResponseDetails;
use crate::client;
use crate::clock::micros;
use crate::error::{Code, Failure, Result};
use crate::family::Context;
use crate::redact::Masker;
use crate::rules;
use crate::session::decision::is_refusal;
use crate::session::{Lease, Session, Take, Verdict};
use crate::timeline::Entry;
use crate::timeline::event::{self, Actor, EventKey, Fact, Outcome, Subject, Withheld};

/// Of an answer's body, this much is returned as text; the rest is counted.
pub const BODY_SHOWN_BYTES_MAX: usize = 1024 * 1024;
/// Of an answer's body, this much is read; beyond that the connection is closed and the body is said to be cut.
pub const BODY_READ_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One accepted send under way.
pub(crate) struct Exchange {
    context: Arc<Context>,
    client: reqwest::Client,
    ready: Ready,
    session: Option<Arc<Session>>,
    /// All sessions' secrets are masked, not only this one's.
    sessions: Vec<Arc<Session>>,
    subject: Subject,
    began: Duration,
    queued: EventKey,
    attempts: u32,
    /// How long a token must live on to be taken for this.
    fresh_for: Duration,
    finished: bool,
}

/// What one attempt brought, and how that was judged.
struct Tried {
    brought: Result<reqwest::Response>,
    verdict: event::Verdict,
    judged: EventKey,
}

/// What the last attempt brought, before it is finished.
struct Answer {
    response: reqwest::Response,
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
        let response = self.brought.map_err(|failure| (failure, cause))?;
        Ok(Answer {
            response,
            classified: cause,
            not_repeated,
        })
    }
}

impl Exchange {
    /// Accepts a checked draft: from here on, exactly one `RequestFinished` follows.
    pub(crate) fn accept(
        context: Arc<Context>,
        client: reqwest::Client,
        ready: Ready,
        session: Option<Arc<Session>>,
        sessions: Vec<Arc<Session>>,
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
            url: crate::redact::url(&ready.url),
            origin: ready.origin.to_string(),
        };
        let began = context.clock.mono();
        let queued = context
            .timeline
            .append(Entry::new(Actor::User, &subject, fact));
        Self {
            context,
            client,
            ready,
            session,
            sessions,
            subject,
            began,
            queued,
            attempts: 0,
            fresh_for: Duration::ZERO,
            finished: false,
        }
    }

    pub(crate) fn queued(&self) -> EventKey {
        self.queued
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> Result<ResponseDetails> {
        let answer = match self.answer(self.queued).await {
            Ok(answer) => answer,
            Err((failure, cause)) => {
                self.finish(Outcome::Failed, None, 0, Some(failure.code), cause);
                return Err(failure);
            }
        };
        let (status, classified) = (answer.response.status().as_u16(), answer.classified);
        match self.read(answer).await {
            Ok(details) => {
                let error = details.not_repeated.as_ref().map(|failure| failure.code);
                self.finish(
                    Outcome::Answered,
                    Some(status),
                    details.body_bytes,
                    error,
                    classified,
                );
                Ok(details)
            }
            Err(failure) => {
                self.finish(
                    Outcome::Failed,
                    Some(status),
                    0,
                    Some(failure.code),
                    classified,
                );
                Err(failure)
            }
        }
    }

    /// The attempts: one, and at most one more.
    async fn answer(&mut self, mut cause: EventKey) -> Result<Answer, (Failure, EventKey)> {
        let payload = &self.ready.payload;
        let bytes = payload
            .measure()
            .await
            .map_err(|failure| (failure, cause))?;
        self.fresh_for = replay::fresh_for(payload.class(), bytes);
        let mut retried = false;
        loop {
            let lease = self.lease(&mut cause).await?;
            let tried = self.attempt(lease.as_ref(), cause).await?;
            let (Some(session), Some(lease), event::Verdict::TokenRefused) =
                (&self.session, &lease, tried.verdict)
            else {
                let judged = tried.judged;
                return tried.end(judged, None);
            };
            let (mut retry, mut rule_id, because, mut not_repeated) =
                self.recover(session, lease, retried, tried.judged).await;
            let mut judged = tried.judged;
            if retry
                && let Err(unfit) = self.ready.payload.repeatable().await
                && rules::on(unfit.rule_id())
            {
                let reason = unfit.reason;
                judged = self.tell(Fact::NotReplayable { reason }, judged);
                (retry, rule_id, not_repeated) = (false, unfit.rule_id(), Some(unfit.failure));
            }
            let fact = Fact::RetryDecided {
                retry,
                rule_id: rule_id.to_owned(),
            };
            let decided = self.tell_under(None, fact, Some(judged), because);
            if !retry {
                return tried.end(decided, not_repeated);
            }
            cause = decided;
            retried = true;
        }
    }

    /// What becomes of a refused attempt: whether it is repeated, by which rule, after which event, or why it is not.
    async fn recover(
        &self,
        session: &Session,
        lease: &Lease,
        retried: bool,
        classified: EventKey,
    ) -> (bool, &'static str, Option<EventKey>, Option<Failure>) {
        loop {
            match session.refused(
                lease,
                retried,
                &self.ready.origin,
                &self.attempt_subject(),
                classified,
            ) {
                Verdict::Return { rule_id, failure } => return (false, rule_id, None, failure),
                Verdict::Retry { rule_id, published } => {
                    return (true, rule_id, Some(published), None);
                }
                Verdict::Wait { rule_id, seat } => {
                    let end = seat.wait().await;
                    return match &end.result {
                        Ok(()) => (true, rule_id, Some(end.finished), None),
                        Err(failure) => (
                            false,
                            "flight.failed",
                            Some(end.finished),
                            Some(failure.clone()),
                        ),
                    };
                }
                // Another session of the family flies; its end, good or bad, decides nothing here. Each round has a flight.
                Verdict::Queue { seat } => {
                    let end = seat.wait().await;
                    if matches!(&end.result, Err(failure) if failure.code == Code::RefreshSlow) {
                        return (
                            false,
                            "flight.failed",
                            Some(end.finished),
                            end.result.as_ref().err().cloned(),
                        );
                    }
                }
            }
        }
    }

    /// The token for the next attempt, if this send carries one; waits where a newer one is on the way.
    async fn lease(&mut self, cause: &mut EventKey) -> Result<Option<Lease>, (Failure, EventKey)> {
        if let Some(reason) = self.ready.withheld {
            if self.attempts == 0 && (self.session.is_some() || reason != Withheld::NoSession) {
                *cause = self.tell(Fact::TokenWithheld { reason }, *cause);
            }
            return Ok(None);
        }
        let Some(session) = self.session.clone() else {
            return Ok(None);
        };
        session.family.settled().await;
        let mut fresh_for = self.fresh_for;
        let mut waits = 0;
        let lease = loop {
            match session
                .take(&self.subject, *cause, fresh_for)
                .map_err(|failure| (failure, *cause))?
            {
                Take::Lease(lease) => break lease,
                // Its successors were refused as well, before this send could use one: the server's word is final for now.
                Take::Wait(_) if waits == WAITS_BEFORE_SENDING_MAX => {
                    return Err((
                        Failure::new(Code::RefreshTransient).with("session", &session.config.name),
                        *cause,
                    ));
                }
                Take::Wait(seat) => {
                    let end = seat.wait().await;
                    let mine = end.member == session.config.name;
                    if let Err(failure) = end.result.as_ref().map_err(Failure::clone)
                        && mine
                        && fresh_for.is_zero()
                    {
                        return Err((failure, end.finished));
                    }
                    *cause = end.finished;
                    waits += 1;
                    // What the flight brought is as fresh as it gets; where it brought nothing, the server judges what is at hand.
                    if mine {
                        fresh_for = Duration::ZERO;
                    }
                }
            }
        };
        let (age_ms, expires_in_ms) = lease.times(self.context.clock.wall());
        let fact = Fact::LeaseTaken {
            fingerprint: lease.fingerprint(),
            age_ms,
            expires_in_ms,
        };
        *cause = self.tell_under(Some(&lease), fact, Some(*cause), None);
        Ok(Some(lease))
    }

    /// One try on the wire, up to the head of the answer, and what it means.
    async fn attempt(
        &mut self,
        lease: Option<&Lease>,
        cause: EventKey,
    ) -> Result<Tried, (Failure, EventKey)> {
        self.attempts += 1;
        let fact = Fact::AttemptStarted {
            origin: self.ready.origin.to_string(),
            authorized: lease.is_some(),
        };
        let started = self.tell_under(lease, fact, Some(cause), None);
        let began = self.context.clock.mono();
        let opened = self.ready.payload.open().await;
        let (body, progress) = opened.map_err(|failure| (failure, started))?.unzip();
        let request = self
            .ready
            .request(&self.client, lease.map(Lease::access_token), body)
            .map_err(|failure| (failure, started))?;
        let brought = self.client.execute(request).await;
        let mut cause = started;
        if let Some(progress) = &progress {
            let fact = Fact::BodySent {
                class: self.ready.payload.class(),
                bytes: progress.sent(),
                whole: progress.whole(),
            };
            cause = self.tell_under(lease, fact, Some(started), None);
        }
        let response = match brought {
            Ok(response) => response,
            Err(error) => {
                let failure = self.transport(error);
                let (suspect, rule_id) = self.judge_failure(&failure, lease, progress.as_deref());
                let verdict = if suspect {
                    event::Verdict::TokenRefused
                } else {
                    event::Verdict::Returned
                };
                let fact = Fact::AttemptFailed {
                    error: failure.code,
                    verdict,
                    rule_id: rule_id.to_owned(),
                };
                return Ok(Tried {
                    brought: Err(failure),
                    verdict,
                    judged: self.tell_under(lease, fact, Some(cause), None),
                });
            }
        };
        let challenges = response
            .headers()
            .get_all(reqwest::header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(|value| crate::redact::server_text(value, CHALLENGE_CHARS_MAX))
            .collect();
        let took_us = micros(self.context.clock.mono().saturating_sub(began));
        let fact = Fact::ResponseHead {
            status: response.status().as_u16(),
            challenges,
            took_us,
        };
        let head = self.tell_under(lease, fact, Some(cause), None);
        let (verdict, rule_id) = is_refusal(response.status().as_u16(), lease.is_some());
        let fact = Fact::ResponseClassified {
            verdict,
            rule_id: rule_id.to_owned(),
        };
        Ok(Tried {
            brought: Ok(response),
            verdict,
            judged: self.tell_under(lease, fact, Some(head), None),
        })
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
            stale: lease.is_some_and(|lease| lease.is_stale(self.context.clock.wall())),
        })
    }

    /// Reads the body and makes the answer what the outside may see.
    async fn read(&self, mut answer: Answer) -> Result<ResponseDetails> {
        let masker = self.masker();
        let response = &mut answer.response;
        let header =
            |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                (
                    name.to_string(),
                    masker
                        .mask(&String::from_utf8_lossy(value.as_bytes()))
                        .into_owned(),
                )
            };
        let headers = response.headers().iter().map(header).collect();
        let (status, version) = (
            response.status().as_u16(),
            format!("{:?}", response.version()),
        );
        let media_type = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| {
                value
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase()
            });
        let (mut shown, mut body_bytes, mut cut) = (Vec::new(), 0_u64, false);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(error))?
        {
            body_bytes += chunk.len() as u64;
            let room = BODY_SHOWN_BYTES_MAX - shown.len();
            shown.extend_from_slice(&chunk[..chunk.len().min(room)]);
            cut |= chunk.len() > room;
            if body_bytes > BODY_READ_BYTES_MAX {
                break;
            }
        }
        Ok(ResponseDetails {
            request: self.subject.request.unwrap_or_default(),
            attempts: self.attempts,
            status,
            version,
            headers,
            took_us: micros(self.context.clock.mono().saturating_sub(self.began)),
            text: text(&shown, media_type.as_deref(), cut)
                .map(|text| masker.mask(&text).into_owned()),
            media_type,
            body_bytes,
            cut,
            not_repeated: answer.not_repeated,
        })
    }

    /// Masks what all sessions hold now.
    fn masker(&self) -> Masker {
        let mut masker = Masker::default();
        self.sessions
            .iter()
            .for_each(|session| session.mask_with(&mut masker));
        masker
    }

    fn transport(&self, error: reqwest::Error) -> Failure {
        client::failure(error, &self.ready.host(), self.context.api_limits.idle)
    }

    fn attempt_subject(&self) -> Subject {
        Subject {
            attempt: Some(self.attempts).filter(|attempts| *attempts > 0),
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
        let entry = Entry::new(Actor::Request, &self.attempt_subject(), fact)
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

/// Flights that a send waits for before its first attempt.
const WAITS_BEFORE_SENDING_MAX: u32 = 3;
/// Characters of a challenge that are kept.
const CHALLENGE_CHARS_MAX: usize = 500;

/// The body as text, where it is text: by its media type, or by its bytes where it names none.
fn text(body: &[u8], media_type: Option<&str>, cut: bool) -> Option<String> {
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
    match std::str::from_utf8(body) {
        Ok(text) if textual || !text.contains('\0') => Some(text.to_owned()),
        // A cut may fall inside a character: the whole ones before it are shown.
        Err(error) if cut && error.error_len().is_none() => {
            String::from_utf8(body[..error.valid_up_to()].to_vec()).ok()
        }
        _ if textual && media_type.is_some() => Some(String::from_utf8_lossy(body).into_owned()),
        _ => None,
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
            assert_eq!(text(body, media_type, cut).as_deref(), expected, "{body:?}");
        }
    }
}
