//! A database and a settings file that are not what they should be: a message, a window that works, the old file kept.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, RUN_TOUR};

#[tokio::test]
async fn a_corrupt_database_is_set_aside_and_the_window_works() -> Result<()> {
    broken(
        "timeline.db",
        b"this is no database, and has never been one",
        "The timeline's file could not be read",
    )
    .await
}

#[tokio::test]
async fn a_corrupt_settings_file_is_set_aside_and_the_window_works() -> Result<()> {
    broken(
        "settings.json",
        b"{\"theme\": \"da",
        "The settings could not be read",
    )
    .await
}

async fn broken(file: &str, bytes: &[u8], words: &str) -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let folder = desk.home().join("data");
        fs::create_dir(&folder)?;
        fs::write(folder.join(file), bytes)?;
        let window = Window::open(
            desk,
            &[
                "--data-dir",
                folder.to_str().context("a path that is text")?,
            ],
        )
        .await?;
        window.wait_for_text(words).await?;
        let kept = set_aside(&folder, file, bytes)?;
        window.wait_for_text(&kept).await?;
        window.click_on(RUN_TOUR).await?;
        window.wait_for_text("200 with G1").await?;
        let desk = window.close().await?;
        ensure!(
            fs::read(folder.join(file))? != bytes,
            "a new file was begun"
        );
        set_aside(&folder, file, bytes)?;

        // The message is about that start; the next one is quiet.
        let window = Window::open(
            desk,
            &[
                "--data-dir",
                folder.to_str().context("a path that is text")?,
            ],
        )
        .await?;
        window.wait_for_text("Run 2").await?;
        ensure!(!window.text().await?.contains(words), "said once");
        Ok(())
    })
    .await
}

/// The name of the file that holds what the broken one held.
fn set_aside(folder: &Path, file: &str, bytes: &[u8]) -> Result<String> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name != file && name.starts_with(file) && fs::read(&path)? == bytes {
            return Ok(name.to_owned());
        }
    }
    anyhow::bail!("no file beside {file} holds what it held")
}
