//! Why a session needs a new sign-in.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sandglass_demo::{Act, Fault, Place, Reuse, Settings};
use sandglass_engine::vault::{Store as _, item_names};
use sandglass_engine::verdict::explanation::Explanation;
use serde_json::{Value, json};
use tests_engine::{JSON, World, quick};

use super::{Situation, refusing, situations, world};

pub(super) const TABLE: &[Situation] = situations! {
    "it is signed in" => "out.not" by signed_in();
    "it never was" => "out.never" by never();
    "the user signed out" => "out.you" by signed_out();
    "another process signed out" => "out.peer_signed_out" by peer_signed_out();
    "an administrator revoked it" => "out.revoked" by revoked();
    "a thief used the refresh token" => "out.revoked" by stolen();
    "the refresh token was used twice, by the server's words" => "out.reuse" by told(json!({"error": "invalid_grant", "error_description": "Refresh token reuse detected"}));
    "the refresh token was used twice, by the server's code" => "out.reuse" by told(json!({"error": "refresh_token_reused"}));
    "the refresh token ran out" => "out.refresh_token_expired" by ran_out();
    "an answer was lost" => "out.reply_lost" by reply_lost();
    "the keychain refused the new token, and the process ended" => "out.store_refused" by store_refused();
    "there is no refresh token" => "out.no_refresh_token" by no_refresh_token();
    "the server wants the user" => "out.interaction" by told(json!({"error": "interaction_required"}));
    "the server refuses in words of its own, twice" => "out.dialect" by dialect();
    "the tokens are somebody else's" => "out.account" by account();
    "another process was first, and kept it to itself" => "out.peer_rotated" by peer_rotated();
    "the keychain is locked" => "out.keychain" by keychain();
    "the session's file names another server" => "out.binding" by binding();
    "the record cannot be read" => "out.record" by record();
    "the server gave no reason" => "out.refused" by told(json!({"error": "invalid_grant"}));
    "the server gave two reasons" => "out.refused" by told(json!({"error": "invalid_grant", "error_description": "The refresh token is invalid or expired"}));
};

fn why(world: &World) -> Explanation {
    world
        .engine
        .explain_sign_out(JSON)
        .expect("the session is known")
}

/// A refresh that cannot succeed, because the session is over.
async fn refused(world: &World) -> Explanation {
    world.demo.expire_all();
    world.orders(JSON).await;
    why(world)
}

async fn signed_in() -> Explanation {
    why(&world().await)
}

async fn never() -> Explanation {
    let world = World::new().await;
    world.engine.settled().await;
    why(&world)
}

async fn signed_out() -> Explanation {
    let world = world().await;
    world.engine.sign_out(JSON).await.expect("signed out");
    why(&world)
}

async fn peer_signed_out() -> Explanation {
    let world = world().await;
    let peer = world.peer().await;
    peer.sign_out(JSON).await.expect("signed out");
    refused(&world).await
}

async fn revoked() -> Explanation {
    let world = world().await;
    world.demo.revoke_all().expect("revoked");
    refused(&world).await
}

async fn stolen() -> Explanation {
    let world = world().await;
    world.engine.refresh(JSON).await.expect("refreshed");
    world.demo.steal();
    refused(&world).await
}

async fn told(body: Value) -> Explanation {
    let world = world().await;
    refusing(&world, 400, body);
    refused(&world).await
}

async fn ran_out() -> Explanation {
    let settings = Settings {
        refresh_ttl: Duration::ZERO,
        ..quick()
    };
    let world = World::with(settings).await;
    world.sign_in(JSON).await.expect("signed in");
    refused(&world).await
}

async fn reply_lost() -> Explanation {
    let world = world().await;
    let drop = Fault::once(Act::DropReply);
    world.demo.faults().set(Place::Refresh, drop);
    refused(&world).await
}

async fn store_refused() -> Explanation {
    let mut world = world().await;
    world.store_faults.read_only.store(true, Ordering::SeqCst);
    world.engine.refresh(JSON).await.expect("from memory");
    world.engine.shut_down().await;
    world.store_faults.read_only.store(false, Ordering::SeqCst);
    world.restart().await;
    refused(&world).await
}

async fn no_refresh_token() -> Explanation {
    let world = World::new().await;
    let omit = Fault::once(Act::OmitRefreshToken);
    world.demo.faults().set(Place::Login, omit);
    world.sign_in(JSON).await.expect("signed in");
    refused(&world).await
}

async fn dialect() -> Explanation {
    let world = world().await;
    refusing(&world, 400, json!({ "error": "token_is_bad" }));
    refused(&world).await;
    world.clock.advance(Duration::from_secs(31));
    refused(&world).await
}

async fn account() -> Explanation {
    let world = world().await;
    let claims = [("sub".to_owned(), json!("u-18"))].into_iter().collect();
    let other = Fault::once(Act::Claims(claims));
    world.demo.faults().set(Place::Refresh, other);
    world.demo.expire_all();
    world.orders(JSON).await;
    why(&world)
}

/// The other process has the same timeline and, its keychain being refused, nothing that this one could adopt.
async fn peer_rotated() -> Explanation {
    let settings = Settings {
        reuse: Reuse::RevokeFamily,
        ..quick()
    };
    let world = World::with(settings).await;
    world.sign_in(JSON).await.expect("signed in");
    let peer = world.peer().await;
    world.store_faults.read_only.store(true, Ordering::SeqCst);
    peer.refresh(JSON).await.expect("from memory");
    peer.shut_down().await;
    // Its journal is gone as well: as if it had been another machine.
    for file in std::fs::read_dir(world.folder.path().join("families")).expect("the folder") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|ending| ending == "journal") {
            std::fs::remove_file(path).expect("removed");
        }
    }
    refused(&world).await
}

async fn keychain() -> Explanation {
    let mut world = world().await;
    world.store_faults.locked.store(true, Ordering::SeqCst);
    world.restart().await;
    let explanation = why(&world);
    world.store_faults.locked.store(false, Ordering::SeqCst);
    explanation
}

async fn binding() -> Explanation {
    let mut world = world().await;
    let file = world.folder.path().join("workspace/sessions/demo.toml");
    let text = std::fs::read_to_string(&file).expect("the session's file");
    let moved = text.replace("/auth/refresh", "/auth/refresh/elsewhere");
    std::fs::write(&file, moved).expect("written");
    world.restart().await;
    why(&world)
}

async fn record() -> Explanation {
    let mut world = world().await;
    let workspace = world.folder.path().join("workspace");
    let id = workspace.canonicalize().expect("the workspace");
    for name in item_names(&id.display().to_string(), JSON) {
        let garbled = world.store.write(&name, b"{\"version\":1,");
        garbled.expect("written");
    }
    world.restart().await;
    why(&world)
}
