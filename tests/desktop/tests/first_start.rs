//! The first start: Enter on the tour's button, and the five facts, in order. The token is in the keychain, and nowhere else.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests_desktop::window::Window;
use tests_desktop::{leaks, witness};
use xtask::desk::{Desk, Keychain};

use crate::story::{self, CAPTION, RUN_TOUR, STATUS};

/// The tour takes at most 12 s on a machine that is idle; this one may be building something else.
const TOUR_LIMIT: Duration = Duration::from_secs(40);

/// Remembers what the page's security policy refuses from now on: our own view must not run into it.
const WATCH_POLICY: &str = "window.refusedByPolicy = [];
    addEventListener('securitypolicyviolation', (event) =>
        window.refusedByPolicy.push([event.effectiveDirective, event.blockedURI, event.sample, event.sourceFile]));
    return null";

#[tokio::test]
async fn the_tour_shows_its_five_facts_and_the_token_is_in_the_keychain_only() -> Result<()> {
    story::limited(async {
        let desk = Desk::new(Keychain::Unlocked)?;
        let window = Window::open(desk, &[]).await?;
        window.find(RUN_TOUR).await?;
        window.run(WATCH_POLICY, vec![]).await?;
        let pressed = Instant::now();
        window.press(Key::Enter).await?;
        window.find(CAPTION).await?;
        window
            .wait_for("the whole tour", TOUR_LIMIT, |page| {
                page.contains("200 with G2")
            })
            .await?;
        tell(pressed.elapsed());
        window.shot(&story::picture("desktop-tour")).await?;

        let stories = facts(&window).await?;
        let wanted: [(&str, &[&str]); 5] = [
            ("request", &["200", "G1"]),
            ("expiry", &["G1", "expired"]),
            ("request", &["401", "G1"]),
            ("refresh", &["F1", "G2"]),
            ("request", &["200", "G2"]),
        ];
        let mut rest = stories.iter();
        for (kind, words) in wanted {
            let found =
                rest.any(|(row, text)| row == kind && words.iter().all(|word| text.contains(word)));
            ensure!(
                found,
                "no {kind} with {words:?} after the facts before it: {stories:#?}"
            );
        }
        window.wait_for_text_in(STATUS, "200").await?;

        let refused = window.run("return window.refusedByPolicy", vec![]).await?;
        ensure!(
            refused == json!([]),
            "the page's own policy refused {refused:#}"
        );
        let tokens = witness::tokens(window.desk())?;
        ensure!(tokens.len() >= 2, "an access token and a refresh token");
        view_holds_none(&window, &tokens).await?;
        let desk = window.close().await?;
        let keychain = desk.home().join(".local/share/keyrings");
        let leaks = leaks::find(desk.home(), &keychain, &tokens)?;
        ensure!(leaks.is_empty(), "{leaks:#?}");
        Ok(())
    })
    .await
}

/// The rows of the story in the order of time, each with its kind and its words on one line.
async fn facts(window: &Window) -> Result<Vec<(String, String)>> {
    let script = "return [...document.querySelectorAll('[data-story-kind]')]
        .sort((a, b) => a.dataset.seq - b.dataset.seq)
        .map((row) => [row.dataset.storyKind, row.innerText.replace(/\\s+/g, ' ')])";
    Ok(serde_json::from_value(window.run(script, vec![]).await?)?)
}

/// Neither the page, nor what its commands answer, nor the timeline holds a token or a signature.
async fn view_holds_none(window: &Window, tokens: &[String]) -> Result<()> {
    let mut seen = vec![(
        "the page",
        window
            .run("return document.documentElement.outerHTML", vec![])
            .await?
            .to_string(),
    )];
    for (command, arguments) in [
        ("open_view", json!({ "args": {} })),
        ("list_sessions", json!({ "args": {} })),
        ("read_token", json!({ "args": { "session": "demo" } })),
        ("read_response", json!({ "args": { "request": 2 } })),
    ] {
        let answer = story::call(window, command, arguments).await?;
        let answer = answer.map_err(|refusal| anyhow::anyhow!("{command}: {refusal}"))?;
        ensure!(!answer.is_null(), "{command} answers something");
        seen.push((command, answer.to_string()));
    }
    seen.push((
        "the timeline",
        serde_json::to_string(&story::events(window).await?)?,
    ));
    for (place, text) in seen {
        for token in tokens {
            let signature = token.rsplit('.').next().unwrap_or(token);
            ensure!(
                !text.contains(token) && !text.contains(signature),
                "{place} holds a token"
            );
        }
    }
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "a figure for whoever reads the test's output"
)]
fn tell(took: Duration) {
    println!(
        "the tour took {:.1} s from the press of Enter",
        took.as_secs_f32()
    );
}
