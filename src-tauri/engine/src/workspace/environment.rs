//! Environments and variables: what the texts of a workspace are filled with, here or there.
//!
//! A workspace has variables, an environment has more and may say others; there is one level. The values of secret ones
//! live in the keychain: a file only names them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;

use super::fill::{Filler, is_name};
use super::reading::{Wrong, parse};
use crate::error::Result;

/// Names that a sign-in fills itself.
pub(super) const OF_A_SIGN_IN: [&str; 3] = ["username", "password", "refresh_token"];

/// Variables by name, in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Their values, but for those of the secret ones.
    pub values: BTreeMap<String, String>,
    /// The names of the secret ones.
    pub secrets: BTreeSet<String>,
}

/// One environment of a workspace: `environments/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The file's name without its ending.
    pub name: String,
    /// What it says, without what the workspace says for all of them.
    pub variables: Variables,
}

/// `secrets` and `[variables]`, as files write them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariablesFile {
    #[serde(default)]
    pub(super) secrets: Vec<String>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Value>,
}

/// A value as a file may write it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a variable is a text, a number, or true or false"
)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Truth(bool),
    Number(f64),
}

impl Value {
    fn in_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

impl VariablesFile {
    pub(super) fn into_variables(self) -> Result<Variables, Wrong> {
        for name in &self.secrets {
            checked(name).map_err(|detail| Wrong::new("secrets", detail))?;
        }
        for name in self.variables.keys() {
            let key = format!("variables.{name}");
            checked(name).map_err(|detail| Wrong::new(&key, detail))?;
            if self.secrets.contains(name) {
                let detail = "a secret has its value in the keychain, and none in a file";
                return Err(Wrong::new(&key, detail));
            }
        }
        let values = self.variables.into_iter();
        Ok(Variables {
            values: values
                .map(|(name, value)| (name, value.in_text()))
                .collect(),
            secrets: self.secrets.into_iter().collect(),
        })
    }
}

impl Variables {
    /// These, and where `other` says something about a name too, what that says.
    pub(super) fn with(mut self, other: &Self) -> Self {
        for (name, value) in &other.values {
            self.secrets.remove(name);
            self.values.insert(name.clone(), value.clone());
        }
        for name in &other.secrets {
            self.values.remove(name);
            self.secrets.insert(name.clone());
        }
        self
    }

    /// What fills a session's file: no secrets, and nothing that a sign-in fills.
    pub(super) fn filler(&self) -> Filler<'_> {
        Filler::new(&self.values, &self.secrets, None)
    }

    /// What fills a draft.
    pub(crate) fn filler_with<'a>(
        &'a self,
        secrets: &'a BTreeMap<String, SecretString>,
    ) -> Filler<'a> {
        Filler::new(&self.values, &self.secrets, Some(secrets))
    }
}

fn checked(name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!(
            "{name:?} is no name for a variable: a letter first, then letters, digits, `_`, `-` or `.`"
        ));
    }
    if OF_A_SIGN_IN.contains(&name) {
        return Err("a sign-in fills this one itself; choose another name".to_owned());
    }
    Ok(())
}

/// Reads `environments/NAME.toml`.
pub(super) fn read(name: &str, path: &Path, text: &str) -> Result<Environment> {
    let variables = parse::<VariablesFile>(path, text)?.into_variables();
    Ok(Environment {
        name: name.to_owned(),
        variables: variables.map_err(|wrong| wrong.in_text(path, text))?,
    })
}
