//! What a profile makes of what was seen, and what the engine makes of the profile.

use super::book::{Book, PROFILES_MAX};
use super::*;

const ENDPOINT: &str = "https://login.acme.test/token";

fn noted(seq: u64, what: Observation) -> Noted {
    Noted {
        what,
        proof: EventKey { run: 1, seq },
        at: WallMs(i64::try_from(seq).expect("small")),
    }
}

fn taught(observations: impl IntoIterator<Item = Observation>) -> Profile {
    let mut profile = Profile::default();
    for (what, seq) in observations.into_iter().zip(1..) {
        profile.take(&noted(seq, what));
    }
    profile
}

fn refused(error: &str) -> Observation {
    Observation::Refused(Refusal {
        status: Some(400),
        error: Some(error.to_owned()),
        class: ReplyClass::Definitive,
    })
}

#[test]
fn rotation_that_differs_is_said_to_differ() {
    for (seen, expected) in [
        (&[true, true][..], TokenRotation::Rotates),
        (&[false], TokenRotation::Keeps),
        (&[true, false], TokenRotation::Sometimes),
        (&[true, false, false], TokenRotation::Sometimes),
    ] {
        let profile = taught(seen.iter().map(|rotated| Observation::Rotated(*rotated)));
        let habit = profile.rotation.expect("seen");
        assert_eq!(habit.what, expected, "{seen:?}");
        assert_eq!(habit.times as usize, seen.len());
    }
}

#[test]
fn the_proof_is_the_newest_events_and_bounded() {
    let profile = taught((0..50).map(|_| Observation::Rotated(true)));
    let habit = profile.rotation.expect("seen");
    assert_eq!((habit.times, habit.proof.len()), (50, PROOF_MAX));
    assert_eq!(habit.proof.last(), Some(&EventKey { run: 1, seq: 50 }));
}

#[test]
fn a_grace_window_is_the_longest_that_was_honoured_and_the_shortest_that_was_not() {
    let profile = taught([
        Observation::SpentHonoured { after_ms: 40 },
        Observation::SpentHonoured { after_ms: 900 },
        Observation::SpentHonoured { after_ms: 10 },
        Observation::SpentRefused { after_ms: 9_000 },
        Observation::SpentRefused { after_ms: 4_000 },
    ]);
    assert_eq!(profile.spent_honoured.expect("seen").what, 900);
    assert_eq!(profile.spent_refused.expect("seen").what, 4_000);
}

#[test]
fn replies_that_say_no_expiry_keep_the_lengths_that_others_said() {
    let lives = |ms| {
        Observation::Lives(Life {
            least_ms: ms,
            most_ms: ms,
            source: ExpirySource::Reply,
        })
    };
    let life = taught([lives(None), lives(Some(300)), lives(Some(60)), lives(None)]).life;
    let life = life.expect("seen").what;
    assert_eq!((life.least_ms, life.most_ms), (Some(60), Some(300)));
}

#[test]
fn refusals_are_bounded_and_the_one_seen_longest_ago_goes() {
    let many = (0..REFUSALS_MAX + 3).map(|number| refused(&format!("e{number}")));
    let profile = taught(many.chain([refused("e4"), refused(&"x".repeat(9_000))]));
    assert_eq!(profile.refusals.len(), REFUSALS_MAX);
    let words: Vec<_> = profile
        .refusals
        .iter()
        .map(|habit| habit.what.error.as_deref())
        .collect();
    assert!(!words.contains(&Some("e0")));
    assert_eq!(profile.refusals[REFUSALS_MAX - 2].times, 2, "{words:?}");
    assert_eq!(
        words.last().map(|word| word.map(str::len)),
        Some(Some(TEXT_CHARS_MAX))
    );
}

