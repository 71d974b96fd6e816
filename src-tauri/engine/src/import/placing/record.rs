//! What was imported last, in `imports/NAME.json` of the workspace: without it nobody could tell a local edit from an old
//! import. It holds what the files say, so no secret either.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::import::imported::Imported;
use crate::import::template::slug;
use crate::workspace::writer::SessionKeys;

/// Largest record that is read, in bytes.
const RECORD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One import.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) version: u32,
    pub(super) format: String,
    /// The folder of its requests.
    pub(super) folder: String,
    /// Requests by their keys.
    pub(super) requests: BTreeMap<String, Placed>,
    /// Sessions by their names in the import.
    pub(super) sessions: BTreeMap<String, Placed>,
    /// Values of variables by environment; the empty name is the workspace's own.
    pub(super) variables: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where something is, and what the import said about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) id: String,
    pub(super) keys: SessionKeys,
}

/// Where the record of an import is. Newer versions of one format are one import.
pub(super) fn path_of(imported: &Imported) -> String {
    let family = imported.format.split(' ').next().unwrap_or_default();
    let family = if family == "Swagger" {
        "OpenAPI"
    } else {
        family
    };
    format!("imports/{}-{}.json", slug(&imported.name), slug(family))
}

/// The text of a record, and what it says. A record that cannot be read is as none: everything then is new beside it.
pub(super) fn read(folder: &Path, path: &str) -> Result<(Option<String>, Option<Record>)> {
    let path = folder.join(path);
    let Ok(about) = std::fs::metadata(&path) else {
        return Ok((None, None));
    };
    if about.len() > RECORD_BYTES_MAX {
        let detail = format!("at most {RECORD_BYTES_MAX} bytes are read");
        return Err(crate::workspace::unusable(&path, &detail));
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| crate::workspace::unusable(&path, &error))?;
    let record =
        serde_json::from_str(&text).map_err(|error| crate::workspace::unusable(&path, &error))?;
    Ok((Some(text), Some(record)))
}

impl Record {
    /// As text, one line a value, so that a difference can be read.
    pub(super) fn written(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
