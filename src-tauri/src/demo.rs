//! The embedded demo: its server, and a workspace for it that lives in memory only.

use std::io;

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER, Demo, PUBLIC_CLIENT};
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::origin::{Origin, parse_url};
use sandglass_engine::session::config::grant_type::GrantType;
use sandglass_engine::session::config::replies::Replies;
use sandglass_engine::session::config::{
    ClientAuth, Dialect, JsonDialect, JsonRequest, OauthDialect, RefreshWhen, SessionConfig,
};
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::workspace::{SavedRequest, Workspace};
use serde::Deserialize;
use serde_json::json;

/// The session of the tour: JSON sign-in and refresh.
pub(crate) const SESSION: &str = "demo";
/// The session with a standard OAuth token endpoint.
pub(crate) const OAUTH_SESSION: &str = "demo-oauth";
/// What tells the demo's workspace from folders. The same in every run, so that a new sign-in replaces the record of the last.
const WORKSPACE_ID: &str = "embedded-demo";
/// Largest reply of the demo that is read, in bytes.
const REPLY_BYTES_MAX: u64 = 64 * 1024;

/// Starts the server on a free port of the loopback interface.
pub(crate) async fn start() -> Result<Demo> {
    let settings = sandglass_demo::Settings::default();
    let address = settings.bind;
    Demo::start(settings).await.map_err(|error| {
        let detail = io::Error::other(error).to_string();
        Failure::new(Code::DemoUnavailable)
            .with("address", address)
            .with("detail", detail)
    })
}

/// The workspace for the server at this origin.
pub(crate) fn workspace(origin: &str) -> Result<Workspace> {
    let origins = vec![Origin::parse(origin)?];
    let json = JsonDialect {
        sign_in: Some(JsonRequest::post(
            parse_url(&format!("{origin}/auth/login"))?,
            json!({ "username": "{{username}}", "password": "{{password}}" }),
        )),
        refresh: JsonRequest::post(
            parse_url(&format!("{origin}/auth/refresh"))?,
            json!({ "refreshToken": "{{refresh_token}}" }),
        ),
    };
    let oauth = OauthDialect {
        token_endpoint: parse_url(&format!("{origin}/oauth/token"))?,
        client_id: PUBLIC_CLIENT.to_owned(),
        client_auth: ClientAuth::None,
        dpop: false,
        issuer: None,
        jwks_uri: None,
        to_discover: false,
        server: sandglass_engine::session::config::server::Server::default(),
        authorization: sandglass_engine::session::config::authorization::Authorization::default(),
        grant: GrantType::RefreshToken,
        scope: None,
        resource: None,
    };
    let request = |id: &str, name: &str, method: &str, path: &str, session: &str| SavedRequest {
        id: id.to_owned(),
        session: Some(session.to_owned()),
        ..SavedRequest::new(name, method, &format!("{origin}{path}"))
    };
    let session = |name: &str, dialect: Dialect| SessionConfig {
        name: name.into(),
        origins: origins.clone(),
        family: name.into(),
        // The tour shows what happens without it; the demo's tokens are too short-lived for it anyway.
        refresh_when: RefreshWhen::Refused,
        dialect,
        replies: Replies::default(),
        refused_when: None,
        secret_headers: Vec::new(),
        connection: Default::default(),
    };
    Ok(Workspace::in_memory(
        "Demo",
        WORKSPACE_ID,
        vec![
            session(SESSION, Dialect::Json(Box::new(json))),
            session(OAUTH_SESSION, Dialect::Oauth(Box::new(oauth))),
        ],
        vec![
            request("list-orders", "List orders", "GET", "/orders?limit=5", SESSION),
            SavedRequest {
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: Some("{\n  \"customer\": \"Ada Byron\",\n  \"total\": \"42.00\",\n  \"currency\": \"EUR\"\n}".to_owned().into()),
                ..request("create-order", "Create order", "POST", "/orders", SESSION)
            },
            request("me", "Me", "GET", "/me", OAUTH_SESSION),
            request("admin-only", "Admin only", "GET", "/admin", SESSION),
        ],
    ))
}

/// The workspace of a window whose demo could not be started: empty, and usable with addresses that are typed.
pub(crate) fn empty_workspace() -> Workspace {
    Workspace::in_memory("Demo", WORKSPACE_ID, Vec::new(), Vec::new())
}

/// What the demo's own user would type to sign in to this session.
pub(crate) async fn credentials(demo: &Demo, session: &str) -> Result<Credentials> {
    if session == OAUTH_SESSION {
        let origin = demo.origin().to_owned();
        let failed = |error: String| {
            Failure::new(Code::SignInRefused)
                .with("session", OAUTH_SESSION)
                .with("error", error)
        };
        let asked = tauri::async_runtime::spawn_blocking(move || {
            refresh_token(&origin).map_err(|error| error.to_string())
        })
        .await;
        asked
            .map_err(|error| error.to_string())
            .flatten()
            .map_err(failed)
    } else {
        Ok(Credentials::password(DEMO_USER, DEMO_PASSWORD))
    }
}

/// A first refresh token from the demo's password grant, which stands in for the browser that a real server would want.
fn refresh_token(origin: &str) -> Result<Credentials, ureq::Error> {
    #[derive(Deserialize)]
    struct Reply {
        refresh_token: String,
    }
    let form = [
        ("grant_type", "password"),
        ("client_id", PUBLIC_CLIENT),
        ("username", DEMO_USER),
        ("password", DEMO_PASSWORD),
    ];
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .build()
        .into();
    let mut answer = agent
        .post(format!("{origin}/oauth/token"))
        .send_form(form)?;
    let reply: Reply = answer
        .body_mut()
        .with_config()
        .limit(REPLY_BYTES_MAX)
        .read_json()?;
    Ok(Credentials::RefreshToken {
        refresh_token: reply.refresh_token.into(),
        client: ClientSecrets::default(),
    })
}
