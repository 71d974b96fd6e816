//! What the token endpoint gives: one exchange, its reply taken apart, and the generation that comes of it.

use std::sync::Arc;

use super::state::State;
use super::{Family, Generation};
use crate::clock::micros;
use crate::fault::wire::ON_REFRESH;
use crate::oauth::dpop::nonces::Role;
use crate::redact;
use crate::rules;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Purpose, ReplyClass, Subject};
use crate::token::jwt;
use crate::token::reply::Reply;
use crate::token_endpoint::{Judged, TokenRequest};
use crate::vault::record::Access;

/// Whose token this is, as a hash of its `sub`, where it says so.
pub(super) fn account_of(access: &Access) -> Option<u64> {
    use sha2::{Digest, Sha256};
    let claims = jwt::decode(secrecy::ExposeSecret::expose_secret(&access.token))?.claims;
    let hash = Sha256::digest(claims.get("sub")?.as_str()?.as_bytes());
    Some(u64::from_be_bytes(hash[..8].try_into().expect("a hash has eight bytes")) >> 11)
}

/// What a reply gave.
pub(super) struct Fresh {
    pub(super) access: Access,
    pub(super) refresh_token: Option<secrecy::SecretString>,
    pub(super) id_token: Option<secrecy::SecretString>,
}

