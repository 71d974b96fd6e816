//! The questions, over small timelines in memory and on disk.

use std::path::Path;

use super::*;
use crate::clock::SystemClock;
use crate::timeline::Entry;
use crate::timeline::density::density;
use crate::timeline::event::{Actor, Answerer, Fact, FlightClass, Need, Outcome, Subject};
use crate::timeline::sqlite::PASSING_EVENTS_MAX;

fn timeline(path: Option<&Path>) -> Timeline {
    let (timeline, failures) = Timeline::open(path, Arc::new(SystemClock::default()));
    assert_eq!(failures, []);
    timeline
}

/// One send: refused and sent again where it waits for a flight, else answered with this status.
fn send(timeline: &Timeline, request: u64, status: u16, flight: Option<(u64, bool)>) -> EventKey {
    let subject = Subject {
        session: Some("demo".into()),
        request: Some(request),
        attempt: Some(1),
        ..Subject::default()
    };
    let tell = |subject: &Subject, fact, cause: Option<EventKey>| {
        timeline.append(Entry::new(Actor::Request, subject, fact).because(cause))
    };
    let queued = tell(
        &subject,
        Fact::RequestQueued {
            method: "GET".into(),
            url: "https://api.test/orders".into(),
            origin: "https://api.test".into(),
        },
        None,
    );
    let head = |status| Fact::ResponseHead {
        status,
        challenges: Vec::new(),
        took_us: 5,
        skew_ms: None,
        answerer: Answerer::default(),
    };
    let mut last = queued;
    if let Some((number, joined)) = flight {
        let refused = tell(&subject, head(401), Some(queued));
        let in_flight = Subject {
            flight: Some(number),
            ..subject.clone()
        };
        let of_flight = Subject {
            session: Some("demo".into()),
            flight: Some(number),
            generation: Some(2),
            ..Subject::default()
        };
        let started = if joined {
            timeline
                .events()
                .iter()
                .find(|event| matches!(event.fact, Fact::FlightStarted { .. }))
                .map(|event| event.key)
        } else {
            Some(tell(
                &of_flight,
                Fact::FlightStarted {
                    need: Need::Refused,
                },
                Some(refused),
            ))
        };
        let waits = Fact::WaitingForRefresh { joined };
        last = timeline.append(
            Entry::new(Actor::Request, &in_flight, waits)
                .because(refused)
                .because(started),
        );
        if !joined {
            let published = Fact::Published {
                fingerprint: None,
                expires_at_ms: None,
                lifetime_ms: None,
                claims: None,
            };
            last = tell(&of_flight, published, started);
            let finished = Fact::FlightFinished {
                class: FlightClass::Committed,
                waiters: 1,
                took_us: 9,
            };
            tell(&of_flight, finished, Some(last));
        }
        let again = Subject {
            attempt: Some(2),
            ..subject.clone()
        };
        let attempt = Fact::AttemptStarted {
            origin: "https://api.test".into(),
            authorized: true,
            scheme: None,
            typed: None,
        };
        last = tell(&again, attempt, Some(last));
    }
    last = tell(&subject, head(status), Some(last));
    let finished = Fact::RequestFinished {
        outcome: Outcome::Answered,
        status: Some(status),
        attempts: 1,
        took_us: 10,
        body_bytes: 0,
        error: None,
    };
    tell(&subject, finished, Some(last));
    queued
}

/// R1 well, R2 refused and refreshed, R3 joined, R4 failed.
fn four(path: Option<&Path>) -> (Timeline, [EventKey; 4]) {
    let timeline = timeline(path);
    let keys = [
        send(&timeline, 1, 200, None),
        send(&timeline, 2, 200, Some((1, false))),
        send(&timeline, 3, 200, Some((1, true))),
        send(&timeline, 4, 500, None),
    ];
    assert!(timeline.flush());
    (timeline, keys)
}

fn found(timeline: &Timeline, filter: &str) -> Vec<EventKey> {
    let filter = timeline.filter(filter).expect("a filter");
    timeline.story(&filter, None, 100).expect("a page").groups
}

