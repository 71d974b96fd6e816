//! Theme and pane sizes outlive the window; a theme from the command line does not.

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story;

#[tokio::test]
async fn settings_outlive_the_window_and_the_command_lines_theme_does_not() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Unlocked)?, &["--theme", "light"]).await?;
        let mut settings = settings(&window).await?;
        ensure!(
            settings["theme"] == "light" && !is_dark(&window).await?,
            "{settings}"
        );
        settings["timeline_height_px"] = json!(300);
        save(&window, &settings).await?;

        let window = Window::open(window.close().await?, &[]).await?;
        let mut settings = self::settings(&window).await?;
        ensure!(
            settings["theme"] == "system" && settings["timeline_height_px"] == 300,
            "{settings}"
        );
        settings["theme"] = json!("dark");
        save(&window, &settings).await?;
        ensure!(is_dark(&window).await?, "the window follows at once");

        let window = Window::open(window.close().await?, &[]).await?;
        let settings = self::settings(&window).await?;
        ensure!(
            settings["theme"] == "dark" && is_dark(&window).await?,
            "{settings}"
        );
        Ok(())
    })
    .await
}

async fn settings(window: &Window) -> Result<Value> {
    let opened = story::call(window, "open_view", json!({ "args": {} })).await?;
    opened
        .map(|view| view["settings"].clone())
        .map_err(|refusal| anyhow!("open_view: {refusal}"))
}

async fn save(window: &Window, settings: &Value) -> Result<()> {
    let saved = story::call(window, "save_settings", json!({ "args": settings })).await?;
    let saved = saved.map_err(|refusal| anyhow!("save_settings: {refusal}"))?;
    ensure!(
        saved == *settings,
        "what is kept is what was chosen: {saved}"
    );
    Ok(())
}

/// What the page is told of the colours that it should have.
async fn is_dark(window: &Window) -> Result<bool> {
    let dark = window
        .run(
            "return matchMedia('(prefers-color-scheme: dark)').matches",
            vec![],
        )
        .await?;
    Ok(dark == json!(true))
}
