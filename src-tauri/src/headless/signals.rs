//! Ctrl+C and its like: the first one ends a verb in order, the second one at once.

use super::exit::Exit;
use super::say;

/// Runs `work` until it ends, or until somebody asks for the end; then `drain` first, however long its own limits let it
/// take, unless the end is asked for once more.
pub(super) async fn until_told<T>(
    work: impl Future<Output = T>,
    drain: impl Future<Output = ()>,
) -> Result<T, Exit> {
    let exit = {
        let work = std::pin::pin!(work);
        tokio::select! {
            done = work => return Ok(done),
            exit = told() => exit,
        }
    };
    tokio::select! {
        () = drain => {}
        _ = told() => say("sandglass: ended at once; the next run picks up what was sent"),
    }
    Err(exit)
}

#[cfg(unix)]
async fn told() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        },
        // Without handlers the system ends the program itself.
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn told() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
