//! The session editor in the real window: what a session may use is allowed in a dialog of the system, and only there.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests_desktop::dialog::Dialog;
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

/// The dialog's title.
const QUESTION: &str = "Sandglass: where may this session go?";

#[tokio::test]
async fn a_session_is_made_allowed_tried_and_used() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &[])?;
        let folder = server.workspace().to_owned();
        let workspace = folder.to_str().context("a path that is text")?;
        let window = Window::open(desk, &["--workspace", workspace]).await?;
        window.wait_for_text("Demo server").await?;

        window.click("New session").await?;
        window.fill_labelled("Name", "viewer").await?;
        let endpoint = format!("{}/oauth/token", server.origin());
        window.click_on("[data-testid=endpoints] summary").await?;
        window.fill_labelled("Token endpoint", &endpoint).await?;
        window.click_on("[data-testid=editor-sign-in]").await?;
        window.click_on("[value=refresh_token]").await?;
        window.fill_labelled("Client id", "desktop").await?;
        window.click_on("[data-testid=editor-bind]").await?;
        window
            .fill("[aria-label='Origin 1']", server.origin())
            .await?;
        window.click_on("[data-testid=editor-try]").await?;

        let file = folder.join("sessions/viewer.toml");
        window.click("Save").await?;
        Dialog::find(window.desk(), QUESTION).await?.cancel()?;
        window
            .wait_for_text("You did not allow these addresses")
            .await?;
        ensure!(!file.exists(), "nothing was written");
        window.click("Save").await?;
        let dialog = Dialog::find(window.desk(), QUESTION).await?;
        window
            .desk()
            .screenshot(&story::picture("desktop-editor-question"))?;
        dialog.go_on()?;
        window.click("Test sign-in").await?;
        ensure!(
            fs::read_to_string(&file)?.contains(&endpoint),
            "the file is there"
        );

        window
            .fill_labelled("Refresh token", &refresh_token(server.origin()).await?)
            .await?;
        window.press(Key::Enter).await?;
        window.wait_for_text("Signed in to viewer").await?;
        window.click("Refresh once").await?;
        window.wait_for_text("Requests carry G2").await?;
        window.shot(&story::picture("desktop-editor-try")).await?;
        window.click("Done").await?;
        window
            .fill(story::URL, &format!("{}/orders", server.origin()))
            .await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await
    })
    .await
}

#[tokio::test]
async fn a_file_that_names_another_address_is_a_question_outside_the_page() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &[])?;
        let folder = server.workspace().to_owned();
        let workspace = folder.to_str().context("a path that is text")?;
        let window = Window::open(desk, &["--workspace", workspace]).await?;
        window.click("Sign in").await?;
        window.fill_labelled("User", "ada").await?;
        window.fill_labelled("Password", "hourglass").await?;
        window.press(Key::Enter).await?;
        window.wait_for_text("Signed in to demo").await?;
        let desk = window.close().await?;
        add_origin(&folder.join("sessions/demo.toml"))?;

        let window = Window::open(desk, &[]).await?;
        window.click("Look at both and decide").await?;
        Dialog::find(window.desk(), QUESTION).await?.cancel()?;
        let answer = story::call(&window, "list_sessions", json!({ "args": {} })).await?;
        let sessions = answer.map_err(|refusal| anyhow::anyhow!("list_sessions: {refusal}"))?;
        ensure!(
            state_of(&sessions, "demo") == "binding_changed",
            "{sessions}"
        );
        window.click("Look at both and decide").await?;
        Dialog::find(window.desk(), QUESTION).await?.go_on()?;
        window
            .wait_for_text_in("[data-testid=session-demo]", "G1")
            .await?;
        window.click("List orders").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        ensure!(server.count("logins")? == 1, "and nobody signed in again");
        Ok(())
    })
    .await
}

fn add_origin(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let changed = text.replacen("origins = [", "origins = [\"https://api.test\", ", 1);
    ensure!(changed != text, "the file names origins");
    fs::write(file, changed).context("a pull from somebody else")
}

fn state_of(sessions: &Value, name: &str) -> Value {
    let all = sessions.as_array().into_iter().flatten();
    all.filter(|session| session["name"] == name)
        .map(|session| session["state"].clone())
        .next()
        .unwrap_or_default()
}

/// A refresh token that the user already has: the demo's password grant, spoken by another client.
async fn refresh_token(origin: &str) -> Result<String> {
    let url = format!("{origin}/oauth/token");
    let asked = tokio::task::spawn_blocking(move || {
        let form = [
            ("grant_type", "password"),
            ("username", "ada"),
            ("password", "hourglass"),
            ("client_id", "desktop"),
        ];
        let reply: Value = ureq::post(&url).send_form(form)?.into_body().read_json()?;
        anyhow::Ok(reply)
    });
    let reply = asked.await??;
    let token = reply["refresh_token"].as_str();
    token.map(str::to_owned).context("the demo grants one")
}
