//! What each verb does when all is well.

use serde_json::Value;
use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{LIMIT, command, ended, log_in, run, run_with, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_script_signs_in_once_and_sends_through_an_expiry() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        let listed = run(&place, &["sessions"]);
        assert!(
            listed.stdout.contains("demo") && listed.stdout.contains("signed out"),
            "{listed:?}"
        );
        log_in(&place);
        let listed = run(&place, &["sessions", "--json"]);
        let sessions: Vec<Value> = listed
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON Lines"))
            .collect();
        let demo = sessions
            .iter()
            .find(|session| session["name"] == "demo")
            .expect("it is listed");
        assert_eq!(demo["state"], "active");

        let sent = run(&place, &["send", "list-orders"]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let _: Value = serde_json::from_str(&sent.stdout).expect("the body, and nothing else");
        assert!(
            sent.stderr.starts_with(
                "requests 1  200: 1  refreshes 0  joined 0  retried 0  failed 0  p50 "
            ),
            "{sent:?}"
        );
        place.demo.expire_all();
        let events = place.data.join("events.jsonl");
        let sent = run(
            &place,
            &[
                "send",
                "list-orders",
                "--repeat",
                "20",
                "--parallel",
                "5",
                "--timeline",
                events.to_str().expect("a path of ours"),
            ],
        );
        assert_eq!(sent.code, Some(0), "{sent:?}");
        assert_eq!(sent.stdout, "", "bodies of many are not written");
        assert!(
            sent.stderr.contains("requests 20  200: 20  refreshes 1 "),
            "{sent:?}"
        );
        let events = std::fs::read_to_string(events).expect("the timeline's file");
        let kinds: Vec<Value> = events
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON Lines")["kind"].clone())
            .collect();
        assert_eq!(kinds.first(), Some(&Value::from("RunStarted")));
        assert_eq!(
            kinds
                .iter()
                .filter(|kind| **kind == "RequestFinished")
                .count(),
            20
        );
        assert_eq!(place.demo.counts().refreshes_answered, 1);

        let told = run(&place, &["timeline", "--session", "demo"]);
        assert!(told.stdout.contains("Signed in to demo"), "{told:?}");
        assert!(told.stdout.contains("ended as committed"), "{told:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_the_timeline_has_the_words_of_the_windows() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        place.demo.expire_all();
        assert_eq!(run(&place, &["send", "list-orders"]).code, Some(0));
        let kinds = |filter: &[&str]| -> Vec<String> {
            let told = run(&place, &[&["timeline", "--json"], filter].concat());
            assert_eq!(told.code, Some(0), "{told:?}");
            let events = told.stdout.lines().map(|line| {
                let event: Value = serde_json::from_str(line).expect("JSON Lines");
                event["kind"].as_str().expect("a kind").to_owned()
            });
            events.collect()
        };
        let refused = kinds(&["status:401", "session:demo"]);
        for kind in ["RequestQueued", "FlightStarted", "RequestFinished"] {
            assert!(refused.iter().any(|one| one == kind), "{kind}: {refused:?}");
        }
        assert!(!refused.iter().any(|one| one == "SignedIn"), "{refused:?}");
        let signed_in = kinds(&["--", "-is:request", "is:sign-in"]);
        assert_eq!(signed_in.first().map(String::as_str), Some("SignInStarted"));
        assert!(!signed_in.iter().any(|one| one == "RequestQueued"));
        assert_eq!(kinds(&["session:nobody"]), Vec::<String>::new());
        for (word, said) in [
            (
                "is:reqest",
                "cannot be \"reqest\"; write for example request, refresh",
            ),
            (
                "sesion:demo",
                "\"sesion:\" is no word of a filter; the words are is, session",
            ),
        ] {
            let told = run(&place, &["timeline", word]);
            assert_eq!(told.code, Some(2), "{told:?}");
            assert!(told.stderr.contains(said), "{told:?}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_that_is_followed_tells_what_other_processes_do() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        // There is nothing to follow yet.
        let arguments = ["timeline", "--follow", "--json", "is:failed"];
        let mut followed = start(&mut command(&place, &arguments));
        let (sender, told) = std::sync::mpsc::channel();
        let output = followed.stdout.take().expect("it is piped");
        std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(output));
            for line in lines.map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).expect("JSON Lines");
                // The test may be over.
                drop(sender.send(event));
            }
        });
        log_in(&place);
        assert_eq!(run(&place, &["send", "list-orders"]).code, Some(0));
        let missing = format!("{}/nothing-here", place.demo.origin());
        assert_eq!(run(&place, &["send", "GET", &missing]).code, Some(0));
        let next = || told.recv_timeout(LIMIT).expect("it is told");
        let first = next();
        assert_eq!(first["kind"], "RequestQueued", "{first}");
        assert_eq!(first["data"]["url"], missing, "only what failed: {first}");
        while next()["kind"] != "RequestFinished" {}
        let pid = rustix::process::Pid::from_child(&followed);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        assert_eq!(ended(&mut followed).code(), Some(130));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_what_the_command_line_says() {
    let place = Place::new(quick()).await;
    let url = format!("{}/orders", place.demo.origin());
    tokio::task::block_in_place(|| {
        log_in(&place);
        let order = r#"{"customer": "Ada Byron", "total": "42.00", "currency": "EUR"}"#;
        let file = place.data.join("order.json");
        std::fs::write(&file, order).expect("a file");
        let file = format!("@{}", file.display());
        for (body, stdin) in [(order, ""), (file.as_str(), ""), ("-", order)] {
            let sent = run_with(
                &place,
                &[
                    "send",
                    "POST",
                    &url,
                    "--session",
                    "demo",
                    "-H",
                    "Content-Type: application/json",
                    "-b",
                    body,
                ],
                stdin,
            );
            assert_eq!(sent.code, Some(0), "{sent:?}");
            let made: Value = serde_json::from_str(&sent.stdout).expect("JSON");
            assert_eq!(made["customer"], "Ada Byron", "{sent:?}");
        }
        let kept = place.data.join("answer.json");
        let path = kept.to_str().expect("a path of ours");
        std::fs::write(&kept, "of before").expect("a file");
        let sent = run(
            &place,
            &["send", "list-orders", "--output", path, "--quiet"],
        );
        assert_eq!((sent.code, &*sent.stdout, &*sent.stderr), (Some(0), "", ""));
        let _: Value =
            serde_json::from_str(&std::fs::read_to_string(&kept).expect("the file")).expect("JSON");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_holds_a_token_or_a_password() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        place.demo.expire_all();
        let events = place.data.join("events.jsonl");
        let path = events.to_str().expect("a path of ours");
        let mut all = String::new();
        for arguments in [
            &["send", "who-am-i", "--timeline", path][..],
            &["sessions", "--json"],
            &["timeline", "--json"],
            &["timeline"],
        ] {
            let ended = run(&place, arguments);
            assert_eq!(ended.code, Some(0), "{ended:?}");
            all.push_str(&ended.stdout);
            all.push_str(&ended.stderr);
        }
        all.push_str(&std::fs::read_to_string(events).expect("the timeline's file"));
        assert!(all.contains("ExchangeSent"), "the refresh is told");
        for secret in ["eyJ", sandglass_demo::DEMO_PASSWORD] {
            assert!(!all.contains(secret), "{secret}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_completions_are_there_for_every_verb() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        let help = run(&place, &["--help"]);
        assert!(
            help.stdout.contains("Exit codes") && help.stdout.contains("22"),
            "{help:?}"
        );
        for verb in ["send", "login", "sessions", "timeline", "completions"] {
            assert!(help.stdout.contains(verb), "{verb}");
            assert_eq!(run(&place, &[verb, "--help"]).code, Some(0), "{verb}");
        }
        for shell in ["bash", "zsh", "fish"] {
            let script = run(&place, &["completions", shell]);
            assert!(
                script.stdout.contains("sandglass") && script.stdout.contains("timeline"),
                "{shell}"
            );
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_as_a_whole_and_a_dry_run_writes_nothing() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        let file = place.data.join("shop.yaml");
        let text = "openapi: 3.0.0\ninfo: {title: Shop}\nservers: [{url: 'https://shop.test'}]\npaths: {/orders: {get: {summary: Orders, parameters: [{name: limit, in: query}]}}}\n";
        std::fs::write(&file, text).expect("a file");
        let file = file.to_str().expect("a path of ours");
        let written = place.workspace.join("requests/Shop/Orders.toml");
        let dry = run(&place, &["import", file, "--dry-run"]);
        assert_eq!(dry.code, Some(0), "{dry:?}");
        assert!(dry.stdout.contains("nothing was written"), "{dry:?}");
        assert!(dry.stderr.contains("parameters limit"), "{dry:?}");
        assert!(!written.exists());
        let done = run(&place, &["import", file]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(written.exists(), "{done:?}");
        let again = run(&place, &["import", file, "--json"]);
        let preview: Value = serde_json::from_str(&again.stdout).expect("JSON");
        assert_eq!(
            (&preview["again"], &preview["new"]),
            (&true.into(), &0.into())
        );
        let bad = run(&place, &["import", "/dev/null"]);
        assert_eq!(bad.code, Some(2), "{bad:?}");
    });
}
