//! Who answered, and what was left on the way.

use std::time::Duration;

use sandglass_demo::{Fault, Place};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::verdict::explanation::Explanation;
use tests_engine::{Elsewhere, JSON, World, answer, json_session, quick};

use super::{Situation, reply, replying, situations, why, why_of, with, world};

const HTML: (&str, &str) = ("Content-Type", "text/html");

pub(super) const TABLE: &[Situation] = situations! {
    "a proxy asks for credentials" => "path.proxy_authentication" by proxy();
    "a redirect leads to another origin" => "redirect.token_left_behind" by left_behind();
    "a page to sign in on, in the place of data" => "path.login_page" by page();
    "a redirect to a page to sign in on" => "path.login_page" by page_by_redirect();
    "a firewall answers an API that answered before" => "path.gateway" by firewall();
    "a load balancer answers with a page" => "path.gateway" by load_balancer();
    "the API refuses behind its usual gateway" => "token.fresh_refused" by usual_gateway();
    "the origin is not on the list" => "origin.not_allowed" by not_allowed();
    "no session was chosen" => "token.none" by no_session();
    "nobody listens" => "send.no_answer" by nobody();
    "something else than a refusal" => "send.other_status" by not_found();
    "answered at once" => "send.answered" by fine();
    "refreshed before it was sent" => "send.refreshed_first" by refreshed_first();
    "answered without a token, by the list" => "send.withheld_origin" by withheld_origin();
    "answered under a header of one's own" => "send.withheld_typed" by withheld_typed();
    "stopped" => "send.stopped" by stopped();
    "under way" => "send.pending" by pending();
};

async fn proxy() -> Explanation {
    let world = world().await;
    replying(
        &world,
        407,
        &[("Proxy-Authenticate", "Basic realm=\"office\"")],
        "",
    );
    why(&world).await
}

async fn left_behind() -> Explanation {
    let elsewhere = Elsewhere::start(|_| {
        answer(
            401,
            &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")],
            "{}",
        )
    })
    .await;
    let world = world().await;
    let path = format!("/redirect?to={}/inbox", elsewhere.origin);
    why_of(&world, world.get(&path, JSON)).await
}

async fn page() -> Explanation {
    let world = world().await;
    replying(
        &world,
        200,
        &[HTML],
        "<!doctype html><title>Sign in</title>",
    );
    why_of(&world, with(&world, &[("Accept", "application/json")])).await
}

async fn page_by_redirect() -> Explanation {
    let world = world().await;
    replying(&world, 302, &[("Location", "/login?next=orders")], "");
    why(&world).await
}

async fn firewall() -> Explanation {
    let world = world().await;
    world.orders(JSON).await;
    replying(
        &world,
        403,
        &[HTML, ("Server", "cloudflare")],
        "<html>Blocked",
    );
    why(&world).await
}

async fn load_balancer() -> Explanation {
    let world = world().await;
    replying(&world, 401, &[HTML, ("Server", "awselb/2.0")], "<html>401");
    why(&world).await
}

async fn usual_gateway() -> Explanation {
    let world = world().await;
    let usual = [("Server", "envoy"), ("Via", "1.1 edge")];
    let dressed = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let act = sandglass_demo::Act::Headers(dressed.to_vec());
    world.demo.faults().set(Place::Api, Fault::once(act));
    world.orders(JSON).await;
    world.engine.refresh(JSON).await.expect("refreshed");
    replying(&world, 401, &usual, "");
    why(&world).await
}

async fn not_allowed() -> Explanation {
    let elsewhere = Elsewhere::start(|_| answer(401, &[], "{}")).await;
    let world = world().await;
    let draft = Draft {
        url: format!("{}/orders", elsewhere.origin),
        allow_without_token: true,
        ..world.get("/", JSON)
    };
    why_of(&world, draft).await
}

async fn no_session() -> Explanation {
    let world = world().await;
    let draft = Draft {
        session: None,
        ..world.get("/orders", JSON)
    };
    why_of(&world, draft).await
}

async fn nobody() -> Explanation {
    let world = world().await;
    let gone = Elsewhere::start(|_| String::new()).await.origin.clone();
    let draft = Draft {
        url: gone,
        session: None,
        ..world.get("/", JSON)
    };
    why_of(&world, draft).await
}

async fn not_found() -> Explanation {
    let world = world().await;
    why_of(&world, world.get("/status/404", JSON)).await
}

async fn fine() -> Explanation {
    why(&world().await).await
}

async fn refreshed_first() -> Explanation {
    let keys = "refresh_when = \"refused\"\n";
    let world = World::with_session(quick(), &json_session(&["ORIGIN"], keys, "")).await;
    world.sign_in(JSON).await.expect("signed in");
    world.clock.advance(Duration::from_secs(45));
    let draft = Draft {
        method: "POST".to_owned(),
        url: format!("{}/echo", world.demo.origin()),
        // Large enough to want a token that outlives its upload.
        body: Some("x".repeat(2 * 1024 * 1024).into()),
        ..world.get("/", JSON)
    };
    why_of(&world, draft).await
}

async fn stopped() -> Explanation {
    let world = world().await;
    let sending = world
        .engine
        .send(world.get("/slow?ms=60000", JSON))
        .expect("accepted");
    world.engine.stop(sending.request);
    let _: Result<_, _> = sending.finished().await;
    super::why_last(&world)
}

async fn pending() -> Explanation {
    let world = world().await;
    let held = Fault {
        delay_ms: 60_000,
        ..Fault::always(reply(200, &[], ""))
    };
    world.demo.faults().set(Place::Api, held);
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    let explanation = super::explained(&world, sending.request);
    world.engine.stop(sending.request);
    explanation
}

async fn elsewhere(world: &World, headers: &[(&str, &str)]) -> (Elsewhere, Draft) {
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let draft = Draft {
        url: format!("{}/orders", elsewhere.origin),
        allow_without_token: true,
        ..with(world, headers)
    };
    (elsewhere, draft)
}

async fn withheld_origin() -> Explanation {
    let world = world().await;
    let (_elsewhere, draft) = elsewhere(&world, &[]).await;
    why_of(&world, draft).await
}

async fn withheld_typed() -> Explanation {
    let world = world().await;
    let (_elsewhere, draft) = elsewhere(&world, &[("Authorization", "Bearer mine")]).await;
    let session = Some(JSON.to_owned());
    why_of(&world, Draft { session, ..draft }).await
}
