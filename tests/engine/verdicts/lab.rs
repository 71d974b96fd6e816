//! What the fault lab made go wrong: a verdict names it, and blames nobody else.

use std::time::Duration;

use sandglass_engine::fault::{Fault, FaultName};
use sandglass_engine::timeline::event::Fact;
use sandglass_engine::verdict::explanation::{Course, Explanation};
use tests_engine::{JSON, World};

use super::{Situation, refusing, silence, situations, why, world};

pub(super) const TABLE: &[Situation] = situations! {
    "the lab answers in the API's place" => "lab.refused" by refused();
    "the lab spoils the token once" => "lab.corrupted" by corrupted(Some(1), false);
    "the lab spoils every token" => "lab.corrupted" by corrupted(None, false);
    "the lab spoils the token, and the API gives no reason" => "lab.corrupted" by corrupted(Some(1), true);
    "the lab sends an expired token" => "lab.pretended_valid" by pretended(false);
    "the lab sends an expired token, and the API gives no reason" => "lab.pretended_valid" by pretended(true);
    "the lab puts the clock back" => "lab.clock" by clock(-3_600_000, Duration::from_secs(120));
    "the lab puts the clock back, and the server ends the token early all the same" => "token.expired_early" by clock(-3_600_000, Duration::ZERO);
    "the lab takes the token for expired" => "lab.expired" by expired();
    "the token ran out early, and the lab lets no refresh through" => "token.expired_early" by no_refresh();
    "the lab hides the refresh token" => "out.lab_hidden" by hidden();
    "the lab sends an old refresh token" => "out.lab_reuse" by reused();
    "the lab sends one refresh token several times" => "out.lab_reuse" by copied();
    "the lab fills the keychain, and the process ends" => "out.lab_store" by stored();
};

fn arm(world: &World, name: FaultName, amount: Option<i64>, times: Option<u32>) {
    let fault = Fault {
        name,
        amount,
        times,
    };
    world.engine.arm_fault(JSON, fault).expect("within bounds");
}

/// The verdict names each fault that struck, by the event that says so.
fn naming(explanation: Explanation, name: FaultName) -> Explanation {
    let faults: Vec<_> = explanation.injected.iter().map(|one| one.fault).collect();
    assert!(faults.contains(&name), "{explanation:#?}");
    explanation
}

async fn refused() -> Explanation {
    let world = world().await;
    arm(&world, FaultName::RefuseAlways, None, None);
    naming(why(&world).await, FaultName::RefuseAlways)
}

async fn corrupted(times: Option<u32>, silent: bool) -> Explanation {
    let world = world().await;
    if silent {
        silence(&world);
    }
    arm(&world, FaultName::CorruptAccessToken, None, times);
    naming(why(&world).await, FaultName::CorruptAccessToken)
}

async fn pretended(silent: bool) -> Explanation {
    let world = world().await;
    if silent {
        silence(&world);
    }
    world.demo.expire_all();
    world.clock.advance(Duration::from_secs(120));
    arm(&world, FaultName::PretendValid, None, None);
    naming(why(&world).await, FaultName::PretendValid)
}

async fn clock(ahead_ms: i64, passed: Duration) -> Explanation {
    let world = world().await;
    arm(&world, FaultName::ClockSkew, Some(ahead_ms), None);
    world.clock.advance(passed);
    world.demo.expire_all();
    naming(why(&world).await, FaultName::ClockSkew)
}

async fn expired() -> Explanation {
    let world = world().await;
    arm(&world, FaultName::ExpireNow, None, Some(1));
    naming(why(&world).await, FaultName::ExpireNow)
}

async fn no_refresh() -> Explanation {
    let world = world().await;
    world.demo.expire_all();
    arm(&world, FaultName::ServerError, Some(503), None);
    let explanation = naming(why(&world).await, FaultName::ServerError);
    let Course::RefreshFailed { made_up, .. } = &explanation.course else {
        panic!("{explanation:#?}");
    };
    assert!(
        made_up.is_some_and(|made_up| made_up.fault == FaultName::ServerError),
        "the server is not said to have answered"
    );
    explanation
}

fn why_out(world: &World) -> Explanation {
    world
        .engine
        .explain_sign_out(JSON)
        .expect("the session is known")
}

async fn hidden() -> Explanation {
    let world = world().await;
    world.demo.expire_all();
    arm(&world, FaultName::DropRefreshToken, None, None);
    world.orders(JSON).await;
    naming(why_out(&world), FaultName::DropRefreshToken)
}

async fn reused() -> Explanation {
    let world = world().await;
    arm(&world, FaultName::ReuseRefreshToken, None, Some(1));
    world.engine.refresh(JSON).await.expect("an honest one");
    world.engine.refresh(JSON).await.expect_err("the old one");
    world.orders(JSON).await;
    naming(why_out(&world), FaultName::ReuseRefreshToken)
}

async fn copied() -> Explanation {
    let world = world().await;
    arm(&world, FaultName::NoSingleFlight, Some(3), Some(1));
    world.engine.refresh(JSON).await.expect("one of them wins");
    refusing(&world, 400, serde_json::json!({ "error": "invalid_grant" }));
    world.demo.expire_all();
    world.orders(JSON).await;
    why_out(&world)
}

async fn stored() -> Explanation {
    let mut world = world().await;
    arm(&world, FaultName::StoreFull, None, None);
    world.engine.refresh(JSON).await.expect("from memory");
    world.engine.shut_down().await;
    world.restart().await;
    world.demo.expire_all();
    world.orders(JSON).await;
    world
        .until(|event| matches!(event.fact, Fact::LoginRequired { .. }))
        .await;
    why_out(&world)
}
