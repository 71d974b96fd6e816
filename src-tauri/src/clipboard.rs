//! The system's clipboard: a token goes there from Rust, asks not to be remembered, and is taken out again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arboard::Clipboard;
use sandglass_engine::error::{Code, Failure, Result};
use secrecy::{ExposeSecret as _, SecretString};

/// How long a token stays in the clipboard, if nobody puts something else there (security.md, N27).
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(45);

/// The clipboard. On X11 its owner must live as long as its content, so it stays open once it was used.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Option<Clipboard>>>);

impl Board {
    /// Puts a secret there, and takes it out after [`KEPT_FOR`] if it still is there.
    ///
    /// # Errors
    /// `clipboard.unavailable`.
    pub(crate) async fn copy(&self, secret: SecretString) -> Result<()> {
        let put = self.on_a_thread({
            let secret = secret.clone();
            move |clipboard| put(clipboard, &secret)
        });
        put.await?;
        let board = self.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(KEPT_FOR).await;
            if let Err(failure) = board.on_a_thread(move |it| take_out(it, &secret)).await {
                tracing::warn!(%failure, "a copied token may still be in the clipboard");
            }
        });
        Ok(())
    }

    /// Puts a text there that is no secret. It stays.
    ///
    /// # Errors
    /// `clipboard.unavailable`.
    pub(crate) async fn copy_text(&self, text: String) -> Result<()> {
        self.on_a_thread(move |clipboard| clipboard.set_text(text))
            .await
    }

    /// The clipboard's calls wait for another program: never on the threads of the runtime.
    async fn on_a_thread(
        &self,
        work: impl FnOnce(&mut Clipboard) -> Result<(), arboard::Error> + Send + 'static,
    ) -> Result<()> {
        let board = Arc::clone(&self.0);
        let worked = tokio::task::spawn_blocking(move || {
            let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
            if board.is_none() {
                *board = Some(Clipboard::new()?);
            }
            work(board.as_mut().expect("it was opened just now"))
        });
        let unavailable =
            |detail: String| Failure::new(Code::ClipboardUnavailable).with("detail", detail);
        match worked.await {
            Ok(done) => done.map_err(|error| unavailable(error.to_string())),
            Err(error) => Err(unavailable(error.to_string())),
        }
    }
}

fn put(clipboard: &mut Clipboard, secret: &SecretString) -> Result<(), arboard::Error> {
    let set = clipboard.set();
    #[cfg(all(unix, not(target_os = "macos")))]
    let set = arboard::SetExtLinux::exclude_from_history(set);
    #[cfg(target_os = "macos")]
    let set = arboard::SetExtApple::exclude_from_history(set);
    #[cfg(windows)]
    let set = {
        use arboard::SetExtWindows as _;
        set.exclude_from_history()
            .exclude_from_cloud()
            .exclude_from_monitoring()
    };
    set.text(secret.expose_secret())
}

/// What somebody else put there since is theirs.
fn take_out(clipboard: &mut Clipboard, secret: &SecretString) -> Result<(), arboard::Error> {
    let held = clipboard.get_text().map(SecretString::from);
    if held.is_ok_and(|held| held.expose_secret() == secret.expose_secret()) {
        clipboard.clear()?;
    }
    Ok(())
}
