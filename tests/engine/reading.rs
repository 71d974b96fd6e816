//! What a refusal means is read from the answer, not assumed from its status.

use sandglass_demo::{Act, Fault, Malformed, Place};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::outlet::Outlet;
use sandglass_engine::exchange::peek::PEEKED_BYTES_MAX;
use sandglass_engine::timeline::event::{Fact, StateName, Verdict, Withheld};
use tests_engine::{Elsewhere, JSON, World, answer, failed, json_session, kind, quick};

use crate::storm::holds_its_guarantees;

fn told(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let owned =
        |(name, value): &(&str, &str)| (ToString::to_string(name), ToString::to_string(value));
    Act::Reply {
        status,
        headers: headers.iter().map(owned).collect(),
        body: body.to_owned(),
    }
}

fn challenge(status: u16, challenge: &str) -> Act {
    told(status, &[("WWW-Authenticate", challenge)], "")
}

/// The verdicts and the rules behind them, in order.
fn verdicts(world: &World) -> Vec<(Verdict, String)> {
    let of = |fact: &Fact| match fact {
        Fact::ResponseClassified { verdict, rule_id } => Some((*verdict, rule_id.clone())),
        _ => None,
    };
    world
        .events()
        .iter()
        .filter_map(|event| of(&event.fact))
        .collect()
}

/// One answer to a good token: how many refreshes it costs, and by which rule.
async fn check(act: Act, refreshes: u64, rule_id: &str) {
    let world = World::signed_in(JSON).await;
    world
        .demo
        .faults()
        .set(Place::Api, Fault::once(act.clone()));
    let response = world.orders(JSON).await;
    assert_eq!(world.demo.counts().refreshes_answered, refreshes, "{act:?}");
    assert_eq!(u64::from(response.attempts), 1 + refreshes, "{act:?}");
    assert_eq!(response.status == 200, refreshes == 1, "{act:?}");
    assert_eq!(verdicts(&world)[0].1, rule_id, "{act:?}");
    assert_eq!(world.session(JSON).state, StateName::Active, "{act:?}");
    holds_its_guarantees(&world.events());
}

/// What is written beside an answer is all of it, up to a limit; what is returned is its beginning either way.
#[tokio::test]
async fn a_body_goes_beside_the_answer_as_it_comes_and_ends_at_its_limit() {
    let long = "line\n".repeat(700_000);
    let world = World::signed_in(JSON).await;
    for (bytes_max, whole) in [(u64::MAX, true), (2_000_000, false)] {
        let act = told(200, &[("Content-Type", "text/plain")], &long);
        world.demo.faults().set(Place::Api, Fault::once(act));
        let file = tempfile::NamedTempFile::new().expect("a file");
        let twin = tokio::fs::File::from_std(file.reopen().expect("the file"));
        let outlet = Outlet::beside(twin, bytes_max);
        let sending = world
            .engine
            .send_into(world.get("/orders", JSON), None, outlet)
            .expect("accepted");
        let response = sending.finished().await.expect("an answer");
        let shown = response.text.as_deref().expect("text");
        assert!(response.cut && long.starts_with(shown));
        let written = std::fs::read_to_string(file.path()).expect("written");
        assert_eq!(written.len() == long.len(), whole, "{}", written.len());
        assert!(long.starts_with(&written) && written.len() >= 2_000_000);
    }
}

/// Scenario 55.
#[tokio::test]
async fn a_401_without_a_challenge_may_be_expiry_and_costs_one_refresh() {
    check(told(401, &[], ""), 1, "answer.bare_401").await;
    check(
        challenge(401, "Bearer realm=\"shop\""),
        1,
        "answer.token_refused",
    )
    .await;
}

/// Scenario 56.
#[tokio::test]
async fn a_token_refused_long_before_its_expiry_costs_one_refresh() {
    let act = challenge(401, "Bearer error=\"invalid_token\"");
    check(act, 1, "answer.invalid_token").await;
}

/// Scenario 57.
#[tokio::test]
async fn a_challenge_for_other_credentials_costs_no_refresh() {
    for scheme in [
        "Basic realm=\"shop\"",
        "Negotiate",
        "Digest realm=\"Bearer\", nonce=\"n\"",
    ] {
        check(challenge(401, scheme), 0, "answer.not_our_scheme").await;
    }
}

/// Scenario 58, for a token that is bound to no key: recognised, returned, and no refresh.
#[tokio::test]
async fn a_wish_for_a_nonce_costs_no_refresh() {
    let headers = [
        ("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\""),
        ("DPoP-Nonce", "n-1"),
    ];
    check(told(401, &headers, ""), 0, "answer.nonce_needed").await;
}

