//! For whom a token is, who issued it, what it permits, and how it was sent.

use sandglass_demo::{Fault, Place};
use sandglass_engine::verdict::explanation::Explanation;
use serde_json::{Value, json};
use tests_engine::{JSON, World};

use super::{Situation, busy, claiming, reply, replying, silence, situations, why, why_of, world};

pub(super) const TABLE: &[Situation] = situations! {
    "another audience, and the API says so" => "token.audience_said" by claimed(json!({"aud": "https://api.other.test"}), false);
    "another audience, and the API gives no reason" => "token.audience" by claimed(json!({"aud": "https://api.other.test"}), true);
    "an audience that is no address, without a reason" => "token.fresh_refused" by claimed(json!({"aud": "other-api"}), true);
    "another issuer, and the API says so" => "token.issuer_said" by claimed(json!({"iss": "https://id.other.test"}), false);
    "another issuer than the one the API names" => "token.issuer" by issuer_named();
    "the token of a test environment at the real API" => "environment.wrong" by environment();
    "an ID Token for an API" => "token.identity" by claimed(json!({"aud": "desktop", "nonce": "n-1"}), true);
    "a key-bound token as a bearer" => "token.bound" by bound();
    "the signature is not trusted" => "token.signature_said" by told("Bearer error=\"invalid_token\", error_description=\"The signature cannot be verified\"");
    "the API cannot read the token" => "token.malformed_said" by told("Bearer error=\"invalid_token\", error_description=\"jwt malformed\"");
    "the reason stands in the body only" => "token.audience_said" by in_the_body();
    "a fresh token is refused without a reason" => "token.fresh_refused" by told("Bearer error=\"invalid_token\"");
    "a scope is missing" => "scope.missing" by scope_missing();
    "a stronger sign-in is wanted" => "step_up.authentication" by told("Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\", max_age=\"60\"");
    "a nonce is wanted" => "nonce.needed" by told("DPoP error=\"use_dpop_nonce\"");
    "proofs of possession only" => "scheme.dpop" by told("DPoP error=\"invalid_token\", algs=\"ES256\"");
    "other credentials than tokens" => "scheme.other" by told("Basic realm=\"office\"");
    "the request itself is wrong" => "request.invalid" by invalid_request();
    "known, and not permitted" => "rights.missing" by not_permitted();
    "refused with 403, and nothing known of before" => "refusal.unexplained" by forbidden_at_once();
    "a bare 401 while no refresh gets through" => "refusal.unexplained" by bare_and_busy();
    "expired or revoked, it says, and no refresh gets through" => "refusal.unexplained" by two_reasons();
};

async fn claimed(claims: Value, silent: bool) -> Explanation {
    let world = World::new().await;
    claiming(&world, claims).await;
    if silent {
        silence(&world);
    }
    why(&world).await
}

async fn told(challenge: &str) -> Explanation {
    let world = world().await;
    replying(&world, 401, &[("WWW-Authenticate", challenge)], "");
    why(&world).await
}

async fn issuer_named() -> Explanation {
    let world = World::new().await;
    claiming(&world, json!({ "iss": "https://id.other.test" })).await;
    let challenge = "Bearer authorization_uri=\"https://login.acme.test/authorize\"";
    replying(&world, 401, &[("WWW-Authenticate", challenge)], "");
    why(&world).await
}

async fn environment() -> Explanation {
    let world = World::new().await;
    claiming(&world, json!({ "iss": "https://id.staging.acme.test" })).await;
    let challenge = "Bearer realm=\"api.acme.test\", error=\"invalid_token\"";
    replying(&world, 401, &[("WWW-Authenticate", challenge)], "");
    why(&world).await
}

async fn bound() -> Explanation {
    let world = World::new().await;
    claiming(&world, json!({ "cnf": { "jkt": "a-thumbprint" } })).await;
    let challenge = "Bearer error=\"invalid_token\"";
    replying(&world, 401, &[("WWW-Authenticate", challenge)], "");
    why(&world).await
}

async fn in_the_body() -> Explanation {
    let world = world().await;
    let body = r#"{"error": {"code": "Unauthorized", "message": "Audience validation failed"}}"#;
    replying(&world, 401, &[("Content-Type", "application/json")], body);
    why(&world).await
}

async fn scope_missing() -> Explanation {
    let world = world().await;
    // The demo grants `admin` once, at sign-in: the refresh loses it.
    world.engine.refresh(JSON).await.expect("refreshed");
    why_of(&world, world.get("/admin", JSON)).await
}

async fn invalid_request() -> Explanation {
    let world = world().await;
    let challenge = "Bearer error=\"invalid_request\", error_description=\"limit is no number\"";
    replying(&world, 400, &[("WWW-Authenticate", challenge)], "");
    why(&world).await
}

async fn not_permitted() -> Explanation {
    let world = world().await;
    world.orders(JSON).await;
    replying(&world, 403, &[("Content-Type", "application/json")], "{}");
    why(&world).await
}

async fn forbidden_at_once() -> Explanation {
    let world = world().await;
    replying(&world, 403, &[("Content-Type", "application/json")], "{}");
    why(&world).await
}

async fn bare_and_busy() -> Explanation {
    let world = world().await;
    busy(&world);
    world
        .demo
        .faults()
        .set(Place::Api, Fault::once(reply(401, &[], "")));
    why(&world).await
}

async fn two_reasons() -> Explanation {
    let world = world().await;
    busy(&world);
    let words =
        "Bearer error=\"invalid_token\", error_description=\"The token is expired or revoked\"";
    replying(&world, 401, &[("WWW-Authenticate", words)], "");
    why(&world).await
}
