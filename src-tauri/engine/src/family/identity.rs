//! Whose tokens a family has, as the ID tokens beside them say: checked before a sign-in is kept, and after a refresh is safe.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::Family;
use crate::clock::WallMs;
use crate::error::{Code, Failure};
use crate::jose::public_key::KeySet;
use crate::jose::signed_text::SignedText;
use crate::oauth::id_token::{self, Expected, Finding};
use crate::rules;
use crate::session::config::{Dialect, OauthDialect};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Subject};
use crate::token::signature::SignatureState;

/// Whom an ID token names, whatever it is worth otherwise.
pub(super) fn identity_in(id_token: Option<&SecretString>) -> Option<u64> {
    id_token::identity(&SignedText::read(id_token?.expose_secret())?.claims)
}

impl Family {
    /// Checks an ID token, and tells what was found.
    pub(super) async fn check_id_token(
        &self,
        member: &Arc<str>,
        token: &SecretString,
        nonce: Option<&str>,
        subject: &Subject,
        cause: EventKey,
    ) -> (Finding, EventKey) {
        let finding = match &self.members[member].dialect {
            Dialect::Oauth(oauth) => self.look_at(member, oauth, token, nonce).await,
            Dialect::Json(_) | Dialect::Cookie(_) => Finding::Valid {
                key_id: None,
                rule_id: "id_token.signature_not_checked",
            },
        };
        let key_id = match &finding {
            Finding::Valid { key_id, .. } => key_id.clone(),
            Finding::Refused { .. } => None,
        };
        let fact = Fact::IdTokenChecked {
            valid: finding.is_valid(),
            rule_id: finding.rule_id().to_owned(),
            key_id,
        };
        let entry = Entry::new(Actor::Request, subject, fact).because(cause);
        (finding, self.context.timeline.append(entry))
    }

    async fn look_at(
        &self,
        member: &Arc<str>,
        oauth: &OauthDialect,
        token: &SecretString,
        nonce: Option<&str>,
    ) -> Finding {
        let now: WallMs = self.context.clock.wall();
        let Some(signed) = SignedText::read(token.expose_secret()) else {
            return Finding::Refused {
                rule_id: "id_token.malformed",
            };
        };
        let expected = Expected {
            issuer: oauth.issuer.as_deref(),
            client_id: &oauth.client_id,
            nonce,
            now,
        };
        if let Err(rule_id) = id_token::check_claims(&signed, &expected) {
            return Finding::Refused { rule_id };
        }
        let keys = self.keys_for(member, &signed, oauth).await;
        id_token::check_signature(&signed, keys.as_deref())
    }

    async fn keys_for(
        &self,
        member: &Arc<str>,
        signed: &SignedText<'_>,
        oauth: &OauthDialect,
    ) -> Option<Arc<KeySet>> {
        let context = &self.context;
        let (url, now) = (oauth.jwks_uri.as_ref()?, context.clock.mono());
        let transport = &context.token_client;
        let connection = &self.members[member].connection;
        context
            .keys
            .keys_for(signed, url, transport, connection, now)
            .await
    }

    /// What is known of the signature of a session's access token.
    pub(crate) async fn signature(&self, member: &Arc<str>) -> SignatureState {
        let token = self.lock().access.get(member).cloned();
        let (Some(token), Dialect::Oauth(oauth)) = (token, &self.members[member].dialect) else {
            return SignatureState::NotChecked;
        };
        let Some(signed) = SignedText::read(token.access.token.expose_secret()) else {
            return SignatureState::NotChecked;
        };
        match self.keys_for(member, &signed, oauth).await {
            Some(keys) => SignatureState::of(&signed, &keys),
            None => SignatureState::NotChecked,
        }
    }

    /// Refuses a sign-in that was to give an account more rights and brought another account (scenario 123).
    pub(super) fn refuse_another_account(
        &self,
        member: &Arc<str>,
        identity: Option<u64>,
        account: Option<u64>,
    ) -> Result<(), Failure> {
        let state = self.lock();
        let differs = |before: Option<u64>, now: Option<u64>| matches!((before, now), (Some(before), Some(now)) if before != now);
        let other = differs(state.identity, identity) || differs(state.account, account);
        if other && rules::on("sign_in.another_account") {
            return Err(Failure::new(Code::AnotherAccount).with("session", &**member));
        }
        Ok(())
    }
}
