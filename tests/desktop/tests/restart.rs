//! A restart against a server that is a process of its own: still signed in.

use anyhow::{Context as _, Result, ensure};
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

#[tokio::test]
async fn after_a_restart_a_session_is_still_signed_in() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &[])?;
        let window = Window::open(desk, &["--workspace", server.workspace_text()?]).await?;
        story::sign_in(&window).await?;
        list_orders(&window).await?;
        let desk = window.close().await?;
        ensure!(server.count("logins")? == 1, "signed in once");

        // Without the argument: the workspace that was open last is opened again.
        let window = Window::open(desk, &[]).await?;
        window.wait_for_text("demo is still signed in").await?;
        list_orders(&window).await?;
        ensure!(server.count("logins")? == 1, "and not again");
        let events = story::events(&window).await?;
        let run = events.last().context("events")?["run"].as_u64();
        let runs: Vec<_> = events
            .iter()
            .filter(|event| event["kind"] == "SignInStarted")
            .map(|event| event["run"].as_u64())
            .collect();
        ensure!(
            run == Some(2) && runs == [Some(1)],
            "one timeline over both runs: run {run:?}, signed in in {runs:?}"
        );
        Ok(())
    })
    .await
}

async fn list_orders(window: &Window) -> Result<()> {
    window.click("List orders").await?;
    window.click_on(SEND).await?;
    window.wait_for_text_in(STATUS, "200").await?;
    Ok(())
}
