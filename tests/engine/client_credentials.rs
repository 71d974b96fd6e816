//! The client's own sign-in (RFC 6749 §4.4): no refresh token, so new tokens are asked for as the first ones were.

use std::sync::Arc;

use sandglass_demo::{Act, BASIC_CLIENT, BASIC_SECRET, Fault, Place};
use sandglass_engine::Engine;
use sandglass_engine::error::Code;
use sandglass_engine::session::config::grant_type::GrantType;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::StateName;
use tests_engine::{World, failed, quick};

const SESSION: &str = "service";
const AT_ONCE: usize = 50;

/// A world with one more session, whose client acts for itself.
async fn world(client: &str) -> World {
    let mut world = World::with(quick()).await;
    let origin = world.demo.origin().to_owned();
    let file = format!(
        "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/oauth/token\"\nclient_id = {client:?}\nclient_auth = \"client_secret_basic\"\ngrant = \"client_credentials\"\nscope = \"read write\"\n"
    );
    let path = world.folder.path().join("workspace/sessions/service.toml");
    std::fs::write(path, file).expect("written");
    world.restart().await;
    world
}

fn secret(secret: &str) -> Credentials {
    let client = ClientSecrets {
        client_secret: Some(secret.into()),
        ..ClientSecrets::default()
    };
    Credentials::Client { client }
}

async fn signed_in() -> World {
    let world = world(BASIC_CLIENT).await;
    let signed_in = world.engine.sign_in(SESSION, secret(BASIC_SECRET)).await;
    signed_in.expect("the demo knows this client");
    world
}

async fn orders(engine: &Engine, world: &World) -> u16 {
    let sending = engine
        .send(world.get("/orders", SESSION))
        .expect("accepted");
    sending.finished().await.expect("an answer").status
}

/// Scenario 1, without a refresh token: everybody who is refused waits for one exchange.
#[tokio::test]
async fn an_expired_token_of_a_client_is_replaced_once_for_everybody() {
    let world = Arc::new(signed_in().await);
    assert_eq!(
        world.session(SESSION).grant,
        Some(GrantType::ClientCredentials)
    );
    assert_eq!(orders(&world.engine, &world).await, 200);
    world.demo.expire_all();
    let sends: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { orders(&world.engine, &world).await })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.expect("it ends"), 200);
    }
    assert_eq!(world.demo.counts().logins, 2, "the sign-in, and once more");
    let session = world.session(SESSION);
    assert_eq!(
        (session.state, session.generation),
        (StateName::Active, Some(2))
    );
    assert_eq!(world.count("IntentLogged"), 0, "nothing can be spent");
}

#[tokio::test]
async fn a_lost_reply_costs_a_client_nothing() {
    let world = signed_in().await;
    world.demo.expire_all();
    world
        .demo
        .faults()
        .set(Place::Refresh, Fault::always(Act::DropReply));
    assert_eq!(orders(&world.engine, &world).await, 401);
    assert_eq!(
        world.session(SESSION).state,
        StateName::Cooldown,
        "there is no doubt to keep"
    );
    world.demo.faults().clear();
    world.engine.refresh(SESSION).await.expect("asked again");
    assert_eq!(orders(&world.engine, &world).await, 200);
    assert_eq!(world.count("RotationRecovered"), 0);
}

/// Scenario 45, without a refresh token.
#[tokio::test]
async fn another_process_takes_over_what_the_first_one_got() {
    let mut world = signed_in().await;
    let peer = world.peer().await;
    world.demo.expire_all();
    assert_eq!(orders(&world.engine, &world).await, 200);
    assert_eq!(orders(&peer, &world).await, 200);
    assert_eq!(world.demo.counts().logins, 2);
    peer.shut_down().await;
    world.restart().await;
    world.demo.expire_all();
    assert_eq!(
        orders(&world.engine, &world).await,
        200,
        "the secret is in the vault"
    );
    assert_eq!(world.demo.counts().logins, 3);
}

/// Scenario 77: a wrong secret is the set-up's fault, and changes nothing.
#[tokio::test]
async fn a_wrong_secret_is_told_in_the_servers_words() {
    let world = world(BASIC_CLIENT).await;
    let failure = failed(world.engine.sign_in(SESSION, secret("wrong")).await);
    assert_eq!(
        (failure.code, failure.params["error"].as_str()),
        (Code::RefreshConfig, "invalid_client")
    );
    assert_eq!(world.session(SESSION).state, StateName::SignedOut);
    let without = Credentials::Client {
        client: ClientSecrets::default(),
    };
    assert_eq!(
        failed(world.engine.sign_in(SESSION, without).await).params["expected"],
        "client_secret"
    );
    let token = Credentials::RefreshToken {
        refresh_token: "r".into(),
        client: ClientSecrets::default(),
    };
    assert_eq!(
        failed(world.engine.sign_in(SESSION, token).await).params["expected"],
        "client"
    );
}
