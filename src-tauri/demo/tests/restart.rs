//! What survives a restart: with a state file everything that was promised, without one nothing.

use crate::server::{Server, quick};
use sandglass_demo::{Demo, Settings, StartError};
use std::path::Path;

fn start(state_file: Option<&Path>, port_of: Option<&str>) -> Server {
    let mut settings = Settings {
        state_file: state_file.map(Path::to_owned),
        ..quick()
    };
    if let Some(origin) = port_of {
        settings.bind = origin
            .trim_start_matches("http://")
            .parse()
            .expect("an address");
    }
    Server::start(settings)
}

#[test]
fn sign_ins_survive_a_restart_with_a_state_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let server = start(Some(&file), None);
    let origin = server.demo.origin().to_owned();
    let client = server.client();
    let first = client.log_in();
    let second = client.refresh(&first.field("refreshToken"));
    server.stop();

    let server = start(Some(&file), Some(&origin));
    assert_eq!(client.get("/me", &second.field("accessToken")).status, 200);
    let third = client.refresh(&second.field("refreshToken"));
    assert_eq!(third.status, 200);
    assert_eq!(
        client.refresh(&second.field("refreshToken")).status,
        401,
        "spent stays spent"
    );
    server.stop();

    let server = start(Some(&file), Some(&origin));
    assert_eq!(
        client.refresh(&third.field("refreshToken")).status,
        401,
        "revoked stays revoked"
    );
    server.stop();
}

#[test]
fn everything_is_forgotten_without_a_state_file() {
    let server = start(None, None);
    let origin = server.demo.origin().to_owned();
    let client = server.client();
    let pair = client.log_in();
    server.stop();
    let server = start(None, Some(&origin));
    assert_eq!(client.get("/me", &pair.field("accessToken")).status, 401);
    assert_eq!(client.refresh(&pair.field("refreshToken")).status, 401);
    server.stop();
}

#[test]
fn a_state_file_that_cannot_be_used_is_a_clear_refusal_to_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let damaged = folder.path().join("damaged.json");
    std::fs::write(&damaged, "{").expect("a file");
    let nowhere = folder.path().join("no such folder/state.json");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for file in [damaged, nowhere] {
        let settings = Settings {
            state_file: Some(file.clone()),
            ..quick()
        };
        let error = runtime
            .block_on(Demo::start(settings))
            .expect_err("a refusal");
        assert!(matches!(error, StartError::State { .. }));
        assert!(
            error.to_string().contains(&file.display().to_string()),
            "{error}"
        );
    }
}

#[test]
fn a_change_that_cannot_be_kept_is_refused_and_undone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inner = folder.path().join("state");
    std::fs::create_dir(&inner).expect("a folder");
    let server = start(Some(&inner.join("state.json")), None);
    let client = server.client();
    let pair = client.log_in();
    std::fs::rename(&inner, folder.path().join("elsewhere")).expect("moving the folder away");
    let refused = client.refresh(&pair.field("refreshToken"));
    assert_eq!(
        (refused.status, refused.field("error").as_str()),
        (500, "server_error")
    );
    std::fs::rename(folder.path().join("elsewhere"), &inner).expect("moving it back");
    assert_eq!(
        client.refresh(&pair.field("refreshToken")).status,
        200,
        "it was not spent"
    );
}
