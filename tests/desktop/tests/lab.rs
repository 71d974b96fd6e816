//! The fault lab and the token's two ways out, in the real window: what widens trust is asked by the system, not by the page.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_desktop::dialog::Dialog;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story;

const SESSION: &str = "[data-testid=session-demo]";

/// How many of these events say this.
fn count(events: &[Value], kind: &str, wanted: impl Fn(&Value) -> bool) -> usize {
    let fits = |event: &&Value| event["kind"] == kind && wanted(&event["data"]);
    events.iter().filter(fits).count()
}

#[tokio::test]
async fn a_burst_without_single_flight_trips_the_demos_reuse_detection() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.click("Sign in to demo").await?;
        window.wait_for_text_in(SESSION, "G1").await?;
        window.click_on("[data-testid=inspector-faults]").await?;
        window.click_on("[data-testid=run-burst]").await?;
        window
            .wait_for_text("5 requests, 1 refresh, 4 joined, 0 lost")
            .await?;
        window.wait_for_text_in(SESSION, "G2").await?;

        window
            .click_on("[data-testid=faults] [type=checkbox]")
            .await?;
        window.click_on("[data-testid=run-burst]").await?;
        window.wait_for_text_in(SESSION, "Sign in again").await?;
        window.shot(&story::picture("desktop-burst-apart")).await?;
        let events = story::events(&window).await?;
        let sent = count(&events, "ExchangeSent", |data| data["purpose"] == "refresh");
        ensure!(sent >= 6, "one, then five copies: {sent}");
        ensure!(
            count(&events, "FaultInjected", |data| data["fault"]
                == "no_single_flight")
                == 1
        );
        Ok(())
    })
    .await
}

/// Presses Reveal until the question comes: right after another one it does not.
async fn asked_again(window: &Window) -> Result<Dialog<'_>> {
    window.click_on("[data-testid=reveal-token]").await?;
    loop {
        if let Some(question) = Dialog::look(window.desk(), "Show this token?")? {
            return Ok(question);
        }
        if window.text().await?.contains("Nobody was asked") {
            window.click("Dismiss: Nobody was asked").await?;
            window.click_on("[data-testid=reveal-token]").await?;
        }
    }
}

/// N17: a page that asks to reveal a hundred times gets one question, outside of it, and the token is never in it.
#[tokio::test]
async fn a_token_is_revealed_outside_the_page_and_only_after_a_yes() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.click("Sign in to demo").await?;
        window.wait_for_text_in(SESSION, "G1").await?;
        window.click_on("[data-testid=reveal-token]").await?;
        let question = Dialog::find(window.desk(), "Show this token?").await?;

        let args = json!({ "args": { "session": "demo", "which": "access" } });
        for _ in 0..100 {
            let refusal = story::call(&window, "reveal_token", args.clone()).await?;
            let refusal = refusal.expect_err("one question is open");
            ensure!(refusal["code"] == "confirm.too_often", "{refusal}");
        }
        question.cancel()?;
        window.wait_for_text("Nothing was done").await?;
        let events = story::events(&window).await?;
        ensure!(count(&events, "TokenHandedOut", |_| true) == 0);
        ensure!(count(&events, "TrustAsked", |data| data["granted"] == false) == 1);

        // The next question may come a second later.
        asked_again(&window).await?.go_on()?;
        let shown = Dialog::find(window.desk(), "The token").await?;
        window
            .desk()
            .screenshot(&story::picture("desktop-revealed"))?;
        let page = window.text().await?;
        ensure!(!page.contains("eyJ"), "no token is in the page");
        shown.go_on()?;
        let events = story::events(&window).await?;
        ensure!(count(&events, "TokenHandedOut", |data| data["how"] == "revealed") == 1);
        Ok(())
    })
    .await
}
