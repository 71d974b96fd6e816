//! `cargo xtask icons`: every size of the icon, drawn again from its one source.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use xtask::{root, tool};

use crate::say;
use crate::setup::{self, Group};

/// The pictures that are committed, and their sizes in pixels.
const PICTURES: [(&str, u32); 4] = [
    ("32x32.png", 32),
    ("128x128.png", 128),
    ("128x128@2x.png", 256),
    ("icon.png", 512),
];

/// The sizes inside the Windows icon.
const ICO_PX: [u32; 6] = [16, 24, 32, 48, 64, 256];

/// The sizes inside the macOS icon, with the name that its format gives each.
const ICNS_PX: [(&[u8; 4], u32); 7] = [
    (b"ic11", 32),
    (b"ic12", 64),
    (b"ic07", 128),
    (b"ic13", 256),
    (b"ic08", 256),
    (b"ic09", 512),
    (b"ic10", 1024),
];

/// Names of ImageMagick's converter, the particular ones first: a machine may call something else `convert`.
const CONVERTERS: [&str; 3] = ["magick", "convert-im6.q16", "convert"];

/// Draws all sizes into `icons/`.
///
/// # Errors
/// When a tool is missing or fails.
pub(crate) fn icons() -> Result<()> {
    setup::ensure(&[Group::Icons], false)?;
    let folder = root::root().join("icons");
    let source = folder.join("source.svg");
    for (name, size_px) in PICTURES {
        draw(&source, size_px, &folder.join(name))?;
    }
    let work = tempfile::tempdir().context("creating a work folder")?;
    write_ico(&source, work.path(), &folder.join("icon.ico"))?;
    write_icns(&source, work.path(), &folder.join("icon.icns"))?;
    say::line("The icons in icons/ are those of icons/source.svg again.");
    Ok(())
}

fn draw(source: &Path, size_px: u32, file: &Path) -> Result<()> {
    let size = size_px.to_string();
    tool::run(
        Command::new("rsvg-convert")
            .args(["--width", &size, "--height", &size, "--output"])
            .arg(file)
            .arg(source),
    )
}

fn write_ico(source: &Path, work: &Path, file: &Path) -> Result<()> {
    let Some(converter) = CONVERTERS.into_iter().find_map(tool::find) else {
        bail!("ImageMagick is not here");
    };
    let mut convert = Command::new(converter);
    for size_px in ICO_PX {
        let picture = work.join(format!("{size_px}.png"));
        draw(source, size_px, &picture)?;
        convert.arg(picture);
    }
    tool::run(convert.arg(file))
}

fn write_icns(source: &Path, work: &Path, file: &Path) -> Result<()> {
    let mut pictures = Vec::new();
    for (kind, size_px) in ICNS_PX {
        let picture = work.join(format!("{size_px}.png"));
        draw(source, size_px, &picture)?;
        pictures.push((kind, fs::read(&picture).context("reading back a picture")?));
    }
    fs::write(file, icns(&pictures)).with_context(|| format!("writing {}", file.display()))
}

/// A macOS icon: a header, then each PNG behind its kind and length.
fn icns(pictures: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let length = |bytes: usize| {
        u32::try_from(bytes + 8)
            .expect("icons are far below 4 GiB")
            .to_be_bytes()
    };
    let body: Vec<u8> = pictures
        .iter()
        .flat_map(|(kind, png)| [kind.as_slice(), &length(png.len()), png].concat())
        .collect();
    [b"icns".as_slice(), &length(body.len()), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macos_icon_counts_its_headers() {
        let file = icns(&[(b"ic07", vec![1, 2, 3]), (b"ic08", vec![4])]);
        assert_eq!(
            file,
            b"icns\0\0\0\x1cic07\0\0\0\x0b\x01\x02\x03ic08\0\0\0\x09\x04"
        );
    }
}
