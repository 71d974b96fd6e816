//! ID tokens beside the tokens: whose they are is checked with the issuer's keys, and costs nobody a refresh token.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, LoginCause, StateName};
use sandglass_engine::token::signature::SignatureState;
use serde_json::{Value, json};
use tests_engine::{Elsewhere, JSON, Signer, World, answer, failed, quick};

use crate::vault::newest_record;

/// What the server says next.
struct Issuer {
    /// The ID token of the next replies.
    id_token: Option<String>,
    /// The access token of the next replies; by default an opaque one.
    access_token: Option<String>,
    /// What it publishes as its keys.
    keys: String,
    generation: u32,
    /// The API wants another scope.
    wants_more: bool,
}

impl Issuer {
    fn reply(&mut self, request: &str) -> String {
        if request.starts_with("GET /keys") {
            return answer(200, &[], &self.keys);
        }
        if request.starts_with("GET") {
            let challenge = (
                "WWW-Authenticate",
                "Bearer error=\"insufficient_scope\", scope=\"admin\"",
            );
            return if self.wants_more {
                answer(403, &[challenge], "")
            } else {
                answer(200, &[], "{}")
            };
        }
        self.generation += 1;
        let n = self.generation;
        let access_token = self.access_token.clone();
        let mut body = json!({
            "access_token": access_token.unwrap_or_else(|| format!("a{n}")),
            "refresh_token": format!("r{n}"), "expires_in": 60,
        });
        if let Some(token) = &self.id_token {
            body["id_token"] = token.as_str().into();
        }
        answer(200, &[], &body.to_string())
    }
}

/// A world whose session is at an issuer of its own.
struct Checked {
    world: World,
    elsewhere: Elsewhere,
    issuer: Arc<Mutex<Issuer>>,
    signer: Signer,
}

impl Checked {
    async fn new() -> Self {
        let signer = Signer::new("k-1");
        let issuer = Arc::new(Mutex::new(Issuer {
            id_token: None,
            access_token: None,
            keys: json!({ "keys": [signer.jwk()] }).to_string(),
            generation: 0,
            wants_more: false,
        }));
        let elsewhere = Elsewhere::start({
            let issuer = Arc::clone(&issuer);
            move |request| issuer.lock().expect("no panic").reply(request)
        })
        .await;
        let origin = &elsewhere.origin;
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\nissuer = \"{origin}\"\ntoken_endpoint = \"{origin}/token\"\njwks_uri = \"{origin}/keys\"\nclient_id = \"desktop\"\n"
        );
        let world = World::with_session(quick(), &file).await;
        Self {
            world,
            elsewhere,
            issuer,
            signer,
        }
    }

    fn issuer(&self) -> MutexGuard<'_, Issuer> {
        self.issuer.lock().expect("no panic")
    }

    fn claims(&self, sub: &str) -> Value {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        json!({
            "iss": self.elsewhere.origin, "aud": "desktop", "sub": sub,
            "iat": now.as_secs(), "exp": now.as_secs() + 300,
        })
    }

    /// What comes with the next tokens.
    fn next(&self, id_token: impl Into<String>) {
        self.issuer().id_token = Some(id_token.into());
    }

    fn good(&self, sub: &str) -> String {
        self.signer.sign(&json!({}), &self.claims(sub))
    }

    async fn sign_in(&self) -> sandglass_engine::error::Result<()> {
        let credentials = Credentials::RefreshToken {
            refresh_token: "r0".into(),
            client: ClientSecrets::default(),
        };
        self.world.engine.sign_in(JSON, credentials).await
    }

    async fn refresh(&self) {
        self.world.engine.refresh(JSON).await.expect("refreshed");
    }

    /// The rules by which ID tokens were judged, once there are so many.
    async fn judged(&self, count: usize) -> Vec<String> {
        let rules = || -> Vec<String> {
            let rule = |fact: &Fact| match fact {
                Fact::IdTokenChecked { rule_id, .. } => Some(rule_id.clone()),
                _ => None,
            };
            let events = self.world.events();
            events
                .iter()
                .filter_map(|event| rule(&event.fact))
                .collect()
        };
        self.world.until(|_| rules().len() >= count).await;
        rules()
    }

    fn key_calls(&self) -> usize {
        let lines = self.elsewhere.lines();
        lines.iter().filter(|line| *line == "GET /keys").count()
    }
}

