//! The desk's keychain: GNOME's, with one collection whose password nobody needs to know.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::{Desk, READY_LIMIT};
use crate::running::{GLANCE, Running};
use crate::tool;

/// The collection that a login opens; the service's name and objects are those of the Secret Service specification.
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

/// Starts the keychain, unlocked.
pub(super) fn start(daemon: &mut Command, desk: &Desk) -> Result<Running> {
    daemon
        .args(["--foreground", "--unlock", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut running = Running::start(daemon)?;
    // An empty input would make no collection. It guards nothing but throwaway secrets, for the life of the desk.
    running
        .take_stdin()
        .context("the keychain's input is piped")?
        .write_all(b"desk")
        .context("unlocking the keychain")?;
    wait_for(desk, false)?;
    Ok(running)
}

pub(super) fn lock(desk: &Desk) -> Result<()> {
    call(
        desk,
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
    )
    .arg(format!("array:objpath:{COLLECTION}"))
    .stdout(Stdio::null())
    .status()
    .context("locking the keychain")?;
    wait_for(desk, true)
}

/// Whether the collection is locked; `None` while there is no such collection.
pub(super) fn is_locked(desk: &Desk) -> Option<bool> {
    let answer = tool::output(
        call(desk, COLLECTION, "org.freedesktop.DBus.Properties.Get")
            .args(["string:org.freedesktop.Secret.Collection", "string:Locked"]),
    )?;
    Some(answer.contains("boolean true"))
}

fn wait_for(desk: &Desk, locked: bool) -> Result<()> {
    let deadline = Instant::now() + READY_LIMIT;
    while is_locked(desk) != Some(locked) {
        if Instant::now() > deadline {
            let state = if locked { "locked" } else { "unlocked" };
            bail!(
                "gnome-keyring-daemon is not {state} after {} s",
                READY_LIMIT.as_secs()
            );
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

fn call(desk: &Desk, object: &str, method: &str) -> Command {
    let mut command = desk.command("dbus-send");
    command
        .args([
            "--session",
            "--print-reply=literal",
            "--reply-timeout=5000",
            "--dest=org.freedesktop.secrets",
        ])
        .args([object, method]);
    command
}
