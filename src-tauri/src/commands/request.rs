//! Commands about one send.

use sandglass_engine::engine::ProtectedResource;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::exchange::body::Body;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::outlet::Outlet;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::import::curl::{self, FromCurl};
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::verdict::Explanation;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{Nothing, aside};
use crate::bodies::BODY_KEPT_BYTES_MAX;
use crate::history;
use crate::picked::PickedFile;
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

/// An address: as it is written, or filled.
#[derive(Debug, Deserialize, Serialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address; it may hold `{{variables}}`.
    pub url: String,
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

/// Sends one request. The window may not name files by itself: only those that a person chose in a dialog of the system.
#[tauri::command]
pub(crate) async fn send_request(shell: State<'_, Shell>, args: Draft) -> Result<Accepted> {
    let files = args.body.as_ref().map(Body::files).unwrap_or_default();
    if let Some(path) = shell.picked.stranger(&files) {
        let detail = format!(
            "{} was not chosen since this window was opened; choose it again",
            path.display()
        );
        return Err(Failure::new(Code::BodyInvalid).with("detail", detail));
    }
    let opened = shell.opened().await?;
    let engine = &opened.engine;
    let sent = engine.remembered(&args);
    let (body, spool) = opened.bodies.begin();
    let sending = engine.send_into(args, None, Outlet::beside(spool, BODY_KEPT_BYTES_MAX))?;
    let request = sending.request;
    opened.bodies.keep(request, body);
    history::follow(opened, shell.settings.current().history_kept, sent, sending);
    Ok(Accepted {
        request,
        newest: engine.timeline().newest(),
    })
}

/// Lets the user choose a file. Only what was chosen here may be named in a body.
#[tauri::command]
pub(crate) async fn pick_file(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: Nothing,
) -> Result<Option<PickedFile>> {
    let Nothing {} = args;
    let title = "A file to send";
    let Some(path) = shell.confirm.pick_file(&app, title).await? else {
        return Ok(None);
    };
    Ok(Some(shell.picked.take(path)))
}

/// Fills an address, to be looked at.
#[tauri::command]
pub(crate) async fn fill_address(shell: State<'_, Shell>, args: Address) -> Result<Address> {
    let url = shell.engine().await?.filled_address(&args.url)?;
    Ok(Address { url })
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

/// Reads what the API says of itself that refused a send.
#[tauri::command]
pub(crate) async fn read_resource_metadata(
    shell: State<'_, Shell>,
    args: OfSend,
) -> Result<ProtectedResource> {
    let engine = shell.engine().await?;
    engine.resource_metadata(args.run, args.request).await
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
