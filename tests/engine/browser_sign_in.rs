//! Signing in through a browser, at a server that a test can make misbehave. The browser is a client of its own that follows
//! the link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandglass_engine::error::{Code, Failure};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{CallRefused, Fact, StateName};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests_engine::{Elsewhere, JSON, PATIENCE, Signer, World, answer, failed, quick};
use tokio::task::JoinHandle;
use url::Url;

/// The server's side of the sign-ins.
struct Server {
    /// What its metadata says besides, or instead.
    metadata: Value,
    /// What it adds to the claims of an ID token, or puts in their place.
    claims: Value,
    sub: String,
    /// The newest authorization request, and whether it was pushed.
    asked: BTreeMap<String, String>,
    pushed: bool,
    /// The forms that came to the token endpoint.
    redeemed: Vec<BTreeMap<String, String>>,
    signer: Signer,
    /// The scope of the next tokens. Absent: as asked for.
    granted: Option<String>,
    wants_more: Option<&'static str>,
}

impl Server {
    fn reply(&mut self, request: &str) -> String {
        let origin = format!(
            "http://{}",
            header(request, "host").expect("HTTP/1.1 has one")
        );
        let line = request.split(' ').nth(1).unwrap_or_default();
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        match path {
            "/.well-known/openid-configuration" => self.well_known(&origin),
            "/authorize" => {
                let form = form(query);
                if !self.pushed {
                    self.asked = form;
                }
                answer(200, &[], "sign in here")
            }
            "/par" => {
                (self.asked, self.pushed) = (form(body), true);
                let reply = json!({ "request_uri": "urn:ietf:params:oauth:request_uri:7", "expires_in": 60 });
                answer(201, &[], &reply.to_string())
            }
            "/keys" => answer(
                200,
                &[],
                &json!({ "keys": [self.signer.jwk()] }).to_string(),
            ),
            "/token" => self.tokens(&origin, form(body)),
            _ => match self.wants_more {
                Some(scope) => {
                    let challenge =
                        format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                    answer(403, &[("WWW-Authenticate", &challenge)], "")
                }
                None => answer(200, &[], "{}"),
            },
        }
    }

