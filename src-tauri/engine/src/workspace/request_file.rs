//! A request's file: what is sent, and the session that it uses. Its variables are filled when it is sent, not before.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::SavedRequest;
use super::reading::parse;
use super::writer::{SessionKeys, revision};
use crate::error::Result;
use crate::exchange::body::Body;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    name: Option<String>,
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: Headers,
    body: Option<Body>,
    session: Option<String>,
    #[serde(default = "yes")]
    follow_redirects: bool,
    time_limit_ms: Option<u32>,
}

fn get() -> String {
    "GET".to_owned()
}

fn yes() -> bool {
    true
}

/// Headers as a file may write them: a table, or pairs where their order counts.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "headers are a table, such as {Accept = \"application/json\"}, or pairs, such as [[\"Accept\", \"text/html\"]]"
)]
enum Headers {
    Pairs(Vec<(String, String)>),
    Table(BTreeMap<String, OneOrMore>),
}

/// One header of a table: one value, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a header has one text, or a list of them")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for Headers {
    fn default() -> Self {
        Self::Pairs(Vec::new())
    }
}

impl Headers {
    fn in_order(self) -> Vec<(String, String)> {
        match self {
            Self::Pairs(pairs) => pairs,
            Self::Table(table) => table
                .into_iter()
                .flat_map(|(name, values)| {
                    let values = match values {
                        OneOrMore::One(value) => vec![value],
                        OneOrMore::More(values) => values,
                    };
                    values.into_iter().map(move |value| (name.clone(), value))
                })
                .collect(),
        }
    }
}

/// Reads `requests/ID.toml`.
pub(super) fn read(id: &str, path: &Path, text: &str) -> Result<SavedRequest> {
    let file: RequestFile = parse(path, text)?;
    let own_name = || id.rsplit('/').next().unwrap_or(id).to_owned();
    Ok(SavedRequest {
        id: id.to_owned(),
        name: file.name.unwrap_or_else(own_name),
        method: file.method,
        url: file.url,
        headers: file.headers.in_order(),
        body: file.body,
        session: file.session,
        follow_redirects: file.follow_redirects,
        time_limit_ms: file.time_limit_ms,
        revision: Some(revision(text)),
    })
}

impl SavedRequest {
    /// What its file says, as a person would write it: what is as usual is left out.
    pub(crate) fn keys(&self) -> SessionKeys {
        let mut keys = Map::new();
        keys.insert("name".to_owned(), self.name.as_str().into());
        keys.insert("method".to_owned(), self.method.as_str().into());
        keys.insert("url".to_owned(), self.url.as_str().into());
        if let Some(session) = &self.session {
            keys.insert("session".to_owned(), session.as_str().into());
        }
        if !self.follow_redirects {
            keys.insert("follow_redirects".to_owned(), false.into());
        }
        if let Some(limit) = self.time_limit_ms {
            keys.insert("time_limit_ms".to_owned(), limit.into());
        }
        if !self.headers.is_empty() {
            let pairs: Vec<Value> = self
                .headers
                .iter()
                .map(|(name, value)| json!([name, value]))
                .collect();
            keys.insert("headers".to_owned(), pairs.into());
        }
        if let Some(body) = &self.body {
            // Only a path that is not Unicode has no form; such a one never came from a file or from the view.
            keys.insert("body".to_owned(), json!(body));
        }
        keys
    }
}
