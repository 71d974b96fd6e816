//! The running server: its listener, its routes, and what the handlers share.

use crate::counts::{Counts, Tally};
use crate::families::{Families, Mint};
use crate::faults::{Faults, Place};
use crate::key::Key;
use crate::settings::Settings;
use crate::state_file::StateFile;
use crate::{api, control, cookie, guard, json, listener, misbehave, oauth};
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The demo signs in anybody who knows a public password, so it stays on this machine.
    #[error("{0} is not a loopback address; the demo server listens on this machine only")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The state file exists and cannot be used. It is left as it is.
    #[error("cannot use the state file {}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// A running demo server. It stops when this is dropped.
#[derive(Debug)]
pub struct Demo {
    pub(crate) shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What all handlers of one server share.
pub(crate) struct Shared {
    pub(crate) mint: Mint,
    pub(crate) faults: Faults,
    pub(crate) tally: Tally,
    pub(crate) delay: RangeInclusive<Duration>,
    families: Mutex<Families>,
    file: Option<StateFile>,
}

impl Demo {
    /// Starts a server in tasks of its own on the current tokio runtime; it answers as soon as this returns.
    ///
    /// # Errors
    /// When the address is not loopback or not free, or when the state file exists and is not one.
    ///
    /// # Panics
    /// Outside a tokio runtime with its network and time drivers on.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        if !settings.bind.ip().is_loopback() {
            return Err(StartError::NotLoopback(settings.bind));
        }
        let in_file = |source| StartError::State {
            path: settings.state_file.clone().unwrap_or_default(),
            source,
        };
        let file = settings.state_file.as_deref().map(StateFile::at);
        let kept = file
            .as_ref()
            .map(StateFile::read)
            .transpose()
            .map_err(in_file)?
            .flatten();
        let (key, families) = kept.unwrap_or_else(|| (Key::random(), Families::default()));

        let in_bind = |source| StartError::Bind {
            address: settings.bind,
            source,
        };
        let listener = listener::listen(settings.bind).map_err(in_bind)?;
        let address = listener.local_addr().map_err(in_bind)?;
        let shared = Arc::new(Shared {
            mint: Mint {
                key,
                origin: format!("http://{address}"),
                access_ttl: settings.access_ttl,
                refresh_ttl: settings.refresh_ttl,
                reuse: settings.reuse,
            },
            faults: Faults::default(),
            tally: Tally::default(),
            delay: settings.delay.clone(),
            families: Mutex::new(families),
            file,
        });
        // A state file that cannot be written is found now, and not at the first sign-in.
        shared.change(|_| ()).map_err(in_file)?;
        let (stopping, stop) = watch::channel(false);
        let task = tokio::spawn(listener::accept(listener, routes(&shared), stop));
        Ok(Self {
            shared,
            stopping,
            task,
        })
    }

    /// Where the server is, such as `http://127.0.0.1:40117`.
    pub fn origin(&self) -> &str {
        &self.shared.mint.origin
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.tally.read()
    }

    /// The switches; `PUT /_demo/faults` sets the same ones.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Makes all access tokens issued so far count as expired, at once and on the server's side only.
    pub fn expire_all(&self) {
        // Not written to the state file: after a restart they are as old as they are.
        self.shared.families().expire_all();
    }

    /// Ends every sign-in, as an administrator would: the next refresh answers `invalid_grant`.
    ///
    /// # Errors
    /// When there is a state file and it cannot be written; then nothing has ended.
    pub fn revoke_all(&self) -> io::Result<()> {
        let ended = self.shared.change(Families::revoke_all)?;
        self.shared
            .tally
            .add(|counts| counts.families_revoked += ended);
        Ok(())
    }

    /// Ends the server: it takes no more connections, gives answers on their way a second, and then closes.
    pub async fn stop(mut self) {
        // No receiver means that the task has ended, which is what is wanted.
        let _ = self.stopping.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Host and port, as a `Host` header names them.
    pub(crate) fn authority(&self) -> &str {
        self.mint.origin.trim_start_matches("http://")
    }

    /// The families, to read; what has to survive a restart goes through [`Shared::change`].
    pub(crate) fn families(&self) -> MutexGuard<'_, Families> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the families, and keeps the change before anybody hears of it. On an error nothing has changed.
    ///
    /// Writing a file under a lock stalls other requests for some milliseconds; with it no answer can be ahead of the file.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut Families) -> T) -> io::Result<T> {
        let mut families = self.families();
        let Some(file) = &self.file else {
            return Ok(work(&mut families));
        };
        let before = families.clone();
        let done = work(&mut families);
        if let Err(error) = file.write(&self.mint.key, &families) {
            *families = before;
            return Err(error);
        }
        Ok(done)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("origin", &self.mint.origin)
            .finish_non_exhaustive()
    }
}

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    crate::families::in_ms(now)
}

fn routes(shared: &Arc<Shared>) -> Router {
    let faulty = |routes: Router<Arc<Shared>>, place: Place| {
        routes.route_layer(from_fn_with_state(
            (Arc::clone(shared), place),
            misbehave::misbehave,
        ))
    };
    let paced = Router::new()
        .merge(faulty(
            json::login_routes().merge(cookie::login_routes()),
            Place::Login,
        ))
        .merge(faulty(
            json::refresh_routes()
                .merge(cookie::refresh_routes())
                .merge(oauth::token_routes()),
            Place::Refresh,
        ))
        .merge(json::other_routes())
        .merge(cookie::other_routes())
        .merge(oauth::other_routes())
        .merge(faulty(api::routes(shared), Place::Api))
        .route_layer(from_fn_with_state(Arc::clone(shared), misbehave::pace));
    paced
        .merge(control::routes())
        .fallback(api::nothing_here)
        .method_not_allowed_fallback(api::not_this_way)
        .layer(from_fn_with_state(Arc::clone(shared), guard::guard))
        .with_state(Arc::clone(shared))
}
