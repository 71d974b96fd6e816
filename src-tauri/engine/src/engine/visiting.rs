//! Sign-ins in the browser that are under way, for whoever sits beside the user: the link, the way back by hand, and the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::family::browser::Visit;

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

    /// The address at which the user signs in to this session now. `None`: no browser is waited for.
    pub fn sign_in_link(&self, session: &str) -> Option<Url> {
        self.visits().get(session).and_then(|visit| visit.link())
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

    /// Stops waiting for the browser. The session is as it was before.
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
