//! The values of a workspace's secret variables: in the keychain, one item each, and in memory while an engine runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::error::{Code, Failure, Result};
use crate::redact::{Fingerprint, Masker};
use crate::vault::Vault;
use crate::workspace::Workspace;
use crate::workspace::fill::percent_encoded;

/// The secret variables of one workspace in one environment.
pub(crate) struct SecretVariables {
    state: Mutex<State>,
    /// Turns true when the vault was asked for them, whatever it said.
    loaded: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// What tells them from those of other workspaces and environments.
    place: String,
    names: BTreeSet<String>,
    values: BTreeMap<String, SecretString>,
}

impl SecretVariables {
    /// The secret variables of this workspace, without values yet.
    pub(crate) fn of(workspace: &Workspace) -> Self {
        let names = workspace.variables.secrets.clone();
        Self {
            loaded: watch::Sender::new(names.is_empty()),
            state: Mutex::new(State {
                place: workspace.place(),
                names,
                values: BTreeMap::new(),
            }),
        }
    }

    /// Takes the names of another workspace or environment in. The values of the one before are gone at once: what is secret
    /// there goes nowhere here.
    pub(crate) fn enter(&self, workspace: &Workspace) {
        let (place, names) = (workspace.place(), workspace.variables.secrets.clone());
        let mut state = self.lock();
        if state.place == place {
            return;
        }
        self.loaded.send_replace(names.is_empty());
        *state = State {
            place,
            names,
            values: BTreeMap::new(),
        };
    }

    /// Reads what the vault holds of these. What cannot be read has no value, or the one that it had.
    pub(crate) async fn load(&self, vault: &Vault, names: BTreeSet<String>) {
        let mut found = Vec::new();
        let place = self.lock().place.clone();
        for name in &names {
            match vault.read(item(&place, name)).await {
                Ok(Some(bytes)) => {
                    if let Ok(text) = std::str::from_utf8(bytes.expose_secret()) {
                        found.push((name.clone(), text.into()));
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    let failure = Failure::from(error);
                    tracing::warn!(%failure, "a secret variable cannot be read");
                }
            }
        }
        let mut state = self.lock();
        if state.place != place {
            return;
        }
        state.values.retain(|name, _| names.contains(name));
        state.values.extend(found);
        state.names = names;
        self.loaded.send_replace(true);
    }

    /// Waits until the vault was asked for them.
    pub(crate) async fn loaded(&self) {
        // The sender lives in `self`.
        let _: Result<_, watch::error::RecvError> =
            self.loaded.subscribe().wait_for(|loaded| *loaded).await;
    }

    /// Stores the value of one.
    ///
    /// # Errors
    /// `variable.unknown` where no file names it as a secret, `store.*`; it has the value that it had then.
    pub(crate) async fn set(&self, vault: &Vault, name: &str, value: SecretString) -> Result<()> {
        let place = {
            let state = self.lock();
            if !state.names.contains(name) {
                return Err(Failure::new(Code::VariableUnknown)
                    .with("variable", crate::redact::server_text(name, 80)));
            }
            state.place.clone()
        };
        let bytes = value.expose_secret().as_bytes().to_vec();
        vault.write(item(&place, name), bytes.into()).await?;
        let mut state = self.lock();
        if state.place == place {
            state.values.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// Their values, by name.
    pub(crate) fn values(&self) -> BTreeMap<String, SecretString> {
        self.lock().values.clone()
    }

    /// Adds them to what is masked, in every form in which a request may have carried them.
    pub(crate) fn mask_with(
        &self,
        masker: &mut Masker,
        fingerprint: impl Fn(&SecretString) -> Fingerprint,
    ) {
        for value in self.lock().values.values() {
            let fingerprint = fingerprint(value);
            let plain = value.expose_secret();
            let quoted = serde_json::Value::from(plain).to_string();
            let mut forms = vec![
                plain.to_owned(),
                percent_encoded(plain),
                url::form_urlencoded::byte_serialize(plain.as_bytes()).collect(),
                quoted[1..quoted.len() - 1].to_owned(),
            ];
            forms.dedup();
            for form in forms {
                masker.add(&form.into(), fingerprint);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which name the vault has the value of a variable.
fn item(place: &str, name: &str) -> String {
    let hash: String = Sha256::digest(place.as_bytes())
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("variable {name} ({hash})")
}
