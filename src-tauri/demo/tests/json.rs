//! The JSON dialect: sign in, rotate, and what a dead refresh token is told.

use crate::server::{Server, claims, quick};
use sandglass_demo::{Reuse, Settings, Theft};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_sign_in_gives_a_pair_that_works_and_says_how_long() {
    let server = Server::quick();
    let client = server.client();
    let pair = client.log_in();
    assert_eq!(pair.status, 200);
    assert_eq!(pair.json()["expiresIn"], 600);
    assert_eq!(pair.header("cache-control"), "no-store");
    let token = pair.field("accessToken");
    assert_eq!(client.get("/me", &token).json()["name"], "Ada Byron");
    let said = claims(&token);
    assert_eq!(said["sub"], "u-17");
    assert_eq!(said["iss"], server.demo.origin());
    assert_eq!(said["scope"], "read write admin");
}

#[test]
fn a_refresh_rotates_and_its_claims_differ_visibly() {
    let server = Server::quick();
    let client = server.client();
    let first = client.log_in();
    let second = client.refresh(&first.field("refreshToken"));
    assert_eq!(second.status, 200);
    assert_ne!(second.field("refreshToken"), first.field("refreshToken"));
    let (before, after) = (
        claims(&first.field("accessToken")),
        claims(&second.field("accessToken")),
    );
    assert_eq!(after["scope"], "read write");
    assert_eq!(after["sid"], before["sid"]);
    assert_ne!(after["jti"], before["jti"]);
    assert_eq!(server.demo.counts().refreshes_answered, 1);
}

#[test]
fn a_spent_refresh_token_revokes_its_family_and_says_so() {
    let server = Server::quick();
    let client = server.client();
    let first = client.log_in();
    let second = client.refresh(&first.field("refreshToken"));
    let reused = client.refresh(&first.field("refreshToken"));
    assert_eq!(reused.status, 401);
    assert_eq!(reused.field("error"), "invalid_grant");
    assert!(reused.field("error_description").contains("used before"));
    assert_eq!(client.refresh(&second.field("refreshToken")).status, 401);
    let refused = client.get("/me", &second.field("accessToken"));
    assert!(refused.header("www-authenticate").contains("was revoked"));
    let counts = server.demo.counts();
    assert_eq!((counts.reuses_seen, counts.families_revoked), (1, 1));
    assert_eq!(counts.refreshes_refused, 2);
}

#[test]
fn wrong_credentials_and_bodies_are_told_apart() {
    let server = Server::quick();
    let client = server.client();
    let wrong = json!({ "username": "ada", "password": "sundial" });
    let check = |path, body: &serde_json::Value, status, error| {
        let answer = client.post(path, body);
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (status, error),
            "{path} {body}"
        );
        assert!(!answer.text.contains("sundial"));
    };
    check("/auth/login", &wrong, 401, "invalid_credentials");
    check(
        "/auth/login",
        &json!({ "username": "ada" }),
        400,
        "invalid_request",
    );
    check(
        "/auth/refresh",
        &json!({ "refreshToken": "guessed" }),
        401,
        "invalid_grant",
    );
    check(
        "/auth/refresh",
        &json!(["refreshToken"]),
        400,
        "invalid_request",
    );
    assert_eq!(server.demo.counts().logins_refused, 1);
}

#[test]
fn signing_out_ends_the_family_and_tells_nobody_what_was_known() {
    let server = Server::quick();
    let client = server.client();
    let pair = client.log_in();
    let out = json!({ "refreshToken": pair.field("refreshToken") });
    assert_eq!(client.post("/auth/logout", &out).status, 204);
    assert_eq!(client.post("/auth/logout", &out).status, 204);
    assert_eq!(
        client
            .post("/auth/logout", &json!({ "refreshToken": "guessed" }))
            .status,
        204
    );
    assert_eq!(client.get("/me", &pair.field("accessToken")).status, 401);
    assert_eq!(server.demo.counts().families_revoked, 1);
}

#[test]
fn a_refresh_token_that_waited_too_long_is_dead() {
    let server = Server::start(Settings {
        refresh_ttl: Duration::ZERO,
        ..quick()
    });
    let client = server.client();
    let pair = client.log_in();
    let refused = client.refresh(&pair.field("refreshToken"));
    assert_eq!(refused.field("error"), "invalid_grant");
    assert!(refused.field("error_description").contains("expired"));
}

#[test]
fn a_thief_is_noticed_unless_the_server_does_not_look() {
    let check = |reuse, expected, still_signed_in| {
        let server = Server::start(Settings { reuse, ..quick() });
        let client = server.client();
        let first = client.log_in();
        assert_eq!(server.demo.steal(), Theft::NothingToSteal);
        assert_eq!(client.post("/_demo/steal", &json!({})).status, 409);
        let second = client.refresh(&first.field("refreshToken"));
        let theft = client.post("/_demo/steal", &json!({}));
        assert_eq!(theft.json(), json!({ "theft": expected }), "{reuse:?}");
        let owner = client.get("/me", &second.field("accessToken"));
        assert_eq!(owner.status == 200, still_signed_in, "{reuse:?}");
    };
    check(Reuse::RevokeFamily, "noticed", false);
    check(Reuse::Ignore, "unnoticed", true);
    check(Reuse::Grace(Duration::from_secs(60)), "unnoticed", true);
}

#[test]
fn ending_every_sign_in_refuses_the_next_refresh() {
    let server = Server::quick();
    let client = server.client();
    let pair = client.log_in();
    server.demo.revoke_all().expect("there is no file to write");
    assert_eq!(
        client.refresh(&pair.field("refreshToken")).field("error"),
        "invalid_grant"
    );
}
