//! The control endpoints under `/_demo`: the switches, the numbers, and the thief. They answer at once and give no token away.

use crate::answer::problem;
use crate::faults::FaultsByPlace;
use crate::grants::NoTokens;
use crate::misbehave::Odd;
use crate::server::{Demo, Shared};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What came of using a stolen refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theft {
    /// No living family has spent a refresh token yet, so there is none to steal; or the state file refused the change.
    NothingToSteal,
    /// The server noticed and revoked the family: the owner has to sign in again.
    Noticed,
    /// The server did not look, or was in its grace window: the thief is in.
    Unnoticed,
}

impl Demo {
    /// Uses the refresh token that the newest family spent last, as somebody would who had copied it.
    pub fn steal(&self) -> Theft {
        self.shared.steal()
    }
}

impl Shared {
    fn steal(&self) -> Theft {
        let stolen = self.families().spent_last(&self.mint);
        let Some((client, token)) = stolen else {
            return Theft::NothingToSteal;
        };
        match self.refresh(&client, &token, None, &Odd::default()) {
            Ok(_) => Theft::Unnoticed,
            Err(NoTokens::Refused(_)) => Theft::Noticed,
            Err(NoTokens::WrongPassword | NoTokens::NotSaved) => Theft::NothingToSteal,
        }
    }
}

/// Everything under `/_demo`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_demo/state", get(state))
        .route("/_demo/faults", put(set_faults))
        .route("/_demo/expire", post(expire))
        .route("/_demo/steal", post(steal))
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let families = shared.families().summaries();
    Json(json!({
        "origin": shared.mint.origin,
        "counts": shared.tally.read(),
        "faults": shared.faults.current(),
        "families": families,
    }))
}

/// `PUT` replaces all faults: what the body leaves out behaves again, and `{}` clears everything.
async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice::<FaultsByPlace>(&body) {
        Ok(faults) => {
            shared.faults.replace(faults);
            Json(shared.faults.current()).into_response()
        }
        Err(error) => problem(
            StatusCode::BAD_REQUEST,
            &format!("These are no faults: {error}"),
        ),
    }
}

async fn expire(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.families().expire_all();
    StatusCode::NO_CONTENT
}

async fn steal(State(shared): State<Arc<Shared>>) -> Response {
    let theft = shared.steal();
    let status = match theft {
        Theft::NothingToSteal => StatusCode::CONFLICT,
        Theft::Noticed | Theft::Unnoticed => StatusCode::OK,
    };
    (status, Json(json!({ "theft": theft }))).into_response()
}
