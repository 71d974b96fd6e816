//! Addresses that lead nowhere: one clear message each, and the window goes on.

use anyhow::{Result, ensure};
use std::net::TcpListener;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS, URL};

#[tokio::test]
async fn a_mistake_is_one_clear_message_and_the_next_request_works() -> Result<()> {
    story::limited(async {
        // Bound and closed again: nobody listens there.
        let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        let opened = story::call(&window, "open_view", serde_json::json!({ "args": {} })).await?;
        let opened = opened.map_err(|refusal| anyhow::anyhow!("open_view: {refusal}"))?;
        let origin = opened["demo_origin"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        window.click_text("Admin only").await?;
        for (url, words) in [
            ("not a url", "This address cannot be used"),
            ("file:///etc/passwd", "This address cannot be used"),
            (&*format!("http://{nobody}/orders"), "cannot be reached"),
            ("http://name.invalid/", "cannot be reached"),
        ] {
            window.fill(URL, url).await?;
            window.find(SEND).await?.click().await?;
            window.wait_for_text(words).await?;
        }
        window.shot(&story::picture("desktop-mistake")).await?;
        // Without a session the demo says who it wants; that is an answer, and no failure.
        window.fill(URL, &format!("{origin}/orders")).await?;
        window.find(SEND).await?.click().await?;
        let status = window.find(STATUS).await?.text().await?;
        ensure!(status.contains("401"), "{status}");
        Ok(())
    })
    .await
}
