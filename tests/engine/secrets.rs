//! No token, secret or password in an event, an answer, an error or a file (N23, scenario 125).

use std::path::Path;

use sandglass_demo::{DEMO_PASSWORD, Fault, Place};
use tests_engine::{JSON, World};

/// Every file below a folder, whole.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((
                path.display().to_string(),
                std::fs::read(&path).expect("a file"),
            ));
        }
    }
    found
}

#[tokio::test]
async fn no_secret_is_found_in_events_answers_errors_or_files() {
    let mut world = World::signed_in(JSON).await;
    let mut secrets = vec![DEMO_PASSWORD.to_owned()];
    let collect = |world: &World, secrets: &mut Vec<String>| {
        let grant = &crate::vault::newest_record(world)["grant"];
        secrets.push(
            grant["access"][JSON]["token"]
                .as_str()
                .expect("kept")
                .to_owned(),
        );
        secrets.push(grant["refresh_token"].as_str().expect("kept").to_owned());
    };
    collect(&world, &mut secrets);
    let mut shown = Vec::new();
    for step in 0..3 {
        world.demo.expire_all();
        if step == 2 {
            world.demo.faults().set(
                Place::Refresh,
                Fault::always(sandglass_demo::Act::Status {
                    code: 503,
                    retry_after_s: None,
                }),
            );
        }
        shown.push(format!("{:?}", world.orders(JSON).await));
        collect(&world, &mut secrets);
    }
    // The server sends back what it was sent: the live token must not reach the view.
    world.demo.faults().clear();
    world.clock.advance(std::time::Duration::from_secs(600));
    world.orders(JSON).await;
    collect(&world, &mut secrets);
    let token = secrets.iter().rev().nth(1).expect("collected").clone();
    let mut draft = world.get("/orders", JSON);
    draft.method = "POST".to_owned();
    draft
        .headers
        .push(("Content-Type".to_owned(), "application/json".to_owned()));
    draft.body = Some(format!("{{\"customer\": \"{token}\"}}").into());
    let echoed = world.send(draft).await.expect("an answer");
    assert!(
        echoed
            .text
            .as_deref()
            .is_some_and(|text| text.contains("[token ")),
        "{echoed:?}"
    );
    shown.push(format!("{echoed:?}"));
    collect(&world, &mut secrets);
    shown.push(format!("{:?}", world.engine.token(JSON)));
    shown.push(serde_json::to_string(&world.engine.sessions()).expect("JSON"));
    shown.push(serde_json::to_string(&world.events()).expect("JSON"));
    world.engine.shut_down().await;
    shown.push(format!("{:?}", world.events()));
    world.restart().await;

    for secret in &secrets {
        assert!(
            shown.iter().all(|text| !text.contains(secret)),
            "a secret is shown"
        );
        for (name, bytes) in files(world.folder.path()) {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {name}");
        }
    }
}
