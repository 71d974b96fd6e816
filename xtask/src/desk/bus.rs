//! The desk's session bus.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::first_line;
use crate::running::Running;

/// A bus for one user that starts no service by itself. With Debian's own settings a program that looks for an absent
/// keychain would get one started for it, and a window would wait for desktop services that cannot start here.
const SETTINGS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=@SOCKET@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Starts the bus; answers it and its address.
pub(super) fn start(daemon: &mut Command, home: &Path) -> Result<(Running, String)> {
    let settings = home.join("bus.conf");
    let socket = home.join("run/bus");
    fs::write(
        &settings,
        SETTINGS.replace("@SOCKET@", &socket.to_string_lossy()),
    )
    .context("writing the bus's settings")?;
    let mut option = std::ffi::OsString::from("--config-file=");
    option.push(&settings);
    daemon
        .arg(option)
        .args(["--nofork", "--nopidfile", "--print-address=1"]);
    let mut running = Running::start(daemon)?;
    let address = first_line(&running.lines()?, "dbus-daemon")?;
    Ok((running, address))
}