/// Scenario 30.
#[tokio::test]
async fn a_bad_id_token_costs_no_refresh_token() {
    let checked = Checked::new().await;
    checked.next(checked.good("u-17"));
    checked.sign_in().await.expect("signed in");
    let mut expired = checked.claims("u-17");
    expired["exp"] = 1_000.into();
    let stranger = Signer::new("k-1");
    for (count, (bad, rule_id)) in [
        ("no token at all".to_owned(), "id_token.malformed"),
        (
            checked.signer.sign(&json!({}), &expired),
            "id_token.expired",
        ),
        (
            stranger.sign(&json!({}), &checked.claims("u-17")),
            "id_token.signature",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        checked.next(bad);
        checked.refresh().await;
        assert_eq!(
            checked.judged(count + 2).await.last().expect("one"),
            rule_id
        );
        let record = newest_record(&checked.world);
        let kept = format!("r{}", count + 2);
        assert_eq!(record["grant"]["refresh_token"], kept, "{rule_id}");
        assert_eq!(checked.world.session(JSON).state, StateName::Active);
    }
}

/// Scenario 92.
#[tokio::test]
async fn tokens_of_another_subject_are_not_committed() {
    let checked = Checked::new().await;
    checked.next(checked.good("u-17"));
    checked.sign_in().await.expect("signed in");
    checked.next(checked.good("u-18"));
    failed(checked.world.engine.refresh(JSON).await);
    let session = checked.world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::AccountMismatch))
    );
    assert_eq!(
        newest_record(&checked.world)["grant"]["refresh_token"],
        "r1"
    );
    assert_eq!(checked.world.count("AccountMismatch"), 1);
}

/// N41, at the door: what came with a bad ID token is not kept.
#[tokio::test]
async fn a_sign_in_with_a_bad_id_token_is_none() {
    let checked = Checked::new().await;
    let asked = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let stranger = Signer::new("k-1");
    let mut other_client = checked.claims("u-17");
    other_client["aud"] = "another".into();
    let mut other_issuer = checked.claims("u-17");
    other_issuer["iss"] = format!("{}/", checked.elsewhere.origin).into();
    let elsewhere = json!({ "jku": format!("{}/jku", asked.origin), "x5u": format!("{}/x5u", asked.origin), "jwk": stranger.jwk() });
    let own = |members: Value, claims: &Value| checked.signer.sign(&members, claims);
    for (bad, rule_id) in [
        (own(json!({}), &other_client), "id_token.audience"),
        (own(json!({}), &other_issuer), "id_token.issuer"),
        (
            own(json!({ "alg": "none" }), &checked.claims("u-17")),
            "id_token.algorithm",
        ),
        (
            own(json!({ "alg": "HS256" }), &checked.claims("u-17")),
            "id_token.algorithm",
        ),
        (
            own(json!({ "kid": "k-9" }), &checked.claims("u-17")),
            "id_token.unknown_key",
        ),
        (
            stranger.sign(&elsewhere, &checked.claims("u-17")),
            "id_token.signature",
        ),
    ] {
        checked.next(bad);
        let failure = failed(checked.sign_in().await);
        assert_eq!(
            (failure.code, failure.params["rule_id"].as_str()),
            (Code::IdTokenRefused, rule_id)
        );
        assert_eq!(checked.world.session(JSON).state, StateName::SignedOut);
    }
    assert_eq!(
        asked.requests(),
        [""; 0],
        "nobody whom a token names is asked"
    );
}

