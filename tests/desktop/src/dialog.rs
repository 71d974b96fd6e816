//! A dialog of the system in front of the window: not the page's, so not WebDriver's; a hand at the mouse presses it.

use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use xtask::desk::Desk;

/// How long a dialog may take to be there. Far above what it needs, for a machine that is busy.
const SHOW_LIMIT: Duration = Duration::from_secs(30);
/// How often the display is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// The middle of the lowest row of a dialog, where its buttons are, above its lower edge.
const BUTTONS_ABOVE_EDGE_PX: u32 = 20;

/// A dialog that is open.
pub struct Dialog<'a> {
    desk: &'a Desk,
    id: String,
    width: u32,
    height: u32,
}

impl<'a> Dialog<'a> {
    /// The dialog with this title, as soon as it is shown.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn find(desk: &'a Desk, title: &str) -> Result<Self> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            if let Some(dialog) = Self::look(desk, title)? {
                return Ok(dialog);
            }
            if Instant::now() > deadline {
                bail!("no dialog {title:?} after {} s", SHOW_LIMIT.as_secs());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The dialog with this title, if it is shown now.
    ///
    /// # Errors
    /// When the display cannot be looked at.
    pub fn look(desk: &'a Desk, title: &str) -> Result<Option<Self>> {
        let name = format!("^{}$", title.replace('?', "\\?"));
        let found = xdotool(desk, &["search", "--onlyvisible", "--name", &name])?;
        let ids = String::from_utf8_lossy(&found.stdout).into_owned();
        let Some(id) = ids.lines().next().map(str::to_owned) else {
            return Ok(None);
        };
        let (width, height) = size(desk, &id)?;
        Ok(Some(Self {
            desk,
            id,
            width,
            height,
        }))
    }

    /// Presses the button on the left: the one that goes on, or the only one.
    ///
    /// # Errors
    /// When the mouse cannot be moved.
    pub fn go_on(&self) -> Result<()> {
        self.click(self.width / 4)
    }

    /// Presses the button on the right.
    ///
    /// # Errors
    /// When the mouse cannot be moved.
    pub fn cancel(&self) -> Result<()> {
        self.click(self.width * 3 / 4)
    }

    fn click(&self, x: u32) -> Result<()> {
        let y = self.height.saturating_sub(BUTTONS_ABOVE_EDGE_PX);
        let (x, y) = (x.to_string(), y.to_string());
        let pressed = xdotool(
            self.desk,
            &["mousemove", "--window", &self.id, &x, &y, "click", "1"],
        )?;
        ensure!(pressed.status.success(), "xdotool: {pressed:?}");
        Ok(())
    }
}

fn size(desk: &Desk, id: &str) -> Result<(u32, u32)> {
    let told = xdotool(desk, &["getwindowgeometry", "--shell", id])?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let number = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.parse().ok())
            .with_context(|| format!("{name} in {told:?}"))
    };
    Ok((number("WIDTH=")?, number("HEIGHT=")?))
}

fn xdotool(desk: &Desk, arguments: &[&str]) -> Result<Output> {
    desk.command("xdotool")
        .args(arguments)
        .output()
        .context("starting xdotool")
}
