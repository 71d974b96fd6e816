//! Signing out gives the tokens back (RFC 7009), and waits for nobody.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sandglass_demo::{Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Event, Fact, StateName};
use sandglass_engine::token::TokenKind;
use sandglass_engine::vault::Store;
use secrecy::ExposeSecret;
use tests_engine::{Elsewhere, JSON, OAUTH, World, answer};

/// Longer than any wait between two tries.
const LATER: Duration = Duration::from_secs(7 * 60 * 60);
/// A server that takes tokens back.
static TAKES: LazyLock<String> = LazyLock::new(|| answer(200, &[], ""));

/// A world that is signed in by OAuth, and whose server takes tokens back at this address.
async fn world(endpoint: Option<&str>) -> World {
    let mut world = World::new().await;
    let origin = world.demo.origin().to_owned();
    let endpoint = endpoint.map_or_else(|| format!("{origin}/oauth/revoke"), str::to_owned);
    name_endpoint(&world, &endpoint);
    world.restart().await;
    world.sign_in(OAUTH).await.expect("signed in");
    world
}

/// Writes into the session's file where tokens are given back.
fn name_endpoint(world: &World, endpoint: &str) {
    let path = world
        .folder
        .path()
        .join("workspace/sessions/demo-oauth.toml");
    let file = std::fs::read_to_string(&path).expect("the demo's file");
    let file = file
        .lines()
        .filter(|line| !line.starts_with("revocation_endpoint"));
    let file: String = file.map(|line| format!("{line}\n")).collect();
    let file = format!("{file}revocation_endpoint = \"{endpoint}\"\n");
    std::fs::write(&path, file).expect("written");
}

/// A server that does not answer at first, and what makes it take tokens back.
async fn unreachable() -> (Elsewhere, Arc<AtomicBool>) {
    let answers = Arc::new(AtomicBool::new(false));
    let does_answer = Arc::clone(&answers);
    let server = Elsewhere::start(move |_| match does_answer.load(Ordering::SeqCst) {
        true => TAKES.clone(),
        false => String::new(),
    });
    (server.await, answers)
}

fn answered(event: &Event, kind: TokenKind, rule: &str, nth: u32) -> bool {
    matches!(
        &event.fact,
        Fact::RevocationAnswered { token, rule_id, tries, .. }
            if (*token, rule_id.as_str(), *tries) == (kind, rule, nth)
    )
}

fn given_up(event: &Event, kind: TokenKind, rule: &str) -> bool {
    matches!(
        &event.fact,
        Fact::RevocationGivenUp { token, rule_id, .. } if (*token, rule_id.as_str()) == (kind, rule)
    )
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

/// The notes of what is to be given back.
fn notes(world: &World) -> Vec<PathBuf> {
    let files = std::fs::read_dir(world.folder.path().join("families")).expect("a folder");
    files
        .map(|file| file.expect("a file").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "revocations")
        })
        .collect()
}

/// Everything that the vault keeps to be given back, as text.
fn kept(world: &World) -> String {
    let [slot, _] = sandglass_engine::vault::item_names(&world.engine.workspace().id, OAUTH);
    let item = slot.trim_end_matches("/a").to_owned() + "/to give back";
    let kept = world.store.clone().read(&item).expect("a store in memory");
    kept.map_or_else(String::new, |kept| {
        String::from_utf8_lossy(kept.expose_secret()).into_owned()
    })
}

async fn nothing_is_kept(world: &World) {
    while !notes(world).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(kept(world), "-");
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
    nothing_is_kept(&world).await;
}

#[tokio::test]
async fn the_end_of_the_program_waits_for_the_first_try() {
    let world = world(None).await;
    world.engine.sign_out(OAUTH).await.expect("signed out");
    world.engine.shut_down().await;
    assert_eq!(world.count("RevocationAnswered"), 2);
    nothing_is_kept(&world).await;
}

/// Scenario 121.
#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_after_the_time_it_wants() {
    let busy = Arc::new(AtomicBool::new(true));
    let is_busy = Arc::clone(&busy);
    let server = Elsewhere::start(move |_| match is_busy.load(Ordering::SeqCst) {
        true => answer(503, &[("Retry-After", "100")], "busy"),
        false => TAKES.clone(),
    })
    .await;
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
    let told = world
        .until(|event| answered(event, TokenKind::Refresh, "revocation.busy", 1))
        .await;
    let Fact::RevocationAnswered { again_in_ms, .. } = told.fact else {
        unreachable!("this is what was waited for");
    };
    assert_eq!(again_in_ms, Some(100_000));

    busy.store(false, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(100));
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| answered(event, kind, "revocation.taken", 2))
            .await;
    }
    nothing_is_kept(&world).await;
}

/// Scenario 121.
#[tokio::test]
async fn a_token_that_could_not_be_given_back_is_after_the_next_start() {
    let (server, answers) = unreachable().await;
    let mut world = world(Some(&format!("{}/revoke", server.origin))).await;
    world.engine.sign_out(OAUTH).await.expect("signed out here");
    assert_eq!(world.session(OAUTH).state, StateName::SignedOut);
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| answered(event, kind, "revocation.unreachable", 1))
            .await;
    }
    world.engine.shut_down().await;
    let [file] = &notes(&world)[..] else {
        panic!("one family has something to give back");
    };
    let (noted, kept) = (
        std::fs::read_to_string(file).expect("readable"),
        kept(&world),
    );
    assert_eq!(
        kept.matches("\"token\":\"").count(),
        2,
        "the vault has both"
    );
    for secret in kept.split("\"token\":\"").skip(1) {
        let secret = secret.split('"').next().expect("its end");
        assert!(!secret.is_empty() && !noted.contains(secret), "{noted}");
    }

    answers.store(true, Ordering::SeqCst);
    world.clock.advance(LATER);
    world.restart().await;
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| answered(event, kind, "revocation.taken", 2))
            .await;
    }
    assert_eq!(server.lines(), ["POST /revoke"; 4]);
    nothing_is_kept(&world).await;
    assert_eq!(world.session(OAUTH).state, StateName::SignedOut);
}

