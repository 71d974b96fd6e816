//! A session for another tool: nothing before it is allowed, a fresh token afterwards, and an event each time.

use serde_json::Value;
use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{log_in, run, run_at_terminal, run_with};

const TOKEN: [&str; 4] = ["token", "--session", "demo", "--header"];

fn told(place: &Place) -> Vec<(String, Value)> {
    let listed = run(place, &["timeline", "--json", "--session", "demo"]);
    let event = |line: &str| serde_json::from_str::<Value>(line).expect("JSON Lines");
    listed
        .stdout
        .lines()
        .map(event)
        .map(|event| (event["kind"].as_str().unwrap_or_default().to_owned(), event))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_gets_a_fresh_token_once_the_user_has_allowed_that_at_a_terminal() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        let refused = run(&place, &TOKEN);
        assert_eq!(
            (refused.code, &*refused.stdout),
            (Some(5), ""),
            "{refused:?}"
        );
        assert!(refused.stderr.contains("--allow"), "{refused:?}");

        // A script cannot allow itself a token.
        let allow = ["token", "--session", "demo", "--allow"];
        let by_script = run_with(&place, &allow, "demo\n");
        assert_eq!(by_script.code, Some(2), "{by_script:?}");
        assert_eq!(run(&place, &TOKEN).code, Some(5));

        let other_name = run_at_terminal(&place, &allow, "other\n");
        assert_eq!(other_name.code, Some(1), "{other_name:?}");
        assert_eq!(run(&place, &TOKEN).code, Some(5));

        let allowed = run_at_terminal(&place, &allow, "demo\n");
        assert_eq!(allowed.code, Some(0), "{allowed:?}");
        let given = run(&place, &TOKEN);
        assert_eq!(given.code, Some(0), "{given:?}");
        let token = given
            .stdout
            .strip_prefix("Authorization: Bearer ")
            .expect("a header, as curl reads it")
            .trim_end();
        assert!(token.starts_with("eyJ"), "{given:?}");
        let bare = run(&place, &["token", "--session", "demo"]);
        assert_eq!(bare.stdout.trim_end(), token);

        // At a terminal it is not shown.
        let shown = run_at_terminal(&place, &TOKEN, "");
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(!shown.stdout.contains("eyJ"), "{shown:?}");

        let told = told(&place);
        let count = |kind: &str| told.iter().filter(|(one, _)| one == kind).count();
        assert_eq!(count("TokenHandedOut"), 2);
        assert_eq!(count("TokenWanted"), 5, "each time that it was asked for");
        assert!(
            !format!("{told:?}").contains(token),
            "the token is not told"
        );

        let forbidden = run(&place, &["token", "--session", "demo", "--forbid"]);
        assert_eq!(forbidden.code, Some(0), "{forbidden:?}");
        assert_eq!(run(&place, &TOKEN).code, Some(5));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_holds_for_the_addresses_of_then() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        let allow = ["token", "--session", "demo", "--allow"];
        assert_eq!(run_at_terminal(&place, &allow, "demo\n").code, Some(0));
        assert_eq!(run(&place, &TOKEN).code, Some(0));
        let file = place.workspace.join("sessions/demo.toml");
        let text = std::fs::read_to_string(&file).expect("the session's file");
        let wider = text.replace("origins = [", "origins = [\"https://elsewhere.test\", ");
        assert_ne!(wider, text);
        std::fs::write(&file, wider).expect("written");
        let refused = run(&place, &TOKEN);
        assert_eq!(refused.code, Some(5), "{refused:?}");
        assert_eq!(refused.stdout, "");
    });
}
