//! The protected API: ordinary things to ask for, a bearer challenge (RFC 6750) for who may not, and a few odd corners.

use crate::access_token::Claims;
use crate::answer::problem;
use crate::cookie;
use crate::events::events;
use crate::families::Unfit;
use crate::orders;
use crate::server::{Shared, now_ms};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The most of a body that `/echo` takes.
const ECHO_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest that `/slow` waits.
const SLOW_MS_MAX: u64 = 60_000;
const ORDERS_SHOWN: usize = 20;

/// Everything that wants an access token.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/orders", get(list_orders).post(create_order))
        .route("/me", get(me))
        .route("/admin", get(admin))
        .route("/slow", get(slow))
        .route("/echo", post(echo))
        .route("/events", get(events))
        .route("/status/{code}", any(status))
        .route("/redirect", get(redirect))
        .route_layer(from_fn_with_state(Arc::clone(shared), authorise))
}

/// The answer for a path that does not exist.
pub(crate) async fn nothing_here() -> Response {
    problem(StatusCode::NOT_FOUND, "There is nothing at this path")
}

/// The answer for a path that exists with another method.
pub(crate) async fn not_this_way(method: Method) -> Response {
    let why = format!("{method} is not possible here");
    problem(StatusCode::METHOD_NOT_ALLOWED, &why)
}

/// Lets a request pass whose access token is good, and hands its claims on.
async fn authorise(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let by_cookie = cookie::cookie(headers, cookie::ACCESS).filter(|_| bearer(headers).is_none());
    // A page of another site can make a browser send cookies, and cannot read them (RFC 6265bis §8.7).
    if by_cookie.is_some() && !request.method().is_safe() && !cookie::repeats_its_cookie(headers) {
        return cookie::forged();
    }
    let checked = match bearer(headers).or(by_cookie) {
        Some(token) => shared
            .families()
            .check(&shared.mint, token, now_ms())
            .map_err(Some),
        None => Err(None),
    };
    match checked {
        Ok(claims) => {
            shared.tally.add(|counts| counts.api_ok += 1);
            request.extensions_mut().insert(claims);
            next.run(request).await
        }
        Err(why) => {
            shared.tally.add(|counts| counts.api_refused += 1);
            unauthorised(why)
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// 401 with the challenge of RFC 6750, section 3. Who sent no token is told no error code.
fn unauthorised(why: Option<Unfit>) -> Response {
    let (challenge, detail) = match why {
        None => (r#"Bearer realm="demo""#, "An access token is needed here"),
        Some(Unfit::Expired) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The access token expired""#,
            "The access token expired",
        ),
        Some(Unfit::Revoked) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The access token was revoked""#,
            "The access token was revoked",
        ),
        Some(Unfit::NotYetValid) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The access token is not yet valid""#,
            "The access token is not yet valid",
        ),
        Some(Unfit::OtherAudience) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The audience of the access token is another one""#,
            "The audience of the access token is another one",
        ),
        Some(Unfit::OtherIssuer) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The access token is of an issuer that is not trusted""#,
            "The access token is of an issuer that is not trusted",
        ),
        Some(Unfit::NotOurs) => (
            r#"Bearer realm="demo", error="invalid_token", error_description="The access token is not valid""#,
            "The access token is not valid",
        ),
    };
    let mut reply = problem(StatusCode::UNAUTHORIZED, detail);
    let challenge = HeaderValue::from_static(challenge);
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
}

async fn list_orders(Query(page): Query<Page>) -> Json<Value> {
    Json(orders::newest(page.limit.unwrap_or(ORDERS_SHOWN)))
}

async fn create_order(body: Bytes) -> Response {
    let Ok(Value::Object(mut order)) = serde_json::from_slice(&body) else {
        return problem(StatusCode::BAD_REQUEST, "An order is a JSON object");
    };
    let id = format!("ord_{}", 10_400 + orders::ORDERS + 1);
    let at = format!("/orders/{id}");
    order.insert("id".to_owned(), id.into());
    order.entry("state").or_insert_with(|| "open".into());
    (StatusCode::CREATED, [(header::LOCATION, at)], Json(order)).into_response()
}

async fn me(Extension(claims): Extension<Claims>) -> Json<Value> {
    let scopes: Vec<&str> = claims.scope.split(' ').collect();
    Json(
        json!({ "id": claims.sub, "name": claims.name, "username": claims.preferred_username, "scopes": scopes }),
    )
}

async fn admin(Extension(claims): Extension<Claims>) -> Response {
    if claims.has_scope("admin") {
        return Json(json!({ "message": "Welcome to the back office" })).into_response();
    }
    let mut reply = problem(StatusCode::FORBIDDEN, "This needs the scope admin");
    let challenge = r#"Bearer realm="demo", error="insufficient_scope", error_description="This needs the scope admin", scope="admin""#;
    let challenge = HeaderValue::from_static(challenge);
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

#[derive(Deserialize)]
struct Pause {
    ms: Option<u64>,
}

async fn slow(Query(pause): Query<Pause>) -> Json<Value> {
    let ms = pause.ms.unwrap_or(1000).min(SLOW_MS_MAX);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Json(json!({ "waited_ms": ms }))
}

/// Tells what arrived without repeating it: the body by length and hash, the headers by name.
async fn echo(headers: HeaderMap, body: Body) -> Response {
    let Ok(body) = to_bytes(body, ECHO_BYTES_MAX).await else {
        return problem(
            StatusCode::PAYLOAD_TOO_LARGE,
            "At most 64 MiB can be echoed",
        );
    };
    let hash: String = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    Json(json!({ "length": body.len(), "sha256": hash, "headers": names })).into_response()
}

async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        // An informational status is no final answer.
        Ok(status) if !status.is_informational() => {
            problem(status, "The status that was asked for")
        }
        _ => problem(
            StatusCode::BAD_REQUEST,
            "That is not a status between 200 and 599",
        ),
    }
}

#[derive(Deserialize)]
struct Redirect {
    to: String,
}

async fn redirect(Query(redirect): Query<Redirect>) -> Response {
    match HeaderValue::from_str(&redirect.to) {
        Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Err(_) => problem(
            StatusCode::BAD_REQUEST,
            "That cannot stand in a Location header",
        ),
    }
}
