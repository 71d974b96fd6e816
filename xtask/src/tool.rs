//! Finding programs on the PATH, and running them with an error that names what was run.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::root::root;

/// Where the program `name` is, if the PATH has it.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .flat_map(|folder| {
            // Windows finds `npm` only as `npm.cmd`; elsewhere the bare name is the file.
            let endings: &[&str] = if cfg!(windows) {
                &[".exe", ".cmd", ".bat"]
            } else {
                &[""]
            };
            endings
                .iter()
                .map(move |ending| folder.join(format!("{name}{ending}")))
        })
        .find(|candidate| is_program(candidate))
}

/// A command for `name` in `folder`; on Windows with the ending that it really has.
#[must_use]
pub fn command(name: &str, folder: &Path) -> Command {
    let program = find(name).map_or_else(|| OsString::from(name), PathBuf::into_os_string);
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// A Cargo command at the top of the repository, free of what the Cargo that started us said about our own package:
/// build scripts that ask for it would otherwise run anew whenever somebody else calls Cargo in between.
#[must_use]
pub fn cargo(verb: &str) -> Command {
    const ABOUT_US: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    let mut command = command("cargo", &root());
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| ABOUT_US.iter().any(|start| name.starts_with(start)))
        {
            command.env_remove(name);
        }
    }
    command.arg(verb);
    command
}

/// Runs the command to its end with the terminal's output.
///
/// # Errors
/// When it cannot be started, or ends with anything but success; the message carries the command line.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command
        .status()
        .with_context(|| format!("starting `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// What the command prints on stdout, or `None` when it cannot be started or fails. Its stderr is dropped.
#[must_use]
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as a person would type it: the program's bare name and its arguments.
#[must_use]
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_stem()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
