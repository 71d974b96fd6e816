//! The OAuth dialect: a token endpoint (RFC 6749), its metadata (8414), introspection (7662) and revocation (7009).
//!
//! The `password` grant is no advice: it is here because a test needs a first refresh token without playing a browser.

use crate::answer::{no_store, not_saved, refusal};
use crate::clients::{PUBLIC_CLIENT, authenticate};
use crate::families::SCOPE;
use crate::grants::{Names, fields};
use crate::misbehave::Odd;
use crate::server::{Shared, now_ms};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

const NAMES: Names = Names {
    access_token: "access_token",
    refresh_token: "refresh_token",
    expires_in: "expires_in",
};
const FORM: &str = "application/x-www-form-urlencoded";

/// `POST /oauth/token`.
pub(crate) fn token_routes() -> Router<Arc<Shared>> {
    Router::new().route("/oauth/token", post(token))
}

/// What no fault touches: metadata, introspection, revocation.
pub(crate) fn other_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/oauth/introspect", post(introspect))
        .route("/oauth/revoke", post(revoke))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    odd: Option<Extension<Odd>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (client, form) = match read(&headers, &body) {
        Ok(read) => read,
        Err(refused) => return refused.answer(),
    };
    let Extension(mut odd) = odd.unwrap_or_default();
    let scope = form.field("scope");
    // Who can ask again at any time needs no refresh token (RFC 6749, section 4.4.3).
    odd.omit_refresh_token |= form.field("grant_type") == Some("client_credentials");
    let issued = match (form.field("grant_type"), form.field("refresh_token")) {
        (Some("refresh_token"), Some(token)) => shared.refresh(client, token, scope, &odd),
        (Some("password"), _) => match (form.field("username"), form.field("password")) {
            (Some(user), Some(password)) => shared.sign_in(client, (user, password), scope),
            _ => return invalid_request("username and password are missing"),
        },
        (Some("client_credentials"), _) if client == PUBLIC_CLIENT => {
            let why = "Only a client that proves who it is may sign in as itself";
            return refusal(StatusCode::BAD_REQUEST, "unauthorized_client", why);
        }
        (Some("client_credentials"), _) => shared.sign_in_client(client, scope),
        (Some("refresh_token"), None) => return invalid_request("refresh_token is missing"),
        (None, _) => return invalid_request("grant_type is missing"),
        (Some(_), _) => {
            let why = "This server knows refresh_token, client_credentials and password";
            return refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
        }
    };
    match issued {
        Ok(issued) => {
            let mut reply = fields(&NAMES, &issued, &odd);
            reply.insert("token_type".to_owned(), "Bearer".into());
            reply.insert("scope".to_owned(), issued.scope.into());
            no_store(StatusCode::OK, reply)
        }
        Err(why) => why.answer("invalid_grant", StatusCode::BAD_REQUEST),
    }
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Response {
    let origin = &shared.mint.origin;
    let scopes: Vec<&str> = SCOPE.split(' ').collect();
    let methods = ["none", "client_secret_basic"];
    Json(json!({
        "issuer": origin,
        "token_endpoint": format!("{origin}/oauth/token"),
        "introspection_endpoint": format!("{origin}/oauth/introspect"),
        "revocation_endpoint": format!("{origin}/oauth/revoke"),
        "response_types_supported": [],
        "grant_types_supported": ["refresh_token", "client_credentials", "password"],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "revocation_endpoint_auth_methods_supported": methods,
    }))
    .into_response()
}

/// Only clients with a secret may ask, so that nobody fishes for live tokens (RFC 7662, section 4). Refresh tokens are not told.
async fn introspect(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match read(&headers, &body) {
        Ok((_, form)) if headers.contains_key(header::AUTHORIZATION) => form,
        Ok(_) => return invalid_client(),
        Err(refused) => return refused.answer(),
    };
    let Some(token) = form.field("token") else {
        return invalid_request("token is missing");
    };
    let checked = shared.families().check(&shared.mint, token, now_ms());
    let Ok(claims) = checked else {
        return no_store(StatusCode::OK, json!({ "active": false }));
    };
    let reply = json!({
        "active": true, "token_type": "Bearer", "scope": claims.scope, "client_id": claims.client_id,
        "username": claims.preferred_username, "sub": claims.sub, "iss": claims.iss, "aud": claims.aud,
        "iat": claims.iat, "exp": claims.exp, "jti": claims.jti,
    });
    no_store(StatusCode::OK, reply)
}

async fn revoke(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let (client, form) = match read(&headers, &body) {
        Ok(read) => read,
        Err(refused) => return refused.answer(),
    };
    let Some(token) = form.field("token") else {
        return invalid_request("token is missing");
    };
    match shared.revoke(client, token) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => not_saved(),
    }
}

/// The fields of a form. An empty one counts as absent (RFC 6749, section 3.2).
struct Form(HashMap<String, String>);

impl Form {
    fn field(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// What is wrong with a form before its fields are looked at.
enum Unread {
    Request(&'static str),
    Client,
}

impl Unread {
    fn answer(self) -> Response {
        match self {
            Self::Request(why) => invalid_request(why),
            Self::Client => invalid_client(),
        }
    }
}

/// The client that sent a form, and the form.
fn read(headers: &HeaderMap, body: &Bytes) -> Result<(&'static str, Form), Unread> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let essence = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(FORM) {
        return Err(Unread::Request(
            "The body has to be application/x-www-form-urlencoded",
        ));
    }
    let mut fields = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if fields
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return Err(Unread::Request("A parameter is there twice"));
        }
    }
    let form = Form(fields);
    let posted_secret = form.field("client_secret").is_some();
    let client = authenticate(headers, form.field("client_id"), posted_secret);
    Ok((client.ok_or(Unread::Client)?, form))
}

fn invalid_request(why: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, "invalid_request", why)
}

fn invalid_client() -> Response {
    let why = "The client is not known, or did not prove itself as it registered to";
    let mut reply = refusal(StatusCode::UNAUTHORIZED, "invalid_client", why);
    let challenge = HeaderValue::from_static("Basic realm=\"demo\"");
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}
