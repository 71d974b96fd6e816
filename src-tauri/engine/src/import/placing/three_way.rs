//! What was imported last, what is there now, what comes: the user's change wins, and what they left alone follows the import.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::import::imported::ImportedVariables;
use crate::workspace::writer::SessionKeys;

/// What comes of three versions.
pub(super) struct Merged {
    /// Keys that change, and what they are then. A null: the key goes.
    pub(super) take: SessionKeys,
    /// Something differs from the import and stays, because the user has written it.
    pub(super) kept: bool,
}

/// Decides key by key.
pub(super) fn merged(base: &SessionKeys, mine: &SessionKeys, theirs: &SessionKeys) -> Merged {
    let mut merged = Merged {
        take: Map::new(),
        kept: false,
    };
    let keys = theirs
        .keys()
        .chain(mine.keys().filter(|key| !theirs.contains_key(*key)));
    for key in keys {
        let (base, mine, theirs) = (base.get(key), mine.get(key), theirs.get(key));
        if mine == theirs {
            continue;
        }
        if mine == base {
            merged
                .take
                .insert(key.clone(), theirs.cloned().unwrap_or(Value::Null));
        } else {
            merged.kept = true;
        }
    }
    merged
}

/// Names of variables that a file did not have.
#[derive(Default)]
pub(super) struct NewVariables {
    pub(super) new: Vec<String>,
    pub(super) secrets: Vec<String>,
}

/// Puts variables among the keys of a file. One whose value the user has changed or removed stays so, and one that is
/// secret here stays secret.
pub(super) fn variables(
    keys: &mut SessionKeys,
    base: Option<&BTreeMap<String, String>>,
    theirs: &ImportedVariables,
) -> NewVariables {
    let mut found = NewVariables::default();
    let mut secrets: Vec<Value> = keys
        .get("secrets")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut values = keys
        .get("variables")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (name, value) in &theirs.values {
        if secrets.iter().any(|secret| secret == name) {
            continue;
        }
        let base = base.and_then(|base| base.get(name));
        match values.get(name) {
            None if base.is_some() => {}
            None => {
                values.insert(name.clone(), value.as_str().into());
                found.new.push(name.clone());
            }
            Some(mine) if base.is_some_and(|base| mine == base) => {
                values.insert(name.clone(), value.as_str().into());
            }
            Some(_) => {}
        }
    }
    for name in &theirs.secrets {
        // A value that the user has typed into the file is theirs.
        if !values.contains_key(name) && !secrets.iter().any(|secret| secret == name) {
            secrets.push(name.as_str().into());
            found.secrets.push(name.clone());
        }
    }
    if !secrets.is_empty() {
        keys.insert("secrets".to_owned(), secrets.into());
    }
    if !values.is_empty() {
        keys.insert("variables".to_owned(), values.into());
    }
    found
}