/// Scenario 121.
#[tokio::test]
async fn a_server_that_cannot_be_reached_is_asked_again_once_another_has_answered() {
    let (server, answers) = unreachable().await;
    let world = world(Some(&format!("{}/revoke", server.origin))).await;
    world.sign_in(JSON).await.expect("signed in");
    world.engine.sign_out(OAUTH).await.expect("signed out here");
    for tries in 1..=4 {
        world
            .until(|event| answered(event, TokenKind::Access, "revocation.unreachable", tries))
            .await;
        if tries < 4 {
            world.clock.advance(LATER);
        }
    }
    answers.store(true, Ordering::SeqCst);
    // Far less than the wait after the fourth try, and enough for the next one.
    world.clock.advance(Duration::from_secs(16));
    world.orders(JSON).await;
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| answered(event, kind, "revocation.taken", 5))
            .await;
    }
    nothing_is_kept(&world).await;
}

/// Scenario 121.
#[tokio::test]
async fn a_server_is_asked_a_limited_number_of_times() {
    let (server, _) = unreachable().await;
    let world = world(Some(&format!("{}/revoke", server.origin))).await;
    world.engine.sign_out(OAUTH).await.expect("signed out here");
    for tries in 1..24 {
        for kind in [TokenKind::Refresh, TokenKind::Access] {
            world
                .until(|event| answered(event, kind, "revocation.unreachable", tries))
                .await;
        }
        world.clock.advance(Duration::from_secs(6 * 60 * 60));
    }
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| answered(event, kind, "revocation.tries_spent", 24))
            .await;
        world
            .until(|event| given_up(event, kind, "revocation.tries_spent"))
            .await;
    }
    nothing_is_kept(&world).await;
}

/// Scenario 121.
#[tokio::test]
async fn a_server_that_refuses_is_not_asked_again() {
    let server =
        Elsewhere::start(|_| answer(400, &[], "{\"error\":\"unsupported_token_type\"}")).await;
    let world = world(Some(&format!("{}/revoke", server.origin))).await;
    world.engine.sign_out(OAUTH).await.expect("signed out here");
    for kind in [TokenKind::Refresh, TokenKind::Access] {
        world
            .until(|event| given_up(event, kind, "revocation.refused"))
            .await;
    }
    nothing_is_kept(&world).await;
}

/// Scenario 121: a token goes to nobody whom the user has not approved, and is not kept for ever.
#[tokio::test]
async fn a_token_that_is_old_or_would_go_elsewhere_is_let_go_unsent() {
    let stranger = Elsewhere::start(|_| TAKES.clone()).await;
    for (rule, days) in [("revocation.set_up_changed", 1), ("revocation.too_old", 8)] {
        let (server, _) = unreachable().await;
        let mut world = world(Some(&format!("{}/revoke", server.origin))).await;
        world.engine.sign_out(OAUTH).await.expect("signed out here");
        world
            .until(|event| answered(event, TokenKind::Access, "revocation.unreachable", 1))
            .await;
        world.engine.shut_down().await;
        if days == 1 {
            name_endpoint(&world, &format!("{}/revoke", stranger.origin));
        }
        world
            .clock
            .advance(Duration::from_secs(days * 24 * 60 * 60));
        world.restart().await;
        for kind in [TokenKind::Refresh, TokenKind::Access] {
            world.until(|event| given_up(event, kind, rule)).await;
        }
        nothing_is_kept(&world).await;
        assert_eq!(stranger.requests(), Vec::<String>::new(), "{rule}");
    }
}

/// Scenario 117: what a flight brings to nobody is given back too.
#[tokio::test]
async fn what_comes_after_the_sign_out_is_given_back_too() {
    let server = Elsewhere::start(|_| TAKES.clone()).await;
    let world = world(Some(&format!("{}/revoke", server.origin))).await;
    let hold = Fault {
        hold_ms: 300,
        ..Fault::default()
    };
    world.demo.faults().set(Place::Refresh, hold);
    let engine = world.engine.clone();
    let refresh = tokio::spawn(async move { engine.refresh(OAUTH).await });
    world
        .until(|event| {
            matches!(event.fact, Fact::ExchangeSent { .. }) && event.subject.flight.is_some()
        })
        .await;
    world.engine.sign_out(OAUTH).await.expect("signed out");
    let refreshed = refresh.await.expect("it ends");
    assert_eq!(tests_engine::failed(refreshed).code, Code::Superseded);
    nothing_is_kept(&world).await;
    let tokens: BTreeSet<String> = server
        .requests()
        .iter()
        .filter_map(|request| {
            let (_, form) = request.split_once("token=")?;
            form.split('&').next().map(str::to_owned)
        })
        .collect();
    assert_eq!(tokens.len(), 4, "both pairs");
    assert_eq!(world.session(OAUTH).state, StateName::SignedOut);
}

#[tokio::test]
async fn a_server_without_the_endpoint_is_not_asked() {
    let world = World::signed_in(OAUTH).await;
    world.engine.sign_out(OAUTH).await.expect("signed out");
    assert_eq!(world.count("RevocationAnswered"), 0);
    assert_eq!(notes(&world), Vec::<PathBuf>::new());
}
