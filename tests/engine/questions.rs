//! What a server is asked beside tokens: what one is worth (RFC 7662), who the user is (OpenID Connect Core §5.3), and where the
//! user signs out of the server itself.

use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandglass_engine::error::Code;
use sandglass_engine::session::config::server::Offer;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, Question, StateName};
use sandglass_engine::token::TokenKind;
use serde_json::{Value, json};
use tests_engine::{Elsewhere, JSON, Signer, World, answer, failed, quick};

/// The server's side of it.
struct Server {
    signer: Signer,
    /// What it answers to each question; a status and a body.
    says: (u16, Value),
    refreshes: u32,
    /// Access tokens up to this number are refused at the user's own endpoint.
    expired: u32,
}

/// A world whose session has a server that answers questions.
struct Asking {
    world: World,
    elsewhere: Elsewhere,
    server: Arc<Mutex<Server>>,
}

impl Asking {
    async fn new(keys: &str) -> Self {
        let server = Arc::new(Mutex::new(Server {
            signer: Signer::new("k-1"),
            says: (200, json!({})),
            refreshes: 0,
            expired: 0,
        }));
        let told = Arc::clone(&server);
        let elsewhere = Elsewhere::start(move |request| {
            let mut server = told.lock().expect("no panic");
            let origin = request
                .lines()
                .find_map(|line| line.strip_prefix("host: "))
                .map(|host| format!("http://{host}"))
                .expect("HTTP/1.1 has one");
            let path = request.split(' ').nth(1).unwrap_or_default();
            if path == "/token" {
                server.refreshes += 1;
                let number = server.refreshes;
                let claims = json!({ "iss": origin, "aud": "desktop", "sub": "u-17", "exp": 4_000_000_000_u64 });
                let reply = json!({
                    "access_token": format!("access-canary-{number}"), "refresh_token": format!("refresh-canary-{number}"),
                    "token_type": "Bearer", "expires_in": 600, "id_token": server.signer.sign(&json!({}), &claims),
                });
                return answer(200, &[], &reply.to_string());
            }
            let (status, body) = server.says.clone();
            let newest = format!("bearer access-canary-{}\r", server.refreshes);
            let fresh = request.to_ascii_lowercase().contains(&newest);
            if path == "/userinfo" && (server.refreshes <= server.expired || !fresh) {
                return answer(401, &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")], "");
            }
            answer(status, &[], &body.to_string())
        })
        .await;
        let origin = &elsewhere.origin;
        let file = format!(
            "kind = \"oauth\"\norigins = [\"https://api.test\"]\nissuer = \"{origin}\"\ntoken_endpoint = \"{origin}/token\"\nclient_id = \"desktop\"\n{keys}"
        )
        .replace("ORIGIN", origin);
        let world = World::with_session(quick(), &file).await;
        Self {
            world,
            elsewhere,
            server,
        }
    }

    async fn signed_in(keys: &str, client: ClientSecrets) -> Self {
        let asking = Self::new(keys).await;
        let credentials = Credentials::RefreshToken {
            refresh_token: "refresh-canary-0".into(),
            client,
        };
        let signed_in = asking.world.engine.sign_in(JSON, credentials).await;
        signed_in.expect("signed in");
        asking
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().expect("no panic")
    }

    /// The newest request to this path.
    fn newest(&self, path: &str) -> String {
        let requests = self.elsewhere.requests();
        let to = |request: &&String| request.split(' ').nth(1) == Some(path);
        requests.iter().rev().find(to).expect("it came").clone()
    }

    fn asked(&self) -> Vec<(Question, Option<u16>)> {
        let events = self.world.events();
        let asked = events.iter().filter_map(|event| match event.fact {
            Fact::ServerAsked {
                question, status, ..
            } => Some((question, status)),
            _ => None,
        });
        asked.collect()
    }
}

const INTROSPECTION: &str =
    "client_auth = \"client_secret_basic\"\nintrospection_endpoint = \"ORIGIN/introspect\"\n";

fn secret() -> ClientSecrets {
    ClientSecrets {
        client_secret: Some("the-secret".into()),
        ..ClientSecrets::default()
    }
}

#[tokio::test]
async fn a_token_is_asked_about_as_the_client_it_was_given_to() {
    let asking = Asking::signed_in(INTROSPECTION, secret()).await;
    assert_eq!(
        asking.world.session(JSON).offers,
        [Offer::Introspection],
        "nothing else is known"
    );
    asking.server().says = (
        200,
        json!({ "active": true, "scope": "read", "echo": "access-canary-1", "error": "a name like any other" }),
    );
    let engine = &asking.world.engine;
    let said = engine
        .introspect(JSON, TokenKind::Access)
        .await
        .expect("answered");
    assert_eq!(
        (said.question, said.active()),
        (Question::Introspection, Some(true))
    );
    assert_eq!(said.members["scope"], "read");
    let text = serde_json::to_string(&said).expect("JSON");
    assert!(
        !text.contains("access-canary"),
        "a token that comes back is masked: {text}"
    );
    let request = asking.newest("/introspect");
    let pair = STANDARD.encode("desktop:the-secret");
    assert!(request.contains(&format!("Basic {pair}")), "{request}");
    assert!(request.ends_with("token=access-canary-1&token_type_hint=access_token"));
    engine
        .introspect(JSON, TokenKind::Refresh)
        .await
        .expect("answered");
    assert!(
        asking
            .newest("/introspect")
            .ends_with("token=refresh-canary-1&token_type_hint=refresh_token")
    );
    assert_eq!(asking.asked(), [(Question::Introspection, Some(200)); 2]);
    let told = serde_json::to_string(&asking.world.events()).expect("JSON");
    assert!(!told.contains("canary"));
}

#[tokio::test]
async fn an_answer_that_is_none_changes_nothing_and_is_said_in_words() {
    let asking = Asking::signed_in(INTROSPECTION, secret()).await;
    let cases = [
        (
            401,
            json!({ "error": "invalid_client", "error_description": "no" }),
            Code::ServerRefused,
        ),
        (500, json!("<html>"), Code::ServerRefused),
        (200, json!({ "active": "yes" }), Code::ReplyMalformed),
        (200, json!([true]), Code::ReplyMalformed),
        (302, json!({ "active": true }), Code::ServerRefused),
    ];
    for (status, body, code) in cases {
        asking.server().says = (status, body.clone());
        let failure = failed(
            asking
                .world
                .engine
                .introspect(JSON, TokenKind::Access)
                .await,
        );
        assert_eq!(failure.code, code, "{status} {body}");
        if status == 401 {
            assert_eq!(failure.params["error_description"], "no");
        }
        assert_eq!(asking.world.session(JSON).state, StateName::Active);
    }
    let engine = &asking.world.engine;
    let failure = failed(engine.userinfo(JSON).await);
    assert_eq!(
        (failure.code, failure.params["endpoint"].as_str()),
        (Code::ServerNotOffered, "userinfo_endpoint")
    );
    engine.sign_out(JSON).await.expect("signed out");
    let failure = failed(engine.introspect(JSON, TokenKind::Access).await);
    assert_eq!(failure.code, Code::SignInNeeded);
}

#[tokio::test]
async fn who_the_user_is_is_asked_with_a_token_that_is_fresh() {
    let keys = "userinfo_endpoint = \"ORIGIN/userinfo\"\n";
    let asking = Asking::signed_in(keys, ClientSecrets::default()).await;
    asking.server().says = (200, json!({ "sub": "u-17", "name": "Ada" }));
    asking.server().expired = 1;
    let engine = &asking.world.engine;
    let said = engine.userinfo(JSON).await.expect("answered");
    assert_eq!(said.members["name"], "Ada");
    assert_eq!(
        asking.asked(),
        [
            (Question::Userinfo, Some(401)),
            (Question::Userinfo, Some(200))
        ],
        "refreshed once, asked once more"
    );
    assert_eq!(asking.server().refreshes, 2);
    asking.server().expired = u32::MAX;
    let failure = failed(engine.userinfo(JSON).await);
    assert_eq!(failure.code, Code::ServerRefused, "once, and not for ever");
    assert_eq!(asking.server().refreshes, 3);
}

/// Scenario 123, of an answer. OpenID Connect Core §5.3.2: one about another subject must not be used.
#[tokio::test]
async fn what_a_server_says_of_another_user_is_not_shown() {
    let keys = "userinfo_endpoint = \"ORIGIN/userinfo\"\n";
    let asking = Asking::signed_in(keys, ClientSecrets::default()).await;
    asking.server().says = (200, json!({ "sub": "u-18", "name": "Eve" }));
    let failure = failed(asking.world.engine.userinfo(JSON).await);
    assert_eq!(failure.code, Code::UserinfoAnotherUser);
    assert_eq!(asking.world.session(JSON).state, StateName::Active);
}

#[tokio::test]
async fn the_way_out_of_the_server_itself_carries_no_token() {
    let keys = "end_session_endpoint = \"https://id.test/logout?ui=plain\"\n";
    let asking = Asking::signed_in(keys, ClientSecrets::default()).await;
    let engine = &asking.world.engine;
    // No browser is set in this world.
    let failure = failed(engine.end_session(JSON));
    assert_eq!(failure.code, Code::BrowserUnavailable);
    let events = asking.world.events();
    let told = events.iter().find_map(|event| match &event.fact {
        Fact::EndSessionAwaited { endpoint, opened } => Some((endpoint.as_str(), *opened)),
        _ => None,
    });
    assert_eq!(told, Some(("https://id.test/logout", false)));
    assert_eq!(asking.world.session(JSON).state, StateName::Active);
    let plain = Asking::signed_in("", ClientSecrets::default()).await;
    let failure = failed(plain.world.engine.end_session(JSON));
    assert_eq!(failure.code, Code::ServerNotOffered);
}