impl Family {
    /// Sends one request to the token endpoint, judges the answer, and tells both. Where the server wants a nonce of its own
    /// in the proof of possession, the request is sent once more with that: everything else in it that may be used once is
    /// made anew too (RFC 9449 §8, scenario 95).
    #[expect(
        clippy::too_many_arguments,
        reason = "one exchange is all of these; a struct would only rename them"
    )]
    pub(super) async fn exchange(
        &self,
        request: &TokenRequest,
        purpose: Purpose,
        member: &Arc<str>,
        subject: &Subject,
        fingerprint: Option<redact::Fingerprint>,
        replay: bool,
        cause: EventKey,
    ) -> (Judged, EventKey) {
        let (judged, replied, fresh_nonce) = self
            .exchange_once(
                request,
                purpose,
                member,
                subject,
                fingerprint,
                replay,
                cause,
            )
            .await;
        if judged.class != ReplyClass::NonceNeeded || !fresh_nonce || !rules::on("reply.nonce_sent")
        {
            return (judged, replied);
        }
        let (judged, replied, _) = self
            .exchange_once(
                request,
                purpose,
                member,
                subject,
                fingerprint,
                replay,
                replied,
            )
            .await;
        (judged, replied)
    }

    /// One time over the wire; whether the server named a nonce that was not in the proof.
    #[expect(
        clippy::too_many_arguments,
        reason = "one exchange is all of these; a struct would only rename them"
    )]
    async fn exchange_once(
        &self,
        request: &TokenRequest,
        purpose: Purpose,
        member: &Arc<str>,
        subject: &Subject,
        fingerprint: Option<redact::Fingerprint>,
        replay: bool,
        cause: EventKey,
    ) -> (Judged, EventKey, bool) {
        let context = &self.context;
        let fact = Fact::ExchangeSent {
            purpose,
            endpoint: redact::url(&request.url),
            method: request.method_if_odd().map(str::to_owned),
            fingerprint,
            replay,
        };
        let actor = if purpose == Purpose::SignIn {
            Actor::User
        } else {
            Actor::Request
        };
        let sent = context
            .timeline
            .append(Entry::new(actor, subject, fact).because(cause));
        context.messages.keep(sent, request.said(self.wall()));
        let began = context.clock.mono();
        let nonce = self.nonces.newest(Role::Authorization, &request.url);
        let struck = match purpose {
            Purpose::Refresh => self.strike(member, &ON_REFRESH, subject, sent),
            Purpose::SignIn => None,
        };
        let (fault, answered) = struck.map_or((None, sent), |(fault, told)| (Some(fault), told));
        let (wire, newest) = match fault {
            Some(fault) => {
                self.send_under(fault, member, request, nonce.as_deref())
                    .await
            }
            None => self.send(member, request, nonce.as_deref()).await,
        };
        let fresh_nonce = newest.is_some() && newest != nonce;
        if let Some(newest) = newest {
            self.nonces
                .learn(Role::Authorization, &request.url, &newest);
        }
        let judged = request.judge(&wire, &self.members[member].replies, self.wall());
        let fact = Fact::ExchangeReplied {
            status: judged.status,
            class: judged.class,
            rule_id: judged.rule_id.to_owned(),
            error: judged.error.clone(),
            error_description: judged.error_description.clone(),
            retry_after_ms: judged.retry_after_ms,
            took_us: micros(context.clock.mono().saturating_sub(began)),
        };
        let replied = context
            .timeline
            .append(Entry::new(actor, subject, fact).because(answered));
        context.messages.keep(replied, wire.said());
        (judged, replied, fresh_nonce)
    }

    /// Takes the tokens out of a reply, and says what is odd about them. `None`: it holds no access token.
    pub(super) fn parse(
        &self,
        reply: Option<Reply>,
        before: Option<&Access>,
        subject: &Subject,
        replied: EventKey,
    ) -> Option<(Fresh, EventKey)> {
        let reply = reply?;
        let token = reply.access_token?;
        let tell = |fact, cause| {
            self.context
                .timeline
                .append(Entry::new(Actor::Request, subject, fact).because(cause))
        };
        let fact = Fact::ReplyParsed {
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
            rotated: reply.refresh_token.is_some(),
            warnings: reply.warnings,
        };
        let mut cause = tell(fact, replied);
        if let Some(before) = before {
            use secrecy::ExposeSecret;
            if before.token.expose_secret() == token.expose_secret() {
                cause = tell(Fact::TokenUnchanged {}, cause);
            }
            if let Some(scope) = &reply.scope {
                let missing = |from: &[String], other: &[String]| -> Vec<String> {
                    from.iter()
                        .filter(|scope| !other.contains(scope))
                        .cloned()
                        .collect()
                };
                let (lost, gained) = (missing(&before.scope, scope), missing(scope, &before.scope));
                let changed = !lost.is_empty() || !gained.is_empty();
                if changed && !before.scope.is_empty() {
                    cause = tell(Fact::ScopeChanged { lost, gained }, cause);
                }
            }
        }
        let access = Access {
            token,
            scheme: reply.scheme,
            generation: 0,
            scope: reply
                .scope
                .or_else(|| before.map(|before| before.scope.clone()))
                .unwrap_or_default(),
            received_at: self.wall(),
            lifetime_ms: reply.lifetime_ms,
            expiry_source: reply.expiry_source,
        };
        Some((
            Fresh {
                access,
                refresh_token: reply.refresh_token,
                id_token: reply.id_token,
            },
            cause,
        ))
    }

    /// From here on, requests carry this generation. Called under the lock.
    pub(super) fn publish(
        self: &Arc<Self>,
        state: &mut State,
        generation: Generation,
        member: &Arc<str>,
        subject: &Subject,
        cause: EventKey,
    ) -> EventKey {
        let access = generation.grant.access.get(member);
        let fact = Fact::Published {
            fingerprint: access.map(|access| self.context.fingerprint(&access.token)),
            expires_at_ms: access.and_then(|access| {
                access
                    .lifetime_ms
                    .map(|lifetime| access.received_at.plus(lifetime))
            }),
            lifetime_ms: access.and_then(|access| access.lifetime_ms),
            claims: access.map(Access::claims),
        };
        let entry = Entry::new(Actor::Request, subject, fact)
            .of_generation(generation.epoch, generation.number);
        let published = self.context.timeline.append(entry.because(cause));
        self.install(state, generation, published);
        published
    }
}

/// A random number of 0..1 that spreads clients apart; its quality does not matter.
pub(super) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}
