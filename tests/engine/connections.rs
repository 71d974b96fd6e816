//! How connections are made: whom they trust, what they prove themselves with, and what they go over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use sandglass_engine::error::{Code, Result};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::StateName;
use sha2::{Digest, Sha256};
use tests_engine::{Elsewhere, JSON, World, answer, failed, quick};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An authority that only its own file vouches for.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate of an authority, and its key.
struct Issued {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: certificate.der().clone(),
            pem: pem("CERTIFICATE", certificate.der()),
            issuer: Issuer::new(params, key),
        }
    }

    fn issue(&self, name: &str) -> Issued {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("issued");
        Issued {
            certificate: certificate.der().clone(),
            key,
        }
    }
}

impl Issued {
    fn sha256(&self) -> String {
        let hash = Sha256::digest(&self.certificate);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Certificate and key in one text, as people have them.
    fn pem(&self) -> String {
        let certificate = pem("CERTIFICATE", &self.certificate);
        format!("{certificate}{}", self.key_pem())
    }

    fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key.serialize_der())
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// A server behind TLS that gives tokens for `POST` and `{}` for everything else. Ends when it is dropped.
struct Secured {
    origin: String,
    requests: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Secured {
    /// Asks for a certificate of this authority, where there is one.
    async fn start(issued: &Issued, clients: Option<&Authority>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.clone()).expect("a root");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::try_from(issued.key.serialize_der()).expect("a key");
        let config = builder
            .with_single_cert(vec![issued.certificate.clone()], key)
            .expect("a server");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let requests = Arc::<AtomicUsize>::default();
        let seen = Arc::clone(&requests);
        let server = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                let Ok(mut socket) = acceptor.accept(socket).await else {
                    continue;
                };
                let mut bytes = [0; 16 * 1024];
                let Ok(length @ 1..) = socket.read(&mut bytes).await else {
                    continue;
                };
                seen.fetch_add(1, Ordering::SeqCst);
                let reply = if bytes[..length].starts_with(b"POST") {
                    answer(200, &[], r#"{"access_token":"a","refresh_token":"r"}"#)
                } else {
                    answer(200, &[], "{}")
                };
                // Whoever does not wait for the answer does not want it.
                drop(socket.write_all(reply.as_bytes()).await);
                drop(socket.shutdown().await);
            }
        });
        Self {
            origin: format!("https://localhost:{port}"),
            requests,
            server,
        }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A session whose API is here and whose token endpoint is there.
fn session(api: &str, token: &str, more: &str) -> String {
    format!(
        "kind = \"oauth\"\norigins = [\"{api}\"]\ntoken_endpoint = \"{token}/token\"\nclient_id = \"desktop\"\n{more}"
    )
}

async fn sign_in(world: &World, client: ClientSecrets) -> Result<()> {
    let credentials = Credentials::RefreshToken {
        refresh_token: "r".into(),
        client,
    };
    world.engine.sign_in(JSON, credentials).await
}

/// A GET there, under the session.
fn get(world: &World, origin: &str) -> Draft {
    Draft {
        url: format!("{origin}/orders"),
        ..world.get("/", JSON)
    }
}

async fn tokens() -> Elsewhere {
    Elsewhere::start(|_| answer(200, &[], r#"{"access_token":"a","refresh_token":"r"}"#)).await
}

#[tokio::test]
async fn an_exception_is_for_one_certificate_of_one_host() {
    let issued = Authority::new().issue("localhost");
    let (api, tokens) = (Secured::start(&issued, None).await, tokens().await);
    let other = Authority::new().issue("localhost");
    let colons: Vec<_> = issued
        .sha256()
        .to_uppercase()
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect();
    for (host, sha256, trusted) in [
        ("localhost", issued.sha256(), true),
        ("localhost", colons.join(":"), true),
        ("localhost", other.sha256(), false),
        ("127.0.0.1", issued.sha256(), false),
    ] {
        let pins =
            format!("[connection]\npins = [{{ host = \"{host}\", sha256 = \"{sha256}\" }}]\n");
        let file = session(&api.origin, &tokens.origin, &pins);
        let world = World::with_session(quick(), &file).await;
        sign_in(&world, ClientSecrets::default())
            .await
            .expect("signed in");
        let sent = world.send(get(&world, &api.origin)).await;
        if trusted {
            assert_eq!(sent.expect("an answer").status, 200);
        } else {
            let failure = failed(sent);
            assert_eq!(failure.code, Code::TlsUntrusted, "{host} {sha256}");
            assert_eq!(
                failure.params["sha256"],
                issued.sha256(),
                "what an exception needs"
            );
        }
    }
}

#[tokio::test]
async fn an_exception_never_holds_for_a_token_endpoint() {
    let issued = Authority::new().issue("localhost");
    let server = Secured::start(&issued, None).await;
    let pins = format!(
        "[connection]\npins = [{{ host = \"localhost\", sha256 = \"{}\" }}]\n",
        issued.sha256()
    );
    let file = session(&server.origin, &server.origin, &pins);
    let world = World::with_session(quick(), &file).await;
    let failure = failed(sign_in(&world, ClientSecrets::default()).await);
    assert_eq!(failure.code, Code::HostUnreachable);
    assert_eq!(server.requests(), 0, "no refresh token reached it");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_until_its_file_changes() {
    let authority = Authority::new();
    let server = Secured::start(&authority.issue("localhost"), None).await;
    let certificates = tempfile::tempdir().expect("a folder");
    let path = certificates.path().join("authority.pem");
    std::fs::write(&path, &authority.pem).expect("a file");
    let keys = format!("[connection]\nauthority = {path:?}\n");
    let file = session(&server.origin, &server.origin, &keys);
    let mut world = World::with_session(quick(), &file).await;
    sign_in(&world, ClientSecrets::default())
        .await
        .expect("trusted for tokens too");
    let sent = world.send(get(&world, &server.origin)).await;
    assert_eq!(sent.expect("an answer").status, 200);

    world.restart().await;
    assert_eq!(
        world.session(JSON).state,
        StateName::Active,
        "nothing changed"
    );
    std::fs::write(&path, Authority::new().pem).expect("a file");
    world.restart().await;
    let session = world.session(JSON);
    assert_eq!(
        session.state,
        StateName::BindingChanged,
        "another authority asks"
    );
    let question = session.binding.expect("both sides of it");
    assert_ne!(question.approved.connections, question.proposed.connections);
}

/// RFC 8705: on sign-in, on every refresh, and where its token goes.
#[tokio::test]
async fn a_client_proves_itself_with_its_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = Secured::start(&authority.issue("localhost"), Some(&clients)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("authority.pem");
    std::fs::write(&path, &authority.pem).expect("a file");
    let keys = format!("client_auth = \"tls_client_auth\"\n[connection]\nauthority = {path:?}\n");
    let file = session(&server.origin, &server.origin, &keys);
    let mut world = World::with_session(quick(), &file).await;
    let with = |pem: &str| ClientSecrets {
        client_certificate: Some(pem.into()),
        ..ClientSecrets::default()
    };
    let failure = failed(sign_in(&world, ClientSecrets::default()).await);
    assert_eq!(failure.params["expected"], "client_certificate");
    let key_alone = clients.issue("desktop").key_pem();
    for unfit in ["hunter2", &key_alone, &clients.pem] {
        let failure = failed(sign_in(&world, with(unfit)).await);
        assert_eq!(failure.code, Code::KeyInvalid, "{failure}");
    }
    failed(sign_in(&world, with(&authority.issue("desktop").pem())).await);
    assert_eq!(
        server.requests(),
        0,
        "the server takes only its own clients"
    );

    let pem = clients.issue("desktop").pem();
    sign_in(&world, with(&pem)).await.expect("signed in");
    world.engine.refresh(JSON).await.expect("refreshed");
    world.restart().await;
    world
        .engine
        .refresh(JSON)
        .await
        .expect("the certificate is kept with the tokens");
    let sent = world.send(get(&world, &server.origin)).await;
    assert_eq!(sent.expect("an answer").status, 200);
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn a_proxy_is_used_where_the_session_names_one() {
    let (tokens, proxy) = (tokens().await, tokens().await);
    for (keys, over) in [
        ("[connection]\n".to_owned(), 0),
        (format!("[connection]\nproxy = \"{}\"\n", proxy.origin), 2),
    ] {
        let file = session(&tokens.origin, &tokens.origin, &keys);
        let world = World::with_session(quick(), &file).await;
        sign_in(&world, ClientSecrets::default())
            .await
            .expect("signed in");
        world
            .send(get(&world, &tokens.origin))
            .await
            .expect("an answer");
        assert_eq!(proxy.lines().len(), over, "tokens and APIs alike");
    }
    assert_eq!(
        proxy.lines(),
        [
            format!("POST {}/token", tokens.origin),
            format!("GET {}/orders", tokens.origin)
        ]
    );
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_named_when_the_file_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("sessions")).expect("a folder");
    std::fs::write(
        folder.path().join("workspace.toml"),
        "version = 1\nname = \"w\"\n",
    )
    .expect("a file");
    std::fs::write(folder.path().join("empty.pem"), "").expect("a file");
    let many = format!(
        "pins = [{}]",
        format!("{{ host = \"h\", sha256 = \"{}\" }},", "0".repeat(64)).repeat(21)
    );
    for (keys, named) in [
        ("authority = \"absent.pem\"", "absent.pem"),
        ("authority = \"empty.pem\"", "no certificate"),
        (
            "pins = [{ host = \"h\", sha256 = \"12\" }]",
            "64 hex digits",
        ),
        (&*many, "more than 20"),
        ("proxy = \"not an address\"", "connection.proxy"),
        ("proxy = \"http://user:secret@p.test\"", "connection.proxy"),
    ] {
        let text = session(
            "https://a.test",
            "https://a.test",
            &format!("[connection]\n{keys}\n"),
        );
        std::fs::write(folder.path().join("sessions/s.toml"), text).expect("a file");
        let read = sandglass_engine::workspace::Workspace::read(folder.path());
        let (_, failures) = read.expect("a workspace");
        assert_eq!(failures.len(), 1, "{keys}");
        let detail = &failures[0].params["detail"];
        assert!(detail.contains(named), "{keys}: {detail}");
    }
}
