//! Tokens that are bound to a key (RFC 9449), at a server that checks every proof with a hand of its own.

use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, LoginCause, ReplyClass, StateName};
use sandglass_engine::token::scheme::Scheme;
use sandglass_engine::vault::Store;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests_engine::{Elsewhere, JSON, Signer, World, answer, failed, quick};

use crate::vault::{items, newest_record};

/// What the server wants, and what it has seen.
#[derive(Default)]
struct Server {
    /// The nonce that the token endpoint wants.
    token_nonce: Option<&'static str>,
    /// The nonce that the API wants.
    api_nonce: Option<&'static str>,
    /// The nonce that a good answer of the API brings; the API wants it from then on.
    next_nonce: Option<&'static str>,
    /// The API asks for a nonce whatever was sent.
    never_content: bool,
    /// The token that was given last has expired.
    expired: bool,
    /// What tokens are called.
    token_type: &'static str,
    generation: u32,
    key: Option<Value>,
    /// The claims of all proofs, in order.
    proofs: Vec<Value>,
    /// What was wrong with a proof. Nothing ever may be.
    wrong: Vec<String>,
}

impl Server {
    fn reply(&mut self, request: &str) -> String {
        let target = request.lines().next().unwrap_or_default();
        let (method, path) = target
            .trim_end_matches(" HTTP/1.1")
            .split_once(' ')
            .unwrap_or_default();
        let token = header(request, "authorization").unwrap_or_default();
        let proof = match self.check(request, method, path, token) {
            Ok(proof) => proof,
            Err(wrong) => {
                self.wrong.push(format!("{target}: {wrong}"));
                return answer(400, &[], "");
            }
        };
        let nonce = proof["nonce"].as_str().map(str::to_owned);
        self.proofs.push(proof);
        match path.split('?').next() {
            Some("/token") => self.token(request, nonce.as_deref()),
            Some("/old") => answer(307, &[("Location", "/orders?page=2#top")], ""),
            _ => self.api(token, nonce.as_deref()),
        }
    }

    /// The proof of a request, if it is one: signed by the one key, for this request, never seen, with the token's hash.
    fn check(
        &mut self,
        request: &str,
        method: &str,
        path: &str,
        token: &str,
    ) -> Result<Value, String> {
        let text = header(request, "dpop").ok_or("no proof")?;
        let parts: Vec<&str> = text.split('.').collect();
        let [head, claims, signature] = parts[..] else {
            return Err("no JWS".to_owned());
        };
        let bytes = |part: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|error| error.to_string())
        };
        let read = |part: &str| -> Result<Value, String> {
            serde_json::from_slice(&bytes(part)?).map_err(|error| error.to_string())
        };
        let (head, proof) = (read(head)?, read(claims)?);
        if (&head["typ"], &head["alg"]) != (&json!("dpop+jwt"), &json!("ES256")) {
            return Err(format!("header {head}"));
        }
        let jwk = &head["jwk"];
        if jwk.get("d").is_some() || *self.key.get_or_insert_with(|| jwk.clone()) != *jwk {
            return Err("another key".to_owned());
        }
        let coordinate = |name: &str| bytes(jwk[name].as_str().unwrap_or_default());
        let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
        let signed = text.rsplit_once('.').expect("it has parts").0;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &bytes(signature)?)
            .map_err(|_| "bad signature")?;
        let host = header(request, "host").unwrap_or_default();
        let target = format!(
            "http://{host}{}",
            path.split('?').next().unwrap_or_default()
        );
        if (&proof["htm"], &proof["htu"]) != (&json!(method), &json!(target)) {
            return Err(format!("for another request: {proof}"));
        }
        if self.proofs.iter().any(|seen| seen["jti"] == proof["jti"]) {
            return Err("seen before".to_owned());
        }
        let hash = token
            .split_once(' ')
            .map(|(_, token)| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        let hash = hash.filter(|_| path != "/token");
        if proof["ath"].as_str() != hash.as_deref() {
            return Err(format!("for another token: {proof}"));
        }
        Ok(proof)
    }

    fn token(&mut self, request: &str, nonce: Option<&str>) -> String {
        if let Some(wanted) = self.token_nonce
            && nonce != Some(wanted)
        {
            let error = r#"{"error":"use_dpop_nonce"}"#;
            return answer(400, &[("DPoP-Nonce", wanted)], error);
        }
        if !request.contains(&format!("refresh_token=r{}", self.generation)) {
            return answer(400, &[], r#"{"error":"invalid_grant"}"#);
        }
        self.generation += 1;
        self.expired = false;
        let (n, kind) = (self.generation, self.token_type);
        let body = json!({ "access_token": format!("a{n}"), "refresh_token": format!("r{n}"), "token_type": kind, "expires_in": 60 });
        answer(200, &[], &body.to_string())
    }

    fn api(&mut self, token: &str, nonce: Option<&str>) -> String {
        if let Some(wanted) = self.api_nonce
            && (nonce != Some(wanted) || self.never_content)
        {
            let challenge = (
                "WWW-Authenticate",
                "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"",
            );
            return answer(401, &[challenge, ("DPoP-Nonce", wanted)], "");
        }
        if self.expired || token != format!("DPoP a{}", self.generation) {
            let challenge = ("WWW-Authenticate", "DPoP error=\"invalid_token\"");
            return answer(401, &[challenge], "");
        }
        match self.next_nonce.take() {
            None => answer(200, &[], "{}"),
            Some(next) => {
                self.api_nonce = Some(next);
                answer(200, &[("DPoP-Nonce", next)], "{}")
            }
        }
    }
}

