//! The shapes of answers that more than one place gives: problems in words, and token replies that no cache may keep.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// An error as a problem document (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Unusual status");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let kind = HeaderValue::from_static("application/problem+json");
    (
        status,
        [(header::CONTENT_TYPE, kind)],
        Json(body).into_response().into_body(),
    )
        .into_response()
}

/// An answer that speaks of tokens: `Cache-Control: no-store` (RFC 6749, section 5.1).
pub(crate) fn no_store(status: StatusCode, body: impl Serialize) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, Json(body)).into_response()
}

/// A refusal in the form both dialects share: `error` to act on, `error_description` to read.
pub(crate) fn refusal(status: StatusCode, error: &str, description: &str) -> Response {
    no_store(
        status,
        json!({ "error": error, "error_description": description }),
    )
}

/// The state file could not be written, so nothing was changed.
pub(crate) fn not_saved() -> Response {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "The demo server could not write its state file; nothing was changed",
    )
}
