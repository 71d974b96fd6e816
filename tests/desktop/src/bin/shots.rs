//! Saves the main screens, in light and dark, to `target/shots`, and prints where each is.

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    linux::shots().await
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use anyhow::{Context as _, Result};
    use fantoccini::key::Key;
    use tests_desktop::dialog::Dialog;
    use tests_desktop::provider::{self, Provider};
    use tests_desktop::server::Server;
    use tests_desktop::window::Window;
    use xtask::desk::{Desk, Keychain};
    use xtask::root;

    /// The themes, by the names that the command line knows.
    const THEMES: [&str; 2] = ["light", "dark"];
    /// The title of the question about addresses.
    const ADDRESSES: &str = "Sandglass: where may this session go?";
    /// How long the tour may take, with a machine that is busy.
    const TOUR_LIMIT: Duration = Duration::from_secs(40);

    /// A collection with a sign-in, a script, and what is not taken over.
    const IMPORTED: &str = r#"{"info": {"name": "Acme shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "auth": {"type": "oauth2", "oauth2": [{"key": "accessTokenUrl", "value": "https://login.acme.test/token"}, {"key": "grant_type", "value": "client_credentials"}, {"key": "clientId", "value": "shop"}]}, "item": [{"name": "orders", "item": [{"name": "List orders", "request": {"method": "GET", "url": "https://api.acme.test/orders"}, "event": [{"listen": "test", "script": {"exec": ["pm.test('ok')"]}}]}, {"name": "Create an order", "request": {"method": "POST", "url": "https://api.acme.test/orders", "header": [{"key": "X-Api-Key", "value": "s3cret"}]}}]}]}"#;

    /// Walks through the screens once in each theme.
    pub(crate) async fn shots() -> Result<()> {
        for theme in THEMES {
            let window = Window::open(Desk::new(Keychain::Unlocked)?, &["--theme", theme]).await?;
            window.find("[data-testid=run-tour]").await?;
            keep(&window, "welcome", theme).await?;

            window.press(Key::Enter).await?;
            window
                .wait_for("the whole tour", TOUR_LIMIT, |page| {
                    page.contains("200 with G2")
                })
                .await?;
            window.click("Story").await?;
            keep(&window, "story", theme).await?;
            window.click("Lanes").await?;
            keep(&window, "lanes", theme).await?;
            window.click("Log").await?;
            window.wait_for_text("RequestFinished").await?;
            keep(&window, "log", theme).await?;
            window.click("Lanes").await?;
            window.wait_for_text("G2, expired").await?;
            window.click("5 requests at once").await?;
            window.wait_for_text("4 joined").await?;
            window
                .wait_for_text_in("[data-testid=response-status]", "200")
                .await?;
            keep(&window, "burst", theme).await?;
            window.fill("[data-testid=filter]", "is:joined").await?;
            window
                .wait_for_text_in("[data-testid=filter-chip]", "is:joined")
                .await?;
            keep(&window, "filter", theme).await?;
            window.click("Clear the filter").await?;
            window.click_on("[data-testid=response-why]").await?;
            window.find("[data-testid=why-pane]").await?;
            keep(&window, "why", theme).await?;

            let script = "return document.querySelector('[data-testid=url]').value";
            let address = window.run(script, Vec::new()).await?;
            let address = address.as_str().context("the address is a text")?;
            window
                .fill("[data-testid=url]", "http://name.invalid/orders")
                .await?;
            window.click_on("[data-testid=send]").await?;
            window.wait_for_text("Token not sent").await?;
            keep(&window, "error", theme).await?;

            // The demo's token is short-lived: a new line of it, with a few steps.
            window.fill("[data-testid=url]", address).await?;
            window.click_on("[data-testid=refresh-now]").await?;
            window
                .wait_for_text_in("[data-testid=session-demo]", "G4")
                .await?;
            window.click_on("[data-testid=inspector-token]").await?;
            keep(&window, "inspector", theme).await?;
            window.click_on("[data-testid=inspector-lineage]").await?;
            keep(&window, "lineage", theme).await?;
            window.click_on("[data-testid=inspector-faults]").await?;
            window.click("Switch on: 401 always").await?;
            window.wait_for_text("On purpose").await?;
            keep(&window, "faults", theme).await?;
            window.click("Switch all off").await?;

            window.click_on("[data-testid=send]").await?;
            window
                .wait_for_text_in("[data-testid=response-status]", "200")
                .await?;
            window.click_on("[data-testid=second-opinion]").await?;
            window.click("Ask without a token").await?;
            window.find("[data-testid=conclusion]").await?;
            keep(&window, "second-opinion", theme).await?;
            window.press(Key::Escape).await?;
            window.click("More about this request").await?;
            window.click("As code…").await?;
            window.wait_for_text("TOKEN").await?;
            keep(&window, "code", theme).await?;
            window.click("Done").await?;
            window.click("More about this request").await?;
            window.click("Export…").await?;
            window.find("[data-testid=type-secrets]").await?;
            keep(&window, "export", theme).await?;
            window.click("Done").await?;
            window.click_on("[data-testid=import]").await?;
            window.fill_labelled("Or paste it", IMPORTED).await?;
            window.click("Read it").await?;
            window.find("[data-testid=import-sum]").await?;
            keep(&window, "import", theme).await?;
            window.click("Cancel").await?;

            // The demo signs in by itself; a workspace folder asks.
            let desk = window.close().await?;
            let server = Server::start(desk.home(), &[])?;
            let workspace = server.workspace().to_string_lossy().into_owned();
            let window = Window::open(desk, &["--theme", theme, "--workspace", &workspace]).await?;
            window.click("Sign in").await?;
            window.find("label input").await?;
            keep(&window, "sign-in", theme).await?;

            window.press(Key::Escape).await?;
            window.click("Edit").await?;
            for (step, screen) in [
                ("find", "editor-find"),
                ("sign-in", "editor-sign-in"),
                ("bind", "editor-bind"),
                ("try", "editor-try"),
            ] {
                window
                    .click_on(&format!("[data-testid=editor-{step}]"))
                    .await?;
                keep(&window, screen, theme).await?;
            }
            through_the_browser(theme).await?;
        }
        Ok(())
    }

    /// What an issuer says of itself, and the wait for a browser in which nobody signs in.
    async fn through_the_browser(theme: &str) -> Result<()> {
        let provider = Provider::start()?;
        let desk = Desk::new(Keychain::Unlocked)?;
        let folder = provider::workspace(desk.home(), provider.at("api")?)?;
        let folder = folder.to_string_lossy().into_owned();
        let arguments = ["--theme", theme, "--workspace", &folder];
        let nobody = [("BROWSER", "/bin/true".into())];
        let window = Window::open_with(desk, &arguments, &nobody).await?;
        window.click("New session").await?;
        window.fill_labelled("Name", "shop").await?;
        window
            .fill_labelled("Issuer", provider.at("issuer")?)
            .await?;
        window.click("Discover").await?;
        window.find("[data-testid=discovered]").await?;
        keep(&window, "editor-discovered", theme).await?;
        window.click_on("[data-testid=editor-sign-in]").await?;
        window.fill_labelled("Client id", "desktop").await?;
        keep(&window, "editor-grants", theme).await?;
        window.click_on("[data-testid=editor-try]").await?;
        window.click("Save").await?;
        Dialog::find(window.desk(), ADDRESSES).await?.go_on()?;
        window.click("Test sign-in").await?;
        window.click("Open the browser").await?;
        window.find("[data-testid=waiting] details").await?;
        keep(&window, "sign-in-browser", theme).await
    }

    #[expect(
        clippy::print_stdout,
        reason = "where the pictures are is this program's output"
    )]
    async fn keep(window: &Window, screen: &str, theme: &str) -> Result<()> {
        let file = root::target()
            .join("shots")
            .join(format!("{screen}-{theme}.png"));
        window.shot(&file).await?;
        println!("{}", file.display());
        Ok(())
    }
}