/// Scenario 59, for a token that is bound to no key: a wish for a nonce takes nothing from the one refresh.
#[tokio::test]
async fn a_wish_for_a_nonce_leaves_the_refresh_for_the_next_refusal() {
    let world = World::signed_in(JSON).await;
    for (act, status, refreshes) in [
        (challenge(401, "DPoP error=\"use_dpop_nonce\""), 401, 0),
        (challenge(401, "Bearer error=\"invalid_token\""), 200, 1),
    ] {
        world.demo.faults().set(Place::Api, Fault::once(act));
        assert_eq!(world.orders(JSON).await.status, status);
        assert_eq!(world.demo.counts().refreshes_answered, refreshes);
    }
}

/// Scenario 62.
#[tokio::test]
async fn two_challenges_in_one_header_are_read_apart() {
    let both = "Bearer error=\"invalid_token\", DPoP algs=\"ES256\", error=\"use_dpop_nonce\"";
    check(challenge(401, both), 1, "answer.invalid_token").await;
    let neither = "Basic realm=\"Bearer error=\\\"invalid_token\\\", x\"";
    check(challenge(401, neither), 0, "answer.not_our_scheme").await;
}

/// Scenario 63.
#[tokio::test]
async fn a_wish_for_the_user_in_person_is_a_step_up_and_no_refresh() {
    let world = World::signed_in(JSON).await;
    let wish =
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\", max_age=\"300\"";
    world
        .demo
        .faults()
        .set(Place::Api, Fault::once(challenge(401, wish)));
    let response = world.orders(JSON).await;
    let failure = response.not_repeated.as_ref().expect("a reason");
    assert_eq!(
        (failure.code, failure.params["acr_values"].as_str()),
        (Code::StepUpNeeded, "gold")
    );
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    assert_eq!(
        verdicts(&world),
        [(
            Verdict::StepUpNeeded,
            "answer.user_authentication".to_owned()
        )]
    );
    let step_up = world.session(JSON).step_up.expect("it is wanted");
    assert_eq!(
        (step_up.acr_values, step_up.max_age_s),
        (vec!["gold".to_owned()], Some(300))
    );
    world.sign_in(JSON).await.expect("signed in again");
    assert_eq!(
        world.session(JSON).step_up,
        None,
        "a new sign-in has asked for it"
    );
    holds_its_guarantees(&world.events());
}

/// Scenarios 64 and 124. The engine's half of 124.
#[tokio::test]
async fn missing_scopes_add_up_and_never_start_a_refresh() {
    let world = World::signed_in(JSON).await;
    let wish = |scope: &str| {
        let wish = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        Fault::once(challenge(403, &wish))
    };
    for scope in ["admin", "write"] {
        world.demo.faults().set(Place::Api, wish(scope));
        let response = world.orders(JSON).await;
        assert_eq!((response.status, response.attempts), (403, 1));
    }
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    let scopes = world.session(JSON).step_up.expect("it is wanted").scopes;
    for scope in ["admin", "write"] {
        assert!(scopes.contains(&scope.to_owned()), "{scopes:?}");
    }
    assert_eq!(world.count("StepUpNeeded"), 2);
    assert_eq!(world.session(JSON).state, StateName::Active);

    world.engine.sign_out(JSON).await.expect("signed out");
    world.sign_in(JSON).await.expect("signed in");
    world.demo.faults().set(Place::Api, wish("admin"));
    world.orders(JSON).await;
    let scopes = world.session(JSON).step_up.expect("it is wanted").scopes;
    assert!(
        !scopes.contains(&"write".to_owned()),
        "the next user is not asked for what another one needed: {scopes:?}"
    );
}

/// Scenario 65.
#[tokio::test]
async fn what_is_no_401_costs_no_refresh() {
    for status in [400, 403, 404, 429, 500] {
        check(told(status, &[], ""), 0, "answer.not_401").await;
    }
    let wrong = challenge(401, "Bearer error=\"invalid_request\"");
    check(wrong, 0, "answer.invalid_request").await;
}

/// Scenario 66.
#[tokio::test]
async fn a_proxy_that_asks_for_credentials_is_not_given_the_sessions() {
    let headers = [
        ("Proxy-Authenticate", "Basic realm=\"proxy\""),
        ("WWW-Authenticate", "Bearer error=\"invalid_token\""),
    ];
    check(told(407, &headers, ""), 0, "answer.proxy_authentication").await;
}

/// Scenario 68. The engine's half: one refresh, then the reason by name.
#[tokio::test]
async fn a_token_for_somebody_else_costs_one_refresh_and_is_named() {
    let world = World::signed_in(JSON).await;
    let wrong = "Bearer error=\"invalid_token\", error_description=\"wrong audience\"";
    world
        .demo
        .faults()
        .set(Place::Api, Fault::always(challenge(401, wrong)));
    let response = world.orders(JSON).await;
    assert_eq!((response.status, response.attempts), (401, 2));
    let failure = response.not_repeated.as_ref().expect("a reason");
    assert_eq!(
        (failure.code, failure.params["origin"].as_str()),
        (Code::AudienceMismatch, world.demo.origin())
    );
    assert_eq!(world.demo.counts().refreshes_answered, 1);
    assert_eq!(verdicts(&world)[1].1, "answer.audience_mismatch");
    holds_its_guarantees(&world.events());
}

