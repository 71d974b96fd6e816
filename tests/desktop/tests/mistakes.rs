//! Addresses that lead nowhere: one clear message each, and the window goes on.

use anyhow::Result;
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
        for url in ["not a url", "file:///etc/passwd"] {
            window.fill(URL, url).await?;
            window.click_on(SEND).await?;
            window.wait_for_text("This address cannot be used").await?;
        }
        for url in [&*format!("http://{nobody}/orders"), "http://name.invalid/"] {
            window.fill(URL, url).await?;
            window.click_on(SEND).await?;
            window.wait_for_text("Token not sent").await?;
            window.click("Send without token").await?;
            window.wait_for_text("cannot be reached").await?;
        }
        window.shot(&story::picture("desktop-mistake")).await?;
        window.fill(URL, &format!("{origin}/orders")).await?;
        window.click_on(SEND).await?;
        window.wait_for_text("needs a new sign-in").await?;
        window.click("Sign in").await?;
        window.wait_for_text("G1, access token").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        Ok(())
    })
    .await
}
