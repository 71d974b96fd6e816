//! The engine lives on a real provider: it takes over a sign-in and goes on through three expiries, one token call each.

use crate::client::{Client, DESKTOP, WEB_BASIC};
use crate::provider::Provider;
use sandglass_engine::Engine;
use sandglass_engine::engine::Options;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, Kept};
use sandglass_engine::workspace::Workspace;
use std::time::Duration;
use url::Url;

/// How many expiries are lived through.
const EXPIRIES: u64 = 3;
/// Requests at once, so that several meet an expiry together.
const AT_ONCE: usize = 4;
/// How often they are sent: a person at work, and many times within the 5 s of a token.
const PACE: Duration = Duration::from_millis(250);
/// Three expiries take 15 s; a machine under load gets four times that.
const DEADLINE: Duration = Duration::from_secs(60);
const SESSION: &str = "provider";

/// A workspace folder for the provider, with one session.
fn workspace(provider: &Provider, client: Client) -> (tempfile::TempDir, Workspace) {
    let at = &provider.addresses;
    let api = Url::parse(&at.api).expect("the API has an address");
    let client_auth = client.secret.map_or("none", |_| "client_secret_basic");
    let session = format!(
        "kind = \"oauth\"\norigins = [\"{}\"]\ntoken_endpoint = \"{}\"\nclient_id = \"{}\"\nclient_auth = \"{client_auth}\"\n",
        api.origin().ascii_serialization(),
        at.token_endpoint,
        client.id,
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sessions = folder.path().join("sessions");
    std::fs::create_dir(&sessions).expect("a folder");
    std::fs::write(
        folder.path().join("workspace.toml"),
        "version = 1\nname = \"Provider\"\n",
    )
    .expect("a file");
    std::fs::write(sessions.join(format!("{SESSION}.toml")), session).expect("a file");
    let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
    assert!(failures.is_empty(), "{failures:?}");
    (folder, workspace)
}

/// Several requests at once; every one has to be answered 200.
async fn round(engine: &Engine, api: &str) {
    let draft = Draft {
        method: "GET".to_owned(),
        url: api.to_owned(),
        headers: Vec::new(),
        body: None,
        session: Some(SESSION.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    let sends: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            engine
                .send(draft.clone())
                .expect("nothing is wrong with it")
        })
        .collect();
    for send in sends {
        let answer = send.finished().await.expect("an answer");
        assert_eq!(
            answer.status, 200,
            "R{} {:?}",
            answer.request, answer.not_repeated
        );
    }
}

/// Nothing but time refused anything here, and that is what "Why 401?" says of each refusal.
fn every_refusal_was_an_expiry(engine: &Engine) {
    let timeline = engine.timeline();
    let refused: Vec<u64> = timeline
        .events()
        .iter()
        .filter(|event| matches!(event.fact, Fact::ResponseHead { status: 401, .. }))
        .filter_map(|event| event.subject.request)
        .collect();
    assert!(!refused.is_empty());
    for request in refused {
        let why = engine
            .explain_request(timeline.run(), request)
            .expect("it is in the timeline");
        let rule = why.finding.rule_id.as_str();
        assert!(
            ["token.expired", "token.expired_on_the_way"].contains(&rule),
            "R{request}: {why:?}"
        );
    }
}

async fn live_through_expiries(provider: &Provider, client: Client) {
    let (_folder, workspace) = workspace(provider, client);
    let options = Options {
        kept: Kept::Memory,
        ..Options::default()
    };
    let engine = Engine::open(workspace, options).expect("an engine");
    let handed_over = Credentials::RefreshToken {
        refresh_token: client.sign_in(&provider.addresses).refresh_token.into(),
        client: ClientSecrets {
            client_secret: client.secret.map(Into::into),
            ..ClientSecrets::default()
        },
    };
    engine
        .sign_in(SESSION, handed_over)
        .await
        .expect("the refresh token is good");
    // One call redeemed the code, one took the sign-in over.
    let before = provider.counts();
    assert_eq!((before.token_calls, before.token_errors), (2, 0));

    let mut pace = tokio::time::interval(PACE);
    let mut expiries = 0;
    while expiries < EXPIRIES {
        pace.tick().await;
        round(&engine, &provider.addresses.api).await;
        let counts = provider.counts();
        // Each token after the first one stands for an expiry: nothing else makes the engine ask for one.
        expiries = counts.tokens_honoured - 1;
        assert_eq!(
            counts.token_calls - before.token_calls,
            expiries,
            "one token call each: {counts:?}"
        );
        assert_eq!(counts.token_errors, 0);
        // Tokens as short as these are refreshed on refusal only, so the API saw each expiry, and refused nothing else.
        assert_eq!(counts.tokens_refused, expiries, "{counts:?}");
    }
    let session = &engine.sessions()[0];
    assert_eq!((session.epoch, session.generation), (1, Some(4)));
    every_refusal_was_an_expiry(&engine);
    engine.shut_down().await;
}

fn check(client: Client) {
    let provider = Provider::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lived = runtime.block_on(async {
        tokio::time::timeout(DEADLINE, live_through_expiries(&provider, client)).await
    });
    lived.expect("three expiries of 5 s within the deadline");
}

#[test]
fn a_public_client_lives_through_three_expiries_at_one_token_call_each() {
    check(DESKTOP);
}

#[test]
fn a_client_with_a_secret_lives_through_three_expiries_at_one_token_call_each() {
    check(WEB_BASIC);
}