/// Scenario 69: some APIs say it with status 200.
#[tokio::test]
async fn a_session_may_describe_how_its_api_refuses_a_token() {
    let json = [("Content-Type", "application/json")];
    let expired = told(200, &json, "{\"ok\": false, \"error\": \"token_expired\"}");
    let described = "[refused_when]\nstatus = 200\nbody = [\"/error\", \"token_expired\"]\n";
    for (description, refreshes) in [("", 0), (described, 1)] {
        let world = World::with_session(quick(), &json_session(&["ORIGIN"], "", description)).await;
        world.sign_in(JSON).await.expect("signed in");
        world
            .demo
            .faults()
            .set(Place::Api, Fault::once(expired.clone()));
        let response = world.orders(JSON).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            world.demo.counts().refreshes_answered,
            refreshes,
            "{description}"
        );
        let text = response.text.as_ref().expect("JSON is text");
        assert_eq!(text.contains("token_expired"), refreshes == 0, "{text}");
    }
}

/// Scenario 69: what is read ahead to be judged is still part of the answer.
#[tokio::test]
async fn a_body_that_was_looked_into_is_returned_whole() {
    let described = "[refused_when]\nstatus = 200\nbody = [\"/error\", \"token_expired\"]\n";
    let world = World::with_session(quick(), &json_session(&["ORIGIN"], "", described)).await;
    world.sign_in(JSON).await.expect("signed in");
    let json = [("Content-Type", "application/json")];
    for length in [0, 100, PEEKED_BYTES_MAX + 1] {
        let body = format!(
            "{{\"error\": \"token_expired\", \"more\": \"{}\"}}",
            "x".repeat(length)
        );
        let fits = length <= 100;
        world
            .demo
            .faults()
            .set(Place::Api, Fault::once(told(200, &json, &body)));
        let before = world.demo.counts().refreshes_answered;
        let response = world.orders(JSON).await;
        let refreshed = world.demo.counts().refreshes_answered - before;
        assert_eq!(refreshed, u64::from(fits), "{length}");
        if !fits {
            assert_eq!(response.body_bytes, body.len() as u64);
            assert_eq!(response.text.as_ref(), Some(&body));
        }
    }
    let other = told(200, &json, "{\"error\": \"no\"}");
    world.demo.faults().set(Place::Api, Fault::once(other));
    let response = world.orders(JSON).await;
    assert_eq!(response.text.as_deref(), Some("{\"error\": \"no\"}"));
}

/// Scenario 69: a header can say it as well.
#[tokio::test]
async fn a_described_header_refuses_the_token() {
    let described = "[refused_when]\nstatus = 403\nheader = [\"X-Auth\", \"expired\"]\n";
    let world = World::with_session(quick(), &json_session(&["ORIGIN"], "", described)).await;
    world.sign_in(JSON).await.expect("signed in");
    for (headers, status) in [(&[("X-Auth", "expired")][..], 200), (&[], 403)] {
        world
            .demo
            .faults()
            .set(Place::Api, Fault::once(told(403, headers, "")));
        assert_eq!(world.orders(JSON).await.status, status);
    }
    assert_eq!(world.demo.counts().refreshes_answered, 1);
}

/// Scenario 70.
#[tokio::test]
async fn a_page_to_sign_in_on_is_returned_and_nothing_is_repeated() {
    let world = World::signed_in(JSON).await;
    let asks_for_json = Draft {
        headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        ..world.get("/orders", JSON)
    };
    for (act, status) in [
        (Act::Malformed(Malformed::Html), 200),
        (
            told(
                302,
                &[("Location", "/login?next=%2Forders&code=secret")],
                "",
            ),
            302,
        ),
    ] {
        world.demo.faults().set(Place::Api, Fault::once(act));
        let response = world.send(asks_for_json.clone()).await.expect("an answer");
        assert_eq!((response.status, response.attempts), (status, 1));
        let failure = response.not_repeated.as_ref().expect("a reason");
        assert_eq!(failure.code, Code::LoginPage);
        assert!(!failure.to_string().contains("secret"), "{failure}");
    }
    assert_eq!(world.count("LoginPageDetected"), 2);
    assert_eq!(world.count("AttemptStarted"), 2, "no redirect was followed");
    assert_eq!(world.demo.counts().refreshes_answered, 0);

    world
        .demo
        .faults()
        .set(Place::Api, Fault::once(Act::Malformed(Malformed::Html)));
    assert_eq!(
        world.orders(JSON).await.not_repeated,
        None,
        "nobody asked for JSON"
    );
    holds_its_guarantees(&world.events());
}

