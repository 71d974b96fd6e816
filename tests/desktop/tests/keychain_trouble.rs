//! A keychain that is locked, or not there: said in words, with memory only as the user's choice. No file takes its place.

use anyhow::{Result, ensure};
use tests_desktop::leaks;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, RUN_TOUR, STATUS};

#[tokio::test]
async fn a_locked_keychain_is_said_and_memory_is_a_choice() -> Result<()> {
    trouble(Keychain::Locked, "Your system keychain is locked").await
}

#[tokio::test]
async fn an_absent_keychain_is_said_and_memory_is_a_choice() -> Result<()> {
    trouble(Keychain::Absent, "No system keychain answered").await
}

async fn trouble(keychain: Keychain, words: &str) -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(keychain)?, &[]).await?;
        window.wait_for_text(words).await?;
        window
            .shot(&story::picture(
                &format!("desktop-keychain-{keychain:?}").to_lowercase(),
            ))
            .await?;
        window.click("Keep in memory only").await?;
        window
            .wait_for(
                &format!("a window without “{words}”"),
                tests_desktop::window::SHOW_LIMIT,
                |page| !page.contains(words),
            )
            .await?;
        window.click_on(RUN_TOUR).await?;
        window.wait_for_text("200 with G1").await?;
        window.wait_for_text_in(STATUS, "200").await?;
        let events = story::events(&window).await?;
        let kept: Vec<_> = events
            .iter()
            .filter(|event| event["kind"] == "Persisted")
            .map(|event| event["data"]["kept"].clone())
            .collect();
        ensure!(
            !kept.is_empty() && kept.iter().all(|kept| kept == "memory"),
            "{kept:?}"
        );
        let desk = window.close().await?;
        // The demo's refresh tokens and its JWTs begin like this, whatever they are.
        let leaks = leaks::find(
            desk.home(),
            &desk.home().join(".local/share/keyrings"),
            &["eyJhbGciOi".to_owned()],
        )?;
        ensure!(leaks.is_empty(), "{leaks:#?}");
        Ok(())
    })
    .await
}
