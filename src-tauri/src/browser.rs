//! The user's own browser: where one signs in. It gets web addresses only, as one argument, and no shell reads them.

use std::path::Path;
use std::process::{Command, Stdio};

use sandglass_engine::origin::{Origin, parse_url};
use url::Url;

/// Opens an address in the browser that the user has chosen: what `BROWSER` says, else the system's choice. Does not wait for
/// it.
///
/// # Errors
/// Why nothing was opened: no web address (N42), or no browser.
pub(crate) fn open(url: &Url) -> Result<(), String> {
    let url = openable(url.as_str())?;
    let chosen = std::env::var("BROWSER").unwrap_or_default();
    let mut choices: Vec<Command> = commands(&chosen, &url)
        .into_iter()
        .filter_map(|words| {
            let (program, arguments) = words.split_first()?;
            let mut command = Command::new(program);
            command.args(arguments);
            Some(command)
        })
        .collect();
    if choices.is_empty() {
        let mut command = by_the_system();
        command.arg(url.as_str());
        choices.push(command);
    }
    let mut why = String::new();
    for mut command in choices {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match child {
            Ok(mut child) => {
                // Whoever ends must be waited for, or stays in the system's table.
                std::thread::spawn(move || child.wait());
                return Ok(());
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// The commands that `BROWSER` names, in the words of xdg-open: several with colons between them, each a program and its
/// arguments, where `%s` stands for the address; without it the address comes last. No shell reads them: a word is what stands
/// between spaces. What names one file is that program, whatever is in its name.
fn commands(chosen: &str, url: &Url) -> Vec<Vec<String>> {
    let url = url.as_str();
    if Path::new(chosen).is_file() {
        return vec![vec![chosen.to_owned(), url.to_owned()]];
    }
    let separator = if cfg!(windows) { ';' } else { ':' };
    let command = |text: &str| {
        let named = text.contains("%s");
        let words = text.split_whitespace().map(|word| word.replace("%s", url));
        let last = (!named).then(|| url.to_owned());
        words.chain(last).collect::<Vec<String>>()
    };
    let each = chosen.split(separator).map(str::trim);
    each.filter(|text| !text.is_empty()).map(command).collect()
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

    #[test]
    fn a_chosen_browser_may_have_arguments_and_others_after_it() {
        let url = Url::parse("https://id.test/authorize?a=b%20c&d=$(e)").expect("a URL");
        let address = url.as_str();
        for (chosen, expected) in [
            ("", &[][..]),
            (" : ", &[]),
            ("firefox", &[&["firefox", address][..]][..]),
            (
                "chromium --new-window",
                &[&["chromium", "--new-window", address]],
            ),
            (
                "open --url=%s --quiet",
                &[&["open", &format!("--url={address}"), "--quiet"]],
            ),
            ("a b:c %s d", &[&["a", "b", address], &["c", address, "d"]]),
        ] {
            assert_eq!(commands(chosen, &url), expected, "{chosen:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("a browser: mine");
        std::fs::write(&program, "").expect("written");
        let program = program.to_str().expect("text");
        assert_eq!(commands(program, &url), [[program, address]]);
    }

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