/// Scenario 71.
#[tokio::test]
async fn a_server_that_a_challenge_names_is_told_and_never_called() {
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "")).await;
    let world = World::signed_in(JSON).await;
    let metadata = format!("{}/.well-known/oauth-protected-resource", elsewhere.origin);
    let names_it = format!("Bearer error=\"invalid_token\", resource_metadata=\"{metadata}\"");
    world
        .demo
        .faults()
        .set(Place::Api, Fault::once(challenge(401, &names_it)));
    assert_eq!(world.orders(JSON).await.status, 200);
    let head = world
        .until(|event| matches!(event.fact, Fact::ResponseHead { status: 401, .. }))
        .await;
    assert!(
        matches!(&head.fact, Fact::ResponseHead { challenges, .. } if challenges[0].contains(&metadata)),
        "{head:?}"
    );
    assert_eq!(
        world.demo.counts().refreshes_answered,
        1,
        "where it always was"
    );
    assert_eq!(elsewhere.requests(), [""; 0]);
}

/// Scenario 101.
#[tokio::test]
async fn a_retry_that_is_answered_otherwise_is_returned() {
    let world = World::signed_in(JSON).await;
    world.demo.expire_all();
    let response = world
        .send(world.get("/status/409", JSON))
        .await
        .expect("an answer");
    assert_eq!((response.status, response.attempts), (409, 2));
    assert_eq!(world.demo.counts().refreshes_answered, 1);
    assert_eq!(response.not_repeated, None);
}

/// Scenario 103.
#[tokio::test]
async fn a_typed_authorization_goes_as_it_is_and_its_refusal_is_not_ours() {
    let api = Elsewhere::start(|_| {
        answer(
            401,
            &[("WWW-Authenticate", "Bearer error=invalid_token")],
            "",
        )
    })
    .await;
    let world = World::with_session(quick(), &json_session(&["ORIGIN", &api.origin], "", "")).await;
    world.sign_in(JSON).await.expect("signed in");
    let draft = Draft {
        url: api.origin.clone(),
        headers: vec![(
            "Authorization".to_owned(),
            "Bearer typed-by-hand".to_owned(),
        )],
        ..world.get("/", JSON)
    };
    let response = world.send(draft).await.expect("an answer");
    assert_eq!((response.status, response.attempts), (401, 1));
    assert_eq!(world.demo.counts().refreshes_answered, 0);
    let request = api.requests()[0].to_ascii_lowercase();
    assert_eq!(request.matches("authorization:").count(), 1);
    assert!(request.contains("bearer typed-by-hand"));
    let withheld = world
        .until(|event| matches!(event.fact, Fact::TokenWithheld { .. }))
        .await;
    let reason = Withheld::OwnAuthorization;
    assert_eq!(withheld.fact, Fact::TokenWithheld { reason });
}

/// Scenario 106.
#[tokio::test]
async fn a_token_crosses_no_network_in_clear_text() {
    let session = json_session(&["ORIGIN", "http://api.test"], "", "");
    let world = World::with_session(quick(), &session).await;
    world.sign_in(JSON).await.expect("signed in");
    let draft = Draft {
        url: "http://api.test/orders".to_owned(),
        ..world.get("/", JSON)
    };
    assert_eq!(failed(world.engine.send(draft)).code, Code::OriginCleartext);
    assert_eq!(world.count("RequestQueued"), 0);
    assert_eq!(
        world.orders(JSON).await.status,
        200,
        "this machine is no network"
    );
}

/// Scenario 125. A server that repeats the token in its challenge does not get it into the timeline.
#[tokio::test]
async fn a_token_repeated_by_a_challenge_is_masked() {
    let api = Elsewhere::start(|request| {
        let token = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "))
            .unwrap_or_default();
        answer(
            403,
            &[("WWW-Authenticate", &format!("Bearer realm=\"{token}\""))],
            "",
        )
    })
    .await;
    let world = World::with_session(quick(), &json_session(&["ORIGIN", &api.origin], "", "")).await;
    world.sign_in(JSON).await.expect("signed in");
    let draft = Draft {
        url: api.origin.clone(),
        ..world.get("/", JSON)
    };
    world.send(draft).await.expect("an answer");
    let token = api.requests()[0]
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "))
        .expect("the session's token went along")
        .to_owned();
    assert_eq!(kind(&world.events()[0].fact), "RunStarted");
    for event in world.events() {
        let text = serde_json::to_string(&*event).expect("JSON");
        assert!(!text.contains(&token), "{text}");
    }
}
