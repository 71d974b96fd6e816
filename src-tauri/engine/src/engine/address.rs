//! An address as a send would fill it, to be looked at before.

use std::collections::BTreeMap;

use super::Engine;
use crate::error::Result;
use crate::exchange::filled::failure;
use crate::workspace::fill::percent_encoded;

/// Stands where a secret variable is filled in.
const HIDDEN: &str = "\u{2022}\u{2022}\u{2022}";

impl Engine {
    /// Fills an address with the workspace's variables, as [`Engine::send`] would. Secrets are hidden in it.
    ///
    /// # Errors
    /// `variable.unknown`, `variable.unset`, `variable.misplaced`.
    pub fn filled_address(&self, template: &str) -> Result<String> {
        let secrets = self.inner.context.variables.values();
        let hidden: BTreeMap<String, _> = secrets
            .into_keys()
            .map(|name| (name, HIDDEN.into()))
            .collect();
        let workspace = self.workspace();
        let filled = workspace.variables.filler_with(&hidden).address(template);
        let filled = filled.map_err(failure)?;
        Ok(filled.replace(&percent_encoded(HIDDEN), HIDDEN))
    }
}
