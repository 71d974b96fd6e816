//! The provider as a child process, for one test each.

use serde::Deserialize;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running provider and the API that trusts it. It ends with this.
pub(crate) struct Provider {
    child: Child,
    pub(crate) addresses: Addresses,
}

/// Where everything is; the line `server.mjs` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addresses {
    pub(crate) issuer: String,
    pub(crate) token_endpoint: String,
    pub(crate) api: String,
    counts: String,
}

/// What the provider and the API counted, each on its own side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    /// Requests at the token endpoint, whatever the answer; redeeming the code is one of them.
    pub(crate) token_calls: u64,
    /// How many of them were refused.
    pub(crate) token_errors: u64,
    pub(crate) api_ok: u64,
    pub(crate) api_refused: u64,
    /// Different tokens that the API let in at least once.
    pub(crate) tokens_honoured: u64,
    /// Different tokens that the API turned away at least once.
    pub(crate) tokens_refused: u64,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(
            folder.join("node_modules/oidc-provider").exists(),
            "the provider is not installed: run `npm ci` in tests/providers, as `cargo xtask test` does"
        );
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its notes on development keys and memory are known; only what it throws would be news, and ends the test anyway.
            .stderr(Stdio::null())
            .spawn()
            .expect("node 20.19 or newer is on the path");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let addresses = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let Some(addresses) = addresses else {
            // Its own words help more than ours: run it once more by hand.
            let _ = child.kill();
            panic!("the provider did not start; `node server.mjs` in tests/providers says why");
        };
        Self { child, addresses }
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut response = ureq::get(&self.addresses.counts)
            .call()
            .expect("the numbers");
        response.body_mut().read_json().expect("only numbers")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already, which is fine too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
