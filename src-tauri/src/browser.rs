//! The user's own browser: where one signs in. It gets web addresses only, as one argument, and no shell reads them.

use std::process::{Command, Stdio};

use sandglass_engine::origin::{Origin, parse_url};
use url::Url;

/// Opens an address in the browser that the user has chosen: the program in `BROWSER`, else the system's choice. Does not
/// wait for it.
///
/// # Errors
/// Why nothing was opened: no web address (N42), or no browser.
pub(crate) fn open(url: &Url) -> Result<(), String> {
    let url = openable(url.as_str())?;
    let chosen = std::env::var_os("BROWSER").filter(|program| !program.is_empty());
    let mut command = match chosen {
        Some(program) => Command::new(program),
        None => by_the_system(),
    };
    let child = command
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    // Whoever ends must be waited for, or stays in the system's table.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(target_os = "macos")]
fn by_the_system() -> Command {
    Command::new("/usr/bin/open")
}

#[cfg(windows)]
fn by_the_system() -> Command {
    let mut command = Command::new("rundll32.exe");
    command.arg("url.dll,FileProtocolHandler");
    command
}

#[cfg(not(any(target_os = "macos", windows)))]
fn by_the_system() -> Command {
    Command::new("xdg-open")
}

/// An address for a browser: https, or this machine. Everything else could start a program or read a file.
fn openable(text: &str) -> Result<Url, String> {
    let url = parse_url(text).map_err(|failure| failure.params["detail"].clone())?;
    if Origin::of(&url).is_cleartext() {
        return Err("it is not https".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N42.
    #[test]
    fn n42_only_web_addresses_are_opened() {
        for text in [
            "smb://evil.test/share",
            "file:///etc/passwd",
            "vscode://file/etc/passwd",
            "--flag",
            "-a Calculator",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://evil.test/",
            "https://id.test@evil.test/",
            "https://id.test\\@evil.test/",
            "ms-settings:",
            "C:\\Windows\\System32\\calc.exe",
            "/usr/bin/xterm",
            "",
        ] {
            assert!(openable(text).is_err(), "{text}");
            // A backslash is gone once it is read, and what is left is an address of the first host.
            if let Ok(url) = Url::parse(text)
                && !text.contains('\\')
            {
                assert!(open(&url).is_err(), "{text}");
            }
        }
        for text in [
            "https://id.test/authorize?a=b",
            "http://127.0.0.1:9/authorize",
        ] {
            assert!(openable(text).is_ok(), "{text}");
        }
    }
}
