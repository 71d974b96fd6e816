//! Bad input: a clear message on stderr, the right exit code, nothing lost.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use tests_engine::peer::Place;
use tests_engine::quick;
use xtask::desk::{Desk, Keychain};

use crate::program::{at, command, finish, log_in, path, run, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_failure_has_a_code_and_a_sentence() {
    let place = Place::new(quick()).await;
    let missing = format!("{}/nothing-here", place.demo.origin());
    tokio::task::block_in_place(|| {
        let before = run(&place, &["send", "list-orders"]);
        assert_eq!(before.code, Some(4), "{before:?}");
        assert!(before.stderr.contains("sandglass login demo"), "{before:?}");
        log_in(&place);
        for (arguments, code, words) in [
            (
                &["send", "list-orders", "--parallel", "0"][..],
                2,
                "0 is not in 1..",
            ),
            (&["send", "list-orders", "-H", "no colon"], 2, "a colon"),
            (&["send", "GET", "http://"], 2, "no whole http"),
            (&["send", "list-order"], 3, "no saved request"),
            (
                &["send", "list-orders", "--session", "dem"],
                3,
                "no session",
            ),
            (
                &["send", "list-orders", "--env", "staging"],
                3,
                "no environment",
            ),
            (
                &["send", "GET", "http://127.0.0.1/{{nobody}}"],
                3,
                "no variable",
            ),
            (&["login", "nobody"], 3, "demo"),
            (
                &[
                    "send",
                    "GET",
                    "https://api.other.test/",
                    "--session",
                    "demo",
                ],
                5,
                "was not sent",
            ),
            (
                &["send", "GET", "http://127.0.0.1:9/"],
                6,
                "cannot be reached",
            ),
            (
                &["send", "POST", &missing, "-b", "@/nowhere/body.json"],
                8,
                "/nowhere/body.json",
            ),
            (
                &["send", "GET", &missing, "-o", "/nowhere/answer.json"],
                8,
                "/nowhere/answer.json",
            ),
            (
                &["send", "GET", &missing, "--timeline", "/nowhere/events"],
                8,
                "/nowhere/events",
            ),
            (&["send", "GET", &missing], 0, "404: 1"),
            (&["send", "GET", &missing, "--fail"], 22, "404: 1"),
        ] {
            let ended = run(&place, arguments);
            assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
            assert!(ended.stderr.contains(words), "{arguments:?}: {ended:?}");
        }
        let login = run(&place, &["login", "demo"]);
        assert_eq!(login.code, Some(2), "nothing on stdin: {login:?}");
        assert!(login.stderr.contains("User name is missing"), "{login:?}");
        let after = run(&place, &["send", "list-orders"]);
        assert_eq!(after.code, Some(0), "the session is what it was: {after:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_of_the_workspace_is_named_and_the_others_work() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        let file = place.workspace.join("sessions/broken.toml");
        std::fs::write(&file, "kind = \"oauth\"\norigin = []\n").expect("a file");
        let sent = run(&place, &["send", "list-orders"]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        assert!(
            sent.stderr
                .contains("broken.toml:2: `origin` is not known here; did you mean `origins`?"),
            "{sent:?}"
        );
        std::fs::remove_file(place.workspace.join("workspace.toml")).expect("it was there");
        let sent = run(&place, &["send", "list-orders"]);
        assert_eq!(sent.code, Some(3), "{sent:?}");
        assert!(sent.stderr.contains("workspace.toml"), "{sent:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_named_and_nothing_hangs_on_it() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        let sessions = place.workspace.join("sessions");
        std::fs::write(sessions.join("bytes.toml"), [0xff, 0xfe]).expect("a file");
        // Nobody writes into it, so whoever reads it waits for ever.
        let pipe = sessions.join("pipe.toml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        std::os::unix::fs::symlink("/dev/zero", sessions.join("endless.toml")).expect("a link");
        std::os::unix::fs::symlink("nowhere", sessions.join("gone.toml")).expect("a link");
        let sent = run(&place, &["send", "list-orders"]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        for (name, words) in [
            ("bytes.toml", "UTF-8"),
            ("pipe.toml", "no plain file"),
            ("endless.toml", "no plain file"),
            ("gone.toml", "No such file"),
        ] {
            let said = sent.stderr.lines().find(|line| line.contains(name));
            let said = said.unwrap_or_else(|| panic!("{name} is not named: {sent:?}"));
            assert!(said.contains(words), "{said}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_file_that_vanishes_is_not_sent_again_and_the_session_lives() {
    let place = Place::new(quick()).await;
    let url = format!("{}/orders", place.demo.origin());
    tokio::task::block_in_place(|| {
        log_in(&place);
        let file = place.data.join("order.json");
        std::fs::write(&file, "{}").expect("a file");
        let body = format!("@{}", file.display());
        let hold = sandglass_demo::Fault {
            hold_ms: 2_000,
            ..sandglass_demo::Fault::default()
        };
        place
            .demo
            .faults()
            .set(sandglass_demo::Place::Refresh, hold);
        place.demo.expire_all();
        let child = start(&mut command(
            &place,
            &["send", "POST", &url, "--session", "demo", "-b", &body],
        ));
        until("the refresh is held", || {
            place.demo.counts().refreshes_answered == 1
        });
        std::fs::remove_file(&file).expect("it was there");
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "it was answered: {stderr}");
        assert!(stderr.contains("401: 1"), "{stderr}");
        assert!(
            stderr.contains("file"),
            "and it is said why no more: {stderr}"
        );
        let next = run(&place, &["send", "list-orders"]);
        assert_eq!(next.code, Some(0), "{next:?}");
        let again = run(&place, &["send", "POST", &url, "-b", &body]);
        assert_eq!(again.code, Some(8), "{again:?}");
        assert!(again.stderr.contains("order.json"), "{again:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_needs_a_browser_where_there_is_none_ends_at_once() {
    let place = Place::new(quick()).await;
    let origin = place.demo.origin().to_owned();
    tokio::task::block_in_place(|| {
        let text = format!(
            "kind = \"oauth\"\norigins = []\ntoken_endpoint = \"{origin}/oauth/token\"\nauthorization_endpoint = \"{origin}/oauth/authorize\"\nclient_id = \"desktop\"\ngrant = \"authorization_code\"\n"
        );
        std::fs::write(place.workspace.join("sessions/person.toml"), text).expect("a file");
        let mut login = command(&place, &["login", "person"]);
        let ended = finish(login.env("BROWSER", "/nowhere/browser"), "");
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(
            ended.stderr.contains("no browser could be opened"),
            "{ended:?}"
        );
        assert!(ended.stderr.contains("--no-browser"), "{ended:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_stdout_is_said_and_the_session_is_whole() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        log_in(&place);
        place.demo.expire_all();
        let mut child = start(&mut command(&place, &["send", "list-orders"]));
        drop(child.stdout.take());
        let mut stderr = String::new();
        let mut pipe = child.stderr.take().expect("it is piped");
        pipe.read_to_string(&mut stderr).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(8), "{stderr}");
        assert!(stderr.contains("could not be written"), "{stderr}");
        assert_eq!(run(&place, &["send", "list-orders"]).code, Some(0));
        assert_eq!(
            place.demo.counts().refreshes_answered,
            1,
            "the refresh was kept"
        );
    });
}

/// Answers one request with ten gigabytes, as far as they are taken.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let origin = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else {
            return;
        };
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 10000000000\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        let block = vec![b'x'; 1024 * 1024];
        // Until the other side has enough of it.
        while stream.write_all(&block).is_ok() {}
    });
    origin
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gigabytes_to_a_full_disk_leave_the_file_of_before() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        let file = place.data.join("answer.bin");
        std::fs::write(&file, "of before").expect("a file");
        // Files of at most 16 MB from here on, in blocks of 512 bytes; the signal that comes with it is ignored, as on a disk
        // that is full.
        let script = "trap '' XFSZ; ulimit -f 32768; exec \"$@\"";
        let mut limited = place.command("sh");
        limited.args(["-c", script, "limited"]).arg(path());
        limited
            .arg("--data-dir")
            .arg(&place.data)
            .args(["send", "GET", &endless()]);
        limited.arg("--output").arg(&file).current_dir(&place.data);
        let ended = finish(&mut limited, "");
        assert_eq!(ended.code, Some(8), "{ended:?}");
        assert!(
            ended
                .stderr
                .contains("could not be written (File too large"),
            "{ended:?}"
        );
        assert_eq!(
            std::fs::read_to_string(&file).expect("the file"),
            "of before"
        );
        let left = std::fs::read_dir(&place.data)
            .expect("the folder")
            .filter(|entry| {
                entry
                    .as_ref()
                    .is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".part"))
            });
        assert_eq!(left.count(), 0, "nothing is left beside it");
        let ended = run(
            &place,
            &["send", "GET", &endless(), "--output", "/dev/full"],
        );
        assert_eq!(ended.code, Some(8), "{ended:?}");
        assert!(ended.stderr.contains("No space left"), "{ended:?}");
    });
}

/// N30, without a window: a keychain that is absent, or locked after the sign-in, and nobody who could be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_cannot_be_used_is_said_and_nothing_is_written_elsewhere() {
    let demo = sandglass_demo::Demo::start(quick())
        .await
        .expect("loopback has a free port");
    let login = ["login", "demo", "--workspace", "workspace"];
    let send = ["send", "list-orders", "--workspace", "workspace"];
    let desk = |keychain| {
        let desk = Desk::new(keychain).expect("the desk's parts are installed");
        let workspace = desk.home().join("workspace");
        sandglass_demo::write_workspace(&workspace, demo.origin()).expect("a workspace folder");
        desk
    };
    tokio::task::block_in_place(|| {
        let absent = desk(Keychain::Absent);
        for (arguments, stdin) in [(login, "ada\nhourglass\n"), (send, "")] {
            let ended = finish(&mut at(&absent, &arguments), stdin);
            assert_eq!(ended.code, Some(7), "{arguments:?}: {ended:?}");
            assert!(ended.stderr.contains("no system keychain"), "{ended:?}");
        }
        let locked = desk(Keychain::Unlocked);
        let ended = finish(&mut at(&locked, &login), "ada\nhourglass\n");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        locked.lock_keychain().expect("the keychain answers");
        let ended = finish(&mut at(&locked, &send), "");
        assert_eq!(ended.code, Some(7), "{ended:?}");
        assert!(ended.stderr.contains("keychain"), "{ended:?}");
        // Whoever is signed out would have to sign in; here that would not help.
        assert!(!ended.stderr.contains("sandglass login"), "{ended:?}");
        let listed = finish(
            &mut at(&locked, &["sessions", "--workspace", "workspace"]),
            "",
        );
        let demo = listed.stdout.lines().find(|line| line.starts_with("demo "));
        let demo = demo.unwrap_or_else(|| panic!("it is listed: {listed:?}"));
        assert!(demo.contains("keychain closed"), "{listed:?}");
    });
}

#[test]
fn without_a_workspace_only_a_session_is_missing() {
    let desk = Desk::new(Keychain::Absent).expect("the desk's parts are installed");
    let ended = finish(&mut at(&desk, &["sessions"]), "");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("--workspace"), "{ended:?}");
    let ended = finish(&mut at(&desk, &["send", "GET", "http://127.0.0.1:9/"]), "");
    assert_eq!(
        ended.code,
        Some(6),
        "an address needs no workspace: {ended:?}"
    );
}