fn header<'a>(request: &'a str, wanted: &str) -> Option<&'a str> {
    let lines = request.lines().skip(1).take_while(|line| !line.is_empty());
    let mut pairs = lines.filter_map(|line| line.split_once(": "));
    pairs
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
}

/// A world whose session is bound to a key, at a server of its own.
struct Bound {
    world: World,
    elsewhere: Elsewhere,
    server: Arc<Mutex<Server>>,
}

impl Bound {
    async fn new(keys: &str) -> Self {
        let server = Arc::new(Mutex::new(Server {
            token_type: "DPoP",
            ..Server::default()
        }));
        let elsewhere = Elsewhere::start({
            let server = Arc::clone(&server);
            move |request| server.lock().expect("no panic").reply(request)
        })
        .await;
        let origin = &elsewhere.origin;
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/token\"\nclient_id = \"desktop\"\ndpop = true\n{keys}"
        );
        let world = World::with_session(quick(), &file).await;
        Self {
            world,
            elsewhere,
            server,
        }
    }

    async fn signed_in() -> Self {
        let bound = Self::new("").await;
        bound.sign_in(ClientSecrets::default()).await;
        bound
    }

    async fn sign_in(&self, client: ClientSecrets) {
        let credentials = Credentials::RefreshToken {
            refresh_token: "r0".into(),
            client,
        };
        let signed_in = self.world.engine.sign_in(JSON, credentials).await;
        signed_in.expect("the server knows the token");
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().expect("no panic")
    }

    async fn get(&self, path: &str) -> u16 {
        let draft = Draft {
            url: format!("{}{path}", self.elsewhere.origin),
            ..self.world.get("/", JSON)
        };
        self.world.send(draft).await.expect("an answer").status
    }

    /// How many calls of the token endpoint and of the API there were, after all proofs were found good.
    fn calls(&self) -> (usize, usize) {
        assert_eq!(self.server().wrong, [""; 0]);
        let lines = self.elsewhere.lines();
        let tokens = lines.iter().filter(|line| *line == "POST /token").count();
        (tokens, lines.len() - tokens)
    }

    /// The rules by which requests were, or were not, repeated.
    fn repeats(&self) -> Vec<String> {
        let rule = |fact: &Fact| match fact {
            Fact::RetryDecided { rule_id, .. } => Some(rule_id.clone()),
            _ => None,
        };
        let events = self.world.events();
        events
            .iter()
            .filter_map(|event| rule(&event.fact))
            .collect()
    }
}

