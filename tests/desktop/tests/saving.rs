//! Saved requests and open tabs in the real window: written into files, changed by others meanwhile, back after a kill; and
//! the body of an answer read in parts.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS, URL};

/// How long a file or a field may take to say what it is to say.
const LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn what_is_written_is_saved_taken_in_and_there_again_after_a_kill() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &[])?;
        let file = server.workspace().join("requests/by-hand.toml");
        let two = format!("{}/orders?limit=2", server.origin());
        let by_hand = |url: &str| format!("# Two are enough.\nurl = \"{url}\" # for now\n");
        fs::write(&file, by_hand(&two))?;
        let window = Window::open(desk, &["--workspace", server.workspace_text()?]).await?;
        window.click("by-hand").await?;
        says(&window, &two).await?;

        // Saved from the window: the comments stay.
        let three = format!("{}/orders?limit=3", server.origin());
        window.fill(URL, &three).await?;
        window.click_on("[data-testid=save]").await?;
        let deadline = Instant::now() + LIMIT;
        while fs::read_to_string(&file)? != by_hand(&three) {
            ensure!(Instant::now() < deadline, "{}", fs::read_to_string(&file)?);
            tokio::time::sleep(GLANCE).await;
        }

        // Written by somebody else: taken in, because nothing here is unsaved.
        let four = format!("{}/orders?limit=4", server.origin());
        fs::write(&file, format!("url = \"{four}\"\n"))?;
        says(&window, &four).await?;

        // By both: the user is asked, and nothing is lost.
        let half = "https://half.written.test/and-not-sav";
        window.fill(URL, half).await?;
        fs::write(&file, format!("url = \"{four}&more=1\"\n"))?;
        window
            .wait_for_text_in(
                "[data-testid=outside-change]",
                "by-hand was changed outside",
            )
            .await?;
        says(&window, half).await?;

        // Killed where it stands: what was typed is there again.
        let deadline = Instant::now() + LIMIT;
        while !told(&window, "read_tabs", json!({}))
            .await?
            .to_string()
            .contains(half)
        {
            ensure!(Instant::now() < deadline, "what was typed is not kept");
            tokio::time::sleep(GLANCE).await;
        }
        let desk = window.kill().await?;
        let window = Window::open(desk, &[]).await?;
        says(&window, half).await?;
        window
            .wait_for_text_in("[role=tab][aria-selected=true]", "by-hand")
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_answer_is_read_in_parts_and_remembered_without_its_secrets() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &[])?;
        let window = Window::open(desk, &["--workspace", server.workspace_text()?]).await?;
        story::sign_in(&window).await?;
        let secret = "s3cr3t-of-a-person";
        let address = format!("{}/orders?limit=5&api_key={secret}", server.origin());
        window.fill(URL, &address).await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        window.click_on("[data-testid=body-as-hex]").await?;
        window
            .wait_for_text_in("[data-testid=hex]", "00000000  7b")
            .await?;
        window.click_on("[data-testid=response-timing]").await?;
        window
            .wait_for_text_in("[data-testid=timing]", "Attempt 1: 200")
            .await?;

        let asked = json!({ "question": "orders 200", "before": null });
        let page = told(&window, "read_history", asked).await?;
        let sent = page["sends"].get(0).context("a send")?;
        let written = told(&window, "read_sent", sent["key"].clone()).await?;
        ensure!(written["hidden"] == 1, "{written}");
        ensure!(
            !format!("{page}{written}").contains(secret),
            "{page} {written}"
        );
        Ok(())
    })
    .await
}

/// Waits until the address says this.
async fn says(window: &Window, address: &str) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let script = "return document.querySelector('[data-testid=url]')?.value ?? null";
        let shown = window.run(script, vec![]).await?;
        if shown == address {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{shown} is shown, not {address}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// What a command answers.
async fn told(window: &Window, command: &str, args: Value) -> Result<Value> {
    let answer = story::call(window, command, json!({ "args": args })).await?;
    answer.map_err(|refusal| anyhow!("{command}: {refusal}"))
}
