//! Signing out gives the tokens back (RFC 7009), and waits for nobody.

use sandglass_engine::timeline::event::{Fact, StateName};
use sandglass_engine::token::TokenKind;
use tests_engine::{Elsewhere, OAUTH, World, answer};

/// A world that is signed in by OAuth, and whose server takes tokens back at this address.
async fn world(endpoint: Option<&str>) -> World {
    let mut world = World::new().await;
    let origin = world.demo.origin().to_owned();
    let endpoint = endpoint.map_or_else(|| format!("{origin}/oauth/revoke"), str::to_owned);
    let path = world
        .folder
        .path()
        .join("workspace/sessions/demo-oauth.toml");
    let file = std::fs::read_to_string(&path).expect("the demo's file");
    std::fs::write(
        &path,
        format!("{file}revocation_endpoint = \"{endpoint}\"\n"),
    )
    .expect("written");
    world.restart().await;
    world.sign_in(OAUTH).await.expect("signed in");
    world
}

async fn outcome(world: &World, kind: TokenKind) -> (bool, Option<u16>) {
    let told = world
        .until(
            |event| matches!(event.fact, Fact::RevocationAnswered { token, .. } if token == kind),
        )
        .await;
    match told.fact {
        Fact::RevocationAnswered {
            revoked, status, ..
        } => (revoked, status),
        _ => unreachable!("this is what was waited for"),
    }
}

#[tokio::test]
async fn signing_out_ends_the_family_at_the_server_too() {
    let world = world(None).await;
    world.engine.sign_out(OAUTH).await.expect("signed out");
    assert_eq!(world.session(OAUTH).state, StateName::SignedOut);
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        assert_eq!(outcome(&world, kind).await, (true, Some(200)), "{kind:?}");
    }
    assert_eq!(world.demo.counts().families_revoked, 1);
}

#[tokio::test]
async fn a_server_that_takes_nothing_back_keeps_nobody_signed_in() {
    let server = Elsewhere::start(|_| answer(503, &[], "busy")).await;
    let world = world(Some(&format!("{}/revoke", server.origin))).await;
    world.engine.sign_out(OAUTH).await.expect("signed out here");
    assert_eq!(world.session(OAUTH).state, StateName::SignedOut);
    assert_eq!(outcome(&world, TokenKind::Access).await, (false, Some(503)));
    let sent = server.requests();
    assert!(
        sent[0].contains("token_type_hint=refresh_token&client_id=desktop"),
        "{}",
        sent[0]
    );
    assert!(
        sent[1].contains("token_type_hint=access_token"),
        "{}",
        sent[1]
    );
}

#[tokio::test]
async fn a_server_without_the_endpoint_is_not_asked() {
    let world = World::signed_in(OAUTH).await;
    world.engine.sign_out(OAUTH).await.expect("signed out");
    assert_eq!(world.count("RevocationAnswered"), 0);
}
