//! The JSON dialect: the login and refresh endpoints of the classic single-page back end.

use crate::answer::{no_store, not_saved, refusal};
use crate::clients::JSON_CLIENT;
use crate::families::Issued;
use crate::grants::{Names, NoTokens, fields};
use crate::misbehave::Odd;
use crate::server::Shared;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;

const NAMES: Names = Names {
    access_token: "accessToken",
    refresh_token: "refreshToken",
    expires_in: "expiresIn",
};

#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refresh {
    refresh_token: String,
}

/// `POST /auth/login`.
pub(crate) fn login_routes() -> Router<Arc<Shared>> {
    Router::new().route("/auth/login", post(login))
}

/// `POST /auth/refresh`.
pub(crate) fn refresh_routes() -> Router<Arc<Shared>> {
    Router::new().route("/auth/refresh", post(refresh))
}

/// `POST /auth/logout`, which no fault touches.
pub(crate) fn other_routes() -> Router<Arc<Shared>> {
    Router::new().route("/auth/logout", post(logout))
}

async fn login(
    State(shared): State<Arc<Shared>>,
    odd: Option<Extension<Odd>>,
    body: Bytes,
) -> Response {
    let Some(Login { username, password }) = read(&body) else {
        return not_understood();
    };
    let issued = shared.sign_in(JSON_CLIENT, (&username, &password), None);
    answer(issued, odd)
}

async fn refresh(
    State(shared): State<Arc<Shared>>,
    odd: Option<Extension<Odd>>,
    body: Bytes,
) -> Response {
    let Some(Refresh { refresh_token }) = read(&body) else {
        return not_understood();
    };
    let how = odd.clone().unwrap_or_default();
    let issued = shared.refresh(JSON_CLIENT, &refresh_token, None, &how);
    answer(issued, odd)
}

async fn logout(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(Refresh { refresh_token }) = read(&body) else {
        return not_understood();
    };
    match shared.revoke(JSON_CLIENT, &refresh_token) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => not_saved(),
    }
}

fn answer(issued: Result<Issued, NoTokens>, odd: Option<Extension<Odd>>) -> Response {
    match issued {
        Ok(issued) => no_store(
            StatusCode::OK,
            fields(&NAMES, &issued, &odd.unwrap_or_default()),
        ),
        Err(why) => why.answer("invalid_credentials", StatusCode::UNAUTHORIZED),
    }
}

/// Parsed here and not by an extractor, whose error message would quote the body.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Option<T> {
    // A struct would also take an array of its fields.
    let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
    T::deserialize(object).ok()
}

pub(crate) fn not_understood() -> Response {
    let why = "The body is not the JSON object this endpoint takes";
    refusal(StatusCode::BAD_REQUEST, "invalid_request", why)
}
