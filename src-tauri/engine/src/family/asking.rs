//! What a server is asked beside tokens: as the client, over the session's own connections, with an answer in JSON.

use std::sync::Arc;

use serde_json::Value;

use super::Family;
use crate::error::{Code, Failure, Result};
use crate::redact::{self, server_text};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Subject};
use crate::token_endpoint::{TokenRequest, Wire};

/// Characters of a server's error words that are kept.
const SERVER_TEXT_CHARS_MAX: usize = 300;

/// What came back.
pub(super) struct Answered {
    /// Absent: no answer came.
    pub(super) status: Option<u16>,
    /// The object that it holds; else `host.unreachable`, `connection.lost`, the code for a refusal with the server's own
    /// words, or `reply.malformed`.
    pub(super) reply: Result<Value>,
    pub(super) told: EventKey,
}

impl Family {
    /// Asks, and tells the status of the answer and the server's own error code. Where the server wants a nonce of its own in
    /// the proof of possession, it is asked once more with that (RFC 9449 §8 and §9).
    pub(super) async fn ask(
        &self,
        member: &Arc<str>,
        request: &TokenRequest,
        refused: Code,
        fact: impl Fn(Option<u16>, Option<String>) -> Fact,
        cause: Option<EventKey>,
    ) -> Answered {
        let role = request.nonce_role();
        let known = self.nonces.newest(role, &request.url);
        let (wire, newest) = self.send(member, request, known.as_deref()).await;
        let fresh = newest
            .as_ref()
            .filter(|newest| known.as_ref() != Some(newest));
        if let Some(newest) = &newest {
            self.nonces.learn(role, &request.url, newest);
        }
        let answered = self.answered(member, request, refused, wire, &fact, cause);
        if fresh.is_none() || !request.is_proven() || answered.reply.is_ok() {
            return answered;
        }
        let (wire, _) = self.send(member, request, fresh.map(String::as_str)).await;
        let cause = Some(answered.told);
        self.answered(member, request, refused, wire, &fact, cause)
    }

    fn answered(
        &self,
        member: &Arc<str>,
        request: &TokenRequest,
        refused: Code,
        wire: Wire,
        fact: &impl Fn(Option<u16>, Option<String>) -> Fact,
        cause: Option<EventKey>,
    ) -> Answered {
        let (status, reply, lost) = match &wire {
            Wire::Answer { status, body, .. } => {
                let reply: Value = serde_json::from_slice(body).unwrap_or_default();
                (Some(*status), reply, None)
            }
            Wire::NotSent { detail } => (None, Value::Null, Some((Code::HostUnreachable, detail))),
            Wire::Lost { status, detail } => {
                (*status, Value::Null, Some((Code::ConnectionLost, detail)))
            }
        };
        let text = |name: &str| {
            let text = reply.get(name).and_then(Value::as_str);
            text.map(|text| server_text(text, SERVER_TEXT_CHARS_MAX))
        };
        let good = status.is_some_and(|status| (200..300).contains(&status));
        // An answer may have a member of that name; a good one is no error.
        let error = text("error").filter(|_| !good);
        let told = self.tell_user(member, fact(status, error.clone()), cause);
        let said = format!("{}\n\n{}", request.said(self.wall()), wire.said());
        self.context.messages.keep(told, said);
        let code = match (&lost, good) {
            (Some((code, _)), _) => Some(*code),
            (None, true) => (!reply.is_object()).then_some(Code::ReplyMalformed),
            (None, false) => Some(refused),
        };
        let Some(code) = code else {
            let reply = Ok(reply);
            return Answered {
                status,
                reply,
                told,
            };
        };
        let url = &request.url;
        let mut failure = Failure::new(code)
            .with("session", &**member)
            .with("host", url.host_str().unwrap_or_default())
            .with("endpoint", redact::url(url));
        for (name, value) in [
            ("status", status.map(|status| status.to_string())),
            ("error", error),
            ("error_description", text("error_description")),
            ("detail", lost.map(|(_, detail)| detail.clone())),
        ] {
            if let Some(value) = value {
                failure = failure.with(name, value);
            }
        }
        let reply = Err(failure);
        Answered {
            status,
            reply,
            told,
        }
    }

    /// Tells something that the user set in motion.
    pub(super) fn tell_user(
        &self,
        member: &Arc<str>,
        fact: Fact,
        cause: impl Into<Option<EventKey>>,
    ) -> EventKey {
        let subject: Subject = self.subject(member);
        let entry = Entry::new(Actor::User, &subject, fact);
        self.context.timeline.append(entry.because(cause))
    }
}
