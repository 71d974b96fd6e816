//! Scripts and the window on one session: whoever is first refreshes, the others take what it stored.

use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{command, ended, log_in, run, start, until};

/// Expiries that are lived through.
const EXPIRIES: u64 = 20;

/// Two scripts that never stop sending, and the engine of the window, which sends after each expiry.
#[tokio::test(flavor = "multi_thread")]
async fn two_scripts_and_the_window_refresh_twenty_times_in_twenty_expiries() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        let endless = [
            "send",
            "list-orders",
            "--repeat",
            "4000000",
            "--parallel",
            "2",
            "--quiet",
        ];
        let mut scripts = [
            start(&mut command(&place, &endless)),
            start(&mut command(&place, &endless)),
        ];
        let mut window = place.peer(env!("CARGO_BIN_EXE_headless-peer"));
        for expiry in 1..=EXPIRIES {
            place.demo.expire_all();
            assert_eq!(window.ask("send")["status"], 200, "expiry {expiry}");
            let counts = place.demo.counts();
            assert_eq!(
                counts.refreshes_answered, expiry,
                "one refresh each: {counts:?}"
            );
            // Both scripts go on with the new token before the next one expires.
            let served = counts.api_ok;
            until("the scripts go on", || {
                place.demo.counts().api_ok > served + 20
            });
        }
        for script in &mut scripts {
            rustix::process::kill_process(
                rustix::process::Pid::from_child(script),
                rustix::process::Signal::INT,
            )
            .expect("it runs");
            assert_eq!(ended(script).code(), Some(130));
        }
        window.quit();
        let counts = place.demo.counts();
        assert_eq!(
            (
                counts.refreshes_answered,
                counts.refreshes_refused,
                counts.reuses_seen
            ),
            (EXPIRIES, 0, 0)
        );
        assert_eq!(run(&place, &["send", "list-orders"]).code, Some(0));
    });
}
