//! What was said in a sign-in and a refresh can be read, and holds nothing that could be used.

use sandglass_engine::engine::Engine;
use sandglass_engine::timeline::event::{EventKey, Fact};
use tests_engine::{JSON, OAUTH, World};

/// The messages of a world's exchanges, in order.
fn said(world: &World) -> Vec<String> {
    let exchanges = world.events().into_iter().filter(|event| {
        matches!(
            event.fact,
            Fact::ExchangeSent { .. } | Fact::ExchangeReplied { .. }
        )
    });
    let engine: &Engine = &world.engine;
    exchanges
        .map(|event| {
            let key: EventKey = event.key;
            engine.message(key).expect("it is kept")
        })
        .collect()
}

#[tokio::test]
async fn each_exchange_is_readable_and_masked() {
    for session in [JSON, OAUTH] {
        let world = World::signed_in(session).await;
        world.engine.refresh(session).await.expect("it refreshes");
        let said = said(&world);
        assert_eq!(said.len(), 4, "{said:#?}");
        assert!(said[0].starts_with("POST http://127.0.0.1:"), "{}", said[0]);
        assert!(said[1].starts_with("200\n"), "{}", said[1]);
        assert!(said[1].contains("***"), "{}", said[1]);
        let all = said.join("\n");
        assert!(!all.contains("hourglass"), "{all}");
        // Whatever is a token has more than this in one piece.
        let long = all
            .split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
            .find(|word| word.len() > 40);
        assert_eq!(long, None, "{all}");
    }
}

#[tokio::test]
async fn what_nothing_was_said_in_has_no_message() {
    let world = World::signed_in(JSON).await;
    let first = world.events()[0].key;
    assert_eq!(world.engine.message(first), None);
}
