//! Signing in: what the user typed becomes the first generation of a new family, or nothing changes at all.

use std::sync::Arc;

use super::config::{ClientAuth, Dialect};
use super::credentials::Credentials;
use super::{Generation, Session};
use crate::error::{Code, Failure, Result};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Purpose, ReplyClass};
use crate::token_endpoint::{Judged, TokenRequest};
use crate::vault::record::Tokens;

impl Session {
    /// Signs in. The session is as it was before where this fails, also where the vault does not take the tokens.
    ///
    /// # Errors
    /// `sign_in.*`, `reply.malformed`, `host.unreachable`, `refresh.config`, `store.*`.
    pub(crate) async fn sign_in(self: &Arc<Self>, credentials: Credentials) -> Result<()> {
        self.settled().await;
        let (request, given) = self.first_request(credentials)?;
        let started = self.context.timeline.append(Entry::new(
            Actor::User,
            &self.subject(),
            Fact::SignInStarted {},
        ));
        let outcome = self.sign_in_with(&request, given, started).await;
        if let Err((failure, cause)) = &outcome {
            let fact = Fact::SignInFailed {
                error: failure.code,
            };
            self.context
                .timeline
                .append(Entry::new(Actor::User, &self.subject(), fact).because(*cause));
        }
        outcome.map_err(|(failure, _)| failure)
    }

    async fn sign_in_with(
        self: &Arc<Self>,
        request: &TokenRequest,
        given: Option<Tokens>,
        started: EventKey,
    ) -> Result<(), (Failure, EventKey)> {
        let subject = self.subject();
        let (judged, replied) = self
            .exchange(request, Purpose::SignIn, &subject, None, false, started)
            .await;
        if judged.class != ReplyClass::Granted {
            return Err((self.refusal(&judged, request), replied));
        }
        let malformed = || {
            (
                Failure::new(Code::ReplyMalformed).with("session", &self.config.name),
                replied,
            )
        };
        let (tokens, parsed) = self
            .parse(judged.reply, given.as_ref(), &subject, replied)
            .ok_or_else(malformed)?;

        let _turn = self.turn.lock().await;
        let epoch = self.lock().epoch.saturating_add(1);
        let generation = Generation {
            epoch,
            number: 1,
            tokens,
            flight: None,
            because_of: None,
        };
        let (persisted, kept) = self.persist(&generation, &subject, parsed).await;
        if kept.is_none() {
            // A sign-in that would be gone at the next start is no sign-in, unless the user chose memory (scenario 44).
            return Err((
                self.context
                    .probe()
                    .await
                    .err()
                    .unwrap_or_else(|| Failure::new(Code::StoreFailed)),
                persisted,
            ));
        }
        let mut state = self.lock();
        if state.epoch.saturating_add(1) != epoch {
            // Signed out while this was stored; the tombstones that follow cover it.
            return Err((
                Failure::new(Code::Superseded).with("session", &self.config.name),
                persisted,
            ));
        }
        let from = state.name();
        self.kept_in(&mut state, kept);
        let published = self.publish(&mut state, generation, &subject, persisted);
        let told = self.context.timeline.append(
            Entry::new(Actor::User, &subject, Fact::SignedIn {})
                .of_generation(epoch, 1)
                .because(published),
        );
        self.tell_change(&state, from, Actor::User, Some(told));
        Ok(())
    }

    /// The exchange that these credentials call for, and what of them goes on living with the session.
    fn first_request(&self, credentials: Credentials) -> Result<(TokenRequest, Option<Tokens>)> {
        let dialect = &self.config.dialect;
        let wrong_kind = |expected: &str| {
            Failure::new(Code::SignInWrongKind)
                .with("session", &self.config.name)
                .with("expected", expected)
        };
        match credentials {
            Credentials::Password { username, password } => {
                let request = dialect
                    .password_request(&username, &password)
                    .ok_or_else(|| wrong_kind("refresh_token"))?;
                Ok((request, None))
            }
            Credentials::RefreshToken {
                refresh_token,
                client_secret,
            } => {
                let Dialect::Oauth(oauth) = dialect else {
                    return Err(wrong_kind("password"));
                };
                if oauth.client_auth == ClientAuth::ClientSecretBasic && client_secret.is_none() {
                    return Err(wrong_kind("client_secret"));
                }
                let request = dialect.refresh_request(&refresh_token, client_secret.as_ref());
                let given = Tokens {
                    access_token: String::new().into(),
                    refresh_token: Some(refresh_token),
                    client_secret,
                    scope: oauth
                        .scope
                        .iter()
                        .flat_map(|scope| scope.split_whitespace())
                        .map(str::to_owned)
                        .collect(),
                    received_at: self.context.clock.wall(),
                    lifetime_ms: None,
                    expiry_source: crate::timeline::event::ExpirySource::Unknown,
                };
                Ok((request, Some(given)))
            }
        }
    }

    fn refusal(&self, judged: &Judged, request: &TokenRequest) -> Failure {
        let code = match judged.class {
            ReplyClass::NotSent => Code::HostUnreachable,
            ReplyClass::Ambiguous => Code::ConnectionLost,
            ReplyClass::Config => Code::RefreshConfig,
            ReplyClass::Protocol | ReplyClass::Granted => Code::ReplyMalformed,
            ReplyClass::Definitive
            | ReplyClass::Unexplained
            | ReplyClass::Interaction
            | ReplyClass::Busy => Code::SignInRefused,
        };
        let host = request.url.host_str().unwrap_or_default();
        let mut failure = Failure::new(code)
            .with("session", &self.config.name)
            .with("host", host)
            .with("endpoint", crate::redact::url(&request.url));
        if let Some(status) = judged.status {
            failure = failure.with("status", status);
        }
        for (name, value) in [
            ("error", &judged.error),
            ("error_description", &judged.error_description),
            ("detail", &judged.detail),
        ] {
            if let Some(value) = value {
                failure = failure.with(name, value);
            }
        }
        failure
    }
}
