//! Redirects are followed by the engine, hop by hop, and the token stays where it belongs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use sandglass_demo::{Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::redirect::HOPS_MAX;
use sandglass_engine::timeline::event::{Event, Fact, Outcome};
use tests_engine::{Elsewhere, JSON, World, answer, failed, json_session, kind, quick};

use crate::storm::holds_its_guarantees;

/// A redirect to somewhere.
fn to(status: u16, location: &str) -> String {
    answer(status, &[("Location", location)], "")
}

/// A world whose session may send its token to this origin as well, and calls `X-Shop-Key` a secret.
async fn world_with(api: &Elsewhere) -> World {
    let secret = "secret_headers = [\"X-Shop-Key\"]\n";
    let session = json_session(&["ORIGIN", &api.origin], secret, "");
    let world = World::with_session(quick(), &session).await;
    world.sign_in(JSON).await.expect("signed in");
    world
}

fn request(world: &World, method: &str, url: String, body: Option<&str>) -> Draft {
    Draft {
        method: method.to_owned(),
        url,
        body: body.map(|text| text.to_owned().into()),
        ..world.get("/", JSON)
    }
}

fn redirected(event: &Event) -> Option<(&str, &str, &[String])> {
    match &event.fact {
        Fact::Redirected {
            from, to, stripped, ..
        } => Some((from, to, stripped)),
        _ => None,
    }
}

/// Scenario 104.
#[tokio::test]
async fn the_token_stays_along_within_its_origin() {
    let world = World::signed_in(JSON).await;
    let response = world
        .send(world.get("/redirect?to=/me", JSON))
        .await
        .expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 1));
    assert_eq!(
        world.story(response.request),
        [
            "RequestQueued",
            "LeaseTaken",
            "AttemptStarted",
            "ResponseHead",
            "ResponseClassified",
            "Redirected",
            "LeaseTaken",
            "AttemptStarted",
            "ResponseHead",
            "ResponseClassified",
            "RequestFinished",
        ]
    );
    let event = world.until(|event| redirected(event).is_some()).await;
    let (from, to, stripped) = redirected(&event).expect("it is one");
    assert!(
        from.ends_with("/redirect?to=%2Fme") || from.ends_with("/redirect?to=/me"),
        "{from}"
    );
    assert!(
        to.ends_with("/me") && stripped.is_empty(),
        "{to} {stripped:?}"
    );
    let hops: Vec<_> = world
        .events()
        .iter()
        .filter(|event| kind(&event.fact) == "AttemptStarted")
        .map(|event| (event.subject.attempt, event.subject.hop))
        .collect();
    assert_eq!(hops, [(Some(1), None), (Some(1), Some(1))]);
    holds_its_guarantees(&world.events());
}

/// Scenarios 67 and 104. N6.
#[tokio::test]
async fn secrets_stay_behind_at_another_origin_and_its_refusal_is_not_ours() {
    for (status, refusal) in [(200, false), (401, true), (403, true)] {
        let elsewhere = Elsewhere::start(move |_| {
            answer(
                status,
                &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")],
                "{}",
            )
        })
        .await;
        let world = World::with_session(
            quick(),
            &json_session(&["ORIGIN"], "secret_headers = [\"X-Shop-Key\"]\n", ""),
        )
        .await;
        world.sign_in(JSON).await.expect("signed in");
        let secrets = ["Cookie", "X-Api-Key", "X-Shop-Key", "DPoP"];
        let mut headers: Vec<_> = secrets
            .iter()
            .map(|name| (ToString::to_string(name), "canary-7".to_owned()))
            .collect();
        headers.push(("X-Trace".to_owned(), "goes-along".to_owned()));
        let draft = Draft {
            headers,
            ..world.get(&format!("/redirect?to={}/inbox", elsewhere.origin), JSON)
        };
        let response = world.send(draft).await.expect("an answer");
        assert_eq!((response.status, response.attempts), (status, 1));
        assert_eq!(world.demo.counts().refreshes_answered, 0);

        let sent = elsewhere.requests().concat().to_ascii_lowercase();
        assert!(
            !sent.contains("canary-7") && !sent.contains("authorization"),
            "{sent}"
        );
        assert!(sent.contains("goes-along"), "{sent}");
        let event = world.until(|event| redirected(event).is_some()).await;
        let (_, _, stripped) = redirected(&event).expect("it is one");
        for name in ["authorization", "cookie", "x-api-key", "x-shop-key", "dpop"] {
            assert!(stripped.contains(&name.to_owned()), "{stripped:?}");
        }
        let rule = if refusal {
            "answer.other_origin"
        } else {
            "answer.not_401"
        };
        let last = world.until(|event| {
            matches!(&event.fact, Fact::ResponseClassified { rule_id, .. } if rule_id == rule)
        });
        assert_eq!(last.await.subject.hop, Some(1));
        holds_its_guarantees(&world.events());
    }
}

