//! `--tour`: the tour by itself, with nobody at the keyboard. Its timeline goes to stdout as text.

use std::io::{self, Write as _};
use std::time::Duration;

use tauri::{AppHandle, Manager as _};

use crate::print;
use crate::shell::Shell;

/// How long the window and the tour may take in all.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits for the tour that the view starts, prints what happened, and closes the window when the input ends.
pub(crate) async fn follow(app: AppHandle) {
    let shell = app.state::<Shell>();
    let ended = match tokio::time::timeout(LIMIT, tour(&shell)).await {
        Ok(ended) => ended,
        Err(_) => Err(format!("it was not finished after {} s", LIMIT.as_secs())),
    };
    let mut text = Vec::new();
    if let Ok(engine) = shell.engine().await {
        // Writing to memory does not fail.
        let _: io::Result<()> = print::print(&engine.timeline().events(), &mut text);
    }
    let code = match &ended {
        Ok(()) => {
            text.extend(b"tour: finished\n");
            0
        }
        Err(why) => {
            text.extend(format!("tour: failed: {why}\n").into_bytes());
            1
        }
    };
    let wait = tauri::async_runtime::spawn_blocking(move || {
        let mut out = io::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
        if code == 0 {
            io::copy(&mut io::stdin().lock(), &mut io::sink()).map(drop)
        } else {
            Ok(())
        }
    });
    if let Ok(Err(error)) = wait.await {
        tracing::warn!(%error, "the terminal went away");
    }
    app.exit(code);
}

/// Waits until the tour has ended, or cannot begin.
async fn tour(shell: &Shell) -> Result<(), String> {
    let opened = shell
        .opened()
        .await
        .map_err(|failure| failure.to_string())?;
    if opened.demo.is_none() {
        let notices: Vec<String> = shell
            .notices()
            .await
            .iter()
            .map(ToString::to_string)
            .collect();
        return Err(format!("the demo is not there: {}", notices.join("; ")));
    }
    shell
        .tour
        .ended()
        .await
        .map_err(|stumble| stumble.to_string())
}
