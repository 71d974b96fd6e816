//! Clocks and lives.

use sandglass_demo::{Act, Fault, Place, Settings};
use sandglass_engine::timeline::event::Fact;
use sandglass_engine::verdict::explanation::Explanation;
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests_engine::{JSON, World, quick};

use super::{Situation, busy, claiming, silence, situations, why, world, world_by_claims};

pub(super) const TABLE: &[Situation] = situations! {
    "it ran out, and the API says so" => "token.expired" by ran_out(false);
    "it ran out, and the API gives no reason" => "token.expired" by ran_out(true);
    "it ran out, and no refresh gets through" => "token.expired" by ran_out_and_busy();
    "it ran out on the way" => "token.expired_on_the_way" by on_the_way();
    "the API says expired, long before its time" => "token.expired_early" by early(false);
    "it ended early without a reason" => "token.ended_early" by early(true);
    "nobody knew its life, and the API says expired" => "token.expired_said" by unknown_life(false);
    "nobody knew its life, and the API gives no reason" => "token.worn_out" by unknown_life(true);
    "the local clock is a minute behind" => "clock.behind" by behind(false);
    "the local clock is behind, and the API gives no reason" => "clock.behind" by behind(true);
    "the local clock was put back, and the token ended early all the same" => "token.ended_early" by put_back(false);
    "the local clock was put back, the server has none" => "clock.moved_back" by put_back(true);
    "it is not valid yet, and the API says so" => "token.not_yet_valid" by not_yet(false);
    "it is not valid yet, and the API gives no reason" => "token.not_yet_valid" by not_yet(true);
};

fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

async fn ran_out_in(settings: Settings) -> World {
    let world = World::with(settings).await;
    world.sign_in(JSON).await.expect("signed in");
    world
        .until(|event| matches!(event.fact, Fact::TokenExpired {}))
        .await;
    world
}

fn short() -> Settings {
    Settings {
        access_ttl: Duration::from_secs(1),
        ..quick()
    }
}

async fn ran_out(silent: bool) -> Explanation {
    let world = ran_out_in(short()).await;
    if silent {
        silence(&world);
    }
    why(&world).await
}

async fn ran_out_and_busy() -> Explanation {
    let world = ran_out_in(short()).await;
    busy(&world);
    why(&world).await
}

async fn on_the_way() -> Explanation {
    let world = World::new().await;
    let two_seconds = Fault::once(Act::ExpiresIn(json!(2)));
    world.demo.faults().set(Place::Login, two_seconds);
    world.sign_in(JSON).await.expect("signed in");
    world.demo.expire_all();
    why(&world).await
}

async fn early(silent: bool) -> Explanation {
    let world = world().await;
    world.orders(JSON).await;
    if silent {
        silence(&world);
    }
    world.demo.expire_all();
    why(&world).await
}

async fn unknown_life(silent: bool) -> Explanation {
    let world = world_by_claims().await;
    // In milliseconds, as some servers write it: nobody believes it.
    claiming(&world, json!({ "exp": 1_795_431_674_000_u64 })).await;
    if silent {
        silence(&world);
    }
    world.demo.expire_all();
    why(&world).await
}

async fn behind(silent: bool) -> Explanation {
    let world = world_by_claims().await;
    world.clock.step(-60_000);
    let act = Act::Claims(
        [("exp".to_owned(), json!(now_s() - 5))]
            .into_iter()
            .collect(),
    );
    world.demo.faults().set(Place::Login, Fault::once(act));
    world.sign_in(JSON).await.expect("signed in");
    if silent {
        silence(&world);
    }
    why(&world).await
}

async fn put_back(no_date: bool) -> Explanation {
    let world = world().await;
    if no_date {
        // A server without a clock of its own repeats what it is told: here a date that is none.
        let headers = vec![("Date".to_owned(), "unknown".to_owned())];
        let challenge = (
            "WWW-Authenticate".to_owned(),
            "Bearer error=\"invalid_token\"".to_owned(),
        );
        let mut reply = headers;
        reply.push(challenge);
        let act = Act::Reply {
            status: 401,
            headers: reply,
            body: String::new(),
        };
        world.demo.faults().set(Place::Api, Fault::once(act));
    } else {
        silence(&world);
    }
    world.clock.step(-3_600_000);
    world
        .until(|event| matches!(event.fact, Fact::ClockJump { .. }))
        .await;
    if no_date {
        // An hour of real time has passed by the other clock: the token is long over.
        world.clock.advance(Duration::from_secs(3_600));
    }
    world.demo.expire_all();
    why(&world).await
}

async fn not_yet(silent: bool) -> Explanation {
    let world = World::new().await;
    claiming(&world, json!({ "nbf": now_s() + 300 })).await;
    if silent {
        silence(&world);
    }
    why(&world).await
}
