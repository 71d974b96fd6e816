//! Who is turned away: web pages and other host names get 403 and no token (security.md, N57).

use crate::server::{Server, raw};
use sandglass_demo::{Demo, Settings, StartError};
use std::net::SocketAddr;

const LOGIN: &str = r#"{"username":"ada","password":"hourglass"}"#;

#[test]
fn a_web_page_or_a_foreign_host_name_gets_no_token() {
    let server = Server::quick();
    let origin = server.demo.origin();
    let here = origin.trim_start_matches("http://");
    let check = |lines: &str, expected: &str| {
        let length = LOGIN.len();
        let request = format!(
            "POST /auth/login HTTP/1.1\r\n{lines}Content-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{LOGIN}"
        );
        let answer = raw(origin, &request).expect("an answer");
        assert!(answer.starts_with(expected), "{lines}\n{answer}");
        assert_eq!(
            answer.contains("accessToken"),
            expected.ends_with("200"),
            "{answer}"
        );
        assert!(
            !answer.to_lowercase().contains("access-control-"),
            "{answer}"
        );
    };
    check(&format!("Host: {here}\r\n"), "HTTP/1.1 200");
    check("Host: attacker.test\r\n", "HTTP/1.1 403");
    check(
        &format!("Host: {here}\r\nOrigin: https://attacker.test\r\n"),
        "HTTP/1.1 403",
    );
    check(
        &format!("Host: {here}\r\nSec-Fetch-Site: cross-site\r\n"),
        "HTTP/1.1 403",
    );
    let counts = server.demo.counts();
    assert_eq!((counts.logins, counts.foreign_refused), (1, 3));
}

#[test]
fn the_control_endpoints_are_guarded_too() {
    let server = Server::quick();
    let request = "GET /_demo/state HTTP/1.1\r\nHost: attacker.test\r\nConnection: close\r\n\r\n";
    let answer = raw(server.demo.origin(), request).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(!answer.contains("families"));
}

#[test]
fn it_listens_on_loopback_only_and_says_when_it_cannot() {
    let server = Server::quick();
    let start = |bind: SocketAddr| {
        let settings = Settings {
            bind,
            ..Settings::default()
        };
        server
            .runtime
            .block_on(Demo::start(settings))
            .expect_err("a refusal")
    };
    let everywhere = start(SocketAddr::from(([0, 0, 0, 0], 0)));
    assert!(matches!(everywhere, StartError::NotLoopback(_)));
    let taken: SocketAddr = server
        .demo
        .origin()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let message = start(taken).to_string();
    assert!(
        message.starts_with(&format!("cannot listen on {taken}: ")),
        "{message}"
    );
}
