//! Signing in: what the server or the vault refuses changes nothing.

use std::sync::atomic::Ordering;

use sandglass_demo::{
    Act, BASIC_CLIENT, BASIC_SECRET, DEMO_PASSWORD, DEMO_USER, Fault, Malformed, ODD_CLIENT,
    ODD_SECRET, Place,
};
use sandglass_engine::error::Code;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Kept, StateName};
use tests_engine::{JSON, OAUTH, World, failed};

fn password(password: &str) -> Credentials {
    Credentials::password(DEMO_USER, password)
}

#[tokio::test]
async fn a_refused_sign_in_leaves_the_session_as_it_was() {
    let world = World::signed_in(JSON).await;
    let before = world.session(JSON);
    let failure = failed(world.engine.sign_in(JSON, password("wrong")).await);
    assert_eq!(
        (failure.code, failure.params["error"].as_str()),
        (Code::SignInRefused, "invalid_credentials")
    );
    let after = world.session(JSON);
    assert_eq!(
        (after.state, after.epoch, after.generation),
        (before.state, before.epoch, before.generation)
    );
    assert_eq!(world.count("SignInFailed"), 1);
    assert_eq!(world.orders(JSON).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_that_does_not_get_through_says_why() {
    for (act, code) in [
        (Act::Malformed(Malformed::Text), Code::ReplyMalformed),
        (Act::Malformed(Malformed::Html), Code::ReplyMalformed),
        (Act::DropBefore, Code::ConnectionLost),
        (
            Act::Status {
                code: 404,
                retry_after_s: None,
            },
            Code::RefreshConfig,
        ),
        (
            Act::Status {
                code: 503,
                retry_after_s: None,
            },
            Code::SignInRefused,
        ),
    ] {
        let world = World::new().await;
        world
            .demo
            .faults()
            .set(Place::Login, Fault::always(act.clone()));
        assert_eq!(
            failed(world.engine.sign_in(JSON, password(DEMO_PASSWORD)).await).code,
            code,
            "{act:?}"
        );
        assert_eq!(world.session(JSON).state, StateName::SignedOut);
    }
}

#[tokio::test]
async fn credentials_of_the_wrong_kind_are_named_before_anything_is_sent() {
    let world = World::new().await;
    let token = || Credentials::RefreshToken {
        refresh_token: "r".into(),
        client: ClientSecrets::default(),
    };
    for (session, credentials, expected) in [
        (JSON, token(), "password"),
        (OAUTH, password("x"), "refresh_token"),
    ] {
        let failure = failed(world.engine.sign_in(session, credentials).await);
        assert_eq!(
            (failure.code, failure.params["expected"].as_str()),
            (Code::SignInWrongKind, expected)
        );
    }
    assert_eq!(
        failed(world.engine.sign_in("nobody", token()).await).code,
        Code::SessionUnknown
    );
    assert_eq!(world.count("ExchangeSent"), 0);
}

/// RFC 6749 §2.3.1: both halves are form-encoded inside HTTP Basic.
#[tokio::test]
async fn a_confidential_client_authenticates_on_sign_in_and_on_every_refresh() {
    for (client, secret) in [(BASIC_CLIENT, BASIC_SECRET), (ODD_CLIENT, ODD_SECRET)] {
        let mut world = World::new().await;
        let origin = world.demo.origin().to_owned();
        let file = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/oauth/token\"\nclient_id = {client:?}\nclient_auth = \"client_secret_basic\"\n"
        );
        std::fs::write(
            world.folder.path().join("workspace/sessions/basic.toml"),
            file,
        )
        .expect("written");
        world.restart().await;
        let granted = tests_engine::witness({
            let authorization = basic(client, secret);
            move || {
                ureq::post(format!("{origin}/oauth/token"))
                    .header("Authorization", authorization)
                    .send_form([
                        ("grant_type", "password"),
                        ("username", DEMO_USER),
                        ("password", DEMO_PASSWORD),
                    ])
            }
        })
        .await;
        let refresh_token = granted["refresh_token"]
            .as_str()
            .expect("granted")
            .to_owned();
        let without = Credentials::RefreshToken {
            refresh_token: refresh_token.clone().into(),
            client: ClientSecrets::default(),
        };
        assert_eq!(
            failed(world.engine.sign_in("basic", without).await).params["expected"],
            "client_secret"
        );
        let with = Credentials::RefreshToken {
            refresh_token: refresh_token.into(),
            client: ClientSecrets {
                client_secret: Some(secret.into()),
                ..ClientSecrets::default()
            },
        };
        world
            .engine
            .sign_in("basic", with)
            .await
            .expect("signed in");
        for _ in 0..2 {
            world.demo.expire_all();
            assert_eq!(world.orders("basic").await.status, 200);
        }
        world.restart().await;
        world.demo.expire_all();
        assert_eq!(
            world.orders("basic").await.status,
            200,
            "the client's secret is kept with the tokens"
        );
    }
}

fn basic(client: &str, secret: &str) -> String {
    use secrecy::ExposeSecret;
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair: secrecy::SecretString = format!("{}:{}", encode(client), encode(secret)).into();
    format!("Basic {}", base64(pair.expose_secret().as_bytes()))
}

/// Standard base64, written out here so that the test shares no code with what it tests.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..4).map(move |index| match index <= chunk.len() {
                true => char::from(ALPHABET[(bits >> (18 - 6 * index) & 63) as usize]),
                false => '=',
            })
        })
        .collect()
}

/// Scenario 44.
#[tokio::test]
async fn a_sign_in_that_the_vault_does_not_take_is_no_sign_in_unless_the_user_chose_memory() {
    let world = World::new().await;
    world.engine.settled().await;
    world.store_faults.locked.store(true, Ordering::SeqCst);
    assert_eq!(failed(world.sign_in(JSON).await).code, Code::StoreLocked);
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    world.engine.keep_in(Kept::Memory).await;
    world.sign_in(JSON).await.expect("memory takes it");
    assert_eq!(
        (world.session(JSON).kept, world.orders(JSON).await.status),
        (Kept::Memory, 200)
    );
}
