//! A thousand requests at once on an expired token: one refresh for all of them, and a window in which one can read that.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_desktop::server::Server;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, SEND, STATUS};

/// Requests at once.
const REQUESTS: u64 = 1_000;
/// How long the window may take until it has told all of it, on a machine that is busy.
const TELL_LIMIT: Duration = Duration::from_secs(90);
/// As many sends as there are numbers in its argument, all begun before the first one is answered.
const SEND_ALL: &str = "const [draft, times] = arguments;
    const send = () => window.__TAURI_INTERNALS__.invoke('send_request', { args: draft });
    return Promise.allSettled(Array.from({ length: times }, send))
        .then((all) => all.filter((one) => one.status === 'fulfilled').length);";

#[tokio::test]
async fn a_thousand_requests_on_an_expired_token_cost_one_refresh_and_stay_readable() -> Result<()>
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
        // Nobody is answered before all have been refused.
        server.tell_faults(&json!({ "refresh": { "hold_ms": 5_000, "times": 1 } }))?;
        server.expire()?;
        let draft = json!({
            "method": "GET",
            "url": format!("{}/orders", server.origin()),
            "headers": [],
            "body": null,
            "session": "demo",
            "allow_without_token": false,
            "follow_redirects": true,
            "time_limit_ms": null,
        });
        let accepted = window.run(SEND_ALL, vec![draft, json!(REQUESTS)]).await?;
        ensure!(accepted == json!(REQUESTS), "{accepted} were accepted");
        let told = format!("{} requests, 1 refresh, ", REQUESTS + 1);
        window
            .wait_for(&format!("“{told}”"), TELL_LIMIT, |page| {
                page.replace(',', "").contains(&told.replace(',', ""))
            })
            .await?;
        server.wait_for("api_ok", REQUESTS + 1).await?;
        ensure!(server.count("refreshes_answered")? == 1, "one refresh");
        for lost in ["refreshes_refused", "reuses_seen", "families_revoked"] {
            ensure!(server.count(lost)? == 0, "{lost}");
        }
        window
            .wait_for_text_in("[data-testid=session-demo]", "G2")
            .await?;

        // The story tells it in rows that say something each.
        window
            .wait_for_text_in("[data-testid=tally]", "0 lost")
            .await?;
        let rows = window.texts("[data-row]").await?;
        ensure!(
            !rows.is_empty() && rows.len() < 200,
            "{} rows are drawn",
            rows.len()
        );
        let answered = |row: &&String| {
            let words: Vec<&str> = row.split_whitespace().collect();
            words.join(" ").contains("200 with G2")
        };
        ensure!(
            rows.iter().filter(answered).count() > 3,
            "the rows say how each was answered: {rows:?}"
        );
        story::pictured(&window, "desktop-storm").await?;
        let events = story::events(&window).await?;
        let finished: Vec<&Value> = events
            .iter()
            .filter(|event| event["kind"] == "RequestFinished")
            .collect();
        let failed = finished
            .iter()
            .filter(|event| event["data"]["status"] != 200);
        ensure!(
            (finished.len() as u64, failed.count()) == (REQUESTS + 1, 0),
            "{} have ended, and all with 200",
            finished.len()
        );
        Ok(())
    })
    .await
}
