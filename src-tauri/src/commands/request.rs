//! Commands about one send.

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::import::curl::{self, FromCurl};
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::verdict::Explanation;
use serde::{Deserialize, Serialize};
use tauri::State;
use ts_rs::TS;

use super::aside;
use crate::shell::Shell;

/// Which send.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfRequest {
    /// Its number: R12.
    #[ts(type = "number")]
    pub request: u64,
}

/// A command line of cURL, as it was pasted.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CurlLine {
    /// The line, or several that a backslash joins.
    pub line: String,
}

/// Which send of which run.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfSend {
    /// The run that sent it.
    #[ts(type = "number")]
    pub run: u64,
    /// Its number: R12.
    #[ts(type = "number")]
    pub request: u64,
}

/// A send that is under way, or was.
#[derive(Debug, Serialize, TS)]
pub struct Accepted {
    /// Its number: R12.
    #[ts(type = "number")]
    pub request: u64,
    /// The newest event.
    pub newest: EventKey,
}

/// Sends one request. The window may not name files: only a person who picks one in a native dialog may, and there is none yet.
#[tauri::command]
pub(crate) async fn send_request(shell: State<'_, Shell>, args: Draft) -> Result<Accepted> {
    if args
        .body
        .as_ref()
        .is_some_and(|body| !body.files().is_empty())
    {
        return Err(Failure::new(Code::BodyInvalid)
            .with("detail", "files cannot be sent from the window yet"));
    }
    let engine = shell.engine().await?;
    let request = engine.send(args)?.request;
    Ok(Accepted {
        request,
        newest: engine.timeline().newest(),
    })
}

/// Reads a line of cURL as a draft. Nothing on it is run, and no file that it names is opened.
#[tauri::command]
pub(crate) async fn read_curl(args: CurlLine) -> Result<FromCurl> {
    curl::read(&args.line)
}

/// Stops a send.
#[tauri::command]
pub(crate) async fn stop_request(shell: State<'_, Shell>, args: OfRequest) -> Result<Accepted> {
    let engine = shell.engine().await?;
    engine.stop(args.request);
    Ok(Accepted {
        request: args.request,
        newest: engine.timeline().newest(),
    })
}

/// Reads the answer to a send; where there was none, the failure that says why.
#[tauri::command]
pub(crate) async fn read_response(
    shell: State<'_, Shell>,
    args: OfRequest,
) -> Result<Option<ResponseDetails>> {
    let answer = shell.engine().await?.answer(args.request).transpose()?;
    Ok(answer.map(|details| ResponseDetails::clone(&details)))
}

/// Explains how a send ended.
#[tauri::command]
pub(crate) async fn explain_request(
    shell: State<'_, Shell>,
    args: OfSend,
) -> Result<Option<Explanation>> {
    let engine = shell.engine().await?.clone();
    aside(move || engine.explain_request(args.run, args.request)).await
}
