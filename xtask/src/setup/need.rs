//! The list of what is needed: what it is called, how to see whether it is there, and what brings it.

use std::fmt;
use std::path::Path;
use std::process::Command;

use xtask::tool;

use super::Group;

/// One thing that must be there.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) group: Group,
    /// What a person would call it.
    pub(crate) what: &'static str,
    /// The operating system that needs it, as in [`std::env::consts::OS`].
    os: &'static str,
    probe: Probe,
    pub(crate) remedy: Remedy,
}

/// How to see whether it is there.
#[derive(Debug)]
enum Probe {
    /// A program is on the PATH.
    Program(&'static str),
    /// pkg-config knows the library and all that it requires.
    Library(&'static str),
    /// A font family is installed.
    Font(&'static str),
    /// The command succeeds.
    Succeeds(&'static [&'static str]),
}

/// What brings it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Remedy {
    /// A package of Debian and Ubuntu.
    Debian(&'static str),
    /// Something that a person has to do.
    ByHand(&'static str),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Debian(package) => write!(f, "package {package}"),
            Self::ByHand(how) => f.write_str(how),
        }
    }
}

impl Need {
    pub(crate) fn applies_here(&self) -> bool {
        self.os == std::env::consts::OS
    }

    pub(crate) fn is_met(&self) -> bool {
        match self.probe {
            Probe::Program(name) => tool::find(name).is_some(),
            Probe::Library(name) => succeeds(&["pkg-config", "--exists", name]),
            Probe::Font(family) => has_font(family),
            Probe::Succeeds(words) => succeeds(words),
        }
    }
}

const fn linux(group: Group, what: &'static str, probe: Probe, package: &'static str) -> Need {
    Need {
        group,
        what,
        os: "linux",
        probe,
        remedy: Remedy::Debian(package),
    }
}

/// Everything that any command needs, on any system.
pub(crate) const ALL: &[Need] = &[
    linux(
        Group::Build,
        "a C compiler",
        Probe::Program("cc"),
        "build-essential",
    ),
    linux(
        Group::Build,
        "pkg-config",
        Probe::Program("pkg-config"),
        "pkg-config",
    ),
    linux(
        Group::Build,
        "WebKitGTK 4.1 for developers",
        Probe::Library("webkit2gtk-4.1"),
        "libwebkit2gtk-4.1-dev",
    ),
    linux(
        Group::Display,
        "the virtual display Xvfb",
        Probe::Program("Xvfb"),
        "xvfb",
    ),
    linux(
        Group::Display,
        "the session bus dbus-daemon",
        Probe::Program("dbus-daemon"),
        "dbus",
    ),
    linux(
        Group::Display,
        "the keychain gnome-keyring",
        Probe::Program("gnome-keyring-daemon"),
        "gnome-keyring",
    ),
    // The screenshot tool itself is tried: a machine may have some other program under one of ImageMagick's names.
    linux(
        Group::Display,
        "ImageMagick's import",
        Probe::Succeeds(&["import", "-version"]),
        "imagemagick",
    ),
    linux(
        Group::Display,
        "the DejaVu fonts",
        Probe::Font("DejaVu"),
        "fonts-dejavu-core",
    ),
    linux(
        Group::Tests,
        "WebKitWebDriver",
        Probe::Program("WebKitWebDriver"),
        "webkit2gtk-driver",
    ),
    linux(
        Group::Tests,
        "the browser Chromium",
        Probe::Program("chromium"),
        "chromium",
    ),
    linux(
        Group::Tests,
        "Python 3 with venv",
        Probe::Succeeds(&["python3", "-c", "import ensurepip, venv"]),
        "python3-venv",
    ),
    linux(
        Group::Tests,
        "the keychain reader secret-tool",
        Probe::Program("secret-tool"),
        "libsecret-tools",
    ),
    linux(
        Group::Tests,
        "the window reader xwininfo",
        Probe::Program("xwininfo"),
        "x11-utils",
    ),
    linux(
        Group::Tests,
        "the hand at the mouse xdotool",
        Probe::Program("xdotool"),
        "xdotool",
    ),
    linux(
        Group::Tests,
        "the hand at the clipboard xclip",
        Probe::Program("xclip"),
        "xclip",
    ),
    linux(
        Group::Icons,
        "the SVG drawer rsvg-convert",
        Probe::Program("rsvg-convert"),
        "librsvg2-bin",
    ),
    linux(
        Group::Icons,
        "ImageMagick",
        Probe::Succeeds(&["import", "-version"]),
        "imagemagick",
    ),
    Need {
        group: Group::Build,
        what: "Xcode's command line tools",
        os: "macos",
        probe: Probe::Succeeds(&["xcode-select", "-p"]),
        remedy: Remedy::ByHand("`xcode-select --install` brings them"),
    },
    Need {
        group: Group::Build,
        what: "Microsoft's C++ build tools",
        os: "windows",
        probe: Probe::Succeeds(&[
            r"C:\Program Files (x86)\Microsoft Visual Studio\Installer\vswhere.exe",
            "-latest",
        ]),
        remedy: Remedy::ByHand(
            "choose \"Desktop development with C++\" in the Visual Studio installer",
        ),
    },
    Need {
        group: Group::Build,
        what: "the WebView2 runtime",
        os: "windows",
        probe: Probe::Succeeds(&[
            "reg",
            "query",
            r"HKLM\SOFTWARE\WOW6432Node\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}",
        ]),
        remedy: Remedy::ByHand(
            "part of Windows 11; Microsoft's WebView2 page has it for Windows 10",
        ),
    },
];

fn succeeds(words: &[&str]) -> bool {
    words.split_first().is_some_and(|(program, arguments)| {
        tool::output(Command::new(program).args(arguments)).is_some()
    })
}

fn has_font(family: &str) -> bool {
    // Without fontconfig's own tool the folder where Debian puts the family answers.
    tool::output(Command::new("fc-list").args([":", "family"])).map_or_else(
        || {
            Path::new("/usr/share/fonts/truetype")
                .join(family.to_lowercase())
                .is_dir()
        },
        |families| families.contains(family),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_met_exactly_when_its_probe_finds_it() {
        let cases = [
            (Probe::Program("cargo"), true),
            (Probe::Program("no-such-program"), false),
            (Probe::Library("no-such-library"), false),
            (Probe::Succeeds(&["cargo", "--version"]), true),
            (Probe::Succeeds(&["cargo", "no-such-verb"]), false),
            (Probe::Succeeds(&["no-such-program"]), false),
            (Probe::Font("No Such Family"), false),
        ];
        for (probe, expected) in cases {
            let shown = format!("{probe:?}");
            let need = linux(Group::Build, "it", probe, "package");
            assert_eq!(need.is_met(), expected, "{shown}");
        }
    }
}
