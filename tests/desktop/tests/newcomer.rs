//! What a newcomer brings: a line of cURL pasted into the address, answered; the answer asked about with
//! another client; and a collection that is looked at before anything is written.

use anyhow::{Context as _, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS, URL};

/// Types a line into the address, cuts it out and pastes it: the clipboard and the keys are the system's own.
async fn paste(window: &Window, line: &str) -> Result<()> {
    window.fill(URL, line).await?;
    let field = window.find(URL).await?;
    for letter in ['a', 'x', 'v'] {
        let chord = format!(
            "{}{letter}{}",
            char::from(Key::Control),
            char::from(Key::Null)
        );
        field.send_keys(&chord).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_pasted_line_of_curl_is_answered_and_asked_about() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.find(URL).await?;
        let address = window
            .run(
                "return document.querySelector(arguments[0]).value",
                vec![json!(URL)],
            )
            .await?;
        let address = address.as_str().context("the demo's own address")?;
        window.click("Sign in to demo").await?;
        window.wait_for_text("Signed in to demo").await?;
        let line = format!("curl -k '{address}' -H 'X-Trace: 7' --compressed -o out.json");
        paste(&window, &line).await?;
        window.wait_for_text("--insecure").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        story::pictured(&window, "answered").await?;
        window.click_on("[data-testid=second-opinion]").await?;
        window.click("Ask with the token of demo").await?;
        window
            .wait_for_text("Both clients got the same answer")
            .await?;
        story::pictured(&window, "second-opinion").await?;
        window.press(Key::Escape).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_pasted_collection_is_looked_at_and_stopped() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &[]).await?;
        window.find(URL).await?;
        // An address has one line, and so has this.
        let text = r#"{"openapi": "3.1.0", "info": {"title": "Acme shop"}, "servers": [{"url": "https://api.acme.test"}], "paths": {"/orders": {"get": {"summary": "List orders"}}}, "x-allowed-origins": ["https://evil.test"]}"#;
        paste(&window, text).await?;
        window.wait_for_text("OpenAPI 3.1").await?;
        window.wait_for_text("List orders").await?;
        window
            .wait_for_text("where a token may go and what is trusted is yours to say")
            .await?;
        story::pictured(&window, "import-preview").await?;
        window.click("Cancel").await?;
        let requests = story::call(&window, "open_view", json!({ "args": {} })).await?;
        let requests = requests.unwrap_or_default()["requests"].to_string();
        ensure!(!requests.contains("acme"), "nothing was taken in: {requests}");
        Ok(())
    })
    .await
}
