//! Another environment of the workspace that is open: sessions and secrets are those of the place where one is.

use std::fs;

use sandglass_engine::error::Code;
use sandglass_engine::timeline::event::{Fact, StateName};
use tests_engine::{JSON, World, failed};

/// A world whose workspace has two environments, each with a secret of the same name.
async fn world() -> World {
    let world = World::signed_in(JSON).await;
    let folder = world.folder.path().join("workspace/environments");
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["production", "staging"] {
        let file = folder.join(name).with_extension("toml");
        fs::write(file, "secrets = [\"key\"]\n").expect("a file");
    }
    world
}

async fn go(world: &World, environment: Option<&str>) {
    let chosen = world.engine.choose_environment(environment).await;
    assert_eq!(chosen.expect("it is there"), []);
}

#[tokio::test]
async fn a_session_is_signed_in_where_it_signed_in_and_nowhere_else() {
    let world = world().await;
    go(&world, Some("staging")).await;
    assert_eq!(world.session(JSON).state, StateName::SignedOut);
    world.sign_in(JSON).await.expect("the demo knows its user");
    assert_eq!(world.orders(JSON).await.status, 200);
    assert_eq!(world.demo.counts().logins, 2);
    for environment in [None, Some("staging"), None] {
        go(&world, environment).await;
        assert_eq!(world.session(JSON).generation, Some(1), "{environment:?}");
        assert_eq!(world.orders(JSON).await.status, 200, "{environment:?}");
    }
    assert_eq!(world.demo.counts().logins, 2, "nobody signed in again");
    world.engine.sign_out(JSON).await.expect("it is signed in");
    go(&world, Some("staging")).await;
    assert_eq!(
        world.session(JSON).generation,
        Some(1),
        "signing out in one place leaves the other alone"
    );
    let chosen =
        |event: &std::sync::Arc<sandglass_engine::timeline::event::Event>| match &event.fact {
            Fact::EnvironmentChosen { environment } => Some(environment.clone()),
            _ => None,
        };
    let told: Vec<_> = world.events().iter().filter_map(chosen).collect();
    let staging = Some("staging".to_owned());
    assert_eq!(
        told,
        [staging.clone(), None, staging.clone(), None, staging],
        "each change once"
    );
}

#[tokio::test]
async fn a_secret_of_one_environment_goes_nowhere_in_another() {
    let world = world().await;
    go(&world, Some("staging")).await;
    let set = world
        .engine
        .set_variable("key", "only-for-staging".into())
        .await;
    set.expect("a file names it");
    let mut draft = world.get("/orders", JSON);
    draft.headers = vec![("X-Key".to_owned(), "{{key}}".to_owned())];
    draft.session = None;
    assert!(world.send(draft.clone()).await.is_ok(), "filled there");
    go(&world, Some("production")).await;
    let refused = failed(world.engine.send(draft.clone()));
    assert_eq!(refused.code, Code::VariableUnset);
    go(&world, Some("staging")).await;
    assert!(world.send(draft).await.is_ok(), "the keychain kept it");
}

#[tokio::test]
async fn an_environment_that_there_is_not_changes_nothing() {
    let world = world().await;
    let refused = failed(world.engine.choose_environment(Some("moon")).await);
    assert_eq!(refused.code, Code::EnvironmentUnknown);
    assert_eq!(world.engine.workspace().environment, None);
    assert_eq!(world.orders(JSON).await.status, 200);
}
