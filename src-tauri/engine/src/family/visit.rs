//! A sign-in that waits for the user elsewhere: what whoever sits beside them needs, the way back by hand, and the end.

use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::error::{Code, Failure, Result};
use crate::oauth::code_grant::{self, CameBack};
use crate::oauth::device::UserCode;

/// A sign-in elsewhere that is under way.
pub(crate) struct Visit {
    open: Mutex<Option<Open>>,
    pasted: mpsc::Sender<CameBack>,
    taken: Mutex<Option<mpsc::Receiver<CameBack>>>,
    stopped: watch::Sender<bool>,
}

/// What the user needs there.
pub(super) enum Open {
    /// In a browser: where, and what the answer is known by when it is brought back by hand.
    Browser { link: Url, state: SecretString },
    /// On any other device.
    Device(UserCode),
}

impl Default for Visit {
    fn default() -> Self {
        let (pasted, taken) = mpsc::channel(1);
        Self {
            open: Mutex::default(),
            pasted,
            taken: Mutex::new(Some(taken)),
            stopped: watch::Sender::new(false),
        }
    }
}

impl Visit {
    /// From now on the user may go there.
    pub(super) fn show(&self, open: Open) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
    }

    /// The address that the user goes to, once it is known.
    pub(crate) fn link(&self) -> Option<Url> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.as_ref()? {
            Open::Browser { link, .. } => Some(link.clone()),
            Open::Device(code) => Some(code.link().clone()),
        }
    }

    /// What the user types on another device, once it is known.
    pub(crate) fn user_code(&self) -> Option<UserCode> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.as_ref()? {
            Open::Browser { .. } => None,
            Open::Device(code) => Some(code.clone()),
        }
    }

    /// Takes the address that the browser was sent back to, from where it could not go there by itself.
    ///
    /// # Errors
    /// `sign_in.not_the_answer`: the sign-in goes on waiting.
    pub(crate) fn paste(&self, address: &str) -> Result<()> {
        let refused = || Failure::new(Code::SignInNotTheAnswer);
        let url = Url::parse(address.trim()).map_err(|_| refused())?;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Open::Browser { state, .. }) = open.as_ref() else {
            return Err(refused());
        };
        let came_back = code_grant::read(url.query().unwrap_or_default(), state);
        // Full: it came back already.
        self.pasted
            .try_send(came_back.map_err(|_| refused())?)
            .map_err(|_| refused())
    }

    /// What is brought back by hand. `None`: somebody waits for it already.
    pub(super) async fn pasted(&self) -> Option<CameBack> {
        let mut taken = self
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        taken.recv().await
    }

    /// Ends it. What comes back later finds nobody.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until the user stops it.
    pub(super) async fn stopped(&self) {
        // The sender lives in `self`.
        let _: std::result::Result<_, watch::error::RecvError> =
            self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}
