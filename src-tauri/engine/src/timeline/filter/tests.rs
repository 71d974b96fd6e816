//! Filters that can be read, that cannot, and what they find.

use super::*;
use serde_json::{Value, json};

const NOW: WallMs = WallMs(1_800_000_000_000);

#[test]
fn what_cannot_be_read_names_the_word_and_its_place() {
    for (text, code, word, from, to) in [
        (
            "is:refresh nonsense:1",
            Code::FilterUnknownWord,
            "nonsense",
            11,
            21,
        ),
        ("stauts:401", Code::FilterUnknownWord, "stauts", 0, 10),
        ("is:", Code::FilterBadValue, "is", 0, 3),
        ("is:great", Code::FilterBadValue, "is", 0, 8),
        ("é status:abc", Code::FilterBadValue, "status", 2, 12),
        ("status:40", Code::FilterBadValue, "status", 0, 9),
        ("status:0xx", Code::FilterBadValue, "status", 0, 10),
        ("gen:-1", Code::FilterBadValue, "gen", 0, 6),
        ("gen:99999999999", Code::FilterBadValue, "gen", 0, 15),
        ("took:500", Code::FilterBadValue, "took", 0, 8),
        ("took:>ms", Code::FilterBadValue, "took", 0, 8),
        (
            "took:99999999999999999999d",
            Code::FilterBadValue,
            "took",
            0,
            26,
        ),
        ("since:yesterday", Code::FilterBadValue, "since", 0, 15),
        ("-cause:G7", Code::FilterBadValue, "cause", 0, 9),
        ("session:", Code::FilterBadValue, "session", 0, 8),
        ("method: GET", Code::FilterBadValue, "method", 0, 7),
        ("host:\"\"", Code::FilterBadValue, "host", 0, 7),
    ] {
        let failure = Filter::parse(text, NOW).expect_err(text);
        assert_eq!(failure.code, code, "{text}");
        let place = [
            &failure.params["word"],
            &failure.params["from"],
            &failure.params["to"],
        ];
        assert_eq!(place, [word, &from.to_string(), &to.to_string()], "{text}");
        assert!(!failure.params["expected"].is_empty(), "{text}");
    }
    let long = "x".repeat(FILTER_CHARS_MAX + 1);
    assert_eq!(
        Filter::parse(&long, NOW).expect_err("too long").code,
        Code::FilterBadValue
    );
}

#[test]
fn words_keep_their_places() {
    let filter = Filter::parse("  is:retry \"two words\" -status:4xx", NOW).expect("a filter");
    let words: Vec<_> = filter
        .words()
        .into_iter()
        .map(|word| (word.from, word.to, word.text))
        .collect();
    assert_eq!(
        words,
        [
            (2, 10, "is:retry".to_owned()),
            (11, 22, "\"two words\"".to_owned()),
            (23, 34, "-status:4xx".to_owned())
        ]
    );
    assert!(Filter::parse(" ", NOW).expect("nothing").is_empty());
}

/// R12: refused, refreshed by F7, and sent once more with G8.
fn retried() -> Value {
    json!({
        "first": { "run": 1, "seq": 40 }, "last_seq": 60, "events": 18, "kind": "request",
        "from_ms": NOW.0 - 60_000, "to_ms": NOW.0 - 59_000, "session": "Demo", "request": 12, "flights": [7],
        "method": "POST", "host": "api.acme.test:8443", "text": "https://api.acme.test:8443/Orders?limit=5",
        "statuses": [401, 200], "generations": [7, 8], "caused_by": ["R9"], "errors": [], "took_us": 501_000,
        "retry": true, "joined": false, "failed": false, "pending": false, "published": true,
    })
}

#[test]
fn a_filter_finds_what_all_its_words_hold_of() {
    let group: Group = serde_json::from_value(retried()).expect("a group");
    for (text, expected) in [
        ("", true),
        ("is:request", true),
        ("is:refresh", true),
        ("is:retry", true),
        ("is:joined", false),
        ("is:failed", false),
        ("-is:failed", true),
        ("is:pending", false),
        ("is:expired", false),
        ("is:sign-in", false),
        ("IS:Retry", true),
        ("session:demo", true),
        ("session:dem", false),
        ("session:\"Demo\"", true),
        ("gen:7", true),
        ("gen:G8", true),
        ("gen:9", false),
        ("status:401", true),
        ("status:2xx", true),
        ("status:5xx", false),
        ("-status:401", false),
        ("method:post", true),
        ("method:GET", false),
        ("host:api.acme.test", true),
        ("host:api.acme.test:8443", true),
        ("host:acme.test", false),
        ("took:>500ms", true),
        ("took:500ms", true),
        ("took:>1s", false),
        ("took:<1s", true),
        ("took:<=501000us", false),
        ("since:1m", true),
        ("since:58s", false),
        ("since:2h", true),
        ("cause:R9", true),
        ("cause:r12", true),
        ("cause:F7", true),
        ("cause:F8", false),
        ("orders", true),
        ("ORDERS -invoices", true),
        ("invoices", false),
        ("https://api.acme.test", true),
        ("limit=5", true),
        ("R12", true),
        ("f7", true),
        ("G8", true),
        ("R13", false),
        ("post orders is:retry status:401 cause:F7", true),
        ("post orders is:retry status:403 cause:F7", false),
        ("-", false),
        ("Ω", false),
    ] {
        let filter = Filter::parse(text, NOW).expect(text);
        assert_eq!(filter.finds(&group), expected, "{text}");
    }
}

#[test]
fn what_is_not_over_has_no_length() {
    let mut value = retried();
    value["took_us"] = Value::Null;
    let group: Group = serde_json::from_value(value).expect("a group");
    for text in ["took:>1us", "took:<1d"] {
        assert!(
            !Filter::parse(text, NOW).expect(text).finds(&group),
            "{text}"
        );
    }
}
