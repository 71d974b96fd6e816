//! Out of TLS into clear text: a redirect that leads there stops and asks, over real TLS, whatever would go along.

use std::sync::Arc;

use tests_engine::peer::Place;
use tests_engine::{Elsewhere, answer, json_session, quick};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// A server behind a certificate that it made for itself, and no authority: it answers one connection's first request, and
/// gives back what that was.
async fn one_answer(reply: String) -> (String, String, JoinHandle<String>) {
    let signed =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der())
        .expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a connection");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut stream = acceptor.accept(socket).await.expect("it is trusted");
        let mut request = vec![0; 8_192];
        let length = stream.read(&mut request).await.expect("a request");
        let written = stream.write_all(reply.as_bytes()).await;
        written.expect("the answer is taken");
        stream.shutdown().await.expect("the end is told");
        String::from_utf8_lossy(&request[..length]).to_lowercase()
    });
    (
        format!("https://localhost:{port}"),
        signed.cert.pem(),
        server,
    )
}

/// Scenario 104. N7.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_out_of_tls_stops_before_anything_travels_in_clear_text() {
    let listening = Elsewhere::start(|_| answer(200, &[], "")).await;
    let target = format!("{}/inbox", listening.origin);
    let redirect = answer(302, &[("Location", &target)], "");
    let (origin, certificate, server) = one_answer(redirect).await;
    let place = Place::new(quick()).await;
    // Both origins may have the token; the way from one to the other is what is wrong.
    let origins = ["ORIGIN", &origin, &listening.origin];
    let session = json_session(&origins, "", "").replace("ORIGIN", place.demo.origin());
    std::fs::write(place.workspace.join("sessions/demo.toml"), session).expect("written");
    let trusted = place.data.join("trusted.pem");
    std::fs::write(&trusted, certificate).expect("written");

    let failed = tokio::task::spawn_blocking(move || {
        let mut peer = place.peer_that_trusts(PEER, &trusted);
        assert_eq!(peer.ask("sign_in")["ok"], true);
        peer.ask(&format!("get {origin}/start"))
    })
    .await
    .expect("the peer answers");
    assert_eq!(failed["error"], "redirect.cleartext", "{failed}");
    let request = server.await.expect("the server ends");
    assert!(
        request.starts_with("get /start ") && request.contains("authorization: bearer "),
        "the token went over TLS"
    );
    assert_eq!(listening.requests(), [""; 0], "and nowhere else");
}
