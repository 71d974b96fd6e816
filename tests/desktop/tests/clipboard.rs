//! A copied token: marked so that nobody remembers it, and taken out of the clipboard again, unless it is somebody else's now.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::json;
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use tests_desktop::{clipboard, witness};
use xtask::desk::{Desk, Keychain};

use crate::story;

const TEXT: &str = "UTF8_STRING";
/// What managers of clipboards look for before they remember something.
const MARK: &str = "x-kde-passwordManagerHint";
/// How long a copied token stays.
const STAYS: Duration = Duration::from_secs(45);
/// On top of that, on a machine that is busy.
const SPARE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(500);

/// A window that is signed in, and has just copied its access token.
async fn copied() -> Result<(Window, Server)> {
    let desk = Desk::new(Keychain::Unlocked)?;
    let server = Server::start(desk.home(), &["--access-ttl", "600"])?;
    let window = Window::open(desk, &["--workspace", server.workspace_text()?]).await?;
    story::sign_in(&window).await?;
    let which = json!({ "args": { "session": "demo", "which": "access" } });
    let answer = story::call(&window, "copy_token", which).await?;
    answer.map_err(|refusal| anyhow!("copy_token: {refusal}"))?;
    Ok((window, server))
}

/// N27.
#[tokio::test]
async fn n27_a_copied_token_is_marked_and_gone_after_45_seconds() -> Result<()> {
    story::limited(async {
        let (window, _server) = copied().await?;
        let began = Instant::now();
        let held = clipboard::held(window.desk(), TEXT)?.context("it was copied")?;
        ensure!(
            witness::tokens(window.desk())?.contains(&held),
            "it is the token as the keychain has it"
        );
        ensure!(
            clipboard::held(window.desk(), MARK)?.as_deref() == Some("secret"),
            "and asks not to be remembered"
        );
        while clipboard::held(window.desk(), TEXT)?.is_some() {
            ensure!(began.elapsed() < STAYS + SPARE, "it is still there");
            tokio::time::sleep(GLANCE).await;
        }
        ensure!(
            began.elapsed() + GLANCE * 4 > STAYS,
            "it stayed long enough to be used: {:?}",
            began.elapsed()
        );
        Ok(())
    })
    .await
}

/// N27.
#[tokio::test]
async fn n27_what_somebody_has_copied_since_stays() -> Result<()> {
    story::limited(async {
        let (window, _server) = copied().await?;
        clipboard::put(window.desk(), "somebody else's")?;
        tokio::time::sleep(STAYS + GLANCE * 10).await;
        let held = clipboard::held(window.desk(), TEXT)?;
        ensure!(held.as_deref() == Some("somebody else's"), "{held:?}");
        Ok(())
    })
    .await
}
