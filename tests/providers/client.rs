//! A bare OAuth client: it redeems a code with PKCE, and refreshes once, so that the engine has something to be compared with.

use crate::browser;
use crate::provider::Addresses;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use ureq::http::Request;
use url::Url;

/// The port is any: the provider registers loopback addresses without one (RFC 8252, section 7.3), and nobody listens.
const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// A client the provider knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) secret: Option<&'static str>,
}

pub(crate) const DESKTOP: Client = Client {
    id: "desktop",
    secret: None,
};
pub(crate) const WEB_BASIC: Client = Client {
    id: "web-basic",
    secret: Some("web-basic-secret"),
};

/// What a token reply has in it that a test looks at.
#[derive(Deserialize)]
pub(crate) struct Pair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: u64,
}

impl Client {
    /// Signs in as a person with a browser would, and redeems the code.
    pub(crate) fn sign_in(&self, provider: &Addresses) -> Pair {
        let (verifier, state) = (random(), random());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut authorization = Url::parse(&provider.issuer).expect("the issuer is an address");
        authorization.set_path("/auth");
        // A refresh token comes only with offline_access and a consent that was asked for (OpenID Connect Core, section 11).
        authorization.query_pairs_mut().extend_pairs([
            ("client_id", self.id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("prompt", "consent"),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let back = browser::sign_in(&authorization, REDIRECT);
        let query = |name: &str| {
            let mut pairs = back.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(query("state"), Some(state), "the answer is ours");
        let code = query("code").expect("a code");
        let (status, reply) = self.token_call(
            provider,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT),
                ("code_verifier", &verifier),
            ],
        );
        assert_eq!(status, 200, "{}", reply["error"]);
        serde_json::from_value(reply).expect("a pair of tokens")
    }

    /// One refresh: the status, and the reply.
    pub(crate) fn refresh(&self, provider: &Addresses, token: &str) -> (u16, Value) {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.token_call(provider, &fields)
    }

    fn token_call(&self, provider: &Addresses, fields: &[(&str, &str)]) -> (u16, Value) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut request = Request::post(&provider.token_endpoint)
            .header("content-type", "application/x-www-form-urlencoded");
        match self.secret {
            None => {
                form.append_pair("client_id", self.id);
            }
            Some(secret) => {
                let pair = STANDARD.encode(format!("{}:{secret}", self.id));
                request = request.header("authorization", format!("Basic {pair}"));
            }
        }
        let request = request.body(form.finish()).expect("a request");
        let mut response = browser::agent().run(request).expect("an answer");
        let reply = response.body_mut().read_json().expect("JSON");
        (response.status().as_u16(), reply)
    }
}

/// What the API answers to a token.
pub(crate) fn api_status(provider: &Addresses, token: &str) -> u16 {
    let request = Request::get(&provider.api)
        .header("authorization", format!("Bearer {token}"))
        .body(())
        .expect("a request");
    let response = browser::agent().run(request).expect("an answer");
    response.status().as_u16()
}

fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system can give random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
