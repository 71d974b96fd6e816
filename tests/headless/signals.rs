//! Ctrl+C and SIGTERM: what was sent comes home first, and a script is told how it ended.

use rustix::process::{Pid, Signal, kill_process};
use sandglass_demo::{Fault, Place as Where};
use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{command, ended, log_in, run, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_flight_that_was_sent_comes_home_before_the_end() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = Place::new(quick()).await;
        tokio::task::block_in_place(|| {
            log_in(&place);
            place.demo.expire_all();
            let slow = Fault {
                hold_ms: 1_500,
                ..Fault::default()
            };
            place.demo.faults().set(Where::Refresh, slow);
            let mut child = start(&mut command(&place, &["send", "list-orders"]));
            let journals = place.data.join("families");
            until("the journal says that the refresh was sent", || {
                let entries = std::fs::read_dir(&journals).into_iter().flatten().flatten();
                let mut texts =
                    entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
                texts.any(|text| text.contains("\"sent\""))
            });
            kill_process(Pid::from_child(&child), signal).expect("it runs");
            let status = ended(&mut child);
            assert_eq!(status.code(), Some(code), "{signal:?}: {status:?}");
            place.demo.faults().set(Where::Refresh, Fault::default());
            let next = run(&place, &["send", "list-orders"]);
            assert_eq!(next.code, Some(0), "{next:?}");
            let counts = place.demo.counts();
            assert_eq!(
                (
                    counts.refreshes_answered,
                    counts.reuses_seen,
                    counts.families_revoked
                ),
                (1, 0, 0),
                "the successor was kept"
            );
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_moment_loses_no_session() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        for round in 0..12 {
            place.demo.expire_all();
            let mut child = start(&mut command(
                &place,
                &["send", "list-orders", "--repeat", "50", "--parallel", "4"],
            ));
            // A different moment each time, from before the handlers are there to after the refresh.
            let moment = std::time::Instant::now() + std::time::Duration::from_millis(25 * round);
            while std::time::Instant::now() < moment && child.try_wait().expect("ours").is_none() {
                std::thread::yield_now();
            }
            // It may have ended already.
            let _ = kill_process(Pid::from_child(&child), Signal::INT);
            let status = ended(&mut child);
            let by_signal = std::os::unix::process::ExitStatusExt::signal(&status);
            assert!(
                by_signal == Some(2) || matches!(status.code(), Some(0 | 130)),
                "round {round}: {status:?}"
            );
        }
        let after = run(&place, &["send", "list-orders"]);
        assert_eq!(after.code, Some(0), "{after:?}");
        assert_eq!(place.demo.counts().families_revoked, 0);
    });
}
