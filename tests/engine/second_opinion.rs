//! The second opinion: the same request through an unrelated client, told as such, under the same gate.

use sandglass_engine::error::Code;
use sandglass_engine::exchange::body::Body;
use sandglass_engine::second_opinion::AskOpinion;
use sandglass_engine::second_opinion::compare::{Conclusion, Otherwise, Point, Weight};
use sandglass_engine::timeline::event::Fact;
use tests_engine::{Elsewhere, JSON, World, answer, failed};

fn about(request: u64, with_token: bool) -> AskOpinion {
    AskOpinion {
        request,
        attempt: None,
        with_token,
    }
}

#[tokio::test]
async fn the_same_request_is_asked_by_another_client_with_the_same_token() {
    let world = World::signed_in(JSON).await;
    let request = world.orders(JSON).await.request;
    let before = world.demo.counts();
    let opinion = world
        .engine
        .second_opinion(about(request, true))
        .await
        .expect("a second opinion");
    assert_eq!(opinion.theirs.status, Some(200), "{opinion:?}");
    assert_eq!(opinion.conclusion, Conclusion::Alike, "{opinion:?}");
    assert!(opinion.with_token);
    assert_eq!(opinion.ours.text, opinion.theirs.text);
    assert!(
        opinion
            .differences
            .iter()
            .all(|one| one.weight == Weight::Usual || one.point == Point::Time),
        "{opinion:?}"
    );
    let after = world.demo.counts();
    assert_eq!(after.api_ok, before.api_ok + 1, "it was asked once");
    let story = world.story(request);
    let end: Vec<_> = story.iter().rev().take(2).rev().collect();
    assert_eq!(end, ["SecondOpinionAsked", "SecondOpinionGiven"]);
    let events = world.events();
    let text = serde_json::to_string(&*events[events.len() - 2]).expect("JSON");
    assert!(!text.contains("eyJ"), "{text}");
}

#[tokio::test]
async fn a_refusal_without_the_token_is_a_finding_and_teaches_the_session_nothing() {
    let world = World::signed_in(JSON).await;
    let request = world.orders(JSON).await.request;
    let opinion = world
        .engine
        .second_opinion(about(request, false))
        .await
        .expect("a second opinion");
    assert_eq!(opinion.theirs.status, Some(401), "{opinion:?}");
    assert_eq!(opinion.conclusion, Conclusion::WithoutToken);
    assert_eq!(opinion.differences[0].point, Point::Status);
    assert_eq!(opinion.otherwise[0].what, Otherwise::Token);
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    assert_eq!(world.count("RetryDecided"), 0);
}

#[tokio::test]
async fn a_token_that_was_replaced_is_not_sent_and_the_reason_is_said() {
    let world = World::signed_in(JSON).await;
    let request = world.orders(JSON).await.request;
    world.engine.refresh(JSON).await.expect("a newer token");
    let asked = world.demo.counts().api_ok;
    let refused = failed(world.engine.second_opinion(about(request, true)).await);
    assert_eq!(refused.code, Code::SecondOpinionTokenGone);
    assert_eq!(world.demo.counts().api_ok, asked, "nobody was asked");
    let without = world.engine.second_opinion(about(request, false)).await;
    assert_eq!(without.expect("an answer").theirs.status, Some(401));
}

#[tokio::test]
async fn an_earlier_attempt_is_studied_by_what_the_timeline_knows_of_it() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    let request = world.orders(JSON).await.request;
    let opinion = world
        .engine
        .second_opinion(AskOpinion {
            request,
            attempt: Some(1),
            with_token: false,
        })
        .await
        .expect("a second opinion");
    assert_eq!(opinion.attempt, 1);
    assert_eq!(opinion.ours.status, Some(401));
    assert!(opinion.ours.headers.is_none(), "they are not held");
    assert_eq!(opinion.conclusion, Conclusion::Alike, "{opinion:?}");
    let unknown = AskOpinion {
        request: 7_000,
        ..about(request, true)
    };
    let refused = failed(world.engine.second_opinion(unknown).await);
    assert_eq!(refused.code, Code::SecondOpinionForgotten);
}

