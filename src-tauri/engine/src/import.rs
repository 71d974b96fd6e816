//! What other tools have written down, read as data: shown before it is used, never run, nothing fetched.
//!
//! Every format is read into the same [`imported::Imported`]: folders of requests, sessions that may send nothing anywhere
//! yet, environments, and the list of what was left out. Writing that into a workspace is `workspace`'s.

mod bruno;
mod collector;
pub mod curl;
mod document;
mod fields;
mod har;
pub mod imported;
mod insomnia;
pub mod left_out;
mod openapi;
pub mod placing;
mod postman;
mod sign_in;
pub mod source;
mod template;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::collector::Collector;
use self::fields::text;
use self::imported::Imported;
use self::source::{Source, Watch};
use crate::error::{Code, Failure, Result};

/// Reads whatever this is.
///
/// # Errors
/// `import.invalid` where it is none of the formats, or beyond a limit; `request.stopped`.
pub fn read(source: &Source, watch: &Watch) -> Result<Imported> {
    watch.check()?;
    let bytes = match source {
        Source::Folder { name, files } => return bruno::read_folder(name, files, watch),
        Source::File { name, bytes } => {
            if bruno::is_request(bytes) {
                let file = (name.clone(), bytes.clone());
                return bruno::read_folder(name, &[file], watch);
            }
            bytes
        }
    };
    let document = document::read(bytes)?;
    watch.check()?;
    read_document(&document, Collector::new(source.name(), watch))
}

fn read_document(document: &Value, collector: Collector<'_>) -> Result<Imported> {
    let kind = text(document, "type");
    if document.get("openapi").is_some() || document.get("swagger").is_some() {
        openapi::read(document, collector)
    } else if text(document, "_type") == "export" {
        insomnia::read_resources(document, collector)
    } else if kind.contains("insomnia.rest/") {
        insomnia::read_tree(document, collector)
    } else if document.pointer("/log/entries").is_some() {
        har::read(document, collector)
    } else if document.pointer("/info/schema").is_some()
        || document.pointer("/info/_postman_id").is_some()
    {
        postman::read(document, collector)
    } else if document.get("item").is_some_and(Value::is_array) {
        // A collection that does not say what it is.
        postman::read(document, collector)
    } else if let Some(inner) = document.get("collection").filter(|inner| inner.is_object()) {
        // As Postman's own API hands one out.
        postman::read(inner, collector)
    } else if document.get("requests").is_some_and(Value::is_array)
        && document.get("order").is_some()
    {
        Err(invalid(
            "Postman",
            "version 1 is not known; 2.0 and 2.1 are",
        ))
    } else if document.get("values").is_some_and(Value::is_array) {
        postman::read_environment(document, collector)
    } else {
        Err(invalid(
            "a file",
            "it is none of OpenAPI 3, Swagger 2, Postman 2.1, Insomnia 4 and 5, Bruno and HAR 1.2",
        ))
    }
}

fn invalid(format: &str, detail: &str) -> Failure {
    Failure::new(Code::ImportInvalid)
        .with("format", format)
        .with("detail", detail)
}
