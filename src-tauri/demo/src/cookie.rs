//! The cookie mode: sign-in and refresh whose answers set cookies, as back ends of single-page applications have it.
//!
//! The pair of tokens is the same as everywhere here, only that it travels in `HttpOnly` cookies; the one that refreshes is
//! for one path alone. What changes something must repeat a third cookie in a header (double submit): whoever forges a
//! request from another site cannot read it.

use crate::answer::refusal;
use crate::clients::COOKIE_CLIENT;
use crate::families::Issued;
use crate::grants::NoTokens;
use crate::json::{self, Login};
use crate::misbehave::Odd;
use crate::server::Shared;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// The cookie whose token the API takes.
pub(crate) const ACCESS: &str = "demo_access";
const REFRESH: &str = "demo_refresh";
const CSRF: &str = "demo_csrf";
/// The header that repeats the third cookie.
const CSRF_HEADER: &str = "x-csrf-token";

/// `POST /cookie/login`.
pub(crate) fn login_routes() -> Router<Arc<Shared>> {
    Router::new().route("/cookie/login", post(login))
}

/// `POST /cookie/refresh`.
pub(crate) fn refresh_routes() -> Router<Arc<Shared>> {
    Router::new().route("/cookie/refresh", post(refresh))
}

/// `GET /cookie/csrf`, which no fault touches.
pub(crate) fn other_routes() -> Router<Arc<Shared>> {
    Router::new().route("/cookie/csrf", get(csrf))
}

async fn csrf() -> Response {
    with_cookies(StatusCode::NO_CONTENT.into_response(), [csrf_cookie()])
}

async fn login(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !repeats_its_cookie(&headers) {
        return forged();
    }
    let Some(Login { username, password }) = json::read(&body) else {
        return json::not_understood();
    };
    answer(shared.sign_in(COOKIE_CLIENT, (&username, &password), None))
}

async fn refresh(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    odd: Option<Extension<Odd>>,
) -> Response {
    if !repeats_its_cookie(&headers) {
        return forged();
    }
    let token = cookie(&headers, REFRESH).unwrap_or_default();
    let how = odd.map(|Extension(odd)| odd).unwrap_or_default();
    answer(shared.refresh(COOKIE_CLIENT, token, None, &how))
}

fn answer(issued: Result<Issued, NoTokens>) -> Response {
    match issued {
        Ok(issued) => {
            let (lives_s, access) = (issued.expires_in_s, issued.access_token);
            let refresh = issued.refresh_token;
            with_cookies(
                StatusCode::NO_CONTENT.into_response(),
                [
                    format!("{ACCESS}={access}; Path=/; Max-Age={lives_s}; HttpOnly; SameSite=Lax"),
                    format!("{REFRESH}={refresh}; Path=/cookie/refresh; HttpOnly; SameSite=Strict"),
                    csrf_cookie(),
                ],
            )
        }
        Err(why) => why.answer("invalid_credentials", StatusCode::UNAUTHORIZED),
    }
}

fn with_cookies<const N: usize>(mut answer: Response, cookies: [String; N]) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        let value = HeaderValue::from_str(&cookie).expect("tokens are ASCII");
        headers.append(header::SET_COOKIE, value);
    }
    answer
}

/// A new value for the third cookie: Base64 with its padding encoded, as frameworks do it.
fn csrf_cookie() -> String {
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("the system can give random bytes");
    let value = STANDARD.encode(random);
    let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{CSRF}={encoded}; Path=/; SameSite=Lax")
}

/// Whether the header says what the cookie says.
pub(crate) fn repeats_its_cookie(headers: &HeaderMap) -> bool {
    let sent = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    let (Some(sent), Some(kept)) = (sent, cookie(headers, CSRF)) else {
        return false;
    };
    let encoded: String = url::form_urlencoded::byte_serialize(sent.as_bytes()).collect();
    encoded == kept
}

pub(crate) fn forged() -> Response {
    let why = "What changes something repeats the cookie demo_csrf in the header X-CSRF-Token";
    refusal(StatusCode::FORBIDDEN, "csrf_mismatch", why)
}

/// The value of the first cookie of this name.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split("; "));
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}
