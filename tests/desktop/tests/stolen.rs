//! A stolen refresh token: the server ends the session, the window says so with the evidence, and signing in again heals it.

use anyhow::{Result, ensure};
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, RUN_TOUR, STATUS};

#[tokio::test]
async fn a_stolen_token_ends_the_session_in_words_and_a_sign_in_begins_anew() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.click_on(RUN_TOUR).await?;
        window.wait_for_text("200 with G2").await?;
        // The thief needs a token that was spent; the owner hears of it at the next refresh.
        window.wait_for_text("G2, expired").await?;
        window.click("Steal the old refresh token").await?;
        window
            .wait_for_text("The server ended this session")
            .await?;
        window.shot(&story::picture("desktop-stolen")).await?;
        let events = story::events(&window).await?;
        let ended = events.iter().find(|event| event["kind"] == "LoginRequired");
        ensure!(
            ended.is_some_and(|event| event["cause_seq"]
                .as_array()
                .is_some_and(|causes| !causes.is_empty())),
            "the end names its evidence: {ended:?}"
        );
        window.click("Sign in again").await?;
        window.wait_for_text("G1, access token").await?;
        window.click("List orders").await?;
        window.click_on(story::SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        Ok(())
    })
    .await
}
