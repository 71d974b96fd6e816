//! The suites: what each is called, and the commands that it is made of.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use xtask::{root, tool};

use crate::{check, ui};

/// One suite of `cargo xtask test`, in the order in which they run: the quick and the deep first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Format, lints, types, licences: `cargo xtask check`
    Check,
    /// Unit tests of the engine, the shell and these commands, and the demo as its clients see it
    Unit,
    /// The examples in the documentation
    Doc,
    /// The engine's gate under loom, in every order of its threads
    Gate,
    /// The engine over real sockets
    Engine,
    /// What holds between the parts
    App,
    /// The engine against identity providers that others wrote
    Providers,
    /// The program without a window, as scripts run it
    Headless,
    /// The view's own tests
    Ui,
    /// The view in a browser
    Browser,
    /// The real window, over WebDriver
    Desktop,
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no suite is hidden");
        f.pad(value.get_name())
    }
}

impl Suite {
    /// Runs the suite with the terminal's output. What it needs must be there.
    ///
    /// # Errors
    /// When one of its commands fails, which a missing package or folder also does.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Check => check::check(),
            Self::Unit => {
                ui::ensure()?;
                tool::run(cargo_test().args(["--lib", "--bins", "--test", "demo"]))
            }
            Self::Doc => {
                ui::ensure()?;
                tool::run(cargo_test().arg("--doc"))
            }
            // More kills at each mark than a developer's own run takes time for.
            Self::Engine => {
                ui::ensure()?;
                tool::run(
                    cargo_test()
                        .args(["--test", "engine"])
                        .env("SANDGLASS_KILLS", "20"),
                )
            }
            Self::Gate => rust_suite("gate"),
            Self::App => rust_suite("app"),
            Self::Providers => rust_suite("providers"),
            Self::Headless => {
                ui::ensure()?;
                // The same verbs without GTK, for servers: that they build, and need none of it.
                tool::run(tool::cargo("check").args([
                    "--package",
                    "sandglass",
                    "--no-default-features",
                ]))?;
                rust_suite("headless")
            }
            Self::Ui => tool::run(npm("ui").args(["run", "test"])),
            Self::Browser => tool::run(npm("tests/ui").args(["run", "test"])),
            Self::Desktop => {
                ui::ensure()?;
                // The programs that the suite starts, built as users build them: with their own features only.
                tool::run(tool::cargo("build").args([
                    "--package",
                    "sandglass",
                    "--package",
                    "sandglass-demo",
                ]))?;
                rust_suite("desktop")
            }
        }
    }
}

/// One of the test programs under `tests/`.
fn rust_suite(name: &str) -> Result<()> {
    ui::ensure()?;
    tool::run(cargo_test().args(["--test", name]))
}

/// Always the whole workspace, whatever is run of it: Cargo unites the features of what it is asked for, and another
/// choice of packages would build many dependencies once more.
fn cargo_test() -> Command {
    let mut command = tool::cargo("test");
    command.arg("--workspace");
    command
}

/// An npm command in the folder `name`, named from the top.
pub(crate) fn npm(name: &str) -> Command {
    let folder: PathBuf = root::root().join(name);
    tool::command("npm", &folder)
}
