//! Two scripts that never stop sending, and the window beside them, through twenty expiries: one refresh each, whoever asks.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests_desktop::programs;
use tests_desktop::server::Server;
use tests_desktop::window::{SHOW_LIMIT, Window};
use xtask::desk::{Desk, Keychain};
use xtask::running::Running;

use crate::story::{self, SEND, STATUS};

/// Expiries that are lived through.
const EXPIRIES: u64 = 20;
/// Answers that the scripts get with each token before the next one expires.
const ANSWERS: u64 = 4;
/// How long all of it may take, on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(400);
/// Between two looks at the server's numbers.
const GLANCE: Duration = Duration::from_millis(50);

/// A script at the window's desk, in its workspace, that sends until it is ended.
fn script(window: &Window, server: &Server) -> Result<Running> {
    let mut command = window.desk().command(programs::sandglass()?);
    command
        .arg("--workspace")
        .arg(server.workspace())
        .args(["send", "list-orders", "--fail", "--quiet"])
        .args(["--repeat", "4000000", "--parallel", "2"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Running::start(&mut command)
}

#[tokio::test]
async fn two_scripts_and_the_real_window_refresh_twenty_times_in_twenty_expiries() -> Result<()> {
    story::limited_to(LIMIT, async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let server = Server::start(desk.home(), &["--access-ttl", "600"])?;
        let arguments = ["--workspace", server.workspace_text()?];
        let window = Window::open(desk, &arguments).await?;
        story::sign_in(&window).await?;
        window.click("List orders").await?;
        let scripts = [script(&window, &server)?, script(&window, &server)?];
        for expiry in 1..=EXPIRIES {
            let served = server.count("api_ok")?;
            server.wait_for("api_ok", served + ANSWERS).await?;
            server.expire()?;
            // The window asks at the same moment as both scripts.
            window.click_on(SEND).await?;
            server.wait_for("refreshes_answered", expiry).await?;
            window
                .wait_for_text_in("[data-testid=session-demo]", &format!("G{}", expiry + 1))
                .await?;
            window.wait_for_text_in(STATUS, "200").await?;
            let deadline = Instant::now() + SHOW_LIMIT;
            while server.count("api_ok")? < served + 2 * ANSWERS {
                ensure!(
                    Instant::now() < deadline,
                    "the scripts go on after expiry {expiry}"
                );
                tokio::time::sleep(GLANCE).await;
            }
            ensure!(
                server.count("refreshes_answered")? == expiry,
                "one refresh each"
            );
        }
        drop(scripts);
        for (name, count) in [
            ("refreshes_answered", EXPIRIES),
            ("refreshes_refused", 0),
            ("reuses_seen", 0),
            ("families_revoked", 0),
            ("logins", 1),
        ] {
            ensure!(server.count(name)? == count, "{name}");
        }
        window
            .wait_for_text_in("[data-testid=tally]", "0 lost")
            .await?;
        story::pictured(&window, "desktop-crowd").await
    })
    .await
}