    fn well_known(&self, origin: &str) -> String {
        let mut metadata = json!({
            "issuer": origin,
            "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"),
            "jwks_uri": format!("{origin}/keys"),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        merge(&mut metadata, &self.metadata, origin);
        answer(200, &[], &metadata.to_string())
    }

    fn tokens(&mut self, origin: &str, form: BTreeMap<String, String>) -> String {
        let refused = |error: &str| answer(400, &[], &json!({ "error": error }).to_string());
        let number = self.redeemed.len() + 1;
        self.redeemed.push(form.clone());
        if form["grant_type"] == "authorization_code" {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
            let right = form["code"] == "the-code"
                && challenge == self.asked["code_challenge"]
                && form["redirect_uri"] == self.asked["redirect_uri"];
            if !right {
                return refused("invalid_grant");
            }
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        let mut claims = json!({
            "iss": origin, "aud": "desktop", "sub": self.sub, "iat": now, "exp": now + 300,
        });
        if let Some(nonce) = self.asked.get("nonce") {
            claims["nonce"] = nonce.as_str().into();
        }
        merge(&mut claims, &self.claims, origin);
        let mut reply = json!({
            "access_token": format!("a{number}"), "refresh_token": format!("r{number}"),
            "token_type": "Bearer", "expires_in": 60,
            "id_token": self.signer.sign(&json!({}), &claims),
        });
        if let Some(scope) = &self.granted {
            reply["scope"] = scope.as_str().into();
        }
        answer(200, &[], &reply.to_string())
    }
}

/// Adds members, or puts them in the place of others; a null takes one away, `ORIGIN` is the server's.
fn merge(into: &mut Value, from: &Value, origin: &str) {
    for (name, value) in from.as_object().into_iter().flatten() {
        if value.is_null() {
            into.as_object_mut().expect("an object").shift_remove(name);
        } else {
            let text = value.to_string().replace("ORIGIN", origin);
            into[name] = serde_json::from_str(&text).expect("JSON");
        }
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn form(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// A world whose session signs in through the browser.
struct Browsing {
    world: Arc<World>,
    elsewhere: Elsewhere,
    server: Arc<Mutex<Server>>,
}

type Signing = JoinHandle<Result<(), Failure>>;

impl Browsing {
    async fn new(keys: &str) -> Self {
        let server = Arc::new(Mutex::new(Server {
            metadata: json!({}),
            claims: json!({}),
            sub: "u-17".to_owned(),
            asked: BTreeMap::new(),
            pushed: false,
            redeemed: Vec::new(),
            signer: Signer::new("k-1"),
            granted: None,
            wants_more: None,
        }));
        let elsewhere = Elsewhere::start({
            let server = Arc::clone(&server);
            move |request| server.lock().expect("no panic").reply(request)
        })
        .await;
        let origin = &elsewhere.origin;
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\nissuer = \"{origin}\"\nclient_id = \"desktop\"\ngrant = \"authorization_code\"\nscope = \"openid read\"\n{keys}"
        );
        Self {
            world: Arc::new(World::with_session(quick(), &file).await),
            elsewhere,
            server,
        }
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().expect("no panic")
    }

    fn begin(&self) -> Signing {
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            let client = ClientSecrets::default();
            world
                .engine
                .sign_in(JSON, Credentials::Browser { client })
                .await
        })
    }

    /// The link, once the browser is waited for.
    async fn link(&self) -> Url {
        let search = async {
            loop {
                if let Some(link) = self.world.engine.sign_in_link(JSON) {
                    return link;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .expect("a link comes")
    }

    /// Goes to the link, and answers where the server would send the browser back to, without the answer.
    async fn arrive(&self) -> Url {
        let link = self.link().await.to_string();
        let arrived = tokio::task::spawn_blocking(move || ureq::get(&link).call());
        arrived.await.expect("no panic").expect("the page is there");
        Url::parse(&self.server().asked["redirect_uri"]).expect("an address")
    }

    /// The right answer of the server.
    fn right(&self, mut back: Url) -> Url {
        let state = self.server().asked["state"].clone();
        back.query_pairs_mut().extend_pairs([
            ("code", "the-code"),
            ("state", &state),
            ("iss", &self.elsewhere.origin),
        ]);
        back
    }

    async fn sign_in(&self) -> Result<(), Failure> {
        let signing = self.begin();
        let back = self.arrive().await;
        assert_eq!(call(self.right(back)).await, Some(200));
        signing.await.expect("no panic")
    }

    fn draft(&self) -> Draft {
        Draft {
            method: "GET".to_owned(),
            url: format!("{}/orders", self.elsewhere.origin),
            headers: Vec::new(),
            body: None,
            session: Some(JSON.to_owned()),
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        }
    }
}

/// The status of a GET. `None`: nobody is there.
async fn call(url: Url) -> Option<u16> {
    let called = tokio::task::spawn_blocking(move || match ureq::get(url.as_str()).call() {
        Ok(answer) => Some(answer.status().as_u16()),
        Err(ureq::Error::StatusCode(status)) => Some(status),
        Err(_) => None,
    });
    called.await.expect("no panic")
}

#[tokio::test]
async fn a_code_comes_back_to_this_machine_and_only_we_can_redeem_it() {
    let browsing = Browsing::new("resource = \"https://api.test\"\n").await;
    browsing.sign_in().await.expect("signed in");
    let session = browsing.world.session(JSON);
    assert_eq!(
        (session.state, session.generation),
        (StateName::Active, Some(1))
    );
    let sending = browsing
        .world
        .engine
        .send(browsing.draft())
        .expect("accepted");
    assert_eq!(sending.finished().await.expect("an answer").status, 200);
    let server = browsing.server();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "desktop"),
        ("scope", "openid read"),
        ("resource", "https://api.test"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(server.asked[name], value, "{name}");
    }
    let form = &server.redeemed[0];
    assert_eq!(form["resource"], "https://api.test");
    assert!(!form.contains_key("scope") && !form.contains_key("state"));
    // What the sign-in was told apart by is nowhere in what was told.
    let told = serde_json::to_string(&browsing.world.events()).expect("JSON");
    let secrets = [
        &server.asked["state"],
        &server.asked["nonce"],
        &server.asked["code_challenge"],
        &form["code_verifier"],
        &form["code"],
    ];
    for secret in secrets {
        assert!(!told.contains(secret.as_str()), "{secret}");
    }
    let kinds: Vec<String> = browsing
        .world
        .events()
        .iter()
        .map(|event| tests_engine::kind(&event.fact))
        .collect();
    let at = |kind: &str| kinds.iter().position(|known| known == kind).expect(kind);
    let story = [
        "SignInStarted",
        "BrowserAwaited",
        "CallbackTaken",
        "ExchangeSent",
        "IdTokenChecked",
        "Persisted",
        "SignedIn",
    ];
    assert!(story.is_sorted_by_key(|kind| at(kind)), "{kinds:?}");
}

/// N34, N35 and N36: forged answers change nothing, the right one counts once.
#[tokio::test]
async fn n34_n35_a_forged_answer_is_refused_and_the_right_one_still_counts() {
    let browsing = Browsing::new("").await;
    let signing = browsing.begin();
    let back = browsing.arrive().await;
    let mut forged = back.clone();
    forged.set_query(Some("code=evil&state=guessed"));
    let mut elsewhere = browsing.right(back.clone());
    elsewhere.set_host(Some("localhost")).expect("a host");
    for wrong in [forged, back.clone(), elsewhere] {
        assert_eq!(call(wrong).await, Some(400));
    }
    assert!(!signing.is_finished());
    assert_eq!(browsing.world.session(JSON).state, StateName::SignedOut);
    let right = browsing.right(back);
    assert_eq!(call(right.clone()).await, Some(200));
    signing.await.expect("no panic").expect("signed in");
    assert_eq!(call(right).await, None, "one success closes");
    let events = browsing.world.events();
    let reasons: Vec<CallRefused> = events
        .iter()
        .filter_map(|event| match event.fact {
            Fact::CallbackRefused { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [CallRefused::State, CallRefused::State, CallRefused::Host]
    );
    assert_eq!(browsing.server().redeemed.len(), 1);
}

/// N35: what comes too late finds nobody, and a sign-in that is stopped leaves no one behind either.
#[tokio::test]
async fn n35_a_late_answer_finds_nobody() {
    let mut browsing = Browsing::new("").await;
    let signing = browsing.begin();
    let back = browsing.arrive().await;
    browsing.world.engine.stop_sign_in(JSON);
    let failure = signing.await.expect("no panic").expect_err("stopped");
    assert_eq!(failure.code, Code::SignInStopped);
    assert_eq!(call(browsing.right(back)).await, None);
    assert_eq!(browsing.world.engine.sign_in_link(JSON), None);

    let world = Arc::get_mut(&mut browsing.world).expect("nobody else has it");
    world.limits.browser = Duration::from_millis(200);
    world.restart().await;
    let signing = browsing.begin();
    let back = browsing.arrive().await;
    let failure = signing.await.expect("no panic").expect_err("too late");
    assert_eq!(failure.code, Code::SignInTimedOut);
    assert_eq!(call(browsing.right(back)).await, None);
    assert_eq!(browsing.server().redeemed.len(), 0);
    assert_eq!(browsing.world.session(JSON).state, StateName::SignedOut);
}

/// N37: the answer of another server is not redeemed anywhere, and the session is as it was.
#[tokio::test]
async fn n37_an_answer_of_another_server_sends_no_code_anywhere() {
    let browsing = Browsing::new("").await;
    browsing.sign_in().await.expect("signed in");
    for issuer in [None, Some("https://evil.test"), Some("ORIGIN/")] {
        let signing = browsing.begin();
        let mut back = browsing.arrive().await;
        let state = browsing.server().asked["state"].clone();
        back.query_pairs_mut()
            .extend_pairs([("code", "the-code"), ("state", &state)]);
        if let Some(issuer) = issuer {
            let issuer = issuer.replace("ORIGIN", &browsing.elsewhere.origin);
            back.query_pairs_mut().append_pair("iss", &issuer);
        }
        assert_eq!(call(back).await, Some(200), "the page says the same to all");
        let failure = signing.await.expect("no panic").expect_err("refused");
        assert_eq!(failure.code, Code::SignInIssuerMismatch, "{issuer:?}");
        let session = browsing.world.session(JSON);
        assert_eq!((session.state, session.epoch), (StateName::Active, 1));
    }
    assert_eq!(browsing.server().redeemed.len(), 1, "the first sign-in's");
}

/// N40: a server that says it takes no S256 is told apart before anybody is sent there.
#[tokio::test]
async fn n40_a_server_without_s256_gets_no_sign_in() {
    let browsing = Browsing::new("").await;
    browsing.server().metadata = json!({ "code_challenge_methods_supported": ["plain"] });
    let failure = browsing
        .begin()
        .await
        .expect("no panic")
        .expect_err("refused");
    assert_eq!(failure.code, Code::SignInNoPkce);
    browsing.server().metadata = json!({ "code_challenge_methods_supported": null });
    let world = &browsing.world;
    world
        .engine
        .discover(&browsing.elsewhere.origin, Some(JSON))
        .await
        .expect("read");
    browsing.sign_in().await.expect("S256, unasked");
    assert_eq!(browsing.server().asked["code_challenge_method"], "S256");
}

/// N41, at a sign-in with a nonce: the tokens are thrown away with the ID token, and nothing is kept.
#[tokio::test]
async fn n41_a_sign_in_with_a_bad_id_token_keeps_nothing() {
    let browsing = Browsing::new("").await;
    for (claims, rule_id) in [
        (json!({ "nonce": "another" }), "id_token.nonce"),
        (json!({ "nonce": null }), "id_token.nonce"),
        (json!({ "aud": "another" }), "id_token.audience"),
        (json!({ "iss": "https://evil.test" }), "id_token.issuer"),
        (json!({ "exp": 7 }), "id_token.expired"),
    ] {
        browsing.server().claims = claims.clone();
        let failure = browsing.sign_in().await.expect_err("refused");
        assert_eq!(
            (failure.code, failure.params["rule_id"].as_str()),
            (Code::IdTokenRefused, rule_id),
            "{claims}"
        );
        assert_eq!(browsing.world.session(JSON).state, StateName::SignedOut);
    }
}

#[tokio::test]
async fn what_the_server_says_no_with_is_told_as_text() {
    let browsing = Browsing::new("").await;
    let signing = browsing.begin();
    let mut back = browsing.arrive().await;
    let state = browsing.server().asked["state"].clone();
    back.query_pairs_mut().extend_pairs([
        ("error", "access_denied"),
        ("error_description", "<b>No\u{1b}[2J</b>"),
        ("state", &state),
        ("iss", &browsing.elsewhere.origin),
    ]);
    assert_eq!(call(back).await, Some(200));
    let failure = signing.await.expect("no panic").expect_err("refused");
    assert_eq!(failure.code, Code::SignInRefused);
    assert_eq!(failure.params["error"], "access_denied");
    let description = &failure.params["error_description"];
    assert!(description.contains("<b>No") && !description.contains('\u{1b}'));
}

#[tokio::test]
async fn the_address_that_the_browser_ended_at_can_be_brought_by_hand() {
    let browsing = Browsing::new("").await;
    let signing = browsing.begin();
    let back = browsing.arrive().await;
    let engine = &browsing.world.engine;
    for wrong in [
        "",
        "hello",
        back.as_str(),
        "http://127.0.0.1/callback?code=the-code&state=guessed",
    ] {
        let failure = failed(engine.came_back(JSON, wrong));
        assert_eq!(failure.code, Code::SignInNotTheAnswer, "{wrong}");
    }
    let right = browsing.right(back);
    engine
        .came_back(JSON, &format!(" {right}\n"))
        .expect("it is the answer");
    signing.await.expect("no panic").expect("signed in");
    assert_eq!(browsing.world.session(JSON).state, StateName::Active);
}

/// RFC 9126: what is asked for does not go through the browser where the server takes it directly.
#[tokio::test]
async fn a_request_is_pushed_where_the_server_takes_it() {
    let browsing = Browsing::new("").await;
    browsing.server().metadata = json!({
        "pushed_authorization_request_endpoint": "ORIGIN/par",
        "require_pushed_authorization_requests": true,
    });
    let signing = browsing.begin();
    let link = browsing.link().await;
    let names: Vec<String> = link
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    let back = browsing.arrive().await;
    assert_eq!(call(browsing.right(back)).await, Some(200));
    signing.await.expect("no panic").expect("signed in");
    let server = browsing.server();
    assert!(server.pushed && server.asked["client_id"] == "desktop");
    assert_eq!(browsing.world.count("AuthorizationPushed"), 1);
}

#[tokio::test]
async fn a_server_that_refuses_what_is_pushed_says_why() {
    let browsing = Browsing::new("").await;
    browsing.server().metadata = json!({ "pushed_authorization_request_endpoint": "ORIGIN/keys" });
    let failure = browsing
        .begin()
        .await
        .expect("no panic")
        .expect_err("refused");
    assert_eq!(failure.code, Code::ReplyMalformed);
    assert_eq!(browsing.world.count("BrowserAwaited"), 0);
}

/// Scenario 124: a further sign-in asks for all scopes at once, over two step-ups, and a refresh does not give them back.
#[tokio::test]
async fn two_step_ups_ask_for_the_union_and_a_refresh_keeps_it() {
    let browsing = Browsing::new("").await;
    browsing.server().granted = Some("openid read".to_owned());
    browsing.sign_in().await.expect("signed in");
    let mut asked = "openid read".to_owned();
    for scope in ["write", "admin"] {
        browsing.server().wants_more = Some(scope);
        let sending = browsing.world.engine.send(browsing.draft());
        let answer = sending.expect("accepted").finished().await;
        assert_eq!(answer.expect("an answer").status, 403);
        browsing.server().wants_more = None;
        asked = format!("{asked} {scope}");
        browsing.server().granted = Some(asked.clone());
        browsing.sign_in().await.expect("signed in again");
        assert_eq!(browsing.server().asked["scope"], asked);
    }
    browsing
        .world
        .engine
        .refresh(JSON)
        .await
        .expect("refreshed");
    let server = browsing.server();
    let refresh = server.redeemed.last().expect("one");
    assert_eq!(refresh["grant_type"], "refresh_token");
    assert!(!refresh.contains_key("scope"), "all that was granted");
}

/// Scenario 123, through the browser: another user's tokens are not kept, and the session is as it was.
#[tokio::test]
async fn a_step_up_that_brings_another_user_is_refused() {
    let browsing = Browsing::new("").await;
    browsing.sign_in().await.expect("signed in");
    browsing.server().wants_more = Some("write");
    let sending = browsing.world.engine.send(browsing.draft());
    sending
        .expect("accepted")
        .finished()
        .await
        .expect("an answer");
    browsing.server().wants_more = None;
    browsing.server().sub = "u-18".to_owned();
    let failure = browsing.sign_in().await.expect_err("another user");
    assert_eq!(failure.code, Code::AnotherAccount);
    let session = browsing.world.session(JSON);
    assert_eq!((session.state, session.epoch), (StateName::Active, 1));
    let sending = browsing.world.engine.send(browsing.draft());
    let answer = sending.expect("accepted").finished().await;
    assert_eq!(answer.expect("as before").status, 200);
}

#[tokio::test]
async fn beginning_again_ends_the_sign_in_before() {
    let browsing = Browsing::new("").await;
    let first = browsing.begin();
    let _ = browsing.arrive().await;
    let second = browsing.begin();
    let failure = first.await.expect("no panic").expect_err("replaced");
    assert_eq!(failure.code, Code::SignInStopped);
    let back = browsing.arrive().await;
    assert_eq!(call(browsing.right(back)).await, Some(200));
    second.await.expect("no panic").expect("signed in");
}
