//! What the user typed.

use sandglass_demo::{Act, DEMO_PASSWORD, DEMO_USER, Fault, Place};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::verdict::explanation::Explanation;
use serde_json::json;
use tests_engine::{JSON, witness};

use super::{Situation, replying, situations, why_of, with, world};

pub(super) const TABLE: &[Situation] = situations! {
    "a token of one's own, which is none" => "typed.instead" by typed("Bearer something-else");
    "no scheme in front" => "typed.no_scheme" by typed("something-else");
    "nothing behind the scheme" => "typed.empty" by typed("Bearer ");
    "the scheme twice" => "typed.doubled_scheme" by typed("Bearer Bearer something-else");
    "an example instead of a token" => "typed.placeholder" by typed("Bearer YOUR_TOKEN");
    "a token in quotes" => "typed.quoted" by typed("Bearer \"something-else\"");
    "a scheme that the API does not name" => "typed.wrong_scheme" by typed("Basic YWRhOmhvdXJnbGFzcw==");
    "two headers" => "typed.several" by two_headers();
    "a token of one's own that ran out" => "typed.expired" by ran_out();
    "a token in the address as well" => "token.twice" by in_the_address();
    "a token in the address as well, and no reason" => "token.twice" by in_the_address_bare();
};

async fn typed(value: &str) -> Explanation {
    let world = world().await;
    // Only what the API itself says of an empty one is wanted: no token was sent.
    why_of(&world, with(&world, &[("Authorization", value)])).await
}

async fn two_headers() -> Explanation {
    let world = world().await;
    let draft = with(
        &world,
        &[
            ("Authorization", "Bearer one"),
            ("Authorization", "Bearer two"),
        ],
    );
    why_of(&world, draft).await
}

async fn ran_out() -> Explanation {
    let world = world().await;
    let claims = [("exp".to_owned(), json!(1_700_000_000))]
        .into_iter()
        .collect();
    world
        .demo
        .faults()
        .set(Place::Login, Fault::once(Act::Claims(claims)));
    let url = format!("{}/auth/login", world.demo.origin());
    let user = json!({ "username": DEMO_USER, "password": DEMO_PASSWORD });
    let reply = witness(move || ureq::post(&url).send_json(user)).await;
    let token = reply["accessToken"].as_str().expect("a token");
    let draft = Draft {
        session: None,
        ..with(&world, &[("Authorization", &format!("Bearer {token}"))])
    };
    why_of(&world, draft).await
}

async fn in_the_address() -> Explanation {
    let world = world().await;
    let challenge = "Bearer error=\"invalid_request\", error_description=\"More than one token\"";
    replying(&world, 400, &[("WWW-Authenticate", challenge)], "");
    why_of(&world, world.get("/orders?access_token=abc", JSON)).await
}

async fn in_the_address_bare() -> Explanation {
    let world = world().await;
    replying(&world, 401, &[], "");
    why_of(&world, world.get("/orders?access_token=abc", JSON)).await
}