/// What is sent is what was sent: method, body, the user's headers; and what cannot be the same is named.
#[tokio::test]
async fn a_server_that_answers_differently_without_accept_encoding_is_found_out() {
    let server = Elsewhere::start(|request| {
        let lower = request.to_lowercase();
        match lower.contains("accept-encoding: gzip") {
            true => answer(200, &[("Vary", "Accept-Encoding")], "packed"),
            false => answer(200, &[("Vary", "Accept-Encoding")], "plain"),
        }
    })
    .await;
    let world = World::new().await;
    let mut draft = world.get("/", JSON);
    draft.method = "DELETE".to_owned();
    draft.url = format!("{}/things?b=2", server.origin);
    draft.session = None;
    draft.body = Some(Body::Text("really".to_owned()));
    draft.headers = vec![
        ("Accept-Encoding".to_owned(), "gzip".to_owned()),
        ("X-Trace".to_owned(), "7".to_owned()),
    ];
    let request = world.send(draft).await.expect("an answer").request;
    let opinion = world
        .engine
        .second_opinion(about(request, true))
        .await
        .expect("a second opinion");
    assert_eq!(
        opinion.conclusion,
        Conclusion::WithoutAcceptEncoding,
        "{opinion:?}"
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert!(request.starts_with("DELETE /things?b=2 "), "{request}");
        assert!(request.to_lowercase().contains("x-trace: 7"), "{request}");
        assert!(request.ends_with("\r\n\r\nreally"), "{request}");
        assert!(!request.to_lowercase().contains("authorization"));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Elsewhere::start(|_| answer(302, &[("Location", "/next")], "")).await;
    let world = World::new().await;
    let mut draft = world.get("/", JSON);
    draft.url = format!("{}/first", server.origin);
    draft.session = None;
    draft.follow_redirects = false;
    let request = world.send(draft).await.expect("an answer").request;
    let opinion = world
        .engine
        .second_opinion(about(request, true))
        .await
        .expect("a second opinion");
    assert_eq!(opinion.theirs.status, Some(302));
    assert_eq!(opinion.conclusion, Conclusion::Alike, "{opinion:?}");
    assert_eq!(server.lines(), ["GET /first", "GET /first"]);
}

#[tokio::test]
async fn where_nobody_is_answered_it_is_the_server() {
    let world = World::new().await;
    let mut draft = world.get("/", JSON);
    draft.url = "http://127.0.0.1:9/".to_owned();
    draft.session = None;
    failed(world.send(draft).await);
    let request = world
        .events()
        .iter()
        .find(|event| matches!(event.fact, Fact::RequestFinished { .. }))
        .and_then(|event| event.subject.request)
        .expect("a send");
    let opinion = world
        .engine
        .second_opinion(about(request, true))
        .await
        .expect("a second opinion");
    assert_eq!(opinion.conclusion, Conclusion::Nobody, "{opinion:?}");
    let failure = opinion.theirs.failure.expect("the reason");
    assert_eq!(failure.code, Code::HostUnreachable);
}

/// The gate is asked at the moment of asking, whatever it said before.
#[tokio::test]
async fn a_token_never_goes_to_an_origin_that_was_taken_off_the_list() {
    let world = World::signed_in(JSON).await;
    let request = world.orders(JSON).await.request;
    let file = world.folder.path().join("workspace/sessions/demo.toml");
    let text = std::fs::read_to_string(&file).expect("the session's file");
    let narrowed = text.replace(
        &format!("origins = [\"{}\"]", world.demo.origin()),
        "origins = [\"https://elsewhere.test\"]",
    );
    assert_ne!(narrowed, text);
    std::fs::write(&file, narrowed).expect("written");
    world.engine.reload().await.expect("read again");
    let before = world.demo.counts();
    let refused = failed(world.engine.second_opinion(about(request, true)).await);
    assert_eq!(refused.code, Code::OriginBlocked);
    assert_eq!(world.demo.counts().api_ok, before.api_ok);
}
