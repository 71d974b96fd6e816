//! Sessions that are cookies: the same refresh for everybody, and a jar that goes nowhere but where it is for.

use std::sync::Arc;

use sandglass_demo::{Act, DEMO_PASSWORD, DEMO_USER, Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::body::Body;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::session::snapshot::SessionKind;
use sandglass_engine::timeline::event::{LoginCause, StateName};
use sandglass_engine::token::scheme::Scheme;
use tests_engine::{Elsewhere, JSON, World, answer, failed, quick};

const AT_ONCE: usize = 50;

/// The demo's cookie mode, with the tables that a test wants beside.
fn file(tables: &str) -> String {
    format!(
        r#"kind = "cookie"
origins = ["ORIGIN"]
cookie = "demo_access"

[prepare]
method = "GET"
url = "ORIGIN/cookie/csrf"

[sign_in]
url = "ORIGIN/cookie/login"
body = '{{"username": "{{{{username}}}}", "password": "{{{{password}}}}"}}'

[csrf]
cookie = "demo_csrf"
header = "X-CSRF-Token"

{tables}"#
    )
}

const REFRESH: &str = "[refresh]\nurl = \"ORIGIN/cookie/refresh\"\n";

fn password(password: &str) -> Credentials {
    Credentials::password(DEMO_USER, password)
}

async fn signed_in(tables: &str) -> World {
    let world = World::with_session(quick(), &file(tables)).await;
    world.sign_in(JSON).await.expect("the demo knows its user");
    world
}

#[tokio::test]
async fn expired_cookies_are_refreshed_once_for_everybody() {
    let world = Arc::new(signed_in(REFRESH).await);
    let session = world.session(JSON);
    assert_eq!(
        (session.kind, session.lifetime_ms),
        (SessionKind::Cookie, Some(60_000))
    );
    assert_eq!(world.orders(JSON).await.status, 200);
    world.demo.expire_all();
    let sends: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.orders(JSON).await.status })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.expect("it ends"), 200);
    }
    assert_eq!(world.demo.counts().refreshes_answered, 1);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.generation),
        (StateName::Active, Some(2))
    );
    let token = world.engine.token(JSON).expect("known").expect("there");
    assert_eq!(token.scheme, Scheme::Cookie);
    assert!(
        token.reading.jwt.is_some(),
        "the session's own cookie is what is shown"
    );
}

/// The demo rotates the refresh cookie with theft detection: a second process that spent the old one would end the session.
#[tokio::test]
async fn cookies_live_in_the_vault_and_processes_share_their_refresh() {
    let mut world = signed_in(REFRESH).await;
    world.restart().await;
    assert_eq!(
        world.orders(JSON).await.status,
        200,
        "no new sign-in after a restart"
    );
    let peer = world.peer().await;
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 200);
    let sending = peer.send(world.get("/orders", JSON)).expect("accepted");
    assert_eq!(sending.finished().await.expect("an answer").status, 200);
    assert_eq!(world.demo.counts().refreshes_answered, 1);
    assert_eq!(world.demo.counts().families_revoked, 0);
    peer.shut_down().await;
}

#[tokio::test]
async fn what_changes_something_repeats_the_cookie_in_its_header() {
    let post = |world: &World| Draft {
        method: "POST".to_owned(),
        body: Some(Body::Text("{}".to_owned())),
        ..world.get("/orders", JSON)
    };
    let world = signed_in(REFRESH).await;
    assert_eq!(
        world.send(post(&world)).await.expect("an answer").status,
        201
    );
    world.demo.expire_all();
    assert_eq!(
        world.send(post(&world)).await.expect("an answer").status,
        201,
        "the refresh repeats it too, and brought a new one"
    );
    let without = file(REFRESH).replace("header = \"X-CSRF-Token\"", "header = \"X-Other\"");
    let world = World::with_session(quick(), &without).await;
    let failure = failed(world.sign_in(JSON).await);
    assert_eq!(
        (failure.code, failure.params["error"].as_str()),
        (Code::SignInRefused, "csrf_mismatch")
    );
}

