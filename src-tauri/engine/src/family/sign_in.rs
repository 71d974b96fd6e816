//! Signing in: what the user typed becomes the first generation of a new epoch, or nothing changes at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use super::first::First;
use super::grant::Fresh;
use super::identity::identity_in;
use super::visit::Visit;
use super::{Family, Generation};
use crate::error::{Code, Failure, Result};
use crate::session::config::step_up::StepUp;
use crate::session::credentials::{ClientSecrets, Credentials};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Purpose, ReplyClass, Subject};
use crate::token_endpoint::{Judged, TokenRequest};
use crate::vault::record::{Access, Grant};

/// Where the user signs in.
enum Way {
    /// Here, with what was typed.
    Here(Box<First>),
    /// In the browser.
    Browser(ClientSecrets),
    /// On any other device.
    Device(ClientSecrets),
}

impl Family {
    /// Signs in. The family is as it was before where this fails, also where the vault does not take the tokens.
    ///
    /// # Errors
    /// `sign_in.*`, `listener.unavailable`, `reply.malformed`, `host.unreachable`, `refresh.config`, `store.*`.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        member: &Arc<str>,
        credentials: Credentials,
        step_up: Option<&StepUp>,
        visit: &Visit,
    ) -> Result<()> {
        self.settled().await;
        let same_account = step_up.is_some();
        let way = match credentials {
            Credentials::Browser { client } => Way::Browser(client),
            Credentials::Device { client } => Way::Device(client),
            credentials => Way::Here(Box::new(self.first_exchange(member, credentials)?)),
        };
        let started = self.context.timeline.append(Entry::new(
            Actor::User,
            &self.subject(member),
            Fact::SignInStarted {},
        ));
        let usual = StepUp::default();
        let outcome = async {
            let wish = step_up.unwrap_or(&usual);
            let (first, cause) = match way {
                Way::Here(first) => (*first, started),
                Way::Device(client) => {
                    self.through_device(member, client, wish, visit, started)
                        .await?
                }
                Way::Browser(client) => {
                    self.through_browser(member, client, wish, visit, started)
                        .await?
                }
            };
            self.sign_in_with(member, first, same_account, visit, cause)
                .await
        }
        .await;
        if let Err((failure, cause)) = &outcome {
            let fact = Fact::SignInFailed {
                error: failure.code,
            };
            self.context
                .timeline
                .append(Entry::new(Actor::User, &self.subject(member), fact).because(*cause));
        }
        outcome.map_err(|(failure, _)| failure)
    }

    async fn sign_in_with(
        self: &Arc<Self>,
        member: &Arc<str>,
        first: First,
        same_account: bool,
        visit: &Visit,
        started: EventKey,
    ) -> Result<(), (Failure, EventKey)> {
        let subject = self.subject(member);
        let known_epoch = self.lock().epoch;
        let (first, started) = self.prepared(member, first, &subject, started).await?;
        let (judged, replied) = match &first.polling {
            Some(polling) => self.poll(member, &first, polling, visit, started).await?,
            None => {
                let (request, purpose) = (&first.request, Purpose::SignIn);
                self.exchange(request, purpose, member, &subject, None, false, started)
                    .await
            }
        };
        if judged.class != ReplyClass::Granted {
            return Err((refusal(member, &judged, &first.request), replied));
        }
        let malformed = || {
            (
                Failure::new(Code::ReplyMalformed).with("session", &**member),
                replied,
            )
        };
        let (fresh, parsed) = self
            .parse(judged.reply, None, &subject, replied)
            .ok_or_else(malformed)?;
        let id_token = fresh.id_token.clone();
        let nonce = first.nonce.clone();
        let grant = self.first_grant(member, first, fresh);
        let parsed = self
            .accept_identity(
                member,
                &grant,
                id_token.as_ref().map(|token| (token, nonce.as_deref())),
                same_account,
                &subject,
                parsed,
            )
            .await?;

        let _held = self
            .take_lock()
            .await
            .map_err(|failure| (failure, parsed))?;
        if self.lock().retired {
            // Its tokens would be found under a set-up that they were not asked for with.
            return Err((
                Failure::new(Code::Superseded).with("session", &**member),
                parsed,
            ));
        }
        let unreadable = |error| (Failure::from(error), parsed);
        let stored = self
            .slots
            .load(self.context.vault())
            .await
            .map_err(unreadable)?;
        let stored_epoch = stored.newest.as_ref().map_or(0, |record| record.epoch);
        self.lock().slot = stored.slot;
        let epoch = known_epoch.max(stored_epoch).saturating_add(1);
        let generation = Generation {
            epoch,
            number: 1,
            grant,
            flight: None,
            because_of: None,
        };
        let (persisted, slot) = self.persist(&generation, &subject, parsed).await;
        if slot.is_none() {
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
        if state.epoch != known_epoch {
            // Signed out while this was under way; the tombstones that follow cover it.
            return Err((
                Failure::new(Code::Superseded).with("session", &**member),
                persisted,
            ));
        }
        let from = state.name();
        let published = self.publish(&mut state, generation, member, &subject, persisted);
        self.kept_in(&mut state, slot);
        let signed_in =
            Entry::new(Actor::User, &subject, Fact::SignedIn {}).of_generation(epoch, 1);
        let told = self.context.timeline.append(signed_in.because(published));
        self.tell_change(&state, from, Actor::User, Some(told));
        Ok(())
    }

    /// The first exchange with what has to be fetched for it: cookies that the server wants back with the sign-in.
    async fn prepared(
        &self,
        member: &Arc<str>,
        first: First,
        subject: &Subject,
        started: EventKey,
    ) -> Result<(First, EventKey), (Failure, EventKey)> {
        let Some(request) = self.members[member].dialect.prepare_request() else {
            return Ok((first, started));
        };
        let purpose = Purpose::SignIn;
        let (judged, replied) = self
            .exchange(&request, purpose, member, subject, None, false, started)
            .await;
        let reply = judged.reply.as_ref();
        let jar = reply.and_then(|reply| reply.access_token.as_ref());
        match jar.filter(|_| judged.class == ReplyClass::Granted) {
            Some(jar) => {
                let request = first.request.taking(jar);
                Ok((First { request, ..first }, replied))
            }
            None => Err((refusal(member, &judged, &request), replied)),
        }
    }

    fn first_grant(&self, member: &Arc<str>, first: First, fresh: Fresh) -> Grant {
        let access = Access {
            generation: 1,
            ..fresh.access
        };
        let refresh_token = match &first.refresh_token {
            Some(sent) => self.members[member]
                .replies
                .old_refresh_token
                .after(sent, fresh.refresh_token),
            None => fresh.refresh_token,
        };
        let mut grant = Grant {
            refresh_token,
            client: first.client,
            bound: first.bound,
            account: None,
            identity: identity_in(fresh.id_token.as_ref()),
            access: BTreeMap::from([(Arc::clone(member), access)]),
        };
        grant.account = Self::account_in(&grant);
        grant
    }

    /// Whose the tokens are: as the ID token says, where one came and is worth anything, and no other than is wanted.
    async fn accept_identity(
        &self,
        member: &Arc<str>,
        grant: &Grant,
        id_token: Option<(&SecretString, Option<&str>)>,
        same_account: bool,
        subject: &Subject,
        mut cause: EventKey,
    ) -> Result<EventKey, (Failure, EventKey)> {
        if let Some((token, nonce)) = id_token {
            let (finding, told) = self
                .check_id_token(member, token, nonce, subject, cause)
                .await;
            cause = told;
            if !finding.is_valid() {
                let failure = Failure::new(Code::IdTokenRefused)
                    .with("session", &**member)
                    .with("rule_id", finding.rule_id());
                return Err((failure, cause));
            }
        }
        if same_account
            && let Err(failure) = self.refuse_another_account(member, grant.identity, grant.account)
        {
            let fact = Fact::AccountMismatch {};
            let entry = Entry::new(Actor::User, subject, fact).because(cause);
            return Err((failure, self.context.timeline.append(entry)));
        }
        Ok(cause)
    }
}

fn refusal(member: &str, judged: &Judged, request: &TokenRequest) -> Failure {
    let code = match judged.class {
        ReplyClass::NotSent => Code::HostUnreachable,
        ReplyClass::Ambiguous => Code::ConnectionLost,
        ReplyClass::Config => Code::RefreshConfig,
        ReplyClass::Protocol | ReplyClass::Granted => Code::ReplyMalformed,
        ReplyClass::Definitive
        | ReplyClass::Suspect
        | ReplyClass::Unexplained
        | ReplyClass::Interaction
        | ReplyClass::NonceNeeded
        | ReplyClass::Pending
        | ReplyClass::SlowDown
        | ReplyClass::Busy => Code::SignInRefused,
    };
    let failure = Failure::new(code)
        .with("session", member)
        .with("host", request.url.host_str().unwrap_or_default())
        .with("endpoint", crate::redact::url(&request.url));
    judged.describe(failure)
}
