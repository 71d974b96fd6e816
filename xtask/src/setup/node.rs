//! Whether Node is there, and new enough for the view's tools.

use std::process::Command;

use anyhow::{Result, bail};
use xtask::tool;

/// The oldest Node that Vite takes.
const OLDEST: (u32, u32) = (20, 19);

/// Checks Node and npm.
///
/// # Errors
/// When either is missing, or Node is older than 20.19.
pub(crate) fn check() -> Result<()> {
    let (major, minor) = OLDEST;
    let how = format!(
        "Node {major}.{minor} or newer is needed; nodejs.org or your version manager has it"
    );
    let Some(said) = tool::output(Command::new("node").arg("--version")) else {
        bail!("Node is not on the PATH. {how}");
    };
    match version(&said) {
        None => bail!(
            "`node --version` says {:?}, which is no version. {how}",
            said.trim()
        ),
        Some(found) if found < OLDEST => bail!("Node here is {}, too old. {how}", said.trim()),
        Some(_) => {}
    }
    if tool::find("npm").is_none() {
        bail!("Node is here, but npm is not on the PATH. {how}, with npm");
    }
    Ok(())
}

/// Major and minor of what `node --version` prints, such as `v20.19.4`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_node_prints() {
        let cases = [
            ("v20.19.4\n", Some((20, 19))),
            ("v22.1.0-nightly\n", Some((22, 1))),
            ("v18", None),
            ("20.19.4", None),
            ("", None),
        ];
        for (said, expected) in cases {
            assert_eq!(version(said), expected, "{said:?}");
        }
        assert!(version("v18.19.0") < Some(OLDEST) && version("v20.19.0") >= Some(OLDEST));
    }
}
