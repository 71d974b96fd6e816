//! A session for another tool: its token, fresh at the moment of asking, where the user has allowed that for this session.
//!
//! The permission is in the vault and not in a file, so that no `git pull` can give it. It holds for the addresses that the
//! session had then: where its file names others, the user is asked again.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Engine;
use super::trust::Trust;
use crate::client::tls::hex;
use crate::error::{Code, Failure, Result};
use crate::exchange::replay::fresh_for;
use crate::session::{Lease, Session};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, BodyClass, Fact, HandedOut, Subject};
use crate::token::TokenKind;
use crate::token::scheme::Scheme;

impl Engine {
    /// Whether the user has allowed other tools this session's token.
    ///
    /// # Errors
    /// `session.unknown`, `store.*`.
    pub async fn is_portable(&self, session: &str) -> Result<bool> {
        let session = self.session(session)?;
        let context = &self.inner.context;
        let stored = context.vault().read(self.permission_item(&session)).await?;
        Ok(stored.is_some_and(|stored| stored.expose_secret() == permission(&session).as_bytes()))
    }

    /// Allows other tools this session's token from now on, or no longer. The shell asks the user outside the web view first.
    ///
    /// # Errors
    /// `session.unknown`; `store.*`: it is as it was.
    pub async fn make_portable(&self, session: &str, allowed: bool) -> Result<()> {
        let session = self.session(session)?;
        let text = if allowed {
            permission(&session)
        } else {
            String::new()
        };
        let context = &self.inner.context;
        let item = self.permission_item(&session);
        context
            .vault()
            .write(item, text.into_bytes().into())
            .await?;
        Ok(())
    }

    /// The header that carries this session's token, for another tool: a token that is fresh now, refreshed first where a
    /// request that cannot be repeated would have it so. The timeline is told that it was asked for, and that it was given.
    ///
    /// # Errors
    /// `token.not_allowed`, `token.not_portable`, `session.*`, `refresh.*`, `store.*`: nothing was given.
    pub async fn portable_header(&self, name: &str) -> Result<SecretString> {
        let allowed = self.is_portable(name).await?;
        let session = self.session(name)?;
        let subject = Subject {
            session: Some(Arc::clone(&session.config.name)),
            ..Subject::default()
        };
        let timeline = self.timeline();
        let wanted = Entry::new(Actor::User, &subject, Fact::TokenWanted { allowed });
        let mut cause = timeline.append(wanted);
        if !allowed {
            return Err(Failure::new(Code::TokenNotAllowed).with("session", name));
        }
        // What another tool sends is not repeated here, so it must not be refused.
        let wanted_for = fresh_for(BodyClass::OneShot, None);
        let lease = session.fresh(&subject, &mut cause, wanted_for).await;
        let lease = lease.map_err(|(failure, _)| failure)?;
        let header = header(&session, &lease)?;
        let fact = Fact::TokenHandedOut {
            which: TokenKind::Access,
            how: HandedOut::Printed,
        };
        let (epoch, generation) = lease.epoch_and_generation();
        let entry = Entry::new(Actor::User, &subject, fact).of_generation(epoch, generation);
        timeline.append(entry.because(cause));
        Ok(header)
    }

    /// The vault's name for the permission.
    fn permission_item(&self, session: &Session) -> String {
        let place = self.workspace().place();
        let named = format!("{place}\n{}", session.config.name);
        format!("permission for other tools {}", hash(&named))
    }
}

/// What the user allows: this session with these addresses.
fn permission(session: &Session) -> String {
    let trust = Trust::of(&session.config);
    hash(&format!("{:?}\n{:?}", trust.origins, trust.endpoints))
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// `Authorization: Bearer …`, where that is all that a server wants to see.
fn header(session: &Session, lease: &Lease) -> Result<SecretString> {
    let not_portable = |scheme: &str| {
        Failure::new(Code::TokenNotPortable)
            .with("session", &session.config.name)
            .with("scheme", scheme)
    };
    if lease.scheme() != Scheme::Bearer {
        return Err(not_portable(lease.scheme().name()));
    }
    if lease.certificate().is_some() {
        return Err(not_portable("mTLS"));
    }
    let credentials = lease
        .credentials()
        .ok_or_else(|| not_portable("odd token"))?;
    let value = credentials
        .to_str()
        .map_err(|_| not_portable("odd token"))?;
    Ok(format!("Authorization: {value}").into())
}
