//! The engine's verbs for what a user does on purpose: faults, and taking a token out.

use secrecy::{ExposeSecret as _, SecretString};

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::fault::{Fault, FaultName};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, Fact, HandedOut, Subject, Widening};
use crate::token::TokenKind;
use crate::token::lineage::LineageStep;
use crate::token::reading::{self, Inspected};

/// Longest text that is looked at as a token, in bytes.
pub const PASTED_BYTES_MAX: usize = 2 * 1024 * 1024;

impl Engine {
    /// Lets something go wrong for a session, from now on. The shell asks the user outside the web view first, where
    /// [`FaultName::risks_session`] says so.
    ///
    /// # Errors
    /// `session.unknown`, `fault.invalid`.
    pub fn arm_fault(&self, session: &str, fault: Fault) -> Result<()> {
        fault.check()?;
        let session = self.session(session)?;
        session.family.arm(&session.config.name, fault);
        Ok(())
    }

    /// Ends a fault. One that is off stays off.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn clear_fault(&self, session: &str, name: FaultName) -> Result<()> {
        let session = self.session(session)?;
        session.family.disarm(&session.config.name, name);
        Ok(())
    }

    /// Every generation of a session's sign-in that is remembered, the current one last.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn lineage(&self, session: &str) -> Result<Vec<LineageStep>> {
        Ok(self.session(session)?.lineage())
    }

    /// Reads a token that somebody pasted. It is not kept, and not told.
    ///
    /// # Errors
    /// `token.too_long` above [`PASTED_BYTES_MAX`].
    pub fn inspect(&self, text: &SecretString) -> Result<Inspected> {
        let length = text.expose_secret().len();
        if length > PASTED_BYTES_MAX {
            return Err(Failure::new(Code::TokenTooLong).with("limit", PASTED_BYTES_MAX));
        }
        let context = &self.inner.context;
        let token = reading::pasted(text);
        Ok(Inspected {
            length: token.expose_secret().len() as u64,
            fingerprint: context.fingerprint(&token),
            reading: reading::read(token.expose_secret(), context.clock.wall(), &[]),
        })
    }

    /// Tells the timeline that the user was asked outside the web view, and what the answer was.
    pub fn tell_asked(&self, session: Option<&str>, widening: Widening, granted: bool) {
        let subject = Subject {
            session: session.map(Into::into),
            ..Subject::default()
        };
        let fact = Fact::TrustAsked { widening, granted };
        self.timeline()
            .append(Entry::new(Actor::User, &subject, fact));
    }

    /// A session's token for the user's own eyes or clipboard, which the timeline is told of. The shell asks the user
    /// outside the web view first; no command returns this.
    ///
    /// # Errors
    /// `session.unknown`; `session.sign_in_needed` where there is no such token.
    pub fn hand_out(
        &self,
        session: &str,
        which: TokenKind,
        how: HandedOut,
    ) -> Result<SecretString> {
        let session = self.session(session)?;
        let name = &session.config.name;
        let state = session.family.lock();
        let found = match which {
            TokenKind::Access => state
                .access
                .get(name)
                .map(|token| (token.access.token.clone(), token.generation)),
            TokenKind::Refresh => state
                .refresh_token()
                .map(|token| (SecretString::clone(&token.secret), state.generation)),
        };
        let (secret, generation) =
            found.ok_or_else(|| Failure::new(Code::SignInNeeded).with("session", name))?;
        let subject = Subject {
            session: Some(std::sync::Arc::clone(name)),
            ..Subject::default()
        };
        let entry = Entry::new(Actor::User, &subject, Fact::TokenHandedOut { which, how });
        self.timeline()
            .append(entry.of_generation(state.epoch, generation));
        Ok(secret)
    }
}
