//! What a file of another tool comes to, before any of it is written.

use std::collections::{BTreeMap, BTreeSet};

use super::left_out::LeftOut;
use crate::workspace::writer::SessionKeys;

/// Requests of one import.
pub const REQUESTS_MAX: usize = 10_000;
/// Sessions of one import.
pub const SESSIONS_MAX: usize = 100;
/// Environments of one import.
pub const ENVIRONMENTS_MAX: usize = 100;
/// Variables of one import, over all environments.
pub const VARIABLES_MAX: usize = 10_000;

/// A neutral plan: whatever the format was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The format and its version, for people: `OpenAPI 3.1`.
    pub format: String,
    /// What the collection calls itself, or the file's name.
    pub name: String,
    /// Its requests, in its order.
    pub requests: Vec<ImportedRequest>,
    /// Ways to sign in. They are bound to no origin: their tokens go nowhere until the user says where.
    pub sessions: Vec<ImportedSession>,
    /// Variables of the workspace.
    pub variables: ImportedVariables,
    /// Environments by name.
    pub environments: Vec<(String, ImportedVariables)>,
    /// What was not taken over.
    pub left_out: Vec<LeftOut>,
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedRequest {
    /// What tells it from the others of its collection, over all versions of it.
    pub key: String,
    /// The folders that it is in, from the outside in.
    pub folders: Vec<String>,
    /// What people call it.
    pub name: String,
    /// An HTTP token.
    pub method: String,
    /// An address that may hold `{{variables}}`.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body's text.
    pub body: Option<String>,
    /// The session by its name in [`Imported::sessions`].
    pub session: Option<String>,
}

/// A way to sign in: a session's file without the origins.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedSession {
    /// Its name, good for a file.
    pub name: String,
    /// What its file says.
    pub keys: SessionKeys,
}

/// Variables: values by name, and the names of those whose values a file may not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedVariables {
    /// Their values.
    pub values: BTreeMap<String, String>,
    /// The names of the secret ones.
    pub secrets: BTreeSet<String>,
}
