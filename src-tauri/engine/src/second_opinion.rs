//! The second opinion: the same request once more through an unrelated HTTP client, and the two answers side by side. It
//! says whether it is the client or the server.
//!
//! ```text
//! what a send asked last --with its token, while current, or with none--> the other client --> compare --> timeline
//! ```
//!
//! It passes the same gate: a token goes only to an origin on its session's list. What is answered teaches the session
//! nothing and starts nothing; a 401 is an answer like any other.

pub mod compare;
mod stack;

use std::sync::Arc;

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use serde::{Deserialize, Serialize};

use self::compare::{AskedOtherwise, Compared, Conclusion, Difference, Otherwise, Side, Weight};
use crate::clock::micros;
use crate::error::{Code, Failure, Result};
use crate::exchange::asked::Asked;
use crate::exchange::presented::Presented;
use crate::exchange::ready::may_attach;
use crate::exchange::response::ResponseDetails;
use crate::exchange::{head, masker, shown, shown_headers, text};
use crate::family::Context;
use crate::session::config::connection::Connection;
use crate::session::{Lease, Session};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Event, EventKey, Fact, Subject};

/// Second opinions that may be under way at once.
pub(crate) const OPINIONS_OPEN_MAX: usize = 4;
/// Longest body that is asked with, in bytes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskOpinion {
    /// The send: R12.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub request: u64,
    /// The attempt under study. Absent: the last one.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional))]
    pub attempt: Option<u32>,
    /// With the token of that attempt, while it is the current one; else with none.
    pub with_token: bool,
}

/// Two answers to one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SecondOpinion {
    /// The send.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub request: u64,
    /// The attempt under study.
    pub attempt: u32,
    /// The token of that attempt went along.
    pub with_token: bool,
    /// What the engine's client was answered.
    pub ours: Side,
    /// What the other one was answered.
    pub theirs: Side,
    /// What was asked otherwise the second time.
    pub otherwise: Vec<AskedOtherwise>,
    /// The heaviest differences first.
    pub differences: Vec<Difference>,
    /// What they say together.
    pub conclusion: Conclusion,
}

/// What the timeline tells of the attempt under study.
struct Studied {
    started: EventKey,
    authorized: bool,
    /// The token that went with it.
    lease: Option<(u32, u32)>,
    status: Option<u16>,
    took_us: u64,
    media_type: Option<String>,
}

impl Studied {
    /// Reads the last hop of an attempt.
    fn read(events: &[Arc<Event>], attempt: u32) -> Option<Self> {
        let mut studied: Option<Self> = None;
        let mine = events
            .iter()
            .filter(|event| event.subject.attempt == Some(attempt));
        for event in mine {
            match (&event.fact, &mut studied) {
                (Fact::AttemptStarted { authorized, .. }, _) => {
                    let subject = &event.subject;
                    studied = Some(Self {
                        started: event.key,
                        authorized: *authorized,
                        lease: subject.epoch.zip(subject.generation),
                        status: None,
                        took_us: 0,
                        media_type: None,
                    });
                }
                (
                    Fact::ResponseHead {
                        status,
                        took_us,
                        answerer,
                        ..
                    },
                    Some(studied),
                ) => {
                    studied.status = Some(*status);
                    studied.took_us = *took_us;
                    studied.media_type.clone_from(&answerer.media_type);
                }
                _ => {}
            }
        }
        studied
    }
}

/// One second opinion under way.
pub(crate) struct Opinion {
    pub(crate) context: Arc<Context>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) session: Option<Arc<Session>>,
    /// All sessions' secrets are masked, not only this one's.
    pub(crate) sessions: Arc<[Arc<Session>]>,
    pub(crate) args: AskOpinion,
}

impl Opinion {
    /// Asks the other client, and compares what it was answered with what the send brought.
    ///
    /// # Errors
    /// `second_opinion.*`, `origin.*`, `body.*`, `header.invalid`, `key.invalid`: nobody was asked. That no answer came to
    /// the question is no error but a finding.
    pub(crate) async fn ask(self, answer: Result<Arc<ResponseDetails>>) -> Result<SecondOpinion> {
        let run = self.context.timeline.run();
        let attempt = self.args.attempt.unwrap_or(self.asked.attempt);
        let request = self.args.request;
        let events = self.context.timeline.about(run, Some(request), &[], 0);
        let studied = Studied::read(&events, attempt).ok_or_else(|| self.forgotten())?;
        let lease = self.lease(&studied)?;
        let (question, otherwise) = self.question(&studied, lease.as_ref()).await?;
        let asked = self.tell(
            attempt,
            studied.started,
            Fact::SecondOpinionAsked {
                method: question.method.to_string(),
                url: shown(&self.context, &question.url),
                authorized: lease.is_some(),
            },
        );
        let began = self.context.clock.mono();
        let given = tokio::task::spawn_blocking(move || stack::ask(question)).await;
        let given = given.unwrap_or_else(|error| {
            Err(Failure::new(Code::SystemUnavailable).with("detail", error))
        });
        let took_us = micros(self.context.clock.mono().saturating_sub(began));
        let theirs = self.theirs(given, took_us);
        let ours = match attempt == self.asked.attempt {
            true => ours(answer, &studied),
            false => known(&studied),
        };
        let mut otherwise = otherwise;
        if !ours.version.is_empty() && !theirs.version.is_empty() && ours.version != theirs.version
        {
            otherwise.push(AskedOtherwise {
                what: Otherwise::Version,
                ours: ours.version.clone(),
                theirs: theirs.version.clone(),
            });
        }
        let Compared {
            differences,
            conclusion,
        } = compare::compare(&ours, &theirs, &otherwise);
        let counted = differences
            .iter()
            .filter(|one| one.weight != Weight::Usual)
            .count();
        let fact = Fact::SecondOpinionGiven {
            status: theirs.status,
            error: theirs.failure.as_ref().map(|failure| failure.code),
            took_us,
            differences: u32::try_from(counted).unwrap_or(u32::MAX),
            conclusion,
        };
        self.tell(attempt, asked, fact);
        Ok(SecondOpinion {
            request,
            attempt,
            with_token: lease.is_some(),
            ours,
            theirs,
            otherwise,
            differences,
            conclusion,
        })
    }

