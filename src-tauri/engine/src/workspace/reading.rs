//! Files taken apart so that every mistake has a line, and a word on what was probably meant.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::invalid;
use crate::error::{Failure, Result};

/// Letters that may differ between a name and what was probably meant by it.
const TYPOS_MAX: usize = 2;

/// What is wrong with one key of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The key, with the table that it is in: `sign_in.body`.
    key: String,
    detail: String,
}

impl Wrong {
    pub(super) fn new(key: &str, detail: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            detail: detail.into(),
        }
    }

    /// The failure for a file with this text.
    pub(super) fn in_text(self, path: &Path, text: &str) -> Failure {
        let line = line_of_key(text, &self.key);
        invalid(path, line, &format!("`{}`: {}", self.key, self.detail))
    }
}

/// Reads a file's text as TOML.
///
/// # Errors
/// `workspace.invalid`, with the line.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let in_a_table = error
            .span()
            .is_some_and(|span| is_in_a_table(text, span.start));
        invalid(path, line, &hinted(error.message(), in_a_table))
    })
}

/// A message of the TOML reader, with what was probably meant by a key or value that it does not know.
fn hinted(message: &str, in_a_table: bool) -> String {
    let Some((what, expected)) = message.split_once(", expected ") else {
        return message.to_owned();
    };
    let Some(name) = what
        .strip_prefix("unknown field ")
        .or_else(|| what.strip_prefix("unknown variant "))
    else {
        return message.to_owned();
    };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    if let Some(meant) = meant(name.trim_matches('`'), known.iter().copied()) {
        return format!("{name} is not known here; did you mean `{meant}`?");
    }
    let elsewhere = if in_a_table && what.starts_with("unknown field") {
        "; a key of the file itself stands above its first [table]"
    } else {
        ""
    };
    format!(
        "{name} is not known here; known are {}{elsewhere}",
        quoted(&known)
    )
}

/// Which of these names was probably meant.
pub(super) fn meant<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let distance =
        |known: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
    names
        .map(|known| (distance(known), known))
        .filter(|(typos, known)| *typos <= TYPOS_MAX && *typos < known.len())
        .min()
        .map(|(_, known)| known)
}

/// Names in a sentence.
pub(super) fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The number of the line, from 1, that holds this byte.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The line of a key such as `sign_in.body`; of its table, where the key is not there.
fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let (document, _) = DeTable::parse_recoverable(text);
    let (mut table, mut line) = (document.get_ref(), None);
    for part in key.split('.') {
        let (name, value) = match table.get_key_value(part) {
            Some(found) => found,
            None => break,
        };
        // A table's own span is that of its heading.
        line = Some(line_of(text, name.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    line
}

/// Whether a [table] begins before this byte.
fn is_in_a_table(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| {
        before
            .lines()
            .any(|line| line.trim_start().starts_with('['))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_line_wherever_it_stands() {
        let text = "kind = \"json\"\n\n[sign_in]\nurl = \"x\"\nbody = '''\n{}'''\n[refresh]\n";
        for (key, line) in [
            ("kind", Some(1)),
            ("sign_in", Some(3)),
            ("sign_in.body", Some(5)),
            ("refresh.url", Some(7)),
            ("origins", None),
        ] {
            assert_eq!(line_of_key(text, key), line, "{key}");
        }
    }

    #[test]
    fn what_was_meant_is_near_to_what_was_written() {
        let known = ["token_endpoint", "client_id", "id"];
        for (name, expected) in [
            ("token_endpont", Some("token_endpoint")),
            ("Client_Id", Some("client_id")),
            ("clientid", Some("client_id")),
            ("client", None),
            ("x", None),
        ] {
            assert_eq!(meant(name, known.into_iter()), expected, "{name}");
        }
    }
}
