//! Every way in which a client proves itself, and tokens bound to a key with nonces on both sides, at a certified provider:
//! each through an expiry, its 401 and the retry.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandglass_engine::Engine;
use sandglass_engine::engine::Options;
use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::config::server::Offer;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, Kept, LoginCause, StateName};
use sandglass_engine::token::TokenKind;
use sandglass_engine::token::scheme::Scheme;
use sandglass_engine::workspace::Workspace;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests_engine::Signer;
use ureq::http::Request;
use url::Url;

use crate::browser;

/// Nobody listens there; the provider registers loopback addresses without a port.
const REDIRECT: &str = "http://127.0.0.1:9/callback";
const SESSION: &str = "proving";
/// How many expiries are lived through.
const EXPIRIES: u32 = 2;
/// Between two requests: many times within the 3 s of a token.
const PACE: Duration = Duration::from_millis(200);
/// The expiries take 6 s; a machine under load gets ten times that.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running provider and API. They end with this.
struct Proving {
    child: Child,
    at: Addresses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addresses {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    api: String,
    counts: String,
}

/// What both counted.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    token_calls: u32,
    /// Calls that were answered with a wish for a nonce.
    token_nonces: u32,
    token_errors: u32,
    api_ok: u32,
    api_nonces: u32,
    api_refused: u32,
    wrong_proofs: u32,
}

impl Proving {
    fn start(client: &Value) -> Self {
        let mut child = Command::new("node")
            .args(["proving.mjs", &json!([client]).to_string()])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node 20.19 or newer is on the path");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        let read = BufReader::new(stdout).read_line(&mut line);
        let at = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let at = at
            .expect("the provider starts; `node proving.mjs '[]'` in tests/providers says why not");
        Self { child, at }
    }

    fn counts(&self) -> Counts {
        let mut response = ureq::get(&self.at.counts).call().expect("the numbers");
        response.body_mut().read_json().expect("only numbers")
    }
}

impl Drop for Proving {
    fn drop(&mut self) {
        // It may have ended already, which is fine too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the client under test proves itself.
struct Client {
    method: &'static str,
    secret: Option<&'static str>,
    key: Option<Signer>,
    /// The key that its tokens are bound to.
    proof_key: Option<Signer>,
}

impl Client {
    /// What the provider registers.
    fn metadata(&self) -> Value {
        let mut metadata =
            json!({ "client_id": "under-test", "token_endpoint_auth_method": self.method });
        if let Some(secret) = self.secret {
            metadata["client_secret"] = secret.into();
        }
        if let Some(key) = &self.key {
            metadata["jwks"] = json!({ "keys": [key.jwk()] });
            metadata["token_endpoint_auth_signing_alg"] = "ES256".into();
        }
        if self.proof_key.is_some() {
            metadata["dpop_bound_access_tokens"] = true.into();
        }
        metadata
    }

    /// Signs in as a person with a browser would, without the engine: its first refresh token.
    fn sign_in(&self, at: &Addresses) -> String {
        let verifier = random();
        let mut authorization = Url::parse(&at.issuer).expect("the issuer is an address");
        authorization.set_path("/auth");
        authorization.query_pairs_mut().extend_pairs([
            ("client_id", "under-test"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("prompt", "consent"),
            (
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
            ),
            ("code_challenge_method", "S256"),
        ]);
        let back = browser::sign_in(&authorization, REDIRECT);
        let code = back.query_pairs().find(|(name, _)| name == "code");
        let code = code.expect("a code").1.into_owned();
        let mut nonce = None;
        loop {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT),
                ("code_verifier", &verifier),
                ("client_id", "under-test"),
            ]);
            if let Some(secret) = self.secret {
                form.append_pair("client_secret", secret);
            }
            if let Some(key) = &self.key {
                let claims = json!({ "iss": "under-test", "sub": "under-test", "aud": at.issuer, "jti": random(), "iat": now(), "exp": now() + 60 });
                form.append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                )
                .append_pair("client_assertion", &key.sign(&json!({}), &claims));
            }
            let mut request = Request::post(&at.token_endpoint)
                .header("content-type", "application/x-www-form-urlencoded");
            if let Some(key) = &self.proof_key {
                let header = json!({ "typ": "dpop+jwt", "jwk": key.jwk() });
                let mut claims = json!({ "jti": random(), "htm": "POST", "htu": at.token_endpoint, "iat": now() });
                if let Some(nonce) = &nonce {
                    claims["nonce"] = Value::clone(nonce);
                }
                request = request.header("dpop", key.sign(&header, &claims));
            }
            let request = request.body(form.finish()).expect("a request");
            let mut response = browser::agent().run(request).expect("an answer");
            let wanted = response.headers().get("dpop-nonce").cloned();
            let reply: Value = response.body_mut().read_json().expect("JSON");
            if reply["error"] == "use_dpop_nonce" && nonce.is_none() {
                let wanted = wanted.expect("the nonce that is wanted");
                nonce = Some(wanted.to_str().expect("text").into());
                continue;
            }
            let token = reply["refresh_token"].as_str();
            return token.unwrap_or_else(|| panic!("{reply}")).to_owned();
        }
    }

    /// What the engine is given.
    fn secrets(&self) -> ClientSecrets {
        let pem = |key: &Signer| key.pem().into();
        ClientSecrets {
            client_secret: self.secret.map(Into::into),
            client_key: self.key.as_ref().map(pem),
            dpop_key: self.proof_key.as_ref().map(pem),
            ..ClientSecrets::default()
        }
    }

    fn workspace(&self, at: &Addresses, way: Way) -> (tempfile::TempDir, Workspace) {
        let api = Url::parse(&at.api).expect("the API has an address");
        // The issuer alone is enough where it is asked.
        let named = match way {
            Way::HandedOver => format!(
                "token_endpoint = \"{}\"\njwks_uri = \"{}\"\n",
                at.token_endpoint, at.jwks_uri
            ),
            Way::Browser => {
                "grant = \"authorization_code\"\nscope = \"openid offline_access\"\n".to_owned()
            }
            Way::Device => {
                "grant = \"device_code\"\nscope = \"openid offline_access\"\n".to_owned()
            }
            Way::Itself => "grant = \"client_credentials\"\n".to_owned(),
        };
        let session = format!(
            "kind = \"oauth\"\norigins = [\"{}\"]\nissuer = \"{}\"\n{named}client_id = \"under-test\"\nclient_auth = \"{}\"\ndpop = {}\n",
            api.origin().ascii_serialization(),
            at.issuer,
            self.method,
            self.proof_key.is_some(),
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sessions = folder.path().join("sessions");
        std::fs::create_dir(&sessions).expect("a folder");
        let manifest = "version = 1\nname = \"Proving\"\n";
        std::fs::write(folder.path().join("workspace.toml"), manifest).expect("a file");
        std::fs::write(sessions.join(format!("{SESSION}.toml")), session).expect("a file");
        let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
        assert!(failures.is_empty(), "{failures:?}");
        (folder, workspace)
    }
}

fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system can give random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

/// How the session begins.
#[derive(Clone, Copy)]
enum Way {
    /// With a refresh token that somebody else got.
    HandedOver,
    /// Through the browser.
    Browser,
    /// With a code that is typed on another device.
    Device,
    /// As the client itself.
    Itself,
}

/// Signs in as a person with a browser does, and answers the redirect to this machine as a browser would.
async fn sign_in_by_browser(engine: &Engine, client: &Client) {
    let credentials = Credentials::Browser {
        client: ClientSecrets {
            dpop_key: None,
            ..client.secrets()
        },
    };
    let signing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.sign_in(SESSION, credentials).await }
    });
    let awaited = async {
        loop {
            let events = engine.timeline().events();
            let redirect = events.iter().find_map(|event| match &event.fact {
                Fact::BrowserAwaited { redirect, .. } => Some(redirect.clone()),
                _ => None,
            });
            if let (Some(redirect), Some(link)) = (redirect, engine.sign_in_link(SESSION)) {
                return (redirect, link);
            }
            assert!(!signing.is_finished(), "{events:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (redirect, link) = awaited.await;
    let page = tokio::task::spawn_blocking(move || {
        let back = browser::sign_in(&link, &redirect);
        let mut answer = ureq::get(back.as_str())
            .call()
            .expect("the listener answers");
        answer.body_mut().read_to_string().expect("a page")
    });
    let page = page.await.expect("no panic");
    assert!(page.contains("You can close this page"), "{page}");
    let signed_in = signing.await.expect("no panic");
    signed_in.expect("the provider took it all");
}

/// Says yes on another device as soon as there is a code.
async fn sign_in_on_a_device(engine: &Engine, client: &Client) {
    let credentials = Credentials::Device {
        client: ClientSecrets {
            dpop_key: None,
            ..client.secrets()
        },
    };
    let signing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.sign_in(SESSION, credentials).await }
    });
    let code = loop {
        if let Some(code) = engine.user_code(SESSION) {
            break code;
        }
        assert!(!signing.is_finished(), "{:?}", engine.timeline().events());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let said = tokio::task::spawn_blocking(move || browser::say_yes(code.link()));
    let page = said.await.expect("no panic");
    assert!(page.contains("Sign-in Success"), "{page}");
    let signed_in = signing.await.expect("no panic");
    signed_in.expect("the provider took it all");
}

