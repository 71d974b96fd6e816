//! Signing in on another device (RFC 8628): a code is shown here and typed there, and the server is asked until the user has
//! decided. The session is as it was until its tokens are there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Family;
use super::browser::without_query;
use super::first::{First, bound, expected};
use super::visit::{Open, Visit};
use crate::error::{Code, Failure};
use crate::oauth::code_grant;
use crate::oauth::device::{self, DeviceCode, Next};
use crate::redact;
use crate::session::config::grant_type::GrantType;
use crate::session::config::step_up::StepUp;
use crate::session::credentials::ClientSecrets;
use crate::timeline::event::{EventKey, Fact, Purpose, Question};
use crate::token_endpoint::{Judged, device_code_request, device_request};

/// When the token endpoint is asked whether the user has decided.
pub(super) struct Polling {
    interval: Duration,
    lifetime: Duration,
    until: Instant,
}

impl Family {
    /// Asks for a code and shows it, and answers the exchange that is repeated until the user has decided.
    pub(super) async fn through_device(
        &self,
        member: &Arc<str>,
        mut client: ClientSecrets,
        wish: &StepUp,
        visit: &Visit,
        started: EventKey,
    ) -> Result<(First, EventKey), (Failure, EventKey)> {
        let dialect = &self.members[member].dialect;
        let early = |failure: Failure| (failure.with("session", &**member), started);
        let oauth = expected(dialect, GrantType::DeviceCode, &client).map_err(|needed| {
            early(Failure::new(Code::SignInWrongKind).with("expected", needed))
        })?;
        let endpoint = oauth.server.device_authorization_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| {
            let issuer = oauth.issuer.as_deref();
            early(
                Failure::new(Code::DiscoveryFailed)
                    .with("issuer", issuer.unwrap_or(oauth.token_endpoint.as_str()))
                    .with(
                        "detail",
                        "the session's file names no device authorization endpoint",
                    ),
            )
        })?;
        let bound = bound(oauth, &mut client).map_err(early)?;
        let scopes = code_grant::scopes(oauth, wish);
        let request = device_request(oauth, endpoint, &scopes, &client);
        let told = |status, error| Fact::ServerAsked {
            question: Question::DeviceCode,
            endpoint: redact::url(endpoint),
            status,
            error,
        };
        request.check(self.wall()).map_err(early)?;
        let refused = Code::SignInRefused;
        let answered = self
            .ask(member, &request, refused, told, Some(started))
            .await;
        let cause = answered.told;
        let reply = answered.reply.map_err(|failure| (failure, cause))?;
        let DeviceCode {
            device_code,
            shown,
            lifetime,
            interval,
        } = device::read(&reply, self.wall()).map_err(|detail| {
            let failure = Failure::new(Code::ReplyMalformed)
                .with("session", &**member)
                .with("host", endpoint.host_str().unwrap_or_default())
                .with("endpoint", redact::url(endpoint))
                .with("detail", detail);
            (failure, cause)
        })?;
        let fact = Fact::UserCodeShown {
            verification_uri: redact::url(&without_query(&shown.verification_uri)),
            expires_at_ms: shown.expires_at_ms,
        };
        visit.show(Open::Device(shown));
        let cause = self.tell_user(member, fact, cause);
        let first = First {
            request: device_code_request(oauth, &device_code, &client).proven_by(bound.key()),
            polling: Some(Polling {
                interval,
                lifetime,
                until: Instant::now() + lifetime,
            }),
            refresh_token: None,
            client,
            bound,
            nonce: None,
        };
        Ok((first, cause))
    }

    /// Asks until the user has decided. What was sent is waited for, so that tokens that were given are not lost; the wait
    /// between two calls ends when the user stops the sign-in.
    pub(super) async fn poll(
        &self,
        member: &Arc<str>,
        first: &First,
        polling: &Polling,
        visit: &Visit,
        shown: EventKey,
    ) -> Result<(Judged, EventKey), (Failure, EventKey)> {
        let subject = self.subject(member);
        let (mut interval, mut cause) = (polling.interval, shown);
        let too_late = |cause| {
            let failure = Failure::new(Code::SignInTimedOut)
                .with("session", &**member)
                .with("minutes", polling.lifetime.as_secs().div_ceil(60));
            (failure, cause)
        };
        loop {
            let at = Instant::now() + interval;
            if at > polling.until {
                return Err(too_late(cause));
            }
            tokio::select! {
                () = tokio::time::sleep_until(at) => {}
                () = visit.stopped() => {
                    let failure = Failure::new(Code::SignInStopped).with("session", &**member);
                    return Err((failure, cause));
                }
            }
            let (request, purpose) = (&first.request, Purpose::SignIn);
            let (judged, replied) = self
                .exchange(request, purpose, member, &subject, None, false, shown)
                .await;
            cause = replied;
            let error = judged.error.as_deref();
            match device::next(judged.class, error, judged.retry_after_ms, interval) {
                Next::Over => return Ok((judged, replied)),
                Next::Expired => return Err(too_late(replied)),
                Next::Again(wait) => interval = wait,
            }
        }
    }
}
