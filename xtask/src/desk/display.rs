//! The desk's display: an X server that draws into memory, and pictures of it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Desk, first_line};
use crate::running::Running;
use crate::tool;

/// Width of the display, in pixels.
pub const WIDTH_PX: u32 = 1280;
/// Height of the display, in pixels.
pub const HEIGHT_PX: u32 = 800;

/// How long a window may take to paint.
const PAINT_LIMIT: Duration = Duration::from_secs(2);

/// Fewer colours than this are an empty display or a blank window; text alone, with its smoothed edges, has more.
const COLOURS_MIN: u32 = 16;

/// Starts the server; answers it and the display's name, such as `:99`.
pub(super) fn start(xvfb: &mut Command) -> Result<(Running, String)> {
    // The server itself chooses a free number and prints it: two desks at once never meet.
    xvfb.args([
        "-displayfd",
        "1",
        "-nolisten",
        "tcp",
        "-noreset",
        "-screen",
        "0",
    ])
    .arg(format!("{WIDTH_PX}x{HEIGHT_PX}x24"));
    let mut running = Running::start(xvfb)?;
    let number = first_line(&running.lines()?, "Xvfb")?;
    Ok((running, format!(":{}", number.trim())))
}

pub(super) fn screenshot(desk: &Desk, file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    let deadline = Instant::now() + PAINT_LIMIT;
    loop {
        tool::run(desk.command("import").args(["-window", "root"]).arg(file))?;
        if colours(desk, file)? >= COLOURS_MIN {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!(
                "nothing is painted on the display; the picture is kept as {}",
                file.display()
            );
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// How many colours the picture has.
fn colours(desk: &Desk, file: &Path) -> Result<u32> {
    tool::output(desk.command("identify").args(["-format", "%k"]).arg(file))
        .and_then(|count| count.trim().parse().ok())
        .with_context(|| format!("counting the colours of {}", file.display()))
}
