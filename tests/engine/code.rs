//! The code that is written in Rust, compiled as it is shown and run. Other languages are run beside the templates.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use sandglass_engine::code::{self, Language};
use sandglass_engine::exchange::body::Body;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::workspace::Workspace;

/// What was compiled.
const SHOWN: &str = include_str!("src/bin/shown_code/request.rs");
/// Set this to write it anew.
const WRITE: &str = "SANDGLASS_WRITE_CODE";

fn written() -> String {
    let workspace = Workspace::in_memory("Shop", "shop", Vec::new(), Vec::new());
    let draft = Draft {
        method: "POST".to_owned(),
        // Compiled once, so the address is always the same: a proxy leads it to the test.
        url: "http://orders.test/orders?a=1".to_owned(),
        headers: vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("X-Odd".to_owned(), "it's \"$HOME\" \\ {x}".to_owned()),
            ("X-Api-Key".to_owned(), "CANARY".to_owned()),
        ],
        body: Some(Body::Text("{\"a\": \"ü {b}\"}".to_owned())),
        session: Some("main".to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    code::write(draft, &workspace, Language::Rust).expect("code") + "\n"
}

#[test]
fn the_rust_code_that_is_compiled_is_what_is_shown() {
    if std::env::var_os(WRITE).is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/shown_code/request.rs");
        std::fs::write(path, written()).expect("written");
        return;
    }
    assert_eq!(
        SHOWN,
        written(),
        "run this test with {WRITE}=1 to write it anew"
    );
    assert!(!SHOWN.contains("CANARY"));
}

#[test]
fn the_rust_code_runs_and_sends_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        stream
            .set_read_timeout(Some(tests_engine::PATIENCE))
            .expect("a limit");
        let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
        while !seen.ends_with(b"}") {
            let read = stream.read(&mut piece).expect("the rest");
            assert!(read > 0, "it ended early");
            seen.extend_from_slice(&piece[..read]);
        }
        stream
            .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            .expect("an answer");
        String::from_utf8(seen).expect("text")
    });
    let ran = Command::new(env!("CARGO_BIN_EXE_shown_code"))
        .env("http_proxy", &proxy)
        .env("no_proxy", "")
        .env("NO_PROXY", "")
        .env("TOKEN", "t-1")
        .env("X_API_KEY", "k-1")
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "201\nhi\n");
    let seen = server.join().expect("it was asked");
    let lower = seen.to_lowercase();
    for part in [
        "post http://orders.test/orders?a=1 ",
        "authorization: bearer t-1\r\n",
        "x-api-key: k-1\r\n",
        "content-type: application/json\r\n",
        "x-odd: it's \"$home\" \\ {x}\r\n",
    ] {
        assert!(lower.contains(part), "{part}: {seen}");
    }
    assert!(seen.ends_with("{\"a\": \"ü {b}\"}"), "{seen}");
}
