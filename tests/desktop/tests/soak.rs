//! Tokens that live 6 s, one after the other, through the window: each expiry costs one refresh, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

/// How long it goes on in seconds, where `SANDGLASS_SOAK_SECONDS` does not ask for more: an hour is 3600.
const SECONDS: u64 = 30;
/// How long a token lives in seconds.
const LIFE: u64 = 6;
/// Between two presses of Send.
const PAUSE: Duration = Duration::from_millis(400);
/// What the rest of the story may take besides, in seconds.
const AROUND: u64 = 150;

#[tokio::test]
async fn tokens_of_six_seconds_are_lived_through_with_one_refresh_each() -> Result<()> {
    let asked = std::env::var("SANDGLASS_SOAK_SECONDS").ok();
    let seconds = asked
        .map_or(Ok(SECONDS), |text| text.parse())
        .context("seconds")?;
    story::limited_to(Duration::from_secs(seconds + AROUND), async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &["--access-ttl", &LIFE.to_string()])?;
        let arguments = ["--workspace", server.workspace_text()?];
        let window = Window::open(desk, &arguments).await?;
        story::sign_in(&window).await?;
        window.click("List orders").await?;
        let (began, mut sent) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(seconds) {
            window.click_on(SEND).await?;
            sent += 1;
            server.wait_for("api_ok", sent).await?;
            window.wait_for_text_in(STATUS, "200").await?;
            tokio::time::sleep(PAUSE).await;
        }
        let refreshes = server.count("refreshes_answered")?;
        tell(began.elapsed(), sent, refreshes);
        // The first token needs none, and the last one may not have ended.
        let lives = began.elapsed().as_secs() / LIFE;
        ensure!(
            refreshes >= 1 && refreshes <= lives + 1,
            "{refreshes} refreshes in {lives} lives"
        );
        ensure!(
            server.count("api_refused")? == refreshes,
            "each expiry costs one 401"
        );
        for lost in [
            "refreshes_refused",
            "reuses_seen",
            "families_revoked",
            "logins_refused",
        ] {
            ensure!(server.count(lost)? == 0, "{lost}");
        }
        ensure!(server.count("logins")? == 1);

        let told = format!("{sent} requests, {refreshes} refreshes, 0 joined, 0 lost");
        let told = if refreshes == 1 {
            told.replace("refreshes", "refresh")
        } else {
            told
        };
        window
            .wait_for_text_in("[data-testid=tally]", &told)
            .await?;
        let newest = format!("G{}", refreshes + 1);
        window
            .wait_for_text_in("[data-testid=session-demo]", &newest)
            .await?;
        story::pictured(&window, "desktop-soak").await
    })
    .await
}

#[expect(
    clippy::print_stdout,
    reason = "a figure for whoever reads the test's output"
)]
fn tell(took: Duration, sent: u64, refreshes: u64) {
    println!(
        "{sent} requests and {refreshes} refreshes in {} s",
        took.as_secs()
    );
}
