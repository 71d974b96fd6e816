//! Remembers what is sent from the window, and how it ends; nobody waits for it.

use std::sync::Arc;

use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::engine::Sending;
use sandglass_engine::notebook::history::{Ended, Remembered, SendKey};
use tauri::async_runtime::{spawn, spawn_blocking};

use crate::shell::Opened;

/// Remembers a send that was accepted, if any are kept.
pub(crate) fn follow(opened: &Opened, keep: u32, sent: Remembered, sending: Sending) {
    if keep == 0 {
        return;
    }
    let key = SendKey {
        run: opened.engine.timeline().run(),
        request: sending.request,
    };
    let (notebook, place) = (Arc::clone(&opened.notebook), opened.place());
    let at = SystemClock::default().wall();
    let begun = spawn_blocking({
        let notebook = Arc::clone(&notebook);
        move || notebook.record(&place, key, at, &sent, keep)
    });
    spawn(async move {
        let ended = match sending.finished().await {
            Ok(answer) => Ended {
                outcome: Ended::ANSWERED.to_owned(),
                status: Some(answer.status),
                took_us: Some(answer.took_us),
                body_bytes: Some(answer.body_bytes),
            },
            Err(failure) => Ended::failed(failure.code),
        };
        let noted = match begun.await {
            Ok(Ok(())) => spawn_blocking(move || notebook.ended(key, &ended)).await,
            Ok(Err(failure)) => Ok(Err(failure)),
            Err(error) => Err(error),
        };
        match noted {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::warn!(%failure, "a send could not be remembered"),
            Err(error) => tracing::warn!(%error, "a send could not be remembered"),
        }
    });
}
