//! Follows what others write into the workspace's folder while it is open, and takes it in.

use sandglass_engine::workspace::stamp::{LOOK_EVERY, Outside};
use tauri::{AppHandle, Manager as _};

use crate::shell::Shell;

/// Looks again and again, as long as the window lives.
pub(crate) async fn follow(app: AppHandle) {
    let shell = app.state::<Shell>();
    let Ok(engine) = shell.engine().await else {
        return;
    };
    let mut outside = Outside::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match engine.look_outside(&mut outside).await {
            Ok(None) => {}
            Ok(Some(failures)) => shell.set_unreadable(failures),
            Err(failure) => {
                tracing::warn!(%failure, "what others wrote into the workspace could not be taken in");
                shell.set_unreadable(vec![failure]);
            }
        }
    }
}
