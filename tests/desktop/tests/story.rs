//! What the stories have in common: where to press, and a limit on all of it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests_desktop::programs;
use tests_desktop::window::Window;
use xtask::root;

/// The button that starts the tour; it has the focus at the first start.
pub(crate) const RUN_TOUR: &str = "[data-testid=run-tour]";
/// What the tour says now.
pub(crate) const CAPTION: &str = "[data-testid=caption]";
/// The address of the request.
pub(crate) const URL: &str = "[data-testid=url]";
/// Sends the request.
pub(crate) const SEND: &str = "[data-testid=send]";
/// The status of the answer.
pub(crate) const STATUS: &str = "[data-testid=response-status]";

/// How long a whole story may take, with a machine that is busy.
const STORY_LIMIT: Duration = Duration::from_secs(180);

/// Runs a story, and ends it when it takes too long.
pub(crate) async fn limited(story: impl Future<Output = Result<()>>) -> Result<()> {
    limited_to(STORY_LIMIT, story).await
}

/// The same with another limit.
pub(crate) async fn limited_to(
    limit: Duration,
    story: impl Future<Output = Result<()>>,
) -> Result<()> {
    // Building has no limit: it may wait for another build.
    programs::sandglass()?;
    match tokio::time::timeout(limit, story).await {
        Ok(result) => result,
        Err(_) => bail!("the story was not over after {} s", limit.as_secs()),
    }
}

/// Where a story keeps its picture.
pub(crate) fn picture(name: &str) -> PathBuf {
    root::target().join("shots").join(format!("{name}.png"))
}

/// Keeps a picture of the window in light and one in dark.
pub(crate) async fn pictured(window: &Window, name: &str) -> Result<()> {
    let view = call(window, "open_view", json!({ "args": {} })).await?;
    let mut settings = view.unwrap_or_default()["settings"].clone();
    for theme in ["light", "dark"] {
        settings["theme"] = json!(theme);
        let kept = call(window, "save_settings", json!({ "args": settings })).await?;
        kept.map_err(|refusal| anyhow!("save_settings: {refusal}"))?;
        window.shot(&picture(&format!("{name}-{theme}"))).await?;
    }
    Ok(())
}

/// Signs in to the session `demo` of a workspace, as a person would.
pub(crate) async fn sign_in(window: &Window) -> Result<()> {
    window.wait_for_text("Demo server").await?;
    window.click("Sign in").await?;
    window.fill_labelled("User", "ada").await?;
    window.fill_labelled("Password", "hourglass").await?;
    window.press(Key::Enter).await?;
    window.wait_for_text("Signed in to demo").await
}

/// Calls a command as the page could; answers what came back, or the refusal.
pub(crate) async fn call(
    window: &Window,
    command: &str,
    arguments: Value,
) -> Result<Result<Value, Value>> {
    let script = "const [name, args] = arguments;
        return window.__TAURI_INTERNALS__.invoke(name, args)
            .then((answer) => ({ answer }), (refusal) => ({ refusal: refusal instanceof Error ? refusal.message : refusal }));";
    let mut settled = window.run(script, vec![json!(command), arguments]).await?;
    let settled = settled.as_object_mut().context("the page answered")?;
    Ok(match settled.remove("refusal") {
        Some(refusal) => Err(refusal),
        None => Ok(settled.remove("answer").unwrap_or_default()),
    })
}

/// The timeline of this run and those before, as the page would get it; perhaps with some of what other processes tell.
pub(crate) async fn events(window: &Window) -> Result<Vec<Value>> {
    let script = "return new Promise((resolve, reject) => {
        const seen = [];
        const internals = window.__TAURI_INTERNALS__;
        const id = internals.transformCallback(({ message }) => {
            if (!message) return;
            seen.push(...message.events);
            const { run, seq } = message.newest;
            if (seen.some((one) => one.run === run && one.seq >= seq)) resolve(seen);
        });
        internals.invoke('watch_timeline', { args: { since: null, others: [] }, channel: `__CHANNEL__:${id}` }).catch(reject);
    });";
    Ok(serde_json::from_value(window.run(script, vec![]).await?)?)
}