/// Scenarios 58 and 61.
#[tokio::test]
async fn a_nonce_that_the_api_wants_is_signed_and_kept() {
    let bound = Bound::signed_in().await;
    bound.server().api_nonce = Some("n-1");
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(
        bound.calls(),
        (1, 2),
        "signed again, and no token asked for"
    );
    assert_eq!(bound.repeats(), ["nonce.sign_again"]);
    assert_eq!(bound.get("/orders?page=2").await, 200);
    assert_eq!(bound.calls(), (1, 3), "the nonce was kept");
    let token = bound
        .world
        .engine
        .token(JSON)
        .expect("known")
        .expect("there");
    assert_eq!(token.scheme, Scheme::Dpop);
}

/// Scenario 59.
#[tokio::test]
async fn a_nonce_and_a_token_that_are_both_wrong_are_both_mended() {
    let bound = Bound::signed_in().await;
    {
        let mut server = bound.server();
        server.api_nonce = Some("n-1");
        server.expired = true;
    }
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(bound.repeats(), ["nonce.sign_again", "flight.start"]);
    assert_eq!(bound.calls(), (2, 3));
}

/// Scenario 60.
#[tokio::test]
async fn a_stale_nonce_is_replaced_and_the_same_one_is_not_sent_twice() {
    let bound = Bound::signed_in().await;
    bound.server().api_nonce = Some("n-1");
    assert_eq!(bound.get("/orders").await, 200);
    bound.server().api_nonce = Some("n-2");
    assert_eq!(
        bound.get("/orders").await,
        200,
        "the one that was kept is stale"
    );
    let before = bound.calls();
    bound.server().never_content = true;
    assert_eq!(bound.get("/orders").await, 401);
    assert_eq!(
        bound.calls(),
        (before.0, before.1 + 1),
        "it had the nonce that was asked for"
    );
    // A server that asks for another one each time is answered once.
    bound.server().api_nonce = Some("n-3");
    assert_eq!(bound.get("/orders").await, 401);
    assert_eq!(bound.calls(), (before.0, before.1 + 3));
}

/// Scenario 61.
#[tokio::test]
async fn a_nonce_is_taken_from_a_good_answer_and_from_that_of_the_retry() {
    let bound = Bound::signed_in().await;
    bound.server().next_nonce = Some("n-1");
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(bound.calls(), (1, 2), "nothing was asked for twice");
    {
        let mut server = bound.server();
        server.api_nonce = Some("n-2");
        server.next_nonce = Some("n-3");
    }
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(
        bound.calls(),
        (1, 5),
        "the retry's answer had brought the next one"
    );
}

/// Scenario 91.
#[tokio::test]
async fn the_type_of_each_token_decides_how_it_is_sent() {
    let bound = Bound::new("").await;
    bound.server().token_type = "Bearer";
    bound.sign_in(ClientSecrets::default()).await;
    let token = || {
        bound
            .world
            .engine
            .token(JSON)
            .expect("known")
            .expect("there")
    };
    assert_eq!(token().scheme, Scheme::Bearer);
    bound.server().token_type = "DPoP";
    bound.world.engine.refresh(JSON).await.expect("refreshed");
    assert_eq!(token().scheme, Scheme::Dpop);
    assert_eq!(bound.get("/orders").await, 200);
    bound.server().token_type = "mac";
    assert_eq!(
        failed(bound.world.engine.refresh(JSON).await).code,
        Code::ReplyMalformed
    );
    assert_eq!(
        newest_record(&bound.world)["grant"]["refresh_token"],
        "r3",
        "kept, whatever the access token is"
    );
}

