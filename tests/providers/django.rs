//! The engine at two servers in another language: django-oauth-toolkit for every grant that it has, and SimpleJWT as a JSON
//! sign-in and refresh API. Each through expiries, their 401s and the retries.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sandglass_engine::Engine;
use sandglass_engine::engine::Options;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Fact, FlightClass, Kept};
use sandglass_engine::workspace::Workspace;
use serde::Deserialize;

use crate::browser;

const SESSION: &str = "django";
/// The user's name there, and their password.
const USER: &str = "ada";
/// How many expiries are lived through.
const EXPIRIES: usize = 2;
/// Between two requests: many times within the 3 s of a token.
const PACE: Duration = Duration::from_millis(250);
/// The expiries take 6 s; a machine under load gets ten times that.
const DEADLINE: Duration = Duration::from_secs(60);

/// The running servers. They end with this.
struct Django {
    child: Child,
    at: Addresses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addresses {
    issuer: String,
    api: String,
    jwt: String,
}

impl Django {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("django");
        let python = folder.join("venv/bin/python");
        assert!(
            python.exists(),
            "Django is not installed: `cargo xtask test` does it, from tests/providers/django/requirements.txt"
        );
        let mut child = Command::new(python)
            .arg("server.py")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        let read = BufReader::new(stdout).read_line(&mut line);
        let at = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let at = at.expect(
            "Django starts; `venv/bin/python server.py` in tests/providers/django says why not",
        );
        Self { child, at }
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        // It may have ended already, which is fine too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An engine on a workspace with one session.
fn engine(session: &str) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sessions = folder.path().join("sessions");
    std::fs::create_dir(&sessions).expect("a folder");
    let manifest = "version = 1\nname = \"Django\"\n";
    std::fs::write(folder.path().join("workspace.toml"), manifest).expect("a file");
    std::fs::write(sessions.join(format!("{SESSION}.toml")), session).expect("a file");
    let (workspace, failures) = Workspace::read(folder.path()).expect("a workspace");
    assert!(failures.is_empty(), "{failures:?}");
    let options = Options {
        kept: Kept::Memory,
        ..Options::default()
    };
    let engine = Engine::open(workspace, options).expect("an engine");
    (folder, engine)
}

/// Sends until so many tokens have expired. Every answer is good, and every expiry costs one refusal and one refresh.
async fn live_through_expiries(engine: &Engine, api: &str) {
    let draft = Draft {
        method: "GET".to_owned(),
        url: api.to_owned(),
        headers: Vec::new(),
        body: None,
        session: Some(SESSION.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    let count = |wanted: fn(&Fact) -> bool| {
        let events = engine.timeline().events();
        events.iter().filter(|event| wanted(&event.fact)).count()
    };
    let refreshes = || {
        count(|fact| {
            matches!(
                fact,
                Fact::FlightFinished {
                    class: FlightClass::Committed,
                    ..
                }
            )
        })
    };
    let mut pace = tokio::time::interval(PACE);
    while refreshes() < EXPIRIES {
        pace.tick().await;
        let send = engine
            .send(draft.clone())
            .expect("nothing is wrong with it");
        let answer = send.finished().await.expect("an answer");
        assert_eq!(answer.status, 200, "{:?}", answer.not_repeated);
    }
    let refused = count(|fact| matches!(fact, Fact::ResponseHead { status: 401, .. }));
    assert_eq!(refused, EXPIRIES, "one refusal for an expiry");
    let flights = count(|fact| matches!(fact, Fact::FlightStarted { .. }));
    assert_eq!(flights, EXPIRIES, "one refresh for an expiry");
}

/// How the user, or the client, signs in.
enum Way {
    Browser,
    Device,
    Typed(Credentials),
}

async fn sign_in(engine: &Engine, way: Way) {
    let credentials = match way {
        Way::Typed(credentials) => {
            let signed_in = engine.sign_in(SESSION, credentials).await;
            return signed_in.expect("signed in");
        }
        Way::Browser => Credentials::Browser {
            client: ClientSecrets::default(),
        },
        Way::Device => Credentials::Device {
            client: ClientSecrets::default(),
        },
    };
    let signing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.sign_in(SESSION, credentials).await }
    });
    let redirect = |engine: &Engine| {
        let events = engine.timeline().events();
        events.iter().find_map(|event| match &event.fact {
            Fact::BrowserAwaited { redirect, .. } => Some(redirect.clone()),
            _ => None,
        })
    };
    let link = loop {
        if let Some(link) = engine.sign_in_link(SESSION) {
            break link;
        }
        assert!(!signing.is_finished(), "{:?}", engine.timeline().events());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let by_code = engine.user_code(SESSION).is_some();
    let redirect = redirect(engine);
    let visited = tokio::task::spawn_blocking(move || {
        if by_code {
            let page = browser::say_yes(&link);
            assert!(
                page.contains("Approved") || page.contains("Authorized"),
                "{page}"
            );
            return;
        }
        let back = browser::sign_in(&link, &redirect.expect("it is told before the link"));
        let called = ureq::get(back.as_str()).call();
        called.expect("the listener answers");
    });
    visited.await.expect("no panic");
    let signed_in = signing.await.expect("no panic");
    signed_in.expect("the server took it all");
}

fn check(session: impl FnOnce(&Addresses) -> (String, String), way: Way) {
    let django = Django::start();
    let (file, api) = session(&django.at);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let story = async {
        let (_folder, engine) = engine(&file);
        sign_in(&engine, way).await;
        live_through_expiries(&engine, &api).await;
        engine.shut_down().await;
    };
    let lived = runtime.block_on(async { tokio::time::timeout(DEADLINE, story).await });
    lived.expect("two expiries of 3 s within the deadline");
}

/// A session at django-oauth-toolkit.
fn oauth(at: &Addresses, keys: &str) -> (String, String) {
    let origin = at.issuer.trim_end_matches("/o");
    let file = format!(
        "kind = \"oauth\"\norigins = [\"{origin}\"]\nissuer = \"{}\"\n{keys}",
        at.issuer
    );
    (file, at.api.clone())
}

fn secret(client: &str) -> ClientSecrets {
    ClientSecrets {
        client_secret: Some(format!("{client}-secret").into()),
        ..ClientSecrets::default()
    }
}

#[test]
fn a_public_client_lives_on_a_code_from_the_browser() {
    let keys =
        "client_id = \"desktop\"\ngrant = \"authorization_code\"\nscope = \"openid orders\"\n";
    check(|at| oauth(at, keys), Way::Browser);
}

#[test]
fn a_code_is_typed_on_another_device() {
    // Its metadata names no endpoint for devices.
    let keys = |at: &Addresses| {
        format!(
            "client_id = \"tv\"\ngrant = \"device_code\"\nscope = \"orders\"\ntoken_endpoint = \"{0}/token/\"\ndevice_authorization_endpoint = \"{0}/device-authorization/\"\n",
            at.issuer
        )
    };
    check(|at| oauth(at, &keys(at)), Way::Device);
}

#[test]
fn a_client_acts_for_itself() {
    let keys = "client_id = \"service\"\nclient_auth = \"client_secret_basic\"\ngrant = \"client_credentials\"\n";
    let client = secret("service");
    let way = Way::Typed(Credentials::Client { client });
    check(|at| oauth(at, keys), way);
}

#[test]
fn the_legacy_grant_lives_on_its_refresh_token() {
    let keys = "client_id = \"legacy\"\nclient_auth = \"client_secret_post\"\ngrant = \"password\"\nscope = \"orders\"\n";
    let way = Way::Typed(Credentials::Password {
        username: USER.to_owned(),
        password: USER.into(),
        client: secret("legacy"),
    });
    check(|at| oauth(at, keys), way);
}

/// As the preset for it has it: the expiry is the token's own, a refresh token is good once.
#[test]
fn a_json_api_of_a_framework_lives_through_expiries() {
    let session = |at: &Addresses| {
        let (origin, jwt) = (at.jwt.trim_end_matches("/jwt"), &at.jwt);
        let file = format!(
            r#"kind = "json"
origins = ["{origin}"]

[sign_in]
url = "{jwt}/token/"
body = '{{"username": "{{{{username}}}}", "password": "{{{{password}}}}"}}'

[refresh]
url = "{jwt}/token/refresh/"
body = '{{"refresh": "{{{{refresh_token}}}}"}}'

[reply]
access_token = "/access"
refresh_token = "/refresh"
"#
        );
        (file, format!("{jwt}/orders"))
    };
    check(session, Way::Typed(Credentials::password(USER, USER)));
}