#[tokio::test]
async fn a_refused_password_changes_nothing() {
    let world = signed_in(REFRESH).await;
    let failure = failed(world.engine.sign_in(JSON, password("wrong")).await);
    assert_eq!(
        (failure.code, failure.params["error"].as_str()),
        (Code::SignInRefused, "invalid_credentials")
    );
    assert_eq!(world.orders(JSON).await.status, 200);
    world
        .demo
        .faults()
        .set(Place::Login, Fault::always(Act::DropBefore));
    let failure = failed(world.engine.sign_in(JSON, password(DEMO_PASSWORD)).await);
    assert_eq!(failure.code, Code::ConnectionLost);
    assert_eq!(world.session(JSON).epoch, 1);
}

#[tokio::test]
async fn without_a_refresh_the_user_signs_in_again() {
    let world = signed_in("").await;
    assert_eq!(world.orders(JSON).await.status, 200);
    world.demo.expire_all();
    assert_eq!(world.orders(JSON).await.status, 401);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::NoRefreshToken))
    );
    world.sign_in(JSON).await.expect("again");
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test]
async fn a_dead_refresh_cookie_ends_the_session_in_the_servers_words() {
    let world = signed_in(REFRESH).await;
    world.demo.revoke_all().expect("there is no file to write");
    assert_eq!(world.orders(JSON).await.status, 401);
    let session = world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::InvalidGrant))
    );
}

/// Invariant 6: cookies of this machine's other ports would match by domain, and are of another origin all the same.
#[tokio::test]
async fn cookies_do_not_leave_the_sessions_origins() {
    let other = Elsewhere::start(|_| answer(200, &[], "seen")).await;
    let world = signed_in(REFRESH).await;
    let there = |url: String| Draft {
        url,
        ..world.get("/", JSON)
    };
    let failure = failed(world.send(there(format!("{}/", other.origin))).await);
    assert_eq!(failure.code, Code::OriginBlocked);
    let through = world.get(&format!("/redirect?to={}/", other.origin), JSON);
    assert_eq!(world.send(through).await.expect("an answer").status, 200);
    assert_eq!(other.lines(), ["GET /"]);
    let heard = other.requests().concat().to_ascii_lowercase();
    assert!(
        !heard.contains("cookie") && !heard.contains("x-csrf"),
        "{heard}"
    );
}

/// Scenario 125: what the API's answers hold of the jar is masked, also what they set anew, and no event or file holds any of it.
#[tokio::test]
async fn no_cookie_is_seen_in_answers_or_in_the_timeline() {
    let server = Elsewhere::start(|request| {
        if request.starts_with("POST") {
            // A form that was taken leads on to a page, which nobody wants here.
            let set = ("Set-Cookie", "sid=canary-of-sign-in; Path=/; HttpOnly");
            return answer(303, &[set, ("Location", "/home")], "");
        }
        let sent = request.lines().find(|line| line.starts_with("cookie:"));
        let set = [("Set-Cookie", "sid=canary-of-api; Path=/; HttpOnly")];
        answer(200, &set, sent.unwrap_or("nothing came"))
    })
    .await;
    let origin = &server.origin;
    let file = format!(
        "kind = \"cookie\"\norigins = [\"{origin}\"]\ncookie = \"sid\"\n[sign_in]\nurl = \"{origin}/login\"\nform = {{ user = \"{{{{username}}}}\", word = \"{{{{password}}}}\" }}\n"
    );
    let world = World::with_session(quick(), &file).await;
    world.sign_in(JSON).await.expect("signed in");
    assert!(server.requests()[0].ends_with("\r\n\r\nuser=ada&word=hourglass"));
    let draft = Draft {
        url: format!("{origin}/me"),
        ..world.get("/", JSON)
    };
    let answer = world.send(draft).await.expect("an answer");
    let text = answer.text.clone().unwrap_or_default();
    assert!(text.starts_with("cookie: sid=[token "), "{text}");
    let set = answer.headers.iter().find(|(name, _)| name == "set-cookie");
    assert_eq!(set.expect("it is shown").1, "sid=***; Path=/; HttpOnly");
    let seen = format!(
        "{:?} {}",
        answer,
        serde_json::to_string(&world.events()).expect("JSON")
    );
    assert!(!seen.contains("canary"), "{seen}");
}

