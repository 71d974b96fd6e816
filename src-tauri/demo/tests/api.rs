//! The protected API: what a good token gets, what each bad one is told, and a burst.

use crate::server::{Server, quick};
use sandglass_demo::Settings;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use ureq::http::Method;

const BURST: usize = 1000;

#[test]
fn each_kind_of_bad_token_is_told_in_the_challenge() {
    let server = Server::quick();
    let client = server.client();
    let expired = client.log_in().field("accessToken");
    server.demo.expire_all();
    let revoked = client.log_in();
    let out = json!({ "refreshToken": revoked.field("refreshToken") });
    client.post("/auth/logout", &out);
    let check = |authorization: Option<String>, expected: &str| {
        let headers: Vec<(&str, &str)> = authorization
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let answer = client
            .send(Method::GET, "/orders", &headers, "")
            .expect("an answer");
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), expected);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["status"], 401);
    };
    let error = |why: &str| {
        format!(r#"Bearer realm="demo", error="invalid_token", error_description="{why}""#)
    };
    check(None, r#"Bearer realm="demo""#);
    check(Some("Basic YTpi".to_owned()), r#"Bearer realm="demo""#);
    check(
        Some(format!("Bearer {expired}")),
        &error("The access token expired"),
    );
    check(
        Some(format!("bearer {}", revoked.field("accessToken"))),
        &error("The access token was revoked"),
    );
    check(
        Some("Bearer guessed".to_owned()),
        &error("The access token is not valid"),
    );
    assert_eq!(server.demo.counts().api_refused, 5);
}

#[test]
fn an_access_token_dies_by_itself() {
    let server = Server::start(Settings {
        access_ttl: Duration::from_millis(1),
        ..quick()
    });
    let client = server.client();
    let pair = client.log_in();
    assert_eq!(pair.json()["expiresIn"], 1, "rounded up to whole seconds");
    let token = pair.field("accessToken");
    // Bounded by the client's deadline for each try; the first one is nearly always late enough.
    let refused = (0..1000)
        .map(|_| client.get("/me", &token))
        .find(|answer| answer.status == 401);
    let refused = refused.expect("a millisecond passes");
    assert!(refused.header("www-authenticate").contains("expired"));
}

#[test]
fn a_good_token_gets_what_it_asks_for() {
    let server = Server::quick();
    let client = server.client();
    let token = client.log_in().field("accessToken");
    let bearer = format!("Bearer {token}");

    let orders = client.get("/orders?limit=5", &token);
    assert_eq!(orders.json()["items"].as_array().map(Vec::len), Some(5));
    assert!(!orders.header("date").is_empty());
    let first = &orders.json()["items"][0];
    for name in ["id", "total", "currency", "state", "customer"] {
        assert!(first[name].is_string(), "{name}");
    }
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let created = client
        .send(Method::POST, "/orders", &headers, r#"{"total":"42.00"}"#)
        .expect("an answer");
    assert_eq!(
        (created.status, created.json()["total"].as_str()),
        (201, Some("42.00"))
    );
    assert!(created.header("location").starts_with("/orders/ord_"));

    let echo = client
        .send(Method::POST, "/echo", &headers, "abc")
        .expect("an answer")
        .json();
    assert_eq!(echo["length"], 3);
    assert_eq!(
        echo["sha256"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let names = echo["headers"].as_array().expect("names");
    assert!(names.contains(&Value::from("authorization")));
    assert!(!echo.to_string().contains(&token));

    assert_eq!(client.get("/slow?ms=1", &token).json()["waited_ms"], 1);
    assert_eq!(client.get("/status/418", &token).status, 418);
    assert_eq!(client.get("/status/99", &token).status, 400);
    let moved = client.get("/redirect?to=http://127.0.0.1:9/elsewhere", &token);
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, "http://127.0.0.1:9/elsewhere")
    );
    assert_eq!(client.get("/nowhere", &token).status, 404);
    assert_eq!(client.get("/echo", &token).status, 405);
}

#[test]
fn only_the_first_generation_may_see_the_back_office() {
    let server = Server::quick();
    let client = server.client();
    let first = client.log_in();
    assert_eq!(
        client.get("/admin", &first.field("accessToken")).status,
        200
    );
    let second = client.refresh(&first.field("refreshToken"));
    let refused = client.get("/admin", &second.field("accessToken"));
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .header("www-authenticate")
            .contains(r#"error="insufficient_scope""#)
    );
}

#[test]
fn a_thousand_requests_at_once_are_all_answered() {
    // Each needs a socket on both sides, and both sides are this process.
    rlimit::increase_nofile_limit(8192).expect("a limit that can be raised");
    let server = Server::quick();
    let token = server.client().log_in().field("accessToken");
    let address = server
        .demo
        .origin()
        .trim_start_matches("http://")
        .to_owned();
    let request = format!(
        "GET /orders?limit=1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let answered = server.runtime.block_on(async {
        let mut all = JoinSet::new();
        for _ in 0..BURST {
            let (address, request) = (address.clone(), request.clone());
            all.spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(request.as_bytes()).await?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await?;
                std::io::Result::Ok(answer.starts_with("HTTP/1.1 200 "))
            });
        }
        all.join_all().await
    });
    let good = answered
        .into_iter()
        .filter(|answer| matches!(answer, Ok(true)))
        .count();
    assert_eq!(good, BURST);
    assert_eq!(server.demo.counts().api_ok, BURST as u64);
}

#[test]
fn a_stream_goes_on_after_the_last_event_that_was_seen() {
    let server = Server::quick();
    let client = server.client();
    let token = format!("Bearer {}", client.log_in().field("accessToken"));
    let path = "/events?total=3&burst=2&every_ms=0&retry_ms=50";
    let event = |id: u64| format!("id: {id}\nevent: order\ndata: {{\"number\": {id}}}\n\n");
    for (seen, status, expected) in [
        (None, 200, format!("retry: 50\n{}{}", event(1), event(2))),
        (Some("2"), 200, format!("retry: 50\n{}", event(3))),
        (Some("3"), 204, String::new()),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(seen.map(|id| ("last-event-id", id)));
        let answer = client
            .send(Method::GET, path, &headers, "")
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, expected.as_str())
        );
    }
}
