//! Evidence to share: written from what really happened, in three forms, and without anything that could be sent.

use std::collections::BTreeSet;

use sandglass_engine::evidence::{Format, Selection, Words};
use sandglass_engine::timeline::event::{Event, EventKey, Fact};
use sandglass_engine::verdict::Explanation;
use serde_json::Value;
use tests_engine::{JSON, World, kind};

/// Words that are the names of things.
struct Names;

impl Words for Names {
    fn event(&self, event: &Event) -> String {
        kind(&event.fact)
    }

    fn verdict(&self, explanation: &Explanation) -> String {
        explanation.finding.rule_id.clone()
    }
}

/// A world with two sends: one that is answered, one whose token has ended.
async fn told() -> (World, Selection, Selection) {
    let world = World::signed_in(JSON).await;
    world.orders(JSON).await;
    world.demo.expire_all();
    let path = "/orders?limit=5&access_token=canary-in-the-address";
    world.send(world.get(path, JSON)).await.expect("an answer");
    let events = world.events();
    let queued = events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::RequestQueued { .. }))
        .expect("it was sent")
        .key;
    let (from, to) = (events[0].key, events[events.len() - 1].key);
    (
        world,
        Selection::Group { key: queued },
        Selection::Range { from, to },
    )
}

fn file(world: &World, selection: Selection, format: Format) -> String {
    let evidence = world.engine.evidence(selection).expect("it is there");
    evidence.write(format, &Names)
}

/// N25: no token in any form, and equal ones stay equal.
#[tokio::test]
async fn evidence_names_tokens_by_fingerprint_and_repeats_none() {
    let (world, group, range) = told().await;
    for selection in [group, range] {
        for format in [Format::Markdown, Format::Har, Format::JsonLines] {
            let text = file(&world, selection, format);
            assert!(text.len() > 500, "{format:?}: {text}");
            for secret in ["eyJ", "canary-in-the-address", "hourglass", "Cookie"] {
                assert!(!text.contains(secret), "{format:?}: {secret} in {text}");
            }
        }
    }
    let har: Value = serde_json::from_str(&file(&world, range, Format::Har)).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries");
    let prints: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry["_fingerprint"].as_str())
        .collect();
    assert_eq!(prints.len(), 3, "three attempts carried a token");
    assert_eq!(prints[0], prints[1], "the same one twice");
    assert_ne!(prints[1], prints[2], "then its successor");
}

/// What HAR 1.2 demands of every file: names, kinds of values, and times that add up.
#[tokio::test]
async fn what_is_written_as_har_has_the_shape_of_har_1_2() {
    let (world, _, range) = told().await;
    let har: Value = serde_json::from_str(&file(&world, range, Format::Har)).expect("JSON");
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string());
    let entries = log["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 5, "sign-in, three attempts, one refresh");
    for entry in entries {
        let at = entry["startedDateTime"].as_str().expect("a time");
        assert!(at.contains('T') && at.ends_with('Z'), "ISO 8601: {at}");
        let number = |value: &Value| value.as_f64().expect("a number");
        let request = &entry["request"];
        for field in ["method", "url", "httpVersion"] {
            assert!(request[field].is_string(), "request.{field}");
        }
        for field in ["cookies", "headers", "queryString"] {
            assert!(request[field].is_array(), "request.{field}");
        }
        let response = &entry["response"];
        for field in ["statusText", "httpVersion", "redirectURL"] {
            assert!(response[field].is_string(), "response.{field}");
        }
        for list in [
            &request["headers"],
            &response["headers"],
            &request["queryString"],
        ] {
            for pair in list.as_array().expect("a list") {
                assert!(
                    pair["name"].is_string() && pair["value"].is_string(),
                    "{pair}"
                );
            }
        }
        assert!(response["cookies"].is_array() && response["status"].is_u64());
        assert!(response["content"]["mimeType"].is_string());
        number(&response["content"]["size"]);
        for side in [request, response] {
            number(&side["headersSize"]);
            number(&side["bodySize"]);
        }
        assert!(entry["cache"].is_object());
        let timings = &entry["timings"];
        let spent: f64 = ["send", "wait", "receive"]
            .iter()
            .map(|phase| number(&timings[phase]))
            .sum();
        assert!((number(&entry["time"]) - spent).abs() < 1e-6, "{entry}");
        for (name, _) in entry.as_object().expect("an object") {
            let known = [
                "startedDateTime",
                "time",
                "request",
                "response",
                "cache",
                "timings",
            ];
            assert!(
                name.starts_with('_') || known.contains(&name.as_str()),
                "{name}"
            );
        }
    }
    let statuses: Vec<_> = entries
        .iter()
        .map(|entry| entry["response"]["status"].as_u64().expect("a status"))
        .collect();
    assert_eq!(statuses, [200, 200, 401, 200, 200]);
    assert!(entries[0]["_purpose"] == "sign_in" && entries[3]["_flight"] == "F1");
}

