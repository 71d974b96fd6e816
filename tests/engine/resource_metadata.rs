//! What an API says of itself when it refuses (RFC 9728): read when the user asks, from the API alone, and no token goes to a
//! server that is found so.

use std::sync::{Arc, Mutex};

use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::timeline::event::{Fact, Question};
use sandglass_engine::verdict::explanation::NextStep;
use serde_json::json;
use tests_engine::{Elsewhere, JSON, World, answer, failed, json_session, quick};

/// A world whose API refuses with a challenge that names this address, and has this document there.
async fn refused_by(named: &str, document: &str) -> (World, Elsewhere, u64) {
    let texts = Arc::new(Mutex::new((named.to_owned(), document.to_owned())));
    let said = Arc::clone(&texts);
    let api = Elsewhere::start(move |request| {
        let (named, document) = said.lock().expect("no panic").clone();
        if request.contains("/.well-known/oauth-protected-resource") {
            return answer(200, &[], &document);
        }
        let challenge = format!("Bearer error=\"invalid_token\", resource_metadata=\"{named}\"");
        answer(401, &[("WWW-Authenticate", &challenge)], "")
    })
    .await;
    {
        let mut texts = texts.lock().expect("no panic");
        texts.0 = texts.0.replace("API", &api.origin);
        texts.1 = texts.1.replace("API", &api.origin);
    }
    let file = json_session(&["ORIGIN", &api.origin], "", "");
    let world = World::with_session(quick(), &file).await;
    world.sign_in(JSON).await.expect("signed in");
    let draft = Draft {
        url: format!("{}/orders/7", api.origin),
        ..world.get("/", JSON)
    };
    let sending = world.engine.send(draft).expect("accepted");
    let request = sending.request;
    assert_eq!(sending.finished().await.expect("an answer").status, 401);
    (world, api, request)
}

const NAMED: &str = "API/.well-known/oauth-protected-resource";

#[tokio::test]
async fn a_refusal_that_names_its_metadata_offers_to_read_it() {
    let issuer = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let document = json!({
        "resource": "API", "authorization_servers": [issuer.origin, "https://id.test"], "scopes_supported": ["orders"],
    });
    let (world, api, request) = refused_by(NAMED, &document.to_string()).await;
    let run = world.engine.timeline().run();
    let why = world.engine.explain_request(run, request).expect("told");
    assert!(
        why.finding.next.contains(&NextStep::ReadResource),
        "{why:?}"
    );
    assert!(
        !api.lines().iter().any(|line| line.contains("well-known")),
        "nothing is fetched by itself"
    );
    let found = world
        .engine
        .resource_metadata(run, request)
        .await
        .expect("read");
    assert_eq!(found.resource, api.origin);
    assert_eq!(
        found.authorization_servers,
        [issuer.origin.clone(), "https://id.test".to_owned()]
    );
    let asked = api.requests();
    let asked = asked.last().expect("it was asked").to_ascii_lowercase();
    assert!(
        !asked.contains("authorization") && !asked.contains("bearer"),
        "no token goes along: {asked}"
    );
    assert!(issuer.requests().is_empty(), "it is for a person to decide");
    let told = world.events().iter().any(|event| {
        matches!(
            event.fact,
            Fact::ServerAsked {
                question: Question::ResourceMetadata,
                status: Some(200),
                ..
            }
        )
    });
    assert!(told);
}

#[tokio::test]
async fn metadata_elsewhere_or_about_something_else_is_refused_and_changes_nothing() {
    let evil = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let there = format!("{}/.well-known/oauth-protected-resource", evil.origin);
    for (named, document) in [
        (there.as_str(), "{\"resource\": \"API\"}"),
        (NAMED, "{\"resource\": \"https://evil.test\"}"),
        (NAMED, "{\"resource\": \"API/orders/7/8\"}"),
        (NAMED, "<html>"),
        ("file:///etc/passwd", "{}"),
    ] {
        let (world, _api, request) = refused_by(named, document).await;
        let run = world.engine.timeline().run();
        let failure = failed(world.engine.resource_metadata(run, request).await);
        assert_eq!(
            failure.code,
            Code::ResourceMetadataFailed,
            "{named} {document}"
        );
        assert_eq!(
            world.session(JSON).generation,
            Some(2),
            "as the refusal left it"
        );
    }
    assert!(evil.requests().is_empty());
    let world = World::signed_in(JSON).await;
    world.orders(JSON).await;
    let run = world.engine.timeline().run();
    let failure = failed(world.engine.resource_metadata(run, 1).await);
    assert_eq!(failure.code, Code::ResourceMetadataFailed);
    assert_eq!(
        failure.params["detail"],
        "no refusal of this send names any"
    );
}