#[test]
fn a_filter_is_answered_from_memory_and_from_disk_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("timeline.db");
    for path in [None, Some(path.as_path())] {
        let (timeline, [r1, r2, r3, r4]) = four(path);
        for (filter, expected) in [
            ("is:request", vec![r1, r2, r3, r4]),
            ("is:refresh", vec![r2]),
            ("is:retry", vec![r2, r3]),
            ("is:joined", vec![r3]),
            ("is:failed", vec![r4]),
            ("cause:R2", vec![r2, r3]),
            ("cause:F1", vec![r2, r3]),
            ("status:401 -is:joined", vec![r2]),
            ("invoices", vec![]),
        ] {
            assert_eq!(found(&timeline, filter), expected, "{filter}");
        }
        let counted = timeline
            .matches(&timeline.filter("is:request").expect("a filter"))
            .expect("counted");
        assert_eq!(
            (counted.groups, counted.of),
            (4, 5),
            "the fifth is the run's own"
        );
    }
}

#[test]
fn a_page_brings_along_what_its_groups_were_caused_by() {
    let (timeline, [_, r2, r3, _]) = four(None);
    let filter = timeline.filter("is:joined").expect("a filter");
    let page = timeline.story(&filter, None, 100).expect("a page");
    assert_eq!(page.groups, [r3]);
    assert!(
        page.events.iter().any(|event| event.key == r2),
        "the group of the flight that it joined"
    );
    assert!(page.events.is_sorted_by_key(|event| event.key));
}

#[test]
fn pages_follow_one_another_without_a_hole() {
    let (timeline, keys) = four(None);
    let all = Filter::default();
    let (mut end, mut seen) = (None, Vec::new());
    loop {
        let page = timeline.story(&all, end, 2).expect("a page");
        seen.splice(0..0, page.groups);
        if page.first == 0 {
            break;
        }
        end = Some(page.first);
    }
    assert_eq!(seen[1..], keys, "after the run's own group");

    let newest = timeline.newest().seq;
    let mut log = Vec::new();
    while (log.len() as u64) < newest {
        let page = timeline
            .log(&all, Some(log.len() as u64), 7)
            .expect("a page");
        assert_eq!(page.total, newest);
        log.extend(
            page.events
                .iter()
                .skip(log.len() - usize::try_from(page.first).expect("small"))
                .map(|event| event.key.seq),
        );
    }
    assert_eq!(log, (1..=newest).collect::<Vec<_>>());
    let joined = timeline.filter("is:joined").expect("a filter");
    let page = timeline.log(&joined, None, 100).expect("a page");
    assert!(
        page.events
            .iter()
            .all(|event| event.subject.request == Some(3))
    );
    assert_eq!(page.events.len() as u64, page.total);
}

#[test]
fn a_search_goes_round() {
    let (timeline, [r1, r2, r3, r4]) = four(None);
    let filter = timeline.filter("is:request").expect("a filter");
    for (from, back, expected) in [
        (None, false, r1),
        (None, true, r4),
        (Some(r1), false, r2),
        (Some(r4), false, r1),
        (Some(r3), true, r2),
        (Some(r1), true, r4),
    ] {
        let next = timeline
            .find(&filter, from, back)
            .expect("an answer")
            .expect("a match");
        assert_eq!(next.group, expected, "{from:?} {back}");
        assert_eq!(next.total, 4);
    }
    let nothing = timeline.filter("invoices").expect("a filter");
    assert_eq!(timeline.find(&nothing, None, false), Ok(None));
}

