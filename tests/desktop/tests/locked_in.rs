//! What a page that turned against us could do: nothing but call the commands, with their own arguments.

use anyhow::{Result, ensure};
use serde_json::json;
use tests_desktop::window::Window;
use xtask::desk::{Desk, Keychain};

use crate::story::{self, RUN_TOUR};

#[tokio::test]
async fn the_page_reaches_the_commands_and_nothing_else() -> Result<()> {
    story::limited(async {
        let window = Window::open(Desk::new(Keychain::Absent)?, &["--memory-only"]).await?;
        window.find(RUN_TOUR).await?;
        ensure!(story::call(&window, "list_sessions", json!({ "args": {} })).await?.is_ok(), "a listed command is answered");
        for (command, arguments, why) in [
            ("plugin:store|load", json!({ "path": "settings.json" }), "a plugin is not the page's"),
            ("plugin:event|listen", json!({ "event": "x", "target": { "kind": "Any" }, "handler": 1 }), "nor are events"),
            ("plugin:window|close", json!({}), "nor is the window itself"),
            ("reveal_token", json!({ "args": { "session": "demo" } }), "there is no such command"),
            ("list_sessions", json!({}), "an argument is missing"),
            ("list_sessions", json!({ "args": { "more": 1 } }), "there is one field too many"),
            ("read_token", json!({ "args": { "session": 7 } }), "a field has the wrong type"),
            ("sign_in", json!({ "args": { "session": "demo", "credentials": { "type": "password", "username": "ada" } } }), "half a sign-in"),
            ("start_tour", json!({ "args": null }), "no argument is not an empty one"),
        ] {
            let settled = story::call(&window, command, arguments).await?;
            ensure!(settled.is_err(), "{command} was answered although {why}: {settled:?}");
        }
        for (script, why) in [
            ("return typeof window.__TAURI__ === 'undefined'", "Tauri is not global"),
            (
                "try { Object.prototype.canary = 1 } catch {}
                    try { Object.prototype.toString = () => 'canary' } catch {}
                    try { ({}).__proto__.constructor = null } catch {}
                    return ({}).canary === undefined && `${{}}` === '[object Object]' && ({}).constructor === Object",
                "the prototype of all objects is frozen",
            ),
            (
                "const one = {}; one.constructor = 1; one.toString = () => 'own';
                    return `${one}` === 'own' && Object.keys(one).length === 2",
                "and an object may still have its own",
            ),
            ("return window.open('https://name.invalid/') === null", "no second window"),
            (
                "return new Promise((done) => { addEventListener('securitypolicyviolation', () => done(true), { once: true });
                    fetch(arguments[0] + '/orders').catch(() => {}); setTimeout(done, 5000, false); })",
                "the page speaks to no server itself",
            ),
            (
                "return new Promise((done) => { addEventListener('securitypolicyviolation', () => done(true), { once: true });
                    const picture = new Image(); picture.src = arguments[0] + '/canary.png'; setTimeout(done, 5000, false); })",
                "nor loads a picture from one",
            ),
        ] {
            let opened = story::call(&window, "open_view", json!({ "args": {} })).await?;
            let origin = opened.ok().map(|view| view["demo_origin"].clone()).unwrap_or_default();
            ensure!(window.run(script, vec![origin]).await? == json!(true), "{why}");
        }
        window.run("location.href = 'https://name.invalid/'; return null", vec![]).await?;
        window.run("location.href = 'http://tauri.name.invalid/'; return null", vec![]).await?;
        let place = window.run("return location.href", vec![]).await?;
        ensure!(place.as_str().is_some_and(|place| place.starts_with("tauri://localhost")), "{place}");
        window.find(RUN_TOUR).await?;
        Ok(())
    })
    .await
}
