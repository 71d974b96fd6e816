//! A stream of server-sent events, over as many connections as it takes.
//!
//! ```text
//! connect (the life of one send) --200, events--> open --over--> wait --connect again: GET, the current token, Last-Event-ID
//!      |                                                                   |
//!      '------------------- anything else: the end <-----------------------'
//! ```
//!
//! A new connection is a question for what was missed, never the first request once more. While one is open, nothing that
//! happens to the session touches it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::sse::{EVENT_BYTES_MAX, Parser, ServerEvent};
use super::{Answer, Exchange};
use crate::clock::millis;
use crate::error::{Code, Failure, Result};
use crate::redact::Masker;
use crate::rules;
use crate::timeline::event::{EventKey, Fact, Outcome};

/// Events that wait to be taken; the server waits when there are more.
pub const EVENTS_WAITING_MAX: usize = 256;
/// Connections in a row that bring no event before the stream is given up.
pub const EMPTY_CONNECTIONS_MAX: u32 = 8;

/// The wait before a new connection where the server names none.
const WAIT: Duration = Duration::from_secs(3);
/// The shortest and the longest wait.
const WAIT_BOUNDS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));

/// How a stream ended that the server ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnd {
    /// The status of the last answer.
    pub status: u16,
    /// The rule by which there is no further connection.
    pub rule_id: String,
    /// Connections that were open.
    pub connections: u32,
    /// Events in all.
    pub events: u64,
    /// Why a refusal was not answered with a newer token.
    pub not_repeated: Option<Failure>,
}

/// What comes after an answer to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It is a stream: its events are read.
    Read,
    /// The server may have one later.
    Later,
    /// It is the end.
    End(&'static str),
}

/// What an answer means for the stream. A refusal comes here only after the session had its try.
fn on_answer(status: u16, is_events: bool, opened: bool) -> Next {
    match status {
        204 if rules::on("stream.nothing_more") => Next::End("stream.nothing_more"),
        401 if rules::on("stream.refused") => Next::End("stream.refused"),
        200 if is_events => Next::Read,
        // A first connection that is turned away for now is for the user to repeat, as any request is.
        429 | 502..=504 if opened => Next::Later,
        _ => Next::End("stream.answered"),
    }
}

/// A connection that is over, or did not come about.
#[derive(Clone, Copy, Debug)]
struct Over {
    /// What went wrong, if anything did.
    error: Option<Code>,
    /// The server is busy.
    busy: bool,
    /// The stream was open once.
    opened: bool,
    /// It was asked for by GET, or an event had an id.
    resumable: bool,
    /// Connections in a row that brought no event.
    empty: u32,
}

/// Whether to connect again, and the rule that says so.
fn on_over(over: Over) -> (bool, &'static str) {
    let passing = over.error.is_none_or(|code| {
        matches!(
            code,
            Code::ConnectionLost
                | Code::HostUnreachable
                | Code::RequestTimeout
                | Code::RefreshTransient
        )
    });
    if !(over.opened && passing) && rules::on("stream.failed") {
        return (false, "stream.failed");
    }
    if !over.resumable && rules::on("stream.not_resumable") {
        return (false, "stream.not_resumable");
    }
    if over.empty >= EMPTY_CONNECTIONS_MAX && rules::on("stream.given_up") {
        return (false, "stream.given_up");
    }
    if over.busy && rules::on("stream.busy") {
        return (true, "stream.busy");
    }
    (true, "stream.interrupted")
}

/// The wait before a new connection: what the server asked for, doubled for each connection in a row that brought nothing.
fn wait(retry_ms: Option<u64>, empty: u32) -> Duration {
    retry_ms
        .map_or(WAIT, Duration::from_millis)
        .max(WAIT_BOUNDS.0)
        .saturating_mul(1 << empty.min(16))
        .min(WAIT_BOUNDS.1)
}

/// What is known of a stream over its connections.
struct Course {
    events: mpsc::Sender<ServerEvent>,
    last_id: String,
    retry_ms: Option<u64>,
    connections: u32,
    taken: u64,
    bytes: u64,
    /// Connections in a row that brought no event.
    empty: u32,
}

