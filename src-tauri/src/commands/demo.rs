//! Commands of the embedded demo.

use sandglass_engine::error::Result;
use tauri::State;

use super::{Newest, Nothing, OfSession};
use crate::demo;
use crate::shell::Shell;

/// Signs in as the demo's own user.
#[tauri::command]
pub(crate) async fn sign_in_demo(shell: State<'_, Shell>, args: OfSession) -> Result<Newest> {
    let opened = shell.opened().await?;
    let credentials = demo::credentials(opened.demo()?, &args.session).await?;
    opened.engine.sign_in(&args.session, credentials).await?;
    Ok(Newest {
        newest: opened.engine.timeline().newest(),
    })
}

/// Starts the tour.
#[tauri::command]
pub(crate) async fn start_tour(shell: State<'_, Shell>, args: Nothing) -> Result<Newest> {
    let Nothing {} = args;
    let opened = shell.opened().await?;
    let demo = opened.demo()?;
    let credentials = demo::credentials(demo, demo::SESSION).await?;
    shell
        .tour
        .start(opened.engine.clone(), demo.origin().to_owned(), credentials);
    Ok(Newest {
        newest: opened.engine.timeline().newest(),
    })
}

/// Stops the tour.
#[tauri::command]
pub(crate) async fn stop_tour(shell: State<'_, Shell>, args: Nothing) -> Result<Nothing> {
    shell.tour.stop();
    Ok(args)
}

/// Lets the demo play a thief.
#[tauri::command]
pub(crate) async fn steal_refresh_token(shell: State<'_, Shell>, args: Nothing) -> Result<Newest> {
    let Nothing {} = args;
    let opened = shell.opened().await?;
    let theft = opened.demo()?.steal();
    tracing::info!(?theft, "the demo played a thief");
    Ok(Newest {
        newest: opened.engine.timeline().newest(),
    })
}