    fn forgotten(&self) -> Failure {
        Failure::new(Code::SecondOpinionForgotten)
            .with("request", format!("R{}", self.args.request))
    }

    /// The token of the attempt, where it is wanted and went with it.
    fn lease(&self, studied: &Studied) -> Result<Option<Lease>> {
        let (Some(session), Some((epoch, generation))) = (&self.session, studied.lease) else {
            return Ok(None);
        };
        if !self.args.with_token || !studied.authorized || self.asked.left {
            return Ok(None);
        }
        may_attach(&session.config, &self.asked.ready.origin)?;
        let gone = || {
            Failure::new(Code::SecondOpinionTokenGone)
                .with("session", &session.config.name)
                .with("generation", format!("G{generation}"))
        };
        session
            .current_lease(epoch, generation)
            .map(Some)
            .ok_or_else(gone)
    }

    /// The request for the other client, and what in it is not as it was.
    async fn question(
        &self,
        studied: &Studied,
        lease: Option<&Lease>,
    ) -> Result<(stack::Question, Vec<AskedOtherwise>)> {
        let ready = &self.asked.ready;
        let mut headers = ready.headers.clone();
        let mut otherwise = Vec::new();
        let mut differs = |what, ours: &str, theirs: &str| {
            otherwise.push(AskedOtherwise {
                what,
                ours: ours.to_owned(),
                theirs: theirs.to_owned(),
            });
        };
        let typed = headers.contains_key(AUTHORIZATION);
        if !self.args.with_token && typed {
            headers.remove(AUTHORIZATION);
        }
        if lease.is_none() && (studied.authorized || (typed && !self.args.with_token)) {
            differs(Otherwise::Token, "with", "without");
        }
        if let Some(codings) = headers.remove(ACCEPT_ENCODING) {
            differs(
                Otherwise::AcceptEncoding,
                codings.to_str().unwrap_or_default(),
                "",
            );
        }
        if !headers.contains_key(USER_AGENT) {
            differs(
                Otherwise::UserAgent,
                crate::client::USER_AGENT,
                stack::USER_AGENT,
            );
        }
        if let (Some(session), Some(lease)) = (&self.session, lease) {
            let now = self.context.clock.wall();
            Presented::new(session, lease, None, &ready.method, &ready.url, now)?
                .put_into(&mut headers);
        }
        let body = ready.payload.whole(BODY_BYTES_MAX).await?.ok_or_else(|| {
            let detail = format!("at most {BODY_BYTES_MAX} bytes are sent to a second opinion");
            Failure::new(Code::BodyInvalid).with("detail", detail)
        })?;
        let connection = self
            .session
            .as_ref()
            .map_or_else(Connection::default, |session| {
                session.config.connection.clone()
            });
        let question = stack::Question {
            method: ready.method.clone(),
            url: ready.url.clone(),
            headers,
            body,
            connection,
            certificate: lease.and_then(Lease::certificate).cloned(),
        };
        Ok((question, otherwise))
    }

    /// The other client's answer as it may be shown.
    fn theirs(&self, given: Result<stack::Answer>, took_us: u64) -> Side {
        let masker = masker(&self.context, &self.sessions);
        let answer = match given {
            Ok(answer) => answer,
            Err(failure) => {
                return Side {
                    failure: Some(failure.masked(&masker)),
                    took_us,
                    ..Side::default()
                };
            }
        };
        let media_type = answer
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(head::media_type);
        let cut = answer.body_bytes > answer.shown.len() as u64;
        let text = text(answer.shown, media_type.as_deref(), cut)
            .map(|text| masker.mask(&text).into_owned());
        Side {
            status: Some(answer.status),
            failure: None,
            version: answer.version,
            headers: Some(shown_headers(
                &answer.headers,
                self.session.as_deref(),
                &masker,
            )),
            media_type,
            body_bytes: Some(answer.body_bytes),
            text,
            cut,
            took_us: micros(answer.head),
        }
    }

    fn tell(&self, attempt: u32, cause: EventKey, fact: Fact) -> EventKey {
        let subject = Subject {
            session: self.asked.session.clone(),
            request: Some(self.args.request),
            attempt: Some(attempt),
            ..Subject::default()
        };
        self.context
            .timeline
            .append(Entry::about(Actor::User, subject, fact).because(cause))
    }
}

/// What the engine's own client was answered last.
fn ours(answer: Result<Arc<ResponseDetails>>, studied: &Studied) -> Side {
    match answer {
        Ok(details) => Side {
            status: Some(details.status),
            failure: None,
            version: details.version.clone(),
            headers: Some(details.headers.clone()),
            media_type: details.media_type.clone(),
            body_bytes: Some(details.body_bytes),
            text: details.text.clone(),
            cut: details.cut,
            took_us: studied.took_us,
        },
        Err(failure) => Side {
            failure: Some(failure),
            took_us: studied.took_us,
            ..Side::default()
        },
    }
}

/// What is known of an attempt whose answer is not held any more.
fn known(studied: &Studied) -> Side {
    Side {
        status: studied.status,
        took_us: studied.took_us,
        media_type: studied.media_type.clone(),
        ..Side::default()
    }
}
