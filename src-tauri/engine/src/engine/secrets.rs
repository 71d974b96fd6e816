//! What the last sends asked, secrets and all, for a file that the user has asked for by name and outside the window.

use std::collections::BTreeSet;

use super::Engine;
use crate::evidence::secrets::{Secrets, Sent};
use crate::evidence::{Evidence, Selection};
use crate::exchange::asked::Asked;
use crate::exchange::presented::Presented;
use crate::exchange::ready::may_attach;
use crate::session::Lease;
use crate::timeline::event::Fact;

/// Longest body that is written into evidence, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

impl Engine {
    /// As [`Engine::evidence`], with what the sends in it asked as it was sent, as far as that is held: sends of this run, and
    /// tokens that are current still. The shell asks the user first, twice.
    pub async fn evidence_with_secrets(&self, selection: Selection) -> Option<Evidence> {
        let engine = self.clone();
        let read = tokio::task::spawn_blocking(move || engine.evidence(selection));
        let mut evidence = read.await.ok().flatten()?;
        let run = self.timeline().run();
        let requests: BTreeSet<u64> = evidence
            .events
            .iter()
            .filter(|event| event.key.run == run)
            .filter_map(|event| event.subject.request)
            .collect();
        let mut secrets = Secrets::default();
        for request in requests {
            if let Some(asked) = self.inner.asked.find(request) {
                secrets
                    .requests
                    .insert(request, self.sent(request, &asked).await);
            }
        }
        evidence.secrets = Some(secrets);
        Some(evidence)
    }

    async fn sent(&self, request: u64, asked: &Asked) -> Sent {
        let ready = &asked.ready;
        let mut headers = ready.headers.clone();
        let (authorized, lease) = self.lease_of(request, asked);
        let mut token_gone = authorized && lease.is_none();
        if let (Some(lease), Some(name)) = (&lease, &asked.session)
            && let Ok(session) = self.session(name)
        {
            let now = self.inner.context.clock.wall();
            match Presented::new(&session, lease, None, &ready.method, &ready.url, now) {
                Ok(presented) => presented.put_into(&mut headers),
                Err(_) => token_gone = true,
            }
        }
        let body = ready.payload.whole(BODY_BYTES_MAX).await.ok().flatten();
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Sent {
            attempt: asked.attempt,
            method: ready.method.to_string(),
            url: ready.url.to_string(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: body
                .filter(|body| !body.is_empty())
                .and_then(|body| String::from_utf8(body).ok()),
            token_gone,
        }
    }

    /// Whether a token went with the last attempt, and that token while it is current and may go there.
    fn lease_of(&self, request: u64, asked: &Asked) -> (bool, Option<Lease>) {
        let timeline = self.timeline();
        let events = timeline.about(timeline.run(), Some(request), &[], 0);
        let started = events.iter().rev().find(|event| {
            matches!(event.fact, Fact::AttemptStarted { .. })
                && event.subject.attempt == Some(asked.attempt)
        });
        let Some(started) = started else {
            return (false, None);
        };
        let Fact::AttemptStarted {
            authorized: true, ..
        } = started.fact
        else {
            return (false, None);
        };
        let session = asked
            .session
            .as_ref()
            .and_then(|name| self.session(name).ok());
        let lease = session
            .filter(|session| may_attach(&session.config, &asked.ready.origin).is_ok())
            .zip(started.subject.epoch.zip(started.subject.generation))
            .and_then(|(session, (epoch, generation))| session.current_lease(epoch, generation));
        (true, lease)
    }
}
