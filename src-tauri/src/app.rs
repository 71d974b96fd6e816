//! The program with a window: Tauri set up, and shut down in order.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager as _, RunEvent};

use crate::bookmarks::BookmarksFile;
use crate::cli::Cli;
use crate::settings::SettingsFile;
use crate::shell::Shell;
use crate::{commands, data_dir, guided, log, outside, window};

/// How long the end of the program waits for what is under way; above what the engine takes at most.
const SHUT_DOWN_LIMIT: Duration = Duration::from_secs(16);

/// Opens the window and runs until it is closed.
pub(crate) fn run(cli: Cli) -> ExitCode {
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            // The log may not be there yet, and a terminal is where this is read.
            let _ = writeln!(
                io::stderr(),
                "sandglass: the window cannot be opened: {error}"
            );
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_store::Builder::default().build())
        .invoke_handler(commands::handler())
        .setup(move |app| set_up(app.handle(), cli))
        .build(tauri::generate_context!())?;
    let shut_down = AtomicBool::new(false);
    let code = app.run_return(move |app, event| {
        if let RunEvent::ExitRequested { code, api, .. } = event
            && !shut_down.swap(true, Ordering::Relaxed)
        {
            api.prevent_exit();
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                if tokio::time::timeout(SHUT_DOWN_LIMIT, app.state::<Shell>().shut_down())
                    .await
                    .is_err()
                {
                    tracing::warn!("something was still under way when the program ended");
                }
                tracing::info!("Sandglass ends");
                app.exit(code.unwrap_or(0));
            });
        }
    });
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn set_up(app: &AppHandle, cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = data_dir::open(cli.place.data_dir.as_deref())?;
    log::start(&data_dir, log::Terminal::Everything);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir = %data_dir.display(), "Sandglass starts");
    let settings = SettingsFile::open(app, &data_dir, cli.theme)?;
    let (tour, theme) = (cli.tour, settings.shown().theme);
    // Before the window: its page calls at once.
    app.manage(Shell::new(cli, settings, BookmarksFile::open(&data_dir)));
    window::open(app, &data_dir, theme)?;
    tauri::async_runtime::spawn(open(app.clone(), data_dir));
    tauri::async_runtime::spawn(outside::follow(app.clone()));
    tauri::async_runtime::spawn(end_when_told(app.clone()));
    if tour {
        tauri::async_runtime::spawn(guided::follow(app.clone()));
    }
    Ok(())
}

/// Ends the program in order when the terminal, a logout or a shutdown asks for it, as if its window had been closed.
async fn end_when_told(app: AppHandle) {
    match told_to_end().await {
        Ok(()) => app.exit(0),
        Err(error) => tracing::warn!(%error, "a logout will end the program without a pause"),
    }
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

async fn open(app: AppHandle, data_dir: PathBuf) {
    app.state::<Shell>().open(data_dir).await;
}