/// Scenario 104: also where the other origin is on the list, and where the chain comes back.
#[tokio::test]
async fn a_token_that_stayed_behind_does_not_come_back() {
    let home = Arc::<OnceLock<String>>::default();
    let target = Arc::clone(&home);
    let elsewhere = Elsewhere::start(move |_| to(302, target.get().expect("it is known"))).await;
    let world = world_with(&elsewhere).await;
    home.set(format!("{}/me", world.demo.origin()))
        .expect("it is set once");
    let response = world
        .send(world.get(&format!("/redirect?to={}/", elsewhere.origin), JSON))
        .await
        .expect("an answer");
    assert_eq!((response.status, response.attempts), (401, 1));
    assert!(
        !elsewhere.requests()[0]
            .to_ascii_lowercase()
            .contains("authorization")
    );
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    assert_eq!(world.count("Redirected"), 2);
}

#[tokio::test]
async fn a_refusal_after_a_redirect_repeats_the_hop_that_was_refused() {
    let refusals = AtomicU32::new(0);
    let api = Elsewhere::start(move |request| {
        if request.starts_with("GET /start") {
            return to(302, "/end");
        }
        match refusals.fetch_add(1, Ordering::SeqCst) {
            0 => answer(401, &[], ""),
            _ => answer(200, &[], "done"),
        }
    })
    .await;
    let world = world_with(&api).await;
    let draft = request(&world, "GET", format!("{}/start", api.origin), None);
    let response = world.send(draft).await.expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 2));
    assert_eq!(api.lines(), ["GET /start", "GET /end", "GET /end"]);
    assert_eq!(world.demo.counts().refreshes_answered, 1);
    let tokens: Vec<String> = api
        .requests()
        .iter()
        .filter_map(|request| {
            let line = request
                .lines()
                .find(|line| line.starts_with("authorization: "));
            line.map(str::to_owned)
        })
        .collect();
    assert!(tokens.len() == 3 && tokens[0] == tokens[1] && tokens[1] != tokens[2]);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn the_method_and_the_body_follow_the_status_of_the_redirect() {
    for (status, expected) in [
        (301, "GET /end"),
        (302, "GET /end"),
        (303, "GET /end"),
        (307, "POST /end"),
        (308, "POST /end"),
    ] {
        let api = Elsewhere::start(move |request| {
            if request.contains(" /start ") {
                to(status, "/end")
            } else {
                answer(200, &[], "")
            }
        })
        .await;
        let world = world_with(&api).await;
        let draft = Draft {
            headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            ..request(
                &world,
                "POST",
                format!("{}/start", api.origin),
                Some("the body"),
            )
        };
        assert_eq!(world.send(draft).await.expect("an answer").status, 200);
        assert_eq!(api.lines(), ["POST /start", expected]);
        let last = &api.requests()[1];
        let keeps = expected.starts_with("POST");
        assert_eq!(last.ends_with("the body"), keeps, "{last}");
        assert_eq!(last.contains("text/plain"), keeps, "{last}");
    }
}