/// N41: a set that is too large is none, and a new key is asked for once.
#[tokio::test]
async fn keys_are_asked_for_when_they_are_needed() {
    let checked = Checked::new().await;
    let good_keys = checked.issuer().keys.clone();
    checked.issuer().keys = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    checked.next(checked.good("u-17"));
    checked.sign_in().await.expect("the claims are good");
    assert_eq!(checked.judged(1).await, ["id_token.signature_not_checked"]);
    checked.refresh().await;
    assert_eq!(checked.judged(2).await[1], "id_token.signature_not_checked");
    assert_eq!(checked.key_calls(), 1, "not asked again at once");

    checked.issuer().keys = good_keys;
    checked
        .world
        .clock
        .advance(std::time::Duration::from_secs(61));
    checked.refresh().await;
    assert_eq!(checked.judged(3).await[2], "id_token.valid");
    checked.refresh().await;
    assert_eq!(checked.judged(4).await[3], "id_token.valid");
    assert_eq!(checked.key_calls(), 2, "known keys are not asked for");

    let newer = Signer::new("k-2");
    checked.issuer().keys = json!({ "keys": [newer.jwk()] }).to_string();
    checked.next(newer.sign(&json!({}), &checked.claims("u-17")));
    checked
        .world
        .clock
        .advance(std::time::Duration::from_secs(61));
    checked.refresh().await;
    assert_eq!(checked.judged(5).await[4], "id_token.valid");
    checked.next(newer.sign(&json!({ "kid": "k-3" }), &checked.claims("u-17")));
    checked.refresh().await;
    assert_eq!(checked.judged(6).await[5], "id_token.unknown_key");
    assert_eq!(checked.key_calls(), 3, "whatever names tokens make up");
}

/// Scenario 123.
#[tokio::test]
async fn a_step_up_that_brings_another_user_is_refused() {
    let checked = Checked::new().await;
    checked.next(checked.good("u-17"));
    checked.sign_in().await.expect("signed in");
    checked.issuer().wants_more = true;
    let draft = Draft {
        url: format!("{}/admin", checked.elsewhere.origin),
        ..checked.world.get("/", JSON)
    };
    checked.world.send(draft).await.expect("an answer");
    assert!(checked.world.session(JSON).step_up.is_some());
    checked.next(checked.good("u-18"));
    assert_eq!(failed(checked.sign_in().await).code, Code::AnotherAccount);
    let session = checked.world.session(JSON);
    assert_eq!((session.state, session.epoch), (StateName::Active, 1));
    assert_eq!(
        newest_record(&checked.world)["grant"]["refresh_token"],
        "r1"
    );
    checked.next(checked.good("u-17"));
    checked.sign_in().await.expect("the same user");
    assert_eq!(checked.world.session(JSON).epoch, 2);
    // Who signs out may come back as anybody.
    checked
        .world
        .engine
        .sign_out(JSON)
        .await
        .expect("signed out");
    checked.next(checked.good("u-18"));
    checked.sign_in().await.expect("signed in");
}

#[tokio::test]
async fn the_signature_of_an_access_token_is_checked_for_who_looks_at_it() {
    let checked = Checked::new().await;
    checked.sign_in().await.expect("signed in");
    let state = || async {
        let state = checked.world.engine.token_signature(JSON).await;
        state.expect("the session is known")
    };
    assert_eq!(state().await, SignatureState::NotChecked, "it is opaque");
    let signed = |signer: &Signer| signer.sign(&json!({}), &json!({ "sub": "u-17" }));
    for (signer, expected) in [
        (
            &checked.signer,
            SignatureState::Valid {
                key_id: Some("k-1".to_owned()),
            },
        ),
        (&Signer::new("k-1"), SignatureState::DoesNotMatch),
    ] {
        checked.issuer().access_token = Some(signed(signer));
        checked.refresh().await;
        assert_eq!(state().await, expected);
    }
}