#[test]
fn a_stretch_is_told_by_its_groups_or_by_its_density() {
    let (timeline, _) = four(None);
    let all = Filter::default();
    let (from, to) = (WallMs(0), WallMs(i64::MAX / 2));
    let window = timeline.window(&all, from, to).expect("a window");
    assert_eq!((window.total, window.dense), (5, false));
    assert_eq!(window.events.len() as u64, timeline.newest().seq);
    for request in 5..700 {
        send(&timeline, request, 200, Some((request, false)));
    }
    assert!(timeline.flush());
    let window = timeline.window(&all, from, to).expect("a window");
    assert!(window.dense && window.events.is_empty());
    let overview = timeline
        .overview(&all, from, to, true, 64)
        .expect("an overview");
    let requests: u32 = overview
        .lanes
        .iter()
        .flat_map(|lane| &lane.columns)
        .map(|column| column[1] + column[2] + column[3])
        .sum();
    let refreshes: u32 = overview
        .lanes
        .iter()
        .flat_map(|lane| &lane.columns)
        .map(|column| column[4])
        .sum();
    assert_eq!((requests, refreshes), (699, 696));
}

#[test]
fn columns_lie_where_time_does() {
    let group = |from: i64, kind: &str, failed: bool| -> Group {
        serde_json::from_value(serde_json::json!({
            "first": { "run": 1, "seq": 1 }, "last_seq": 1, "events": 2, "kind": kind, "from_ms": from, "to_ms": from, "session": null,
            "request": 1, "flights": [], "method": "", "host": "", "text": "", "statuses": [], "generations": [], "caused_by": [],
            "errors": [], "took_us": null, "retry": false, "joined": false, "failed": failed, "pending": false, "published": false,
        }))
        .expect("a group")
    };
    let groups = [
        group(999, "request", false),
        group(1_000, "request", false),
        group(1_049, "request", true),
        group(1_050, "expiry", false),
        group(1_100, "request", false),
        group(1_101, "request", false),
    ];
    let overview = density(groups.iter(), WallMs(1_000), WallMs(1_100), 10);
    assert_eq!(overview.groups, 4);
    assert_eq!(
        overview.lanes[0].columns,
        [
            [0, 1, 0, 0, 0, 0],
            [4, 0, 0, 1, 0, 0],
            [5, 0, 0, 0, 0, 1],
            [9, 1, 0, 0, 0, 0]
        ]
    );
}

#[test]
fn a_database_of_before_is_taken_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("timeline.db");
    let (timeline, [_, r2, r3, _]) = four(Some(&path));
    drop(timeline);
    // As the version before wrote it: no groups, and no column for them.
    let connection = rusqlite::Connection::open(&path).expect("the database");
    connection
        .execute_batch(
            "DROP INDEX events_by_group; DROP INDEX events_unplaced; DROP TABLE causal_groups;
             ALTER TABLE events DROP COLUMN causal_group;",
        )
        .expect("an older form");
    drop(connection);
    let again = self::timeline(Some(&path));
    let deadline = std::time::Instant::now() + crate::timeline::FLUSH_LIMIT;
    while again
        .overview(&Filter::default(), WallMs(0), WallMs(1), false, 1)
        .expect("an answer")
        .placing
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the events of before are placed"
        );
        std::thread::yield_now();
    }
    assert!(again.flush());
    assert_eq!(found(&again, "is:retry"), [r2, r3]);
    assert_eq!(
        again.matches(&Filter::default()).expect("counted").of,
        6,
        "with the second run's own"
    );
}

#[test]
fn a_run_in_memory_gives_up_its_oldest_events_and_answers_all_the_same() {
    let timeline = timeline(None);
    let subject = Subject::default();
    let most = PASSING_EVENTS_MAX + PASSING_EVENTS_MAX / 5;
    for number in 0..most {
        timeline.append(Entry::new(Actor::Timer, &subject, Fact::Superseded {}));
        if number % 5_000 == 0 {
            assert!(timeline.flush());
        }
    }
    send(&timeline, 1, 200, None);
    assert!(timeline.flush());
    let page = timeline.log(&Filter::default(), None, 5).expect("a page");
    assert_eq!(
        page.events.last().map(|event| event.key),
        Some(timeline.newest())
    );
    assert!(page.total < most, "the first ones are gone: {}", page.total);
    let all = timeline.matches(&Filter::default()).expect("counted");
    assert_eq!(all.of, 1, "the run's own group is gone with them");
}