/// What the provider says of the token and of the user, and that both end with a sign-out.
async fn ask_about_it(engine: &Engine, client: &Client) {
    let session = &engine.sessions()[0];
    let offers = [
        Offer::Introspection,
        Offer::Userinfo,
        Offer::Revocation,
        Offer::EndSession,
    ];
    assert_eq!(session.offers, offers);
    let said = engine.userinfo(SESSION).await.expect("it knows the user");
    assert_eq!(said.members["sub"], "ada");
    let asked = engine.introspect(SESSION, TokenKind::Refresh).await;
    let asked = asked.expect("a client may ask about its own");
    assert_eq!(asked.active(), Some(true), "{}", client.method);
    engine.sign_out(SESSION).await.expect("signed out");
    let revoked = async {
        loop {
            let events = engine.timeline().events();
            let answer = events.iter().find_map(|event| match event.fact {
                Fact::RevocationAnswered { revoked, .. } => Some(revoked),
                _ => None,
            });
            if let Some(revoked) = answer {
                return revoked;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(revoked.await, "as the same client");
}

async fn live_through_expiries(provider: &Proving, client: &Client, way: Way) {
    let (_folder, workspace) = client.workspace(&provider.at, way);
    let options = Options {
        kept: Kept::Memory,
        ..Options::default()
    };
    let engine = Engine::open(workspace, options).expect("an engine");
    match way {
        Way::HandedOver => {
            let credentials = Credentials::RefreshToken {
                refresh_token: client.sign_in(&provider.at).into(),
                client: client.secrets(),
            };
            let signed_in = engine.sign_in(SESSION, credentials).await;
            signed_in.expect("the refresh token is good");
        }
        Way::Browser => sign_in_by_browser(&engine, client).await,
        Way::Device => sign_in_on_a_device(&engine, client).await,
        Way::Itself => {
            let client = ClientSecrets {
                dpop_key: None,
                ..client.secrets()
            };
            let signed_in = engine
                .sign_in(SESSION, Credentials::Client { client })
                .await;
            signed_in.expect("the provider knows the client");
        }
    }
    let before = provider.counts();
    let draft = Draft {
        method: "GET".to_owned(),
        url: format!("{}?page=2", provider.at.api),
        headers: Vec::new(),
        body: None,
        session: Some(SESSION.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    let mut pace = tokio::time::interval(PACE);
    while provider.counts().api_refused < EXPIRIES {
        pace.tick().await;
        let send = engine
            .send(draft.clone())
            .expect("nothing is wrong with it");
        let answer = send.finished().await.expect("an answer");
        assert_eq!(answer.status, 200, "{:?}", answer.not_repeated);
    }
    let after = provider.counts();
    assert_eq!(
        (after.token_errors - before.token_errors, after.wrong_proofs),
        (0, 0),
        "{after:?}"
    );
    assert_eq!(after.api_refused, EXPIRIES, "one refusal for an expiry");
    let refreshes = after.token_calls - before.token_calls;
    let wishes = after.token_nonces - before.token_nonces;
    assert_eq!(
        refreshes - wishes,
        EXPIRIES,
        "one refresh for an expiry: {after:?}"
    );
    let token = engine.token(SESSION).expect("known").expect("there");
    let bound = client.proof_key.is_some();
    assert_eq!(token.scheme == Scheme::Dpop, bound);
    if bound {
        assert!(before.token_nonces > 0, "the provider wanted its nonce");
        assert_eq!(after.api_nonces, 1, "later ones came with good answers");
    }
    assert!(after.api_ok > EXPIRIES);
    let valid = |fact: &Fact| {
        matches!(
            fact,
            Fact::IdTokenChecked {
                valid: true,
                key_id: Some(_),
                ..
            }
        )
    };
    let checked = engine.timeline().events();
    assert!(
        checked.iter().any(|event| valid(&event.fact)) != matches!(way, Way::Itself),
        "the provider's ID token is good, by one of its keys; a client has none"
    );
    if matches!(way, Way::Browser) {
        ask_about_it(&engine, client).await;
    }
    engine.shut_down().await;
}

const SECRET: &str = "a-secret-that-is-long-enough-for-it";

fn client(method: &'static str, secret: Option<&'static str>, key: bool, bound: bool) -> Client {
    Client {
        method,
        secret,
        key: key.then(|| Signer::new("client-key")),
        proof_key: bound.then(|| Signer::new("unused: the engine makes its own")),
    }
}

fn check(client: &Client) {
    check_by(client, Way::HandedOver);
}

fn check_by(client: &Client, way: Way) {
    let provider = Proving::start(&client.metadata());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lived = runtime.block_on(async {
        tokio::time::timeout(DEADLINE, live_through_expiries(&provider, client, way)).await
    });
    lived.expect("two expiries of 3 s within the deadline");
}

#[test]
fn every_client_signs_in_through_the_browser_and_lives_through_expiries() {
    for (method, secret, key, bound) in [
        ("none", None, false, false),
        ("client_secret_basic", Some(SECRET), false, false),
        ("client_secret_post", Some(SECRET), false, false),
        ("private_key_jwt", None, true, false),
        ("none", None, false, true),
    ] {
        check_by(&client(method, secret, key, bound), Way::Browser);
    }
}

#[test]
fn a_client_lives_on_a_code_that_was_typed_on_another_device() {
    for (method, secret, key, bound) in [
        ("none", None, false, false),
        ("client_secret_basic", Some(SECRET), false, false),
        ("private_key_jwt", None, true, true),
    ] {
        check_by(&client(method, secret, key, bound), Way::Device);
    }
}

#[test]
fn a_client_that_acts_for_itself_asks_again_in_every_way_it_can_prove_itself() {
    for (method, secret, key, bound) in [
        ("client_secret_basic", Some(SECRET), false, false),
        ("client_secret_post", Some(SECRET), false, false),
        ("private_key_jwt", None, true, false),
        ("client_secret_basic", Some(SECRET), false, true),
    ] {
        check_by(&client(method, secret, key, bound), Way::Itself);
    }
}

/// Whoever uses a spent refresh token ends everything of its sign-in, and the engine says so.
#[test]
fn a_thief_who_uses_a_spent_token_is_told_by_the_next_refresh() {
    let owner = client("client_secret_post", Some(SECRET), false, false);
    let provider = Proving::start(&owner.metadata());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let story = async {
        let (_folder, workspace) = owner.workspace(&provider.at, Way::HandedOver);
        let options = Options {
            kept: Kept::Memory,
            ..Options::default()
        };
        let engine = Engine::open(workspace, options).expect("an engine");
        let first = owner.sign_in(&provider.at);
        let credentials = Credentials::RefreshToken {
            refresh_token: first.clone().into(),
            client: owner.secrets(),
        };
        let signed_in = engine.sign_in(SESSION, credentials).await;
        signed_in.expect("the refresh token is good");
        engine.refresh(SESSION).await.expect("refreshed");
        let form = format!(
            "grant_type=refresh_token&refresh_token={first}&client_id=under-test&client_secret={SECRET}"
        );
        let request = Request::post(&provider.at.token_endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .expect("a request");
        let stolen = tokio::task::block_in_place(|| browser::agent().run(request));
        assert_eq!(stolen.expect("an answer").status(), 400);
        let failure = engine.refresh(SESSION).await.expect_err("it is over");
        assert_eq!(failure.code, Code::RefreshInvalidGrant);
        let session = &engine.sessions()[0];
        // What is left of the access token is used up, where the provider lets it.
        let over = matches!(
            session.state,
            StateName::Degraded | StateName::LoginRequired
        );
        assert!(over, "{:?}", session.state);
        assert_eq!(session.login_cause, Some(LoginCause::InvalidGrant));
        engine.shut_down().await;
    };
    let told = runtime.block_on(async { tokio::time::timeout(DEADLINE, story).await });
    told.expect("within the deadline");
}

#[test]
fn a_client_whose_secret_goes_in_the_body_lives_through_expiries() {
    check(&Client {
        method: "client_secret_post",
        secret: Some("a secret & more: 100%"),
        key: None,
        proof_key: None,
    });
}

#[test]
fn a_client_that_signs_assertions_lives_through_expiries() {
    check(&Client {
        method: "private_key_jwt",
        secret: None,
        key: Some(Signer::new("client-key")),
        proof_key: None,
    });
}

/// Scenarios 58, 61 and 95, at a provider that others wrote.
#[test]
fn a_public_client_with_bound_tokens_lives_through_expiries_and_nonces() {
    check(&Client {
        method: "none",
        secret: None,
        key: None,
        proof_key: Some(Signer::new("proof-key")),
    });
}

/// Scenario 95, at a provider that others wrote.
#[test]
fn assertions_and_proofs_go_together() {
    check(&Client {
        method: "private_key_jwt",
        secret: None,
        key: Some(Signer::new("client-key")),
        proof_key: Some(Signer::new("proof-key")),
    });
}
