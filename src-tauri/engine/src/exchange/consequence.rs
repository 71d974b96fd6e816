//! What follows from a verdict: the next hop, the same once more, or the end with the reason why not.

use std::sync::Arc;

use reqwest::header::AUTHORIZATION;

use super::judge::{Attempt, ours};
use super::{Answer, Exchange, NONCES_MAX, Past, Reply, Tried, redirect};
use crate::error::{Code, Failure};
use crate::rules;
use crate::session::step_up::StepUp;
use crate::session::{Lease, Session, Verdict as OnRefusal};
use crate::timeline::event::{BodyClass, EventKey, Fact, Verdict};

/// What a send does next.
pub(super) enum Step {
    /// It ends with this answer.
    End(Answer),
    /// It goes on to where it was redirected.
    Hop(EventKey),
    /// It is repeated with a newer token.
    Again(EventKey),
    /// It is repeated with the same token, and the server's nonce in the proof.
    SignAgain(EventKey),
}

impl Exchange {
    /// What the answer to the hop under way is judged by.
    pub(super) fn judged_by(
        &self,
        lease: Option<&Lease>,
        retried: bool,
        matched: bool,
    ) -> Attempt<'_> {
        let listed = |session: &Arc<Session>| session.config.origins.contains(&self.ready.origin);
        Attempt {
            url: &self.ready.url,
            authorized: lease.is_some(),
            under_session: self.epoch.is_some(),
            on_list: self.session.as_ref().is_some_and(listed),
            retried,
            follows: self.ready.follows,
            wants_json: self.ready.wants_json(),
            proven: false,
            nonce_sent: None,
            matched,
        }
    }

    /// Does what the verdict on an attempt asks for.
    pub(super) async fn follow_up(
        &mut self,
        tried: Tried,
        lease: Option<&Lease>,
        past: Past,
    ) -> Result<Step, (Failure, EventKey)> {
        let judged = tried.judged;
        let session = self.session.clone();
        let (cause, not_repeated) = match (tried.verdict, &tried.brought, session, lease) {
            (Verdict::Redirected, Ok(reply), ..) => {
                match self.follow(reply, lease.is_some(), judged).await? {
                    Ok(told) => return Ok(Step::Hop(told)),
                    Err((failure, told)) => (told, Some(failure)),
                }
            }
            (Verdict::TokenRefused, _, Some(session), Some(lease)) => {
                match self.repeat(&session, lease, past.retried, judged).await {
                    (true, decided, _) => return Ok(Step::Again(decided)),
                    (false, decided, _) if tried.rule_id == "answer.audience_mismatch" => {
                        (decided, Some(self.audience_mismatch(&session)))
                    }
                    (false, decided, failure) => (decided, failure),
                }
            }
            (Verdict::NonceNeeded, Ok(reply), _, Some(lease)) => {
                match self.sign_again(lease, reply, past, judged).await {
                    (true, decided, _) => return Ok(Step::SignAgain(decided)),
                    (false, decided, failure) => (decided, failure),
                }
            }
            (Verdict::StepUpNeeded, Ok(reply), Some(session), Some(lease)) => {
                let wanted = StepUp::read(ours(&reply.head.challenges));
                let (failure, told) =
                    session.step_up_needed(lease, &wanted, &self.attempt_subject(), judged);
                (told, Some(failure))
            }
            (Verdict::LoginPage, Ok(reply), Some(session), _) => {
                let url = reply.head.leads_to(&self.ready.url);
                let url = self.context.variable_masker().mask(&url).into_owned();
                let failure = Failure::new(Code::LoginPage)
                    .with("session", &session.config.name)
                    .with("url", &url);
                let told = self.tell(Fact::LoginPageDetected { url }, judged);
                (told, Some(failure))
            }
            _ => (judged, None),
        };
        tried.end(cause, not_repeated).map(Step::End)
    }

    /// Whether a refused attempt is repeated; waits for a flight where one is called for.
    async fn repeat(
        &self,
        session: &Session,
        lease: &Lease,
        retried: bool,
        mut judged: EventKey,
    ) -> (bool, EventKey, Option<Failure>) {
        let (mut retry, mut rule_id, because, mut not_repeated) =
            self.recover(session, lease, retried, judged).await;
        if retry && let Some((forbids, failure)) = self.unrepeatable(&mut judged).await {
            (retry, rule_id, not_repeated) = (false, forbids, Some(failure));
        }
        let fact = Fact::RetryDecided {
            retry,
            rule_id: rule_id.to_owned(),
        };
        let decided = self.tell_under(None, fact, Some(judged), because);
        (retry, decided, not_repeated)
    }

    /// Whether an attempt is repeated with the nonce that its answer brought: no token is asked for, and none was refused
    /// (RFC 9449 §9).
    async fn sign_again(
        &self,
        lease: &Lease,
        reply: &Reply,
        past: Past,
        mut judged: EventKey,
    ) -> (bool, EventKey, Option<Failure>) {
        let can = lease.proof_key().is_some() && reply.head.nonce.is_some();
        let (mut retry, mut rule_id) = match past.nonces {
            _ if !can => (false, "nonce.no_proof"),
            0..NONCES_MAX if rules::on("nonce.sign_again") => (true, "nonce.sign_again"),
            _ => (false, "nonce.spent"),
        };
        let mut not_repeated = None;
        if retry && let Some((forbids, failure)) = self.unrepeatable(&mut judged).await {
            (retry, rule_id, not_repeated) = (false, forbids, Some(failure));
        }
        let fact = Fact::RetryDecided {
            retry,
            rule_id: rule_id.to_owned(),
        };
        (retry, self.tell(fact, judged), not_repeated)
    }

    /// What forbids to send the body once more, if something does; told.
    async fn unrepeatable(&self, judged: &mut EventKey) -> Option<(&'static str, Failure)> {
        let unfit = self.ready.payload.repeatable().await.err()?;
        let forbids = unfit.rule_id()?;
        let reason = unfit.reason;
        *judged = self.tell(Fact::NotReplayable { reason }, *judged);
        Some((forbids, unfit.failure))
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
                OnRefusal::Return { rule_id, failure } => return (false, rule_id, None, failure),
                OnRefusal::Retry { rule_id, published } => {
                    return (true, rule_id, Some(published), None);
                }
                OnRefusal::Wait { rule_id, seat } => {
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
                OnRefusal::Queue { seat } => {
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

    /// Goes on to where a redirect leads, without what may not go along. `Ok(Err(_))`: the body cannot be sent once more, so
    /// the redirect is returned with that reason.
    async fn follow(
        &mut self,
        reply: &Reply,
        authorized: bool,
        judged: EventKey,
    ) -> Result<Result<EventKey, (Failure, EventKey)>, (Failure, EventKey)> {
        let mut trail = self.trail.clone();
        trail.push(self.ready.hop());
        let location = reply.head.location.as_deref().unwrap_or_default();
        let body = self.ready.payload.class() != BodyClass::None;
        let next = redirect::next(&trail, body, reply.head.status, location)
            .map_err(|failure| (failure, judged))?;
        if next.keeps_body
            && let Err(unfit) = self.ready.payload.repeatable().await
        {
            let reason = unfit.reason;
            let told = self.tell(Fact::NotReplayable { reason }, judged);
            return Ok(Err((unfit.failure, told)));
        }
        let from = super::shown(&self.context, &self.ready.url);
        let secret = self
            .session
            .as_ref()
            .map_or(&[][..], |session| &session.config.secret_headers);
        let leaves = !next.same_origin;
        let mut stripped = self.ready.follow(next, secret);
        if leaves && authorized {
            stripped.insert(0, AUTHORIZATION.to_string());
        }
        self.left |= leaves;
        self.trail = trail;
        let fact = Fact::Redirected {
            from,
            to: super::shown(&self.context, &self.ready.url),
            status: reply.head.status,
            method: self.ready.method.to_string(),
            stripped,
        };
        Ok(Ok(self.tell(fact, judged)))
    }

    fn audience_mismatch(&self, session: &Session) -> Failure {
        Failure::new(Code::AudienceMismatch)
            .with("session", &session.config.name)
            .with("origin", &self.ready.origin)
    }
}