/// Scenarios 24 to 26: one replay is usual, none where it costs a working access token, and the user has the last word.
#[test]
fn the_replay_follows_what_was_seen_and_what_was_chosen() {
    let ended = || Observation::AccessAfterReuse { accepted: false };
    let kept = || Observation::AccessAfterReuse { accepted: true };
    let recovered = || Observation::Replayed { recovered: true };
    for (seen, chosen, expected) in [
        (vec![], None, (Replay::Once, "replay.usual")),
        (
            vec![ended()],
            None,
            (Replay::Never, "replay.revokes_on_reuse"),
        ),
        (
            vec![ended(), kept()],
            None,
            (Replay::Never, "replay.revokes_on_reuse"),
        ),
        (vec![kept()], None, (Replay::Once, "replay.usual")),
        (
            vec![ended(), recovered()],
            None,
            (Replay::Once, "replay.usual"),
        ),
        (
            vec![ended(), Observation::SpentHonoured { after_ms: 5 }],
            None,
            (Replay::Once, "replay.usual"),
        ),
        (
            vec![ended()],
            Some(Replay::Once),
            (Replay::Once, "replay.chosen"),
        ),
        (
            vec![],
            Some(Replay::Never),
            (Replay::Never, "replay.chosen"),
        ),
    ] {
        let profile = Profile {
            replay_chosen: chosen,
            ..taught(seen.clone())
        };
        let rule = profile.replay();
        assert_eq!((rule.replay, rule.rule_id), expected, "{seen:?} {chosen:?}");
    }
}

#[test]
fn a_slow_server_is_asked_earlier_within_bounds_and_that_fades() {
    let answered = |took_ms| Observation::Answered { took_ms };
    assert_eq!(taught([answered(800), answered(20)]).margin_ms(), 700);
    assert_eq!(taught([answered(20), answered(900)]).margin_ms(), 900);
    assert_eq!(taught([answered(u64::MAX)]).margin_ms(), 60_000);
    assert_eq!(Profile::default().margin_ms(), 0);
}

#[test]
fn a_book_is_read_again_and_a_broken_one_is_begun_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = Book::open(Some(folder.path()));
    book.learn(ENDPOINT, &[noted(7, Observation::Rotated(true))]);
    book.save(ENDPOINT).expect("written");
    let again = Book::open(Some(folder.path()));
    assert_eq!(again.profile(ENDPOINT, None), book.profile(ENDPOINT, None));
    assert!(!again.profile(ENDPOINT, None).is_blank());

    for broken in [&b"{"[..], b"[]", b"\xff\xfe", br#"{"x":{"rotation":7}}"#] {
        std::fs::write(folder.path().join("issuers.json"), broken).expect("written");
        let anew = Book::open(Some(folder.path()));
        assert!(anew.profile(ENDPOINT, None).is_blank(), "{broken:?}");
        anew.learn(ENDPOINT, &[noted(8, Observation::Rotated(false))]);
        anew.save(ENDPOINT).expect("written");
        let kept = Book::open(Some(folder.path()));
        assert!(!kept.profile(ENDPOINT, None).is_blank(), "{broken:?}");
    }
}

#[test]
fn two_processes_keep_what_each_has_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (
        Book::open(Some(folder.path())),
        Book::open(Some(folder.path())),
    );
    one.learn(
        "https://a.test/token",
        &[noted(1, Observation::Rotated(true))],
    );
    one.save("https://a.test/token").expect("written");
    other.learn(
        "https://b.test/token",
        &[noted(1, Observation::Rotated(false))],
    );
    other.save("https://b.test/token").expect("written");
    let both = Book::open(Some(folder.path()));
    assert!(!both.profile("https://a.test/token", None).is_blank());
    assert!(!both.profile("https://b.test/token", None).is_blank());
}

#[test]
fn forgetting_keeps_what_the_user_chose() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = Book::open(Some(folder.path()));
    book.learn(ENDPOINT, &[noted(1, Observation::Rotated(true))]);
    book.choose_replay(ENDPOINT, Some(Replay::Never));
    book.forget(ENDPOINT);
    assert_eq!(book.profile(ENDPOINT, None).rotation, None);
    assert_eq!(book.replay(ENDPOINT).rule_id, "replay.chosen");
    book.choose_replay(ENDPOINT, None);
    assert_eq!(book.replay(ENDPOINT).rule_id, "replay.usual");
}

#[test]
fn a_book_is_bounded() {
    let book = Book::open(None);
    for (number, at) in (0..PROFILES_MAX + 10).zip(1..) {
        let life = Life {
            least_ms: None,
            most_ms: None,
            source: ExpirySource::Unknown,
        };
        book.learn(
            &format!("https://{number}.test/"),
            &[noted(at, Observation::Lives(life))],
        );
    }
    assert!(book.profile("https://0.test/", None).is_blank());
    assert!(
        !book
            .profile(&format!("https://{}.test/", PROFILES_MAX + 9), None)
            .is_blank()
    );
}
