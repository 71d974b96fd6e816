//! What the session's own course explains.

use sandglass_demo::{Act, Fault, Place};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::timeline::event::Fact;
use sandglass_engine::verdict::explanation::Explanation;
use tests_engine::JSON;

use super::{Situation, busy, explained, reply, replying, silence, situations, why, why_of, world};

const REFUSED: (&str, &str) = ("WWW-Authenticate", "Bearer error=\"invalid_token\"");

pub(super) const TABLE: &[Situation] = situations! {
    "the sign-in was revoked, and the API says so" => "token.revoked_said" by revoked(false);
    "the sign-in was revoked, and the API gives no reason" => "token.ended_with_session" by revoked(true);
    "the origin refused a fresh token a moment ago" => "origin.quarantined" by quarantined();
    "somebody signed out while it waited" => "session.superseded" by superseded();
    "one of the servers behind the address disagrees" => "origin.disagrees" by disagreeing();
    "the connection broke under a stale token" => "lost.refusal" by lost();
};

async fn revoked(silent: bool) -> Explanation {
    let world = world().await;
    world.orders(JSON).await;
    if silent {
        silence(&world);
    }
    world.demo.revoke_all().expect("revoked");
    why(&world).await
}

async fn quarantined() -> Explanation {
    let world = world().await;
    replying(&world, 401, &[REFUSED], "");
    why(&world).await;
    why(&world).await
}

async fn superseded() -> Explanation {
    let world = world().await;
    world.demo.expire_all();
    let held = Fault {
        hold_ms: 300,
        ..Fault::default()
    };
    world.demo.faults().set(Place::Refresh, held);
    let sending = world
        .engine
        .send(world.get("/orders", JSON))
        .expect("accepted");
    let request = sending.request;
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    world.engine.sign_out(JSON).await.expect("signed out");
    sending.finished().await.expect("the 401");
    explained(&world, request)
}

async fn disagreeing() -> Explanation {
    let world = world().await;
    world.orders(JSON).await;
    busy(&world);
    let once = Fault::once(reply(401, &[REFUSED], ""));
    world.demo.faults().set(Place::Api, once);
    let refused = world.orders(JSON).await.request;
    world.orders(JSON).await;
    explained(&world, refused)
}

async fn lost() -> Explanation {
    let world = world().await;
    busy(&world);
    world.demo.expire_all();
    why(&world).await;
    // The token is known to be refused; this one breaks on the wire with it.
    let drop = Fault::once(Act::DropBefore);
    world.demo.faults().set(Place::Api, drop);
    let draft = Draft {
        method: "PUT".to_owned(),
        body: Some("x".repeat(1024).into()),
        ..world.get("/status/200", JSON)
    };
    why_of(&world, draft).await
}