/// A group is one story: the request, the refresh that it waited for, and the causes of both; no other request.
#[tokio::test]
async fn a_group_is_the_request_and_what_it_waited_for() {
    let (world, group, range) = told().await;
    let lines = |selection| -> Vec<Event> {
        file(&world, selection, Format::JsonLines)
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event"))
            .collect()
    };
    let (group, range) = (lines(group), lines(range));
    assert_eq!(range.len(), world.events().len(), "everything, as it is");
    let requests: BTreeSet<_> = group
        .iter()
        .filter_map(|event| event.subject.request)
        .collect();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let kinds: BTreeSet<_> = group.iter().map(|event| kind(&event.fact)).collect();
    for wanted in ["RequestQueued", "ExchangeSent", "Published", "RetryDecided"] {
        assert!(kinds.contains(wanted), "{wanted} in {kinds:?}");
    }
    let keys: BTreeSet<EventKey> = group.iter().map(|event| event.key).collect();
    for event in &group {
        assert!(
            event.cause_seq.iter().all(|cause| keys.contains(cause)),
            "{event:?}"
        );
    }
}

#[tokio::test]
async fn what_is_written_for_people_says_why_and_draws_the_ladder() {
    let (world, group, _) = told().await;
    let text = file(&world, group, Format::Markdown);
    for wanted in [
        "# R2: GET ",
        "## Why",
        "token.expired\\_early (`token.expired_early`; events #",
        "R2 with G1",
        "|<",
        "401 --",
        "F1 refresh",
        "G2 is the token from here on",
        "| RequestFinished |",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

/// N26: the odd one out says so, has what was sent, and the token only while it is the current one.
#[tokio::test]
async fn evidence_with_secrets_is_marked_and_has_the_token_while_it_is_current() {
    let (world, group, _) = told().await;
    for format in [Format::Markdown, Format::Har] {
        let evidence = world.engine.evidence_with_secrets(group).await;
        let text = evidence.expect("it is there").write(format, &Names);
        assert!(
            text.contains("THIS FILE HOLDS SECRETS"),
            "{format:?}: {text}"
        );
        assert!(text.contains("canary-in-the-address"), "{format:?}: {text}");
        assert!(text.contains("Bearer eyJ"), "{format:?}: {text}");
    }
    world.engine.refresh(JSON).await.expect("a newer token");
    let evidence = world.engine.evidence_with_secrets(group).await;
    let evidence = evidence.expect("it is there");
    assert!(!format!("{evidence:?}").contains("canary-in-the-address"));
    let text = evidence.write(Format::Markdown, &Names);
    assert!(text.contains("not the current one any more"), "{text}");
    assert!(!text.contains("eyJ"), "old tokens are not kept: {text}");
    let har = evidence.write(Format::Har, &Names);
    assert!(har.contains("_tokenGone") && !har.contains("eyJ"), "{har}");
}