/// How one connection ended.
struct Connection {
    error: Option<Failure>,
    /// The answer, where it was no stream, and the rule by which it is the end.
    last: Option<(Answer, &'static str)>,
    busy: bool,
    told: EventKey,
}

impl Exchange {
    /// Runs a stream to its end; it is stopped when nobody takes its events any more.
    pub(crate) async fn stream(mut self, events: mpsc::Sender<ServerEvent>) -> Result<StreamEnd> {
        let by_get = self.ready.method == reqwest::Method::GET;
        let (question, last_id) = self.ready.question();
        let mut course = Course {
            events,
            last_id,
            retry_ms: None,
            connections: 0,
            taken: 0,
            bytes: 0,
            empty: 0,
        };
        let mut cause = self.queued;
        loop {
            let connection = self.connect(&mut course, cause).await;
            if course.events.is_closed() {
                return self.stopped(&course, connection.told);
            }
            if let Some((answer, rule_id)) = connection.last {
                let told = self.decided(None, rule_id, connection.told);
                return self.answered(&answer, rule_id, &course, told);
            }
            let (again, rule_id) = on_over(Over {
                error: connection.error.as_ref().map(|failure| failure.code),
                busy: connection.busy,
                opened: course.connections > 0,
                resumable: by_get || !course.last_id.is_empty(),
                empty: course.empty,
            });
            let wait = wait(course.retry_ms, course.empty);
            cause = self.decided(again.then_some(wait), rule_id, connection.told);
            if !again {
                return self.over(connection.error, rule_id, &course, cause);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = course.events.closed() => return self.stopped(&course, cause),
            }
            self.ready = question.after(&course.last_id);
        }
    }

    /// One connection: the normal life of a send up to its answer, then its events.
    async fn connect(&mut self, course: &mut Course, cause: EventKey) -> Connection {
        let mut connection = Connection {
            error: None,
            last: None,
            busy: false,
            told: cause,
        };
        match self.answer(cause).await {
            Err((failure, told)) => {
                course.empty += 1;
                connection.error = Some(failure.masked(&self.context.variable_masker()));
                connection.told = told;
            }
            Ok(answer) => {
                connection.told = answer.classified;
                let status = answer.response.status().as_u16();
                match on_answer(status, is_events(&answer), course.connections > 0) {
                    Next::Read => {
                        (connection.error, connection.told) =
                            self.read_events(answer, course).await;
                    }
                    Next::Later => {
                        course.empty += 1;
                        connection.busy = true;
                    }
                    Next::End(rule_id) => connection.last = Some((answer, rule_id)),
                }
            }
        }
        connection
    }

    /// Hands out the events of an open connection until it is over, or nobody takes them.
    async fn read_events(
        &self,
        mut answer: Answer,
        course: &mut Course,
    ) -> (Option<Failure>, EventKey) {
        course.connections += 1;
        let connection = course.connections;
        let opened = self.tell(Fact::StreamOpened { connection }, answer.classified);
        let mut parser = Parser::after(&course.last_id);
        let mut here = 0;
        let error = loop {
            let chunk = tokio::select! {
                chunk = answer.response.chunk() => chunk,
                () = course.events.closed() => break None,
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(error) => break Some(self.transport(error)),
            };
            course.bytes += chunk.len() as u64;
            let Ok(events) = parser.push(&chunk) else {
                let failure = Failure::new(Code::StreamEventTooLong);
                break Some(failure.with("limit", EVENT_BYTES_MAX));
            };
            if !events.is_empty() {
                here += events.len() as u64;
                let masker = self.masker();
                for event in events {
                    // Where nobody takes it, the closed channel is seen above.
                    _ = course.events.send(masked(event, &masker)).await;
                }
            }
            parser.last_id().clone_into(&mut course.last_id);
            course.retry_ms = parser.retry_ms().or(course.retry_ms);
        };
        course.taken += here;
        course.empty = if here > 0 { 0 } else { course.empty + 1 };
        let fact = Fact::StreamInterrupted {
            events: here,
            error: error.as_ref().map(|failure| failure.code),
        };
        (error, self.tell(fact, opened))
    }

    fn decided(&self, wait: Option<Duration>, rule_id: &str, cause: EventKey) -> EventKey {
        let fact = Fact::ReconnectDecided {
            reconnect: wait.is_some(),
            rule_id: rule_id.to_owned(),
            wait_ms: wait.map(millis),
        };
        self.tell(fact, cause)
    }

    /// The end by an answer that is no stream.
    fn answered(
        mut self,
        answer: &Answer,
        rule_id: &str,
        course: &Course,
        cause: EventKey,
    ) -> Result<StreamEnd> {
        let status = answer.response.status().as_u16();
        if status == 200 {
            let failure = Failure::new(Code::StreamNotEvents)
                .with("media_type", media_type(answer).unwrap_or_default());
            let code = Some(failure.code);
            self.finish(Outcome::Failed, Some(status), course.bytes, code, cause);
            return Err(failure);
        }
        let not_repeated = answer.not_repeated.clone();
        let code = not_repeated.as_ref().map(|failure| failure.code);
        self.finish(Outcome::Answered, Some(status), course.bytes, code, cause);
        Ok(StreamEnd {
            status,
            rule_id: rule_id.to_owned(),
            connections: course.connections,
            events: course.taken,
            not_repeated,
        })
    }