/// N6: 307 and 308 would carry the body along.
#[tokio::test]
async fn a_body_to_another_origin_stops_before_it_is_sent() {
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "")).await;
    let target = format!("{}/inbox", elsewhere.origin);
    for status in [307, 308] {
        let target = target.clone();
        let api = Elsewhere::start(move |_| to(status, &target)).await;
        let world = world_with(&api).await;
        let draft = request(&world, "POST", api.origin.clone(), Some("the body"));
        let failure = failed(world.send(draft).await);
        assert_eq!(failure.code, Code::RedirectBody, "{failure}");
        assert_eq!(
            (&failure.params["from"], &failure.params["to"]),
            (&api.origin, &elsewhere.origin)
        );
        holds_its_guarantees(&world.events());
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
}

/// N8.
#[tokio::test]
async fn a_chain_that_leads_nowhere_stops_and_is_shown() {
    let steps = AtomicU32::new(0);
    let api = Elsewhere::start(move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.as_str() {
            "/loop" => to(302, "/back"),
            "/back" => to(302, "/loop"),
            "/file" => to(302, "file:///etc/passwd"),
            "/script" => to(302, "javascript:alert(1)"),
            "/data" => to(302, "data:text/html,x"),
            "/junk" => to(302, "http://["),
            _ => to(
                302,
                &format!("/step/{}", steps.fetch_add(1, Ordering::SeqCst)),
            ),
        }
    })
    .await;
    let world = world_with(&api).await;
    for (path, code, hops) in [
        ("/loop", Code::RedirectLoop, 1),
        ("/file", Code::RedirectInvalid, 0),
        ("/script", Code::RedirectInvalid, 0),
        ("/data", Code::RedirectInvalid, 0),
        ("/junk", Code::RedirectInvalid, 0),
        ("/step", Code::RedirectTooMany, HOPS_MAX),
    ] {
        let before = world.count("Redirected");
        let draft = request(&world, "GET", format!("{}{path}", api.origin), None);
        let failure = failed(world.send(draft).await);
        assert_eq!(failure.code, code, "{path}: {failure}");
        assert_eq!(world.count("Redirected") - before, hops, "{path}");
        if let Some(chain) = failure.params.get("chain") {
            assert!(
                chain.starts_with(&format!("{}{path} -> ", api.origin)),
                "{chain}"
            );
        }
        let finished = world.events().into_iter().next_back().expect("the end");
        assert!(matches!(
            finished.fact,
            Fact::RequestFinished { outcome: Outcome::Failed, error: Some(error), .. } if error == code
        ));
    }
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_redirect_is_returned_where_somebody_wants_to_see_it() {
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "")).await;
    let world = World::signed_in(JSON).await;
    let draft = Draft {
        follow_redirects: false,
        time_limit_ms: None,
        ..world.get(&format!("/redirect?to={}", elsewhere.origin), JSON)
    };
    let response = world.send(draft).await.expect("an answer");
    assert_eq!((response.status, response.attempts), (302, 1));
    assert_eq!(elsewhere.requests(), [""; 0]);
}

/// Scenario 120: a chain that began as one user does not go on as another.
#[tokio::test]
async fn a_chain_is_not_continued_under_another_sign_in() {
    let world = World::signed_in(JSON).await;
    world.demo.faults().set(
        Place::Api,
        Fault {
            hold_ms: 300,
            times: Some(1),
            ..Fault::default()
        },
    );
    let sending = world
        .engine
        .send(world.get("/redirect?to=/me", JSON))
        .expect("accepted");
    world
        .until(|event| matches!(event.fact, Fact::AttemptStarted { .. }))
        .await;
    world.sign_in(JSON).await.expect("somebody else");
    let failure = failed(sending.finished().await);
    assert_eq!(failure.code, Code::Superseded, "{failure}");
    assert_eq!(world.count("AttemptStarted"), 1);
    holds_its_guarantees(&world.events());
}
