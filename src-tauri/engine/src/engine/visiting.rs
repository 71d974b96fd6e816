//! Sign-ins elsewhere that are under way, for whoever sits beside the user: the link, the way back by hand, and the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::family::visit::Visit;
use crate::oauth::device::UserCode;

/// The newest visit of each session.
pub(super) type Visits = Mutex<HashMap<Arc<str>, Arc<Visit>>>;

/// A visit for as long as its sign-in runs.
pub(super) struct Visiting {
    engine: Engine,
    session: Arc<str>,
    pub(super) visit: Arc<Visit>,
}

impl Drop for Visiting {
    fn drop(&mut self) {
        let mut visits = self.engine.visits();
        // Another one may have taken its place.
        if visits
            .get(&self.session)
            .is_some_and(|visit| Arc::ptr_eq(visit, &self.visit))
        {
            visits.remove(&self.session);
        }
    }
}

impl Engine {
    /// A new visit. One of the same session that is under way ends: the user began again.
    pub(super) fn visit(&self, session: &Arc<str>) -> Visiting {
        let visit = Arc::new(Visit::default());
        let before = self
            .visits()
            .insert(Arc::clone(session), Arc::clone(&visit));
        if let Some(before) = before {
            before.stop();
        }
        Visiting {
            engine: self.clone(),
            session: Arc::clone(session),
            visit,
        }
    }

    /// The address at which the user signs in to this session now. `None`: nobody is waited for.
    pub fn sign_in_link(&self, session: &str) -> Option<Url> {
        self.visits().get(session).and_then(|visit| visit.link())
    }

    /// What the user types on another device to sign in to this session now. `None`: no such sign-in waits.
    pub fn user_code(&self, session: &str) -> Option<UserCode> {
        self.visits()
            .get(session)
            .and_then(|visit| visit.user_code())
    }

    /// Opens the address at which the user signs in to this session now.
    ///
    /// # Errors
    /// `sign_in.stopped` where no sign-in waits, `browser.unavailable`.
    pub fn open_sign_in_link(&self, session: &str) -> Result<()> {
        let link = self
            .sign_in_link(session)
            .ok_or_else(|| Failure::new(Code::SignInStopped).with("session", session))?;
        (self.inner.context.browser)(&link)
            .map_err(|detail| Failure::new(Code::BrowserUnavailable).with("detail", detail))
    }

    /// Brings a sign-in the address that the browser was sent back to, from where that cannot reach this machine.
    ///
    /// # Errors
    /// `sign_in.not_the_answer`: the sign-in, where there is one, goes on waiting.
    pub fn came_back(&self, session: &str, address: &str) -> Result<()> {
        let visit = self.visits().get(session).cloned();
        visit
            .ok_or_else(|| Failure::new(Code::SignInNotTheAnswer))?
            .paste(address)
    }

    /// Stops waiting for the browser or the other device. The session is as it was before.
    pub fn stop_sign_in(&self, session: &str) {
        if let Some(visit) = self.visits().get(session) {
            visit.stop();
        }
    }

    fn visits(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Arc<Visit>>> {
        self.inner
            .visits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
