//! From one issuer to a request that is answered: the session editor in the real window, and a real browser on the pages
//! of a provider that others wrote.

use anyhow::{Context as _, Result, ensure};
use tests_desktop::browser::Browser;
use tests_desktop::dialog::Dialog;
use tests_desktop::provider::{self, Provider};
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

/// The title of the question about addresses.
const QUESTION: &str = "Sandglass: where may this session go?";

/// The editor filled and saved, as far as its last step.
async fn made(window: &Window, provider: &Provider) -> Result<()> {
    window.click("New session").await?;
    window.fill_labelled("Name", "shop").await?;
    window
        .fill_labelled("Issuer", provider.at("issuer")?)
        .await?;
    window.click("Discover").await?;
    window.wait_for_text("PKCE with S256").await?;
    story::pictured(window, "desktop-discovered").await?;
    window.click_on("[data-testid=editor-sign-in]").await?;
    window.fill_labelled("Client id", "desktop").await?;
    window
        .fill_labelled("Scopes", "openid offline_access")
        .await?;
    window.click_on("[data-testid=editor-bind]").await?;
    window
        .fill("[aria-label='Origin 1']", provider.api_origin()?)
        .await?;
    window.click_on("[data-testid=editor-try]").await?;
    window.click("Save").await?;
    Dialog::find(window.desk(), QUESTION).await?.go_on()
}

#[tokio::test]
async fn one_issuer_a_real_browser_and_a_request_that_is_answered() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let provider = Provider::start()?;
        let folder = provider::workspace(desk.home(), provider.at("api")?)?;
        let browser = Browser::at(&desk)?;
        let arguments = ["--workspace", folder.to_str().context("a path as text")?];
        let window = Window::open_with(desk, &arguments, &browser.environment()).await?;
        made(&window, &provider).await?;

        window.click("Test sign-in").await?;
        window.click("Open the browser").await?;
        window.wait_for_text("Waiting for another").await?;
        story::pictured(&window, "desktop-waiting").await?;
        let login = story::picture("desktop-login");
        let page = browser.sign_in(provider.at("issuer")?, &login).await?;
        ensure!(page.contains("You can close this page"), "{page}");
        ensure!(!page.contains("code"), "it reflects nothing: {page}");
        window.wait_for_text("Signed in to shop").await?;
        window.click("Refresh once").await?;
        window.wait_for_text("Requests carry G2").await?;
        story::pictured(&window, "desktop-tried").await?;
        window.click("Done").await?;
        window.click("Orders").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        let counts = provider.counts()?;
        ensure!(counts["token_errors"] == 0, "{counts}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn cancel_ends_the_sign_in_that_waits_for_a_real_browser() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let provider = Provider::start()?;
        let folder = provider::workspace(desk.home(), provider.at("api")?)?;
        let arguments = ["--workspace", folder.to_str().context("a path as text")?];
        // Nobody signs in there.
        let nobody = [("BROWSER", "/bin/true".into())];
        let window = Window::open_with(desk, &arguments, &nobody).await?;
        made(&window, &provider).await?;
        window.click("Test sign-in").await?;
        window.click("Open the browser").await?;
        window.wait_for_text("Waiting for another").await?;
        window.click("Cancel").await?;
        window.wait_for_text("Sign-in to shop failed").await?;
        window.click("Test sign-in").await?;
        window.click("Open the browser").await?;
        window.wait_for_text("Waiting for another").await
    })
    .await
}
