//! A request's file: what is sent, and the session that it uses. Its variables are filled when it is sent, not before.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::SavedRequest;
use super::reading::parse;
use crate::error::Result;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    name: Option<String>,
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: Headers,
    body: Option<String>,
    session: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
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
    })
}
