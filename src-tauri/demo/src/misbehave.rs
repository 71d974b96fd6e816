//! Where faults happen: around the work of one request, by the rules each [`Act`] promises.

use crate::access_token;
use crate::answer::problem;
use crate::body::CutShort;
use crate::connection::Cut;
use crate::faults::{Act, Malformed, Place};
use crate::key::Key;
use crate::server::Shared;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// The most of an answer that is held to send half of it.
const REPLY_BYTES_MAX: usize = 1024 * 1024;
const NOT_JSON: &str = "upstream said: all is well";
const PAGE: &str =
    "<!doctype html><title>Sign in to the network</title><p>Please accept the terms of use.";

/// What a token reply leaves out or says oddly. It travels with the request, since leaving a token out also means not spending one.
#[derive(Clone, Default)]
pub(crate) struct Odd {
    pub(crate) omit_refresh_token: bool,
    pub(crate) omit_expires_in: bool,
    pub(crate) expires_in: Option<Value>,
}

/// Waits before every answer, so that a reader of the timeline sees bars and not dots.
pub(crate) async fn pace(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    wait(somewhere_in(&shared.delay)).await;
    next.run(request).await
}

/// Applies the fault that is set for a place, if any.
pub(crate) async fn misbehave(
    State((shared, place)): State<(Arc<Shared>, Place)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(fault) = shared.faults.take(place) else {
        return next.run(request).await;
    };
    shared.tally.add(|counts| counts.faults_applied += 1);
    wait(fault.delay()).await;
    let cut = request.extensions().get::<Cut>().cloned();
    match &fault.act {
        Act::DropBefore => return reset(cut).await,
        Act::Status {
            code,
            retry_after_s,
        } => return instead(*code, *retry_after_s),
        Act::Answer { code, body } => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, axum::Json(body.clone())).into_response();
        }
        Act::Reply {
            status,
            headers,
            body,
        } => return reply(*status, headers, body),
        _ => {}
    }
    request.extensions_mut().insert(odd(&fault.act));
    let reply = next.run(request).await;
    wait(fault.hold()).await;
    match fault.act {
        Act::DropReply => reset(cut).await,
        Act::Malformed(how) => malformed(reply, how).await,
        Act::Claims(claims) => claiming(reply, &shared.mint.key, &claims).await,
        Act::Silent if reply.status().is_client_error() => reply.status().into_response(),
        Act::Headers(headers) => under(reply, &headers),
        _ => reply,
    }
}

fn odd(act: &Act) -> Odd {
    Odd {
        omit_refresh_token: matches!(act, Act::OmitRefreshToken),
        omit_expires_in: matches!(act, Act::OmitExpiresIn),
        expires_in: match act {
            Act::ExpiresIn(value) => Some(value.clone()),
            _ => None,
        },
    }
}

async fn reset(cut: Option<Cut>) -> Response {
    match cut {
        Some(cut) => cut.reset().await,
        None => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "There is no connection to reset",
        ),
    }
}

fn instead(code: u16, retry_after_s: Option<u64>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = problem(status, "A fault answers this request");
    if let Some(seconds) = retry_after_s {
        reply
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

fn reply(status: u16, headers: &[(String, String)], body: &str) -> Response {
    let mut head = Response::builder().status(status);
    for (name, value) in headers {
        head = head.header(name, value);
    }
    head.body(Body::from(body.to_owned())).unwrap_or_else(|_| {
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The answer that was asked for cannot be sent",
        )
    })
}

/// The same answer with these headers instead of its own of the same names.
fn under(mut reply: Response, headers: &[(String, String)]) -> Response {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// The same token reply, whose access token says what the fault wants it to say.
async fn claiming(reply: Response, key: &Key, claims: &Map<String, Value>) -> Response {
    let (mut head, body) = reply.into_parts();
    let read = to_bytes(body, REPLY_BYTES_MAX).await.ok();
    let Some(Value::Object(mut fields)) = read.and_then(|body| serde_json::from_slice(&body).ok())
    else {
        return problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "There is no token here that could say something",
        );
    };
    for name in ["access_token", "accessToken"] {
        if let Some(Value::String(token)) = fields.get_mut(name)
            && let Some(other) = access_token::rewrite(key, token, claims)
        {
            *token = other;
        }
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(Value::Object(fields).to_string()))
}

async fn malformed(reply: Response, how: Malformed) -> Response {
    match how {
        Malformed::Html => Html(PAGE).into_response(),
        Malformed::Text => {
            let json = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json)], NOT_JSON).into_response()
        }
        Malformed::Truncated => half(reply).await,
    }
}

/// The same head with the whole length announced, and half of the body.
async fn half(reply: Response) -> Response {
    let (mut head, body) = reply.into_parts();
    let Ok(whole) = to_bytes(body, REPLY_BYTES_MAX).await else {
        return problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The answer is too long to be cut",
        );
    };
    head.headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    Response::from_parts(
        head,
        Body::new(CutShort::after(whole.slice(..whole.len() / 2))),
    )
}

async fn wait(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

fn somewhere_in(range: &RangeInclusive<Duration>) -> Duration {
    let spread = range.end().saturating_sub(*range.start());
    if spread.is_zero() {
        return *range.start();
    }
    let share = getrandom::u32().expect("the system can give random bytes");
    *range.start() + spread.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_stays_within_its_range() {
        let range = Duration::from_millis(150)..=Duration::from_millis(250);
        for _ in 0..100 {
            assert!(range.contains(&somewhere_in(&range)));
        }
        assert_eq!(somewhere_in(&crate::NO_DELAY), Duration::ZERO);
    }
}
