//! Each switch, seen from the client: what arrives, and whether the refresh token was spent by it.

use crate::server::{Answer, Client, Server};
use sandglass_demo::{Act, Fault, Malformed, Place};
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use ureq::http::Method;

struct Story {
    server: Server,
    client: Client,
    first: Answer,
}

impl Story {
    fn signed_in() -> Self {
        let server = Server::quick();
        let client = server.client();
        let first = client.log_in();
        Self {
            server,
            client,
            first,
        }
    }

    fn faulty_refresh(&self, act: Act) -> Result<Answer, ureq::Error> {
        self.server
            .demo
            .faults()
            .set(Place::Refresh, Fault::once(act));
        let body = json!({ "refreshToken": self.first.field("refreshToken") });
        self.client.try_post("/auth/refresh", &body)
    }

    /// Whether the first refresh token was spent, found out by using it.
    fn is_spent(&self) -> bool {
        let again = self.client.refresh(&self.first.field("refreshToken"));
        again.status == 401 && again.field("error_description").contains("used before")
    }
}

/// The system's error behind a client's.
fn io_kind(error: &ureq::Error) -> Option<io::ErrorKind> {
    let mut source: Option<&dyn Error> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = match error.downcast_ref::<ureq::Error>() {
            Some(ureq::Error::Io(error)) => Some(error),
            _ => error.source(),
        };
    }
    None
}

#[test]
fn a_status_comes_instead_of_the_work() {
    let story = Story::signed_in();
    let act = Act::Status {
        code: 503,
        retry_after_s: Some(2),
    };
    let answer = story.faulty_refresh(act).expect("an answer");
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"));
    assert!(!story.is_spent());
}

#[test]
fn a_connection_is_reset_before_or_after_the_work() {
    let check = |act: Act, spent| {
        let story = Story::signed_in();
        let error = story.faulty_refresh(act.clone()).expect_err("no answer");
        assert_eq!(
            io_kind(&error),
            Some(io::ErrorKind::ConnectionReset),
            "{act:?} {error}"
        );
        assert_eq!(
            story.server.demo.counts().refreshes_answered,
            u64::from(spent)
        );
        assert_eq!(story.is_spent(), spent, "{act:?}");
    };
    check(Act::DropBefore, false);
    check(Act::DropReply, true);
}

#[test]
fn an_unreadable_answer_spends_the_token_all_the_same() {
    let check = |how, read: fn(Result<Answer, ureq::Error>)| {
        let story = Story::signed_in();
        read(story.faulty_refresh(Act::Malformed(how)));
        assert!(story.is_spent(), "{how:?}");
    };
    check(Malformed::Text, |answer| {
        let answer = answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "application/json")
        );
        assert!(serde_json::from_str::<Value>(&answer.text).is_err());
    });
    check(Malformed::Html, |answer| {
        let answer = answer.expect("an answer");
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text.contains("<title>"));
    });
    check(Malformed::Truncated, |answer| {
        let error = answer.expect_err("the body ends too soon");
        assert!(io_kind(&error).is_some(), "{error}");
    });
}

#[test]
fn half_a_body_really_arrives() {
    let story = Story::signed_in();
    story.server.demo.faults().set(
        Place::Api,
        Fault::once(Act::Malformed(Malformed::Truncated)),
    );
    let origin = story.server.demo.origin();
    let host = origin.trim_start_matches("http://");
    let token = story.first.field("accessToken");
    let request =
        format!("GET /me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
    let answer = crate::server::raw(origin, &request).expect("half an answer and an orderly end");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    let announced: usize = announced.parse().expect("a number");
    assert_eq!(body.len(), announced / 2);
    assert!(body.starts_with('{'));
}

#[test]
fn an_omitted_refresh_token_leaves_the_old_one_good() {
    let story = Story::signed_in();
    let answer = story
        .faulty_refresh(Act::OmitRefreshToken)
        .expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("refreshToken").is_none());
    assert_eq!(
        story.client.get("/me", &answer.field("accessToken")).status,
        200
    );
    assert!(!story.is_spent());
}

#[test]
fn expires_in_says_what_it_is_told_to() {
    for odd in [json!("6"), json!(-1), json!(null), json!(1e300), json!({})] {
        let story = Story::signed_in();
        let answer = story
            .faulty_refresh(Act::ExpiresIn(odd.clone()))
            .expect("an answer");
        assert_eq!(answer.json().get("expiresIn"), Some(&odd));
        assert!(answer.json().get("refreshToken").is_some());
    }
    let story = Story::signed_in();
    let answer = story.faulty_refresh(Act::OmitExpiresIn).expect("an answer");
    assert!(answer.json().get("expiresIn").is_none());
}

#[test]
fn a_fault_stays_at_its_place_and_ends_after_its_times() {
    let story = Story::signed_in();
    let faults = json!({ "api": { "act": { "status": { "code": 500 } }, "times": 2, "delay_ms": 1, "hold_ms": 1 } });
    let set = story
        .client
        .send(Method::PUT, "/_demo/faults", &[], &faults.to_string())
        .expect("an answer");
    assert_eq!(
        (set.status, set.json()["api"]["times"].as_u64()),
        (200, Some(2))
    );
    assert_eq!(story.client.log_in().status, 200);
    let token = story.first.field("accessToken");
    let statuses = [(); 3].map(|()| story.client.get("/me", &token).status);
    assert_eq!(statuses, [500, 500, 200]);
    assert_eq!(story.server.demo.counts().faults_applied, 2);
}

#[test]
fn control_clears_faults_and_refuses_what_it_does_not_know() {
    let story = Story::signed_in();
    story
        .server
        .demo
        .faults()
        .set(Place::Login, Fault::always(Act::DropBefore));
    let put = |body: &str| {
        story
            .client
            .send(Method::PUT, "/_demo/faults", &[], body)
            .expect("an answer")
    };
    assert_eq!(put(r#"{"logn": null}"#).status, 400);
    assert_eq!(put("nothing").status, 400);
    assert!(
        story.server.demo.faults().current().login.is_some(),
        "a refused body changes nothing"
    );
    assert_eq!(put("{}").status, 200);
    assert!(story.server.demo.faults().current().login.is_none());
}

#[test]
fn the_state_shows_numbers_and_families_and_no_token() {
    let story = Story::signed_in();
    story.client.refresh(&story.first.field("refreshToken"));
    let state = story.client.get("/_demo/state", "");
    assert_eq!(state.json()["counts"]["refreshes_answered"], 1);
    assert_eq!(state.json()["families"][0]["generation"], 2);
    for name in ["accessToken", "refreshToken"] {
        assert!(!state.text.contains(&story.first.field(name)), "{name}");
    }
    let expire = story.client.post("/_demo/expire", &json!({}));
    assert_eq!(expire.status, 204);
    assert_eq!(
        story
            .client
            .get("/me", &story.first.field("accessToken"))
            .status,
        401
    );
}

#[test]
fn a_login_can_be_odd_too() {
    let story = Story::signed_in();
    story
        .server
        .demo
        .faults()
        .set(Place::Login, Fault::once(Act::OmitRefreshToken));
    assert!(story.client.log_in().json().get("refreshToken").is_none());
    assert!(story.client.log_in().json().get("refreshToken").is_some());
}
