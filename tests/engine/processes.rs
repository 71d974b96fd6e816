//! Several processes with one session: one exchange among them, whoever is killed or frozen and whatever is deleted.

use std::path::Path;
use std::time::Duration;

use sandglass_demo::Settings;
use sandglass_engine::failpoint::Point;
use tests_engine::peer::{Peer, Place};
use tests_engine::quick;

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// A place with this many processes whose one session is signed in.
async fn peers(settings: Settings, count: usize) -> (Place, Vec<Peer>) {
    let place = Place::new(settings).await;
    tokio::task::spawn_blocking(move || {
        let mut first = place.peer(PEER);
        first.must("sign_in");
        let mut peers = vec![first];
        peers.extend((1..count).map(|_| place.peer(PEER)));
        (place, peers)
    })
    .await
    .expect("they start")
}

/// Waits for peers away from the runtime that the demo runs on.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it ends")
}

fn adopted(peer: &mut Peer) -> bool {
    let events = peer.ask("events");
    let events = events.as_array().expect("a list");
    events
        .iter()
        .any(|event| event["kind"] == "AdoptedFromPeer")
}

async fn one_exchange_among(count: usize, before: impl FnOnce(&Place)) {
    let (place, mut peers) = peers(quick(), count).await;
    before(&place);
    place.demo.expire_all();
    peers.iter_mut().for_each(|peer| peer.tell("send"));
    let mut peers = aside(move || {
        for peer in &peers {
            let answer = peer.answer();
            assert_eq!(answer["status"], 200, "{answer}");
        }
        peers
    })
    .await;
    let counts = place.demo.counts();
    assert_eq!(
        (
            counts.refreshes_answered,
            counts.refreshes_refused,
            counts.reuses_seen
        ),
        (1, 0, 0),
        "one exchange for all of them"
    );
    let adopted = aside(move || {
        peers
            .iter_mut()
            .map(adopted)
            .filter(|adopted| *adopted)
            .count()
    });
    assert_eq!(
        adopted.await,
        count - 1,
        "everybody else took what the first had stored"
    );
}

/// Scenario 45.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_expire_together_cost_one_exchange() {
    one_exchange_among(2, |_| {}).await;
}

/// Scenario 45.
#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_that_expire_together_cost_one_exchange() {
    one_exchange_among(8, |_| {}).await;
}

/// Somebody tidies up the folder of the locks.
fn remove_locks(data: &Path) {
    for entry in std::fs::read_dir(data.join("families")).expect("the locks' folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "lock") {
            std::fs::remove_file(path).expect("deleted");
        }
    }
}

/// Scenario 48: between two refreshes.
#[tokio::test(flavor = "multi_thread")]
async fn lock_files_that_were_deleted_are_made_again_and_keep_processes_apart() {
    one_exchange_among(2, |place| remove_locks(&place.data)).await;
}

/// Scenario 48: the file is removed under its holder, which has not sent yet. It notices, and leaves it to who came in.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_whose_lock_file_was_deleted_sends_nothing_beside_who_came_in() {
    for mark in [Point::BeforeIntent, Point::Intent] {
        let (place, mut peers) = peers(quick(), 2).await;
        place.demo.expire_all();
        let data = place.data.clone();
        let story = aside(move || {
            let (mut second, mut first) = (peers.remove(1), peers.remove(0));
            first.arm(mark);
            first.tell("send");
            first.stopped();
            remove_locks(&data);
            assert_eq!(second.ask("send")["status"], 200);
            first.go_on();
            assert_eq!(first.answer()["status"], 200);
            first.ask("events")
        })
        .await;
        let told = |kind: &str| {
            let mut events = story.as_array().expect("a list").iter();
            events.any(|event| event["kind"] == kind)
        };
        assert!(told("LockLost") && told("AdoptedFromPeer"), "{story:#}");
        let counts = place.demo.counts();
        assert_eq!((counts.refreshes_answered, counts.reuses_seen), (1, 0));
    }
}

/// Scenario 48: the file is removed under its holder, which has sent. Who comes in reads the journal, and sends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_in_where_a_lock_file_was_deleted_spends_no_token_that_is_in_the_air() {
    for mark in [Point::Sent, Point::HeadReceived, Point::Parsed] {
        let (place, mut peers) = peers(quick(), 2).await;
        place.demo.expire_all();
        let data = place.data.clone();
        aside(move || {
            let (mut second, mut first) = (peers.remove(1), peers.remove(0));
            first.arm(mark);
            first.tell("send");
            first.stopped();
            remove_locks(&data);
            let answer = second.ask("send");
            assert_eq!(
                (&answer["status"], &answer["not_repeated"]),
                (&401.into(), &"refresh.transient".into())
            );
            first.go_on();
            assert_eq!(first.answer()["status"], 200);
            // A person asks again: no cooldown holds that back.
            assert_eq!(second.ask("refresh")["ok"], true);
            assert_eq!(second.ask("send")["status"], 200);
            assert!(adopted(&mut second), "{mark:?}");
        })
        .await;
        let counts = place.demo.counts();
        assert_eq!((counts.refreshes_answered, counts.reuses_seen), (1, 0));
    }
}

/// Scenario 47.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_holder_was_killed_is_free_at_once() {
    let (place, mut peers) = peers(quick(), 2).await;
    place.demo.expire_all();
    aside(move || {
        let (mut second, mut first) = (peers.remove(1), peers.remove(0));
        first.arm(Point::BeforeIntent);
        first.tell("send");
        first.stopped();
        second.tell("send");
        first.kill();
        let answer = second.answer();
        assert_eq!(answer["status"], 200, "{answer}");
    })
    .await;
    assert_eq!(place.demo.counts().refreshes_answered, 1);
}

/// Scenario 49: frozen after its exchange was sent, as by a laptop that falls asleep.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_holder_is_waited_for_and_its_token_is_not_spent_by_another() {
    let (place, mut peers) = peers(quick(), 2).await;
    place.demo.expire_all();
    let during = aside(move || {
        let (mut second, mut first) = (peers.remove(1), peers.remove(0));
        first.arm(Point::HeadReceived);
        first.tell("send");
        first.stopped();
        second.tell("send");
        let early = second.answer_within(Duration::from_secs(1));
        first.go_on();
        let answer = first.answer();
        assert_eq!(answer["status"], 200, "{answer}");
        let answer = early.clone().unwrap_or_else(|| second.answer());
        (early.is_none(), answer["status"] == 200)
    })
    .await;
    assert_eq!(during, (true, true), "it waited, and then adopted");
    let counts = place.demo.counts();
    assert_eq!((counts.refreshes_answered, counts.reuses_seen), (1, 0));
}
