//! Sign-ins without a browser of this machine (RFC 8628) and with the legacy password grant (RFC 6749 §4.3), over HTTP: what is
//! sent as whom, and what of it is told.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandglass_engine::error::Code;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, Question, StateName};
use serde_json::json;
use tests_engine::{Elsewhere, JSON, World, answer, failed, quick};

const DEVICE_CODE: &str = "GmRhmhcxhwAzkoEqiMEg";
const USER_CODE: &str = "WDJB-MJHT";
const PASSWORD: &str = "correct horse";

/// A server that wants the client's secret at each of its endpoints, and gives tokens at the second call.
async fn server() -> Elsewhere {
    let asked = std::sync::atomic::AtomicU32::new(0);
    Elsewhere::start(move |request| {
        let secret = STANDARD.encode("tv:the%2Fsecret");
        if !request.to_lowercase().contains(&format!("basic {secret}").to_lowercase()) {
            return answer(401, &[], &json!({ "error": "invalid_client" }).to_string());
        }
        let line = request.lines().next().unwrap_or_default();
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        if line.contains("/device ") {
            let reply = json!({
                "device_code": DEVICE_CODE, "user_code": USER_CODE, "verification_uri": "https://id.test/device",
                "verification_uri_complete": format!("https://id.test/device?user_code={USER_CODE}"),
                "expires_in": 600, "interval": 1,
            });
            return answer(200, &[], &reply.to_string());
        }
        let number = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        if body.contains("device_code") && number == 1 {
            return answer(400, &[], &json!({ "error": "authorization_pending" }).to_string());
        }
        if body.contains("grant_type=password") && !body.contains("password=correct+horse") {
            return answer(400, &[], &json!({ "error": "invalid_grant" }).to_string());
        }
        let reply = json!({
            "access_token": format!("a{number}"), "refresh_token": format!("r{number}"),
            "token_type": "Bearer", "expires_in": 600,
        });
        answer(200, &[], &reply.to_string())
    })
    .await
}

async fn world(server: &Elsewhere, grant: &str) -> Arc<World> {
    let origin = &server.origin;
    let file = format!(
        "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/token\"\ndevice_authorization_endpoint = \"{origin}/device\"\nclient_id = \"tv\"\nclient_auth = \"client_secret_basic\"\nscope = \"read write\"\nresource = \"https://api.test\"\ngrant = \"{grant}\"\n"
    );
    Arc::new(World::with_session(quick(), &file).await)
}

fn client() -> ClientSecrets {
    ClientSecrets {
        client_secret: Some("the/secret".into()),
        ..ClientSecrets::default()
    }
}

/// The bodies that were sent to this path, each with its fields sorted.
fn bodies(server: &Elsewhere, path: &str) -> Vec<String> {
    let requests = server.requests();
    let to = |request: &&String| request.starts_with(&format!("POST {path} "));
    let fields = |request: &String| {
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        let mut fields: Vec<String> = url::form_urlencoded::parse(body.as_bytes())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        fields.sort();
        fields.join("&")
    };
    requests.iter().filter(to).map(fields).collect()
}

#[tokio::test]
async fn a_code_is_shown_typed_elsewhere_and_redeemed_as_the_same_client() {
    let server = server().await;
    let world = world(&server, "device_code").await;
    let signing = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            let credentials = Credentials::Device { client: client() };
            world.engine.sign_in(JSON, credentials).await
        }
    });
    world
        .until(|event| matches!(event.fact, Fact::UserCodeShown { .. }))
        .await;
    let shown = world.engine.user_code(JSON).expect("it is shown");
    assert_eq!(shown.user_code, USER_CODE);
    assert_eq!(shown.verification_uri.as_str(), "https://id.test/device");
    assert_eq!(
        world.engine.sign_in_link(JSON).as_ref(),
        Some(shown.link()),
        "what is copied has the code in it"
    );
    assert_eq!(
        failed(
            world
                .engine
                .came_back(JSON, "http://127.0.0.1/?code=c&state=s")
        )
        .code,
        Code::SignInNotTheAnswer,
        "nothing comes back here"
    );
    signing.await.expect("no panic").expect("signed in");
    assert_eq!(world.session(JSON).state, StateName::Active);
    assert_eq!(
        bodies(&server, "/device"),
        ["client_id=tv&resource=https://api.test&scope=read write"]
    );
    let redeemed = format!(
        "device_code={DEVICE_CODE}&grant_type=urn:ietf:params:oauth:grant-type:device_code&resource=https://api.test"
    );
    assert_eq!(bodies(&server, "/token"), [redeemed.clone(), redeemed]);
    // A refresh is any session's, and as the same client.
    world.engine.refresh(JSON).await.expect("refreshed");
    assert_eq!(
        bodies(&server, "/token")[2],
        "grant_type=refresh_token&refresh_token=r2&resource=https://api.test"
    );
    let events = world.events();
    assert!(events.iter().any(|event| matches!(
        event.fact,
        Fact::ServerAsked {
            question: Question::DeviceCode,
            status: Some(200),
            ..
        }
    )));
    let told = serde_json::to_string(&events).expect("JSON");
    for secret in [DEVICE_CODE, USER_CODE, "the/secret"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_refused_request_for_a_code_says_the_servers_own_words() {
    let server = server().await;
    let world = world(&server, "device_code").await;
    let wrong = ClientSecrets {
        client_secret: Some("guessed".into()),
        ..ClientSecrets::default()
    };
    let failure = failed(
        world
            .engine
            .sign_in(JSON, Credentials::Device { client: wrong })
            .await,
    );
    assert_eq!(failure.code, Code::SignInRefused);
    assert_eq!(failure.params["error"], "invalid_client");
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    assert!(bodies(&server, "/token").is_empty());
}

#[tokio::test]
async fn the_legacy_grant_takes_a_password_once_and_lives_on_a_refresh_token() {
    let server = server().await;
    let world = world(&server, "password").await;
    let typed = |password: &str| Credentials::Password {
        username: "ada".to_owned(),
        password: password.into(),
        client: client(),
    };
    let failure = failed(world.engine.sign_in(JSON, typed("guessed")).await);
    assert_eq!(failure.code, Code::SignInRefused);
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    let signed_in = world.engine.sign_in(JSON, typed(PASSWORD)).await;
    signed_in.expect("the password is right");
    assert_eq!(
        bodies(&server, "/token")[1],
        "grant_type=password&password=correct horse&resource=https://api.test&scope=read write&username=ada"
    );
    world.engine.refresh(JSON).await.expect("refreshed");
    let refreshed = &bodies(&server, "/token")[2];
    assert!(
        refreshed.contains("refresh_token=r2") && !refreshed.contains("password"),
        "{refreshed}"
    );
    let told = serde_json::to_string(&world.events()).expect("JSON");
    assert!(!told.contains(PASSWORD) && !told.contains("correct+horse"));
}

#[tokio::test]
async fn credentials_of_another_grant_are_told_what_fits() {
    let server = server().await;
    for (grant, expected) in [("device_code", "device"), ("password", "password")] {
        let world = world(&server, grant).await;
        let credentials = Credentials::Browser { client: client() };
        let failure = failed(world.engine.sign_in(JSON, credentials).await);
        assert_eq!(
            (failure.code, failure.params["expected"].as_str()),
            (Code::SignInWrongKind, expected)
        );
    }
    let world = world(&server, "password").await;
    let nobody = Credentials::password("ada", PASSWORD);
    let failure = failed(world.engine.sign_in(JSON, nobody).await);
    assert_eq!(failure.params["expected"], "client_secret");
    assert!(server.requests().is_empty());
}