    /// The end of a stream that is not connected again.
    fn over(
        mut self,
        error: Option<Failure>,
        rule_id: &str,
        course: &Course,
        cause: EventKey,
    ) -> Result<StreamEnd> {
        if let Some(failure) = error {
            let code = Some(failure.code);
            self.finish(Outcome::Failed, None, course.bytes, code, cause);
            return Err(failure);
        }
        // The last stream was whole.
        let status = 200;
        self.finish(Outcome::Answered, Some(status), course.bytes, None, cause);
        Ok(StreamEnd {
            status,
            rule_id: rule_id.to_owned(),
            connections: course.connections,
            events: course.taken,
            not_repeated: None,
        })
    }

    fn stopped(mut self, course: &Course, cause: EventKey) -> Result<StreamEnd> {
        let code = Code::RequestStopped;
        self.finish(Outcome::Stopped, None, course.bytes, Some(code), cause);
        Err(Failure::new(code))
    }
}

fn is_events(answer: &Answer) -> bool {
    media_type(answer).is_some_and(|kind| kind == "text/event-stream")
}

/// The media type of an answer, without parameters.
fn media_type(answer: &Answer) -> Option<String> {
    let value = answer
        .response
        .headers()
        .get(reqwest::header::CONTENT_TYPE)?;
    let kind = value.to_str().ok()?.split(';').next()?.trim();
    Some(crate::redact::server_text(kind, MEDIA_TYPE_CHARS_MAX).to_ascii_lowercase())
}

/// Characters of a media type that are kept.
const MEDIA_TYPE_CHARS_MAX: usize = 100;

fn masked(event: ServerEvent, masker: &Masker) -> ServerEvent {
    let mask = |text: String| masker.mask(&text).into_owned();
    ServerEvent {
        event: mask(event.event),
        data: mask(event.data),
        id: mask(event.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenarios 109 and 110.
    #[test]
    fn an_answer_is_a_stream_a_pause_or_the_end() {
        for (status, is_events, opened, expected) in [
            (200, true, false, Next::Read),
            (200, true, true, Next::Read),
            (200, false, false, Next::End("stream.answered")),
            (204, false, false, Next::End("stream.nothing_more")),
            (204, true, true, Next::End("stream.nothing_more")),
            (401, false, true, Next::End("stream.refused")),
            (401, true, false, Next::End("stream.refused")),
            (403, false, true, Next::End("stream.answered")),
            (503, false, false, Next::End("stream.answered")),
            (503, false, true, Next::Later),
            (429, false, true, Next::Later),
            (500, false, true, Next::End("stream.answered")),
            (302, false, true, Next::End("stream.answered")),
        ] {
            assert_eq!(
                on_answer(status, is_events, opened),
                expected,
                "{status} {is_events} {opened}"
            );
        }
    }

    /// Scenario 108.
    #[test]
    fn a_stream_is_connected_again_where_that_can_help() {
        let over = Over {
            error: None,
            busy: false,
            opened: true,
            resumable: true,
            empty: 0,
        };
        let failed = |code| Over {
            error: Some(code),
            ..over
        };
        for (over, expected) in [
            (over, (true, "stream.interrupted")),
            (failed(Code::ConnectionLost), (true, "stream.interrupted")),
            (failed(Code::HostUnreachable), (true, "stream.interrupted")),
            (failed(Code::SignInNeeded), (false, "stream.failed")),
            (failed(Code::StreamEventTooLong), (false, "stream.failed")),
            (failed(Code::TlsUntrusted), (false, "stream.failed")),
            (Over { busy: true, ..over }, (true, "stream.busy")),
            (
                Over {
                    opened: false,
                    ..failed(Code::HostUnreachable)
                },
                (false, "stream.failed"),
            ),
            (
                Over {
                    resumable: false,
                    ..over
                },
                (false, "stream.not_resumable"),
            ),
            (
                Over {
                    empty: EMPTY_CONNECTIONS_MAX - 1,
                    ..over
                },
                (true, "stream.interrupted"),
            ),
            (
                Over {
                    empty: EMPTY_CONNECTIONS_MAX,
                    busy: true,
                    ..over
                },
                (false, "stream.given_up"),
            ),
        ] {
            assert_eq!(on_over(over), expected, "{over:?}");
        }
    }

    #[test]
    fn the_wait_is_the_servers_within_bounds_and_grows() {
        for (retry_ms, empty, expected_ms) in [
            (None, 0, 3_000),
            (Some(500), 0, 500),
            (Some(0), 0, 100),
            (Some(500), 3, 4_000),
            (Some(u64::MAX), 0, 300_000),
            (None, u32::MAX, 300_000),
        ] {
            let expected = Duration::from_millis(expected_ms);
            assert_eq!(wait(retry_ms, empty), expected, "{retry_ms:?} {empty}");
        }
    }
}
