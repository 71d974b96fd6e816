//! The OAuth dialect: RFC 6749 answers, client authentication, introspection and revocation.

use crate::server::{Answer, Client, Server, basic};
use sandglass_demo::{BASIC_CLIENT, BASIC_SECRET, ODD_CLIENT, ODD_SECRET, PUBLIC_CLIENT};
use ureq::http::Method;

const PASSWORD: [(&str, &str); 3] = [
    ("grant_type", "password"),
    ("username", "ada"),
    ("password", "hourglass"),
];

fn sign_in(client: &Client, authorization: Option<&str>, name: Option<&str>) -> Answer {
    let mut fields = PASSWORD.to_vec();
    fields.extend(name.map(|name| ("client_id", name)));
    client.form_as("/oauth/token", authorization, &fields)
}

fn refresh_fields(token: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "refresh_token"), ("refresh_token", token)]
}

#[test]
fn each_client_signs_in_and_refreshes_the_way_it_registered_for() {
    let server = Server::quick();
    let client = server.client();
    let secret = basic(BASIC_CLIENT, BASIC_SECRET);
    let odd = basic(ODD_CLIENT, ODD_SECRET);
    let check = |authorization: Option<&str>, name: Option<&str>| {
        let first = sign_in(&client, authorization, name);
        assert_eq!(first.status, 200, "{name:?} {}", first.text);
        assert_eq!(first.header("cache-control"), "no-store");
        assert_eq!(first.field("token_type"), "Bearer");
        assert_eq!(first.json()["expires_in"], 600);
        let token = first.field("refresh_token");
        let mut fields = refresh_fields(&token);
        fields.extend(name.map(|name| ("client_id", name)));
        let second = client.form_as("/oauth/token", authorization, &fields);
        assert_eq!(second.status, 200, "{name:?} {}", second.text);
        assert_eq!(second.field("scope"), "read write");
        assert_ne!(second.field("refresh_token"), token);
        assert_eq!(client.get("/me", &second.field("access_token")).status, 200);
    };
    check(None, Some("desktop"));
    check(Some(&secret), None);
    check(Some(&odd), None);
}

#[test]
fn a_client_that_signs_in_as_itself_gets_no_refresh_token() {
    let server = Server::quick();
    let client = server.client();
    let secret = basic(BASIC_CLIENT, BASIC_SECRET);
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let granted = client.form_as("/oauth/token", Some(&secret), &fields);
    assert_eq!(granted.status, 200, "{}", granted.text);
    assert_eq!(granted.field("scope"), "read");
    assert!(granted.json().get("refresh_token").is_none());
    assert_eq!(
        client.get("/me", &granted.field("access_token")).status,
        200
    );
}

#[test]
fn a_client_that_proves_nothing_cannot_sign_in_as_itself() {
    let server = Server::quick();
    let client = server.client();
    for (name, status, error) in [
        (Some(PUBLIC_CLIENT), 400, "unauthorized_client"),
        (Some("guessed"), 401, "invalid_client"),
        (None, 401, "invalid_client"),
    ] {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(name.map(|name| ("client_id", name)));
        let answer = client.form_as("/oauth/token", None, &fields);
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (status, error),
            "{name:?}"
        );
        assert!(answer.json().get("access_token").is_none(), "{name:?}");
    }
}

