//! The page's one watch of the timeline: when something else has ended it, the page comes back by itself.

use anyhow::Result;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story;

const SESSION: &str = "[data-testid=session-demo]";

#[tokio::test]
async fn a_page_whose_watch_was_ended_comes_back_by_itself_in_a_burst() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.click("Sign in to demo").await?;
        window.wait_for_text_in(SESSION, "G1").await?;
        window.click_on("[data-testid=inspector-faults]").await?;
        // Whoever watches now, the page does not: there is one watch.
        story::events(&window).await?;
        window.click_on("[data-testid=run-burst]").await?;
        window
            .wait_for_text("5 requests, 1 refresh, 4 joined, 0 lost")
            .await?;
        window.wait_for_text_in(SESSION, "G2").await?;

        story::events(&window).await?;
        window
            .click_on("[data-testid=faults] [type=checkbox]")
            .await?;
        window.click_on("[data-testid=run-burst]").await?;
        window.wait_for_text_in(SESSION, "Sign in again").await
    })
    .await
}
