//! Killed at every named moment of a refresh, in a process of its own with the real keychain: with a server that forgives
//! nothing is lost, with a strict one nothing is lost in silence.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sandglass_demo::{Reuse, Settings};
use sandglass_engine::failpoint::Point;
use tests_engine::peer::Place;
use tests_engine::quick;
use tokio::runtime::Handle;
use xtask::desk::{Desk, Keychain};

const PEER: &str = env!("CARGO_BIN_EXE_peer");
/// Kills at each mark; `SANDGLASS_KILLS` asks for another number: `cargo xtask test` for 20, a long night for 100.
const KILLS: usize = 3;
/// Trials at once: they wait for disks and processes.
const AT_ONCE: usize = 4;
/// Trials with one keychain: it keeps what every sign-in left in it, and writes all of it anew at each store, so that five
/// hundred sessions make a trial three times as long.
const TRIALS_A_DESK: usize = 25;

fn kills() -> usize {
    std::env::var("SANDGLASS_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"))
}

/// How a session was found after the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// It answers without a new sign-in.
    Lives,
    /// It asks for a sign-in, and says why.
    Explained,
    /// It is gone without a word.
    Silent,
}

/// Kills a process at the mark, starts another one, and looks.
fn trial(place: &Place, point: Point) -> (After, String) {
    let mut victim = place.peer(PEER);
    victim.must("sign_in");
    place.demo.expire_all();
    victim.arm(point);
    victim.tell("send");
    victim.stopped();
    victim.kill();

    // Before the survivor starts: it recovers by itself, and what that brings is meant to work.
    place.demo.expire_all();
    let mut survivor = place.peer(PEER);
    let answer = survivor.ask("send");
    if answer["status"] == 200 {
        return (After::Lives, String::new());
    }
    let state = survivor.ask("state");
    let explained = state["session"]["state"] == "login_required"
        && !state["session"]["login_cause"].is_null()
        && state["login_required_told"] == true;
    let after = if explained {
        After::Explained
    } else {
        After::Silent
    };
    let story = format!("{answer}\n{state:#}\n{:#}", survivor.ask("events"));
    survivor.quit();
    (after, story)
}

/// All trials at all marks; answers how each ended, and what its survivor tells.
async fn killed_everywhere(reuse: Reuse) -> Vec<(Point, After, String)> {
    let settings = Settings { reuse, ..quick() };
    let trials: Vec<Point> = (0..kills()).flat_map(|_| Point::ALL).collect();
    let runtime = Handle::current();
    let found = tokio::task::spawn_blocking(move || {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let take = || trials.get(next.fetch_add(1, Ordering::SeqCst));
        let work = || {
            let (mut desk, mut tried) = (desk(), 0);
            while let Some(point) = take() {
                if tried == TRIALS_A_DESK {
                    (desk, tried) = (self::desk(), 0);
                }
                tried += 1;
                let place = runtime.block_on(Place::at(Arc::clone(&desk), settings.clone()));
                let (after, story) = trial(&place, *point);
                let mut found = found.lock().expect("nobody panicked");
                found.push((*point, after, story));
            }
        };
        std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| _ = scope.spawn(work)));
        found.into_inner().expect("nobody panicked")
    });
    found.await.expect("every trial ends")
}

fn desk() -> Arc<Desk> {
    Arc::new(Desk::new(Keychain::Unlocked).expect("`cargo xtask setup` installs its parts"))
}

/// Scenarios 31, 32 and 33: whatever the moment, a server with a grace window gives the session back.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_where_the_server_forgives() {
    let grace = Reuse::Grace(std::time::Duration::from_secs(600));
    for (point, after, story) in killed_everywhere(grace).await {
        assert_eq!(after, After::Lives, "{}: {story}", point.name());
    }
}

/// Scenarios 31, 32 and 33: a strict server takes the session away between its answer and our store, and we say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_in_silence_where_the_server_is_strict() {
    for (point, after, story) in killed_everywhere(Reuse::RevokeFamily).await {
        let may_be_lost = matches!(
            point,
            Point::Sent | Point::HeadReceived | Point::BodyWhole | Point::Parsed
        );
        match after {
            After::Lives => {}
            After::Explained => assert!(may_be_lost, "lost at {}: {story}", point.name()),
            After::Silent => panic!("lost in silence at {}: {story}", point.name()),
        }
    }
}
