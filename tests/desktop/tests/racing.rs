//! Two processes on one session: the window, and a script beside it. One refreshes, the other takes what that one stored.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests_desktop::programs;
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};
use xtask::running::Running;

use crate::story::{self, SEND, STATUS};

/// How long the script may take, on a machine that is busy.
const SCRIPT_LIMIT: Duration = Duration::from_secs(60);
/// How long the server keeps back its new tokens: the other process comes while the first one waits.
const HOLD_MS: u64 = 4_000;

/// `sandglass send list-orders`, at the same desk, in the same workspace.
fn script(window: &Window, server: &Server) -> Result<Running> {
    let mut command = window.desk().command(programs::sandglass()?);
    command
        .arg("--workspace")
        .arg(server.workspace())
        .args(["send", "list-orders", "--fail", "--quiet"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Running::start(&mut command)
}

#[tokio::test]
async fn the_window_and_a_script_race_for_one_refresh_and_the_story_tells_both_sides() -> Result<()>
{
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &["--access-ttl", "600"])?;
        let arguments = ["--workspace", server.workspace_text()?];
        let window = Window::open(desk, &arguments).await?;
        story::sign_in(&window).await?;
        window.click("List orders").await?;
        window.click_on(SEND).await?;
        window.wait_for_text_in(STATUS, "200").await?;
        let held = json!({ "refresh": { "hold_ms": HOLD_MS, "times": 1 } });

        // The window is first.
        server.tell_faults(&held)?;
        server.expire()?;
        window.click_on(SEND).await?;
        server.wait_for("refreshes_answered", 1).await?;
        let mut beside = script(&window, &server)?;
        let status = beside.wait(SCRIPT_LIMIT)?;
        ensure!(status.success(), "the script was answered: {status}");
        window.wait_for_text("took G2 from another process").await?;
        window
            .wait_for_text_in("[data-testid=session-demo]", "G2")
            .await?;

        // The script is first.
        server.tell_faults(&held)?;
        server.expire()?;
        let mut beside = script(&window, &server)?;
        server.wait_for("refreshes_answered", 2).await?;
        window.click_on(SEND).await?;
        let status = beside.wait(SCRIPT_LIMIT)?;
        ensure!(status.success(), "the script was answered: {status}");
        window.wait_for_text("took G3 from another process").await?;
        window
            .wait_for_text_in("[data-testid=session-demo]", "G3")
            .await?;
        window.wait_for_text_in(STATUS, "200").await?;

        ensure!(
            server.count("refreshes_answered")? == 2,
            "one refresh each time"
        );
        ensure!(server.count("refreshes_refused")? == 0);
        ensure!(server.count("reuses_seen")? == 0);
        // What the script tells comes a moment after it has done it.
        let of_script = "[data-row]:has([data-testid=beside])";
        for told in ["took G2 from another process", "gave G3"] {
            window.wait_for_text_in(of_script, told).await?;
        }
        story::pictured(&window, "desktop-race").await
    })
    .await
}