/// Sliding sessions: an API sets the session's cookie anew with each answer, and a browser goes on with that.
/// Scenario 100.
#[tokio::test]
async fn cookies_that_answers_renew_are_sent_from_then_on_and_kept() {
    let server = Elsewhere::start(|request| {
        let head = request.to_ascii_lowercase();
        let sent = head
            .split("sid=s")
            .nth(1)
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
            .and_then(|number| number.parse::<u32>().ok());
        let next = format!(
            "sid=s{}; Path=/; HttpOnly; Max-Age=3600",
            sent.map_or(0, |number| number + 1)
        );
        let set = [
            ("Set-Cookie", next.as_str()),
            ("Set-Cookie", "sid=stolen; Domain=evil.test; Path=/"),
        ];
        match request.split(' ').nth(1) {
            Some("/refused") => answer(403, &set, ""),
            Some("/gone") => answer(200, &[("Set-Cookie", "sid=; Path=/; Max-Age=0")], ""),
            _ => answer(200, &set, ""),
        }
    })
    .await;
    let origin = &server.origin;
    let file = format!(
        "kind = \"cookie\"\norigins = [\"{origin}\"]\ncookie = \"sid\"\n[sign_in]\nurl = \"{origin}/login\"\nform = {{ user = \"{{{{username}}}}\", word = \"{{{{password}}}}\" }}\n"
    );
    let mut world = World::with_session(quick(), &file).await;
    world.sign_in(JSON).await.expect("signed in");
    let call = |world: &World, path: &str| Draft {
        url: format!("{origin}{path}"),
        ..world.get("/", JSON)
    };
    let sent = || {
        let requests = server.requests();
        let request = requests.last().expect("one came");
        let cookie = request.lines().find(|line| line.starts_with("cookie: "));
        cookie.expect("a cookie goes along").to_owned()
    };
    for (path, expected) in [
        ("/", "cookie: sid=s0"),
        ("/", "cookie: sid=s1"),
        // What refuses, and what takes the cookie away, is not believed: the next answer says it in its own words.
        ("/refused", "cookie: sid=s2"),
        ("/gone", "cookie: sid=s2"),
        ("/", "cookie: sid=s2"),
    ] {
        let draft = call(&world, path);
        world.send(draft).await.expect("an answer");
        assert_eq!(sent(), expected, "{path}");
    }
    let session = world.session(JSON);
    assert_eq!(
        (session.generation, session.lifetime_ms),
        (Some(1), Some(3_600_000)),
        "no refresh, and as long as the newest cookie lives"
    );
    assert_eq!(world.count("CookiesRenewed"), 3);
    assert_eq!(world.count("FlightStarted"), 0);
    world.restart().await;
    let draft = call(&world, "/");
    world.send(draft).await.expect("an answer");
    assert_eq!(sent(), "cookie: sid=s3", "kept in the vault");
}

/// After a `git pull`, say: the password, and what prepares for it, would go to another host than the refresh.
#[tokio::test]
async fn a_sign_in_that_moves_to_another_host_is_a_question() {
    for (table, path) in [("sign_in", "/cookie/login"), ("prepare", "/cookie/csrf")] {
        let mut world = signed_in(REFRESH).await;
        let place = world.folder.path().join("workspace/sessions/demo.toml");
        let file = std::fs::read_to_string(&place).expect("the session's file");
        let here = format!("{}{path}", world.demo.origin());
        assert!(file.contains(&here), "{file}");
        std::fs::write(&place, file.replace(&here, "https://evil.test/taken")).expect("written");
        world.restart().await;
        let session = world.session(JSON);
        assert_eq!(session.state, StateName::BindingChanged, "{table}");
        let question = session.binding.expect("a question");
        assert!(question.approved.endpoints.is_empty());
        assert_eq!(
            question.proposed.endpoints[table],
            "https://evil.test/taken"
        );
    }
}