#[test]
fn the_token_endpoint_says_what_is_wrong_in_the_words_of_the_rfc() {
    let server = Server::quick();
    let client = server.client();
    let check = |fields: &[(&str, &str)], status, error| {
        let answer = client.form("/oauth/token", fields);
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (status, error),
            "{fields:?}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    };
    check(&[], 400, "invalid_request");
    check(&[("grant_type", "")], 400, "invalid_request");
    check(&[("grant_type", "refresh_token")], 400, "invalid_request");
    check(&[("grant_type", "implicit")], 400, "unsupported_grant_type");
    check(&refresh_fields("guessed"), 400, "invalid_grant");
    check(
        &[("grant_type", "password"), ("grant_type", "password")],
        400,
        "invalid_request",
    );
    check(
        &[
            ("grant_type", "password"),
            ("username", "ada"),
            ("password", "sundial"),
        ],
        400,
        "invalid_grant",
    );
    check(
        &[
            ("grant_type", "password"),
            ("username", "ada"),
            ("password", "hourglass"),
            ("scope", "root"),
        ],
        400,
        "invalid_scope",
    );
    check(
        &[("grant_type", "password"), ("client_secret", "posted")],
        401,
        "invalid_client",
    );
}

#[test]
fn an_unproved_client_is_challenged_and_json_is_no_form() {
    let server = Server::quick();
    let client = server.client();
    let stranger = sign_in(&client, Some(&basic(BASIC_CLIENT, "wrong")), None);
    assert_eq!(
        (stranger.status, stranger.field("error").as_str()),
        (401, "invalid_client")
    );
    assert_eq!(stranger.header("www-authenticate"), "Basic realm=\"demo\"");
    let json = client.post(
        "/oauth/token",
        &serde_json::json!({ "grant_type": "password" }),
    );
    assert_eq!(
        (json.status, json.field("error").as_str()),
        (400, "invalid_request")
    );
}

#[test]
fn a_refresh_token_belongs_to_its_client_and_its_dialect() {
    let server = Server::quick();
    let client = server.client();
    let pair = sign_in(&client, None, Some("desktop"));
    let token = pair.field("refresh_token");
    let other = client.form("/oauth/token", &refresh_fields(&token));
    assert_eq!(other.field("error"), "invalid_grant");
    assert_eq!(client.refresh(&token).field("error"), "invalid_grant");
    let mut own = refresh_fields(&token);
    own.push(("client_id", "desktop"));
    assert_eq!(
        client.form_as("/oauth/token", None, &own).status,
        200,
        "neither of them spent it"
    );
}

#[test]
fn introspection_tells_a_client_with_a_secret_what_a_token_is_worth() {
    let server = Server::quick();
    let client = server.client();
    let pair = sign_in(&client, None, Some("desktop"));
    let token = pair.field("access_token");
    let live = client
        .form("/oauth/introspect", &[("token", &token)])
        .json();
    assert_eq!(live["active"], true);
    assert_eq!(live["client_id"], "desktop");
    assert_eq!(live["username"], "ada");
    let public = client.form_as(
        "/oauth/introspect",
        None,
        &[("token", &token), ("client_id", "desktop")],
    );
    assert_eq!(public.field("error"), "invalid_client");
    server.demo.expire_all();
    let dead = client.form("/oauth/introspect", &[("token", &token)]);
    assert_eq!(dead.json(), serde_json::json!({ "active": false }));
}

#[test]
fn revocation_ends_the_sign_in_and_is_silent_about_strange_tokens() {
    let server = Server::quick();
    let client = server.client();
    let pair = sign_in(&client, None, Some("desktop"));
    let access = pair.field("access_token");
    let revoke = |token: &str| {
        let fields = [("token", token), ("client_id", "desktop")];
        client.form_as("/oauth/revoke", None, &fields).status
    };
    assert_eq!(revoke("guessed"), 200);
    assert_eq!(client.get("/me", &access).status, 200);
    assert_eq!(revoke(&pair.field("refresh_token")), 200);
    assert_eq!(client.get("/me", &access).status, 401);
}

#[test]
fn the_metadata_names_endpoints_that_exist() {
    let server = Server::quick();
    let client = server.client();
    let path = "/.well-known/oauth-authorization-server";
    let metadata = client
        .send(Method::GET, path, &[], "")
        .expect("an answer")
        .json();
    let origin = server.demo.origin();
    assert_eq!(metadata["issuer"], origin);
    for name in [
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
    ] {
        let endpoint = metadata[name].as_str().expect("an address");
        let path = endpoint.strip_prefix(origin).expect("on this server");
        assert_eq!(
            client.form(path, &[]).field("error"),
            "invalid_request",
            "{path}"
        );
    }
}
