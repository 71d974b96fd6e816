//! The clipboard of a desk, read and filled by a program that knows nothing of us.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xtask::desk::Desk;

fn xclip(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = desk.command("xclip");
    command
        .args(["-selection", "clipboard"])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What is in the clipboard in this form, such as `UTF8_STRING`. `None`: nothing is.
///
/// # Errors
/// When it cannot be looked at.
pub fn held(desk: &Desk, form: &str) -> Result<Option<String>> {
    let output = xclip(desk, &["-out", "-target", form]).output();
    let output = output.context("running xclip")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Some(text).filter(|text| output.status.success() && !text.is_empty()))
}

/// Puts a text there, as another program would.
///
/// # Errors
/// When it cannot be put there.
pub fn put(desk: &Desk, text: &str) -> Result<()> {
    let mut child = xclip(desk, &["-in"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("running xclip")?;
    let mut input = child.stdin.take().context("its input is piped")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    ensure!(child.wait()?.success(), "xclip took no text");
    Ok(())
}
