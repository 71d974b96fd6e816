//! What users mistype and networks break: one clear code each, and nothing is lost.

use std::sync::Arc;

use sandglass_demo::{Act, Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::timeline::event::{Fact, Outcome, Withheld};
use tests_engine::{Elsewhere, JSON, World, answer, failed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::storm::holds_its_guarantees;

fn plain(url: String) -> Draft {
    Draft {
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body: None,
        session: None,
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is_accepted() {
    let world = World::new().await;
    let url = format!("{}/orders", world.demo.origin());
    for (draft, code) in [
        (plain("not a url".to_owned()), Code::UrlInvalid),
        (
            Draft {
                method: "GE T".to_owned(),
                ..plain(url.clone())
            },
            Code::MethodInvalid,
        ),
        (
            Draft {
                headers: vec![("a b".to_owned(), "1".to_owned())],
                ..plain(url.clone())
            },
            Code::HeaderInvalid,
        ),
        (
            Draft {
                session: Some("nobody".to_owned()),
                ..plain(url)
            },
            Code::SessionUnknown,
        ),
    ] {
        assert_eq!(failed(world.engine.send(draft)).code, code);
    }
    assert_eq!(world.count("RequestQueued"), 0);
}

#[tokio::test]
async fn an_unreachable_host_is_named() {
    let world = World::new().await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port")
        .local_addr()
        .expect("its number");
    for url in [
        format!("http://{closed}/"),
        "http://no-such-host.invalid/".to_owned(),
    ] {
        let failure = failed(world.send(plain(url)).await);
        assert_eq!(failure.code, Code::HostUnreachable, "{failure}");
        assert!(
            !failure.params["host"].is_empty() && !failure.params["detail"].is_empty(),
            "{failure}"
        );
    }
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_answer() {
    let world = World::new().await;
    for reply in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its number"));
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 1024];
            assert_ne!(socket.read(&mut request).await.expect("a request"), 0);
            socket.write_all(reply.as_bytes()).await.expect("written");
        });
        assert_eq!(
            failed(world.send(plain(url)).await).code,
            Code::ConnectionLost,
            "{reply:?}"
        );
        server.await.expect("the server ends");
    }
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_certificate_nobody_signed_is_refused_in_its_own_words() {
    let world = World::new().await;
    let signed =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der())
        .expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_no_client_auth()
    .with_single_cert(vec![signed.cert.der().clone()], key)
    .expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().expect("its number").port()
    );
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a connection");
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
            .accept(socket)
            .await
            .is_err()
    });
    let failure = failed(world.send(plain(url)).await);
    assert_eq!(failure.code, Code::TlsUntrusted, "{failure}");
    assert!(
        server.await.expect("the server ends"),
        "no request reached it"
    );
}

/// N1: a request from somewhere names the session and another host.
#[tokio::test]
async fn a_token_does_not_go_where_it_does_not_belong() {
    let world = World::signed_in(JSON).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("its number"));
    let draft = Draft {
        session: Some(JSON.to_owned()),
        ..plain(format!("{origin}/steal"))
    };
    let failure = failed(world.engine.send(draft.clone()));
    assert_eq!(
        (failure.code, failure.params["origin"].as_str()),
        (Code::OriginBlocked, origin.as_str())
    );

    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let length = socket.read(&mut request).await.expect("a request");
        socket
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .expect("written");
        String::from_utf8_lossy(&request[..length]).to_lowercase()
    });
    let response = world
        .send(Draft {
            allow_without_token: true,
            ..draft
        })
        .await
        .expect("an answer");
    assert_eq!(response.status, 204);
    assert!(
        !server
            .await
            .expect("the server ends")
            .contains("authorization")
    );
    let told = world
        .until(|event| matches!(event.fact, Fact::TokenWithheld { .. }))
        .await;
    assert!(matches!(
        told.fact,
        Fact::TokenWithheld {
            reason: Withheld::OriginNotAllowed
        }
    ));
}

/// Scenario 83. N9: the clients follow nothing, and the engine nothing that a token endpoint says.
#[tokio::test]
async fn a_redirect_of_a_token_endpoint_is_not_followed() {
    let elsewhere = Elsewhere::start(|_| answer(200, &[], "{}")).await;
    let world = World::signed_in(JSON).await;
    let headers = vec![("Location".to_owned(), elsewhere.origin.clone())];
    for status in [302, 307, 308] {
        let act = Act::Reply {
            status,
            headers: headers.clone(),
            body: String::new(),
        };
        world.demo.faults().set(Place::Refresh, Fault::once(act));
        let failure = failed(world.engine.refresh(JSON).await);
        assert_eq!(failure.code, Code::RefreshTransient, "{failure}");
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
    world.engine.refresh(JSON).await.expect("nothing was spent");
}

#[tokio::test]
async fn a_send_of_an_unknown_session_state_ends_with_one_reason() {
    let world = World::new().await;
    let failure = failed(world.send(world.get("/orders", JSON)).await);
    assert_eq!(
        (failure.code, failure.params["cause"].as_str()),
        (Code::SignInNeeded, "signed_out")
    );
    let finished = world
        .until(|event| matches!(event.fact, Fact::RequestFinished { .. }))
        .await;
    assert!(matches!(
        finished.fact,
        Fact::RequestFinished {
            outcome: Outcome::Failed,
            error: Some(Code::SignInNeeded),
            ..
        }
    ));
    assert_eq!(world.count("AttemptStarted"), 0);
}

#[tokio::test]
async fn a_request_that_names_its_own_time_limit_ends_with_it() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    let silent = tokio::spawn(async move {
        // Held open, and never answered.
        let held = listener.accept().await;
        std::future::pending::<()>().await;
        drop(held);
    });
    let draft = Draft {
        time_limit_ms: Some(300),
        ..plain(url)
    };
    let failure = failed(world.send(draft).await);
    assert_eq!(failure.code, Code::RequestTimeout);
    assert_eq!(failure.params["seconds"], "0.3");
    let finished = world.events().iter().any(|event| {
        matches!(
            event.fact,
            Fact::RequestFinished {
                outcome: Outcome::Failed,
                error: Some(Code::RequestTimeout),
                ..
            }
        )
    });
    assert!(finished, "the timeline has the end");
    silent.abort();
}
