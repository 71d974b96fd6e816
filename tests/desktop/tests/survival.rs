//! Killed in the middle of a refresh, after the token has left: the session is there again, or its end is told.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

const SESSION: &str = "[data-testid=session-demo]";

/// Signs in, lets the token be refused, and kills the window while the server keeps back the tokens that it has given. Answers
/// the desk with everything on it, and the workspace.
async fn killed_after_sent(grace: &[&str]) -> Result<(Desk, Server)> {
    let desk = Desk::new(Keychain::Unlocked)?;
    let server = Server::start(desk.home(), grace)?;
    let window = Window::open(desk, &["--workspace", server.workspace_text()?]).await?;
    story::sign_in(&window).await?;
    window.click("List orders").await?;
    window.click_on(SEND).await?;
    window.wait_for_text_in(STATUS, "200").await?;

    server.tell_faults(&json!({ "refresh": { "hold_ms": 60_000, "times": 1 } }))?;
    server.expire()?;
    window.click_on(SEND).await?;
    server.wait_for("refreshes_answered", 1).await?;
    window.wait_for_text("Waits for F1").await?;
    let desk = window.kill().await?;
    Ok((desk, server))
}

/// Scenario 32, seen by a person: the reply was lost with the process, and the server gives it once more.
#[tokio::test]
async fn a_kill_after_sent_loses_nothing_where_the_server_forgives_and_the_story_says_how()
-> Result<()> {
    story::limited(async {
        let (desk, server) = killed_after_sent(&["--grace", "600"]).await?;
        let window = Window::open(desk, &[]).await?;
        window.wait_for_text("demo is still signed in").await?;
        window.click("List orders").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        window.wait_for_text_in(SESSION, "G").await?;
        window.wait_for_text("cut short").await?;
        ensure!(server.count("logins")? == 1, "and nobody signed in again");
        ensure!(server.count("families_revoked")? == 0);
        story::pictured(&window, "desktop-killed-forgiven").await
    })
    .await
}

/// The same at a server that takes a token that comes twice for theft: the session is over, and says so and why.
#[tokio::test]
async fn a_kill_after_sent_at_a_strict_server_ends_in_words_and_not_in_silence() -> Result<()> {
    story::limited(async {
        let (desk, server) = killed_after_sent(&[]).await?;
        let window = Window::open(desk, &[]).await?;
        window.wait_for_text("demo needs a new sign-in").await?;
        window.wait_for_text_in(SESSION, "Sign in again").await?;
        window.wait_for_text("cut short").await?;
        story::pictured(&window, "desktop-killed-strict").await?;
        let events = story::events(&window).await?;
        let ended = events.iter().find(|event| event["kind"] == "LoginRequired");
        let ended = ended.context("the end is an event")?;
        ensure!(
            ended["cause_seq"]
                .as_array()
                .is_some_and(|causes| !causes.is_empty()),
            "and names its evidence: {ended}"
        );
        ensure!(server.count("logins")? == 1);
        Ok(())
    })
    .await
}