/// Scenario 94.
#[tokio::test]
async fn a_lost_key_ends_the_session_without_an_exchange() {
    let mut bound = Bound::signed_in().await;
    let calls = bound.calls();
    bound.world.engine.shut_down().await;
    for (name, item) in items(&bound.world) {
        let Ok(mut record) = serde_json::from_slice::<Value>(&item) else {
            continue;
        };
        record["grant"]["proof_key"] = Value::Null;
        let mut store = bound.world.store.clone();
        store
            .write(&name, record.to_string().as_bytes())
            .expect("memory takes it");
    }
    bound.world.restart().await;
    let session = bound.world.session(JSON);
    assert_eq!(
        (session.state, session.login_cause),
        (StateName::LoginRequired, Some(LoginCause::KeyLost))
    );
    let failure = failed(bound.world.engine.refresh(JSON).await);
    assert_eq!(failure.code, Code::SignInNeeded);
    let draft = Draft {
        url: format!("{}/orders", bound.elsewhere.origin),
        ..bound.world.get("/", JSON)
    };
    let failure = failed(bound.world.send(draft).await);
    assert_eq!(
        (failure.code, failure.params["cause"].as_str()),
        (Code::SignInNeeded, "key_lost")
    );
    assert_eq!(bound.calls(), calls, "nothing was sent");
    assert!(
        newest_record(&bound.world)["grant"]["refresh_token"].is_string(),
        "nothing was deleted"
    );
}

/// Scenario 95.
#[tokio::test]
async fn a_nonce_that_the_token_endpoint_wants_is_signed_inside_the_flight() {
    let bound = Bound::new("client_auth = \"private_key_jwt\"\n").await;
    let client = ClientSecrets {
        client_key: Some(Signer::new("k").pem().into()),
        ..ClientSecrets::default()
    };
    bound.server().token_nonce = Some("as-1");
    bound.sign_in(client).await;
    bound.server().token_nonce = Some("as-2");
    bound.server().expired = true;
    assert_eq!(bound.get("/orders").await, 200);
    assert_eq!(
        bound.calls(),
        (4, 2),
        "asked for twice, sent twice each time"
    );
    assert_eq!(bound.world.count("FlightStarted"), 1);

    let requests = bound.elsewhere.requests();
    let assertions: Vec<_> = requests
        .iter()
        .filter(|request| request.starts_with("POST"))
        .map(|request| {
            let form = request.rsplit("\r\n").next().unwrap_or_default();
            let mut fields = url::form_urlencoded::parse(form.as_bytes());
            let found = fields.find(|(name, _)| name == "client_assertion");
            found.expect("an assertion").1.into_owned()
        })
        .collect();
    let different: std::collections::HashSet<_> = assertions.iter().collect();
    assert_eq!(different.len(), 4, "an assertion is used once");
    let classes: Vec<_> = bound
        .world
        .events()
        .iter()
        .filter_map(|event| match event.fact {
            Fact::ExchangeReplied { class, .. } => Some(class),
            _ => None,
        })
        .collect();
    assert_eq!(
        classes,
        [
            ReplyClass::NonceNeeded,
            ReplyClass::Granted,
            ReplyClass::NonceNeeded,
            ReplyClass::Granted
        ]
    );
}

/// Scenario 105.
#[tokio::test]
async fn every_hop_of_a_redirect_has_a_proof_of_its_own() {
    let bound = Bound::signed_in().await;
    bound.server().api_nonce = Some("n-1");
    assert_eq!(bound.get("/old?from=here").await, 200);
    assert_eq!(
        bound.calls(),
        (1, 3),
        "the hop, its goal, and that one signed again"
    );
    let server = bound.server();
    let targets: Vec<_> = server.proofs[1..]
        .iter()
        .map(|proof| proof["htu"].as_str().unwrap_or_default())
        .collect();
    let at = |path: &str| format!("{}{path}", bound.elsewhere.origin);
    assert_eq!(targets, [at("/old"), at("/orders"), at("/orders")]);
}

/// Scenario 104, for tokens that are bound: another origin gets neither the token nor a proof.
#[tokio::test]
async fn a_proof_stays_on_its_origin() {
    let bound = Bound::signed_in().await;
    let away = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let origin = away.origin.clone();
    let leads = Elsewhere::start(move |_| answer(302, &[("Location", &origin)], "")).await;
    let draft = Draft {
        url: leads.origin.clone(),
        allow_without_token: true,
        ..bound.world.get("/", JSON)
    };
    assert_eq!(
        bound.world.send(draft).await.expect("an answer").status,
        200
    );
    for request in leads.requests().iter().chain(&away.requests()) {
        assert_eq!(header(request, "dpop"), None);
        assert_eq!(header(request, "authorization"), None);
    }
}
