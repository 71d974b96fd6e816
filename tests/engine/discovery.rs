//! One issuer is enough: a session's file that names nothing else is filled by what the issuer says, and never by another.

use std::sync::{Arc, Mutex};

use sandglass_engine::error::{Code, Failure};
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::StateName;
use serde_json::{Value, json};
use tests_engine::{Elsewhere, JSON, World, answer, failed, quick};

const WELL_KNOWN: &str = "GET /.well-known/openid-configuration";

/// A world whose session names an issuer and no endpoint.
struct Named {
    world: World,
    issuer: Elsewhere,
    /// What the issuer answers to whoever asks for its metadata.
    metadata: Arc<Mutex<String>>,
}

impl Named {
    async fn new(keys: &str) -> Self {
        let metadata = Arc::new(Mutex::new(answer(404, &[], "")));
        let issuer = Elsewhere::start({
            let metadata = Arc::clone(&metadata);
            move |request| {
                if request.starts_with(WELL_KNOWN) {
                    return metadata.lock().expect("no panic").clone();
                }
                if request.starts_with("POST /token") {
                    let tokens = json!({
                        "access_token": "a", "refresh_token": "r", "token_type": "Bearer", "expires_in": 60,
                    });
                    return answer(200, &[], &tokens.to_string());
                }
                answer(404, &[], "")
            }
        })
        .await;
        let origin = &issuer.origin;
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\nissuer = \"{origin}\"\nclient_id = \"desktop\"\n{keys}"
        );
        let world = World::with_session(quick(), &file).await;
        let named = Self {
            world,
            issuer,
            metadata,
        };
        named.says(|_| {});
        named
    }

    /// The issuer's metadata, with a change of it.
    fn says(&self, change: impl FnOnce(&mut Value)) {
        let origin = &self.issuer.origin;
        let mut metadata = json!({
            "issuer": origin,
            "token_endpoint": format!("{origin}/token"),
            "authorization_endpoint": format!("{origin}/authorize"),
        });
        change(&mut metadata);
        self.answers(answer(200, &[], &metadata.to_string()));
    }

    fn answers(&self, answer: String) {
        *self.metadata.lock().expect("no panic") = answer;
    }

    async fn sign_in(&self) -> Result<(), Failure> {
        let credentials = Credentials::RefreshToken {
            refresh_token: "kept-secret".into(),
            client: ClientSecrets::default(),
        };
        self.world.engine.sign_in(JSON, credentials).await
    }

    fn asked(&self) -> usize {
        let lines = self.issuer.lines();
        lines.iter().filter(|line| *line == WELL_KNOWN).count()
    }
}

#[tokio::test]
async fn an_issuer_alone_is_enough_and_is_remembered_over_a_restart() {
    let mut named = Named::new("").await;
    named.sign_in().await.expect("everything was found");
    let session = named.world.session(JSON);
    assert_eq!(
        (session.state, session.refresh_endpoint),
        (StateName::Active, format!("{}/token", named.issuer.origin))
    );
    assert_eq!(named.asked(), 1);
    named.world.restart().await;
    let session = named.world.session(JSON);
    assert_eq!(session.state, StateName::Active, "found without asking");
    named.sign_in().await.expect("known");
    assert_eq!(
        named.asked(),
        1,
        "what was said an hour ago or less is believed"
    );
    let asking = named.issuer.requests();
    let asking = asking
        .iter()
        .find(|request| request.starts_with(WELL_KNOWN));
    let asking = asking.expect("asked").to_ascii_lowercase();
    for secret in ["kept-secret", "authorization:", "cookie:", "dpop:"] {
        assert!(!asking.contains(secret), "{secret}: {asking}");
    }
}

/// N38 and N39 over the wire: nothing that signs in is sent, and the session is as it was.
#[tokio::test]
async fn n38_n39_hostile_metadata_sends_nothing_anywhere() {
    let named = Named::new("").await;
    let origin = named.issuer.origin.clone();
    let good = json!({ "issuer": origin, "token_endpoint": format!("{origin}/token") });
    let with = |name: &str, value: &str| {
        let mut metadata = good.clone();
        metadata[name] = value.into();
        answer(200, &[], &metadata.to_string())
    };
    let large = format!("{{\"x\": \"{}\"}}", "y".repeat(300 * 1024));
    let rows = [
        (
            with("issuer", &format!("{origin}/")),
            Code::DiscoveryIssuerMismatch,
        ),
        (
            with("issuer", "https://evil.test"),
            Code::DiscoveryIssuerMismatch,
        ),
        (
            with("token_endpoint", "http://evil.test/token"),
            Code::DiscoveryEndpointRefused,
        ),
        (
            with("token_endpoint", "file:///etc/passwd"),
            Code::DiscoveryEndpointRefused,
        ),
        (
            with("token_endpoint", "https://evil.test/token"),
            Code::DiscoveryElsewhere,
        ),
        (
            with("revocation_endpoint", "https://evil.test/r"),
            Code::DiscoveryElsewhere,
        ),
        (
            answer(200, &[], "<html>hello</html>"),
            Code::DiscoveryFailed,
        ),
        (answer(200, &[], "{}"), Code::DiscoveryIssuerMismatch),
        (answer(200, &[], &large), Code::DiscoveryFailed),
        (answer(500, &[], ""), Code::DiscoveryFailed),
        (
            answer(302, &[("Location", "https://evil.test/")], ""),
            Code::DiscoveryFailed,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned(),
            Code::DiscoveryFailed,
        ),
        (String::new(), Code::DiscoveryFailed),
    ];
    for (metadata, code) in rows {
        named.answers(metadata.clone());
        // Nothing that a server said before stands in for what it says now.
        let asked = named.world.engine.discover(&origin, Some(JSON)).await;
        assert_eq!(
            asked.map_or_else(|failure| failure.code, |_| code),
            code,
            "{metadata}"
        );
        let failure = failed(named.sign_in().await);
        let known = [code, Code::DiscoveryElsewhere].contains(&failure.code);
        assert!(known, "{failure} after {metadata}");
        assert_eq!(named.world.session(JSON).state, StateName::SignedOut);
    }
    let posts = named.issuer.lines();
    assert!(
        !posts.iter().any(|line| line.starts_with("POST")),
        "{posts:?}"
    );
}

/// N39: a second discovery that leads to another host waits for the user, and what was approved before goes on.
#[tokio::test]
async fn n39_endpoints_that_move_to_another_host_wait_for_the_user() {
    let mut named = Named::new("").await;
    named.sign_in().await.expect("found");
    let elsewhere = Elsewhere::start(|_| {
        let tokens = json!({ "access_token": "b", "refresh_token": "s", "expires_in": 60 });
        answer(200, &[], &tokens.to_string())
    })
    .await;
    named
        .says(|metadata| metadata["token_endpoint"] = format!("{}/token", elsewhere.origin).into());
    let engine = &named.world.engine;
    engine
        .discover(&named.issuer.origin, Some(JSON))
        .await
        .expect("it is metadata");
    let failure = failed(named.sign_in().await);
    assert_eq!(failure.code, Code::DiscoveryElsewhere);
    assert_eq!(
        failure.params["endpoints"],
        format!("token_endpoint at {}", elsewhere.origin)
    );
    assert_eq!(elsewhere.lines(), Vec::<String>::new());
    engine.refresh(JSON).await.expect("as it was");
    named.world.restart().await;
    assert_eq!(named.world.session(JSON).state, StateName::Active);
    named.world.engine.approve_endpoints(&failure);
    named.sign_in().await.expect("approved");
    assert_eq!(elsewhere.lines(), ["POST /token"]);
}
