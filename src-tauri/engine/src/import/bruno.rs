//! Folders of Bruno: one `.bru` file a request, `folder.bru` and `collection.bru` beside them, environments in a folder.

mod blocks;

use self::blocks::{Block, Blocks};
use super::collector::Collector;
use super::document::utf8;
use super::fields::{is_trust, text};
use super::imported::{Imported, ImportedRequest};
use super::invalid;
use super::left_out::WhyLeftOut;
use super::postman::{form, typed};
use super::sign_in::apply;
use super::source::Watch;
use super::template::with_path_variable;
use crate::error::Result;

/// The blocks that say what is sent, by the method that they name.
const METHODS: [&str; 9] = [
    "get", "post", "put", "delete", "patch", "options", "head", "connect", "trace",
];
/// Blocks that are read elsewhere, or say nothing about the request.
const READ: [&str; 8] = [
    "meta",
    "headers",
    "query",
    "params:query",
    "params:path",
    "http",
    "auth",
    "body:graphql:vars",
];

/// Whether these are the bytes of a request of Bruno.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    utf8(bytes).is_ok_and(|text| text.trim_start().starts_with("meta {"))
}

/// Reads a folder, or one request.
///
/// # Errors
/// `import.invalid` where there is nothing of Bruno in it; as [`Collector::request`].
pub(super) fn read_folder(
    name: &str,
    files: &[(String, Vec<u8>)],
    watch: &Watch,
) -> Result<Imported> {
    let mut collector = Collector::new(name, watch);
    let manifest = files.iter().find(|(name, _)| name == "bruno.json");
    let manifest = manifest
        .and_then(|(_, bytes)| super::document::read(bytes).ok())
        .unwrap_or_default();
    collector.called("Bruno", text(&manifest, "name"));
    for (name, _) in manifest.as_object().into_iter().flatten() {
        match name.as_str() {
            "version" | "name" | "type" | "ignore" => {}
            other if is_trust(other) => collector.leave("", other, WhyLeftOut::TrustIsYours),
            "proxy" | "clientCertificates" => collector.leave("", name, WhyLeftOut::Connection),
            "scripts" | "presets" => collector.leave("", name, WhyLeftOut::NotSupported),
            other => collector.leave("", other, WhyLeftOut::Unknown),
        }
    }
    if files.is_empty() {
        return Err(invalid("Bruno", "the folder holds no .bru file"));
    }
    let parsed: Vec<(&str, Blocks<'_>)> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".bru"))
        .filter_map(|(name, bytes)| match utf8(bytes).map(blocks::read) {
            Ok(Ok(blocks)) => Some((name.as_str(), blocks)),
            Ok(Err(line)) => {
                collector.leave(name, format!("line {line}"), WhyLeftOut::Malformed);
                None
            }
            Err(_) => {
                collector.leave(name, "it is not UTF-8", WhyLeftOut::Malformed);
                None
            }
        })
        .collect();
    if files.iter().any(|(name, _)| name.ends_with(".yml")) {
        collector.leave(
            "opencollection.yml",
            "a collection in YAML",
            WhyLeftOut::NotSupported,
        );
    }
    for (name, blocks) in &parsed {
        let parts: Vec<&str> = name.trim_end_matches(".bru").split('/').collect();
        match parts.as_slice() {
            ["environments", environment] => read_environment(environment, blocks, &mut collector),
            [.., "collection" | "folder"] => shared(name, blocks, &mut collector),
            [folders @ .., _] => read_request(name, folders, blocks, &parsed, &mut collector)?,
            [] => {}
        }
    }
    collector.finish()
}

fn read_environment(name: &str, blocks: &Blocks<'_>, collector: &mut Collector<'_>) {
    for (key, value, on) in blocks.pairs("vars") {
        if on {
            collector.variable(Some(name), key, value);
        } else {
            collector.leave(name, format!("variable {key}"), WhyLeftOut::SwitchedOff);
        }
    }
    for secret in blocks.names("vars:secret") {
        if let Some(own) = super::template::variable(secret) {
            collector.secret(Some(name), &own);
        }
    }
}

/// What a folder says for all of its requests: headers and sign-in are taken by each, the rest is listed.
fn shared(name: &str, blocks: &Blocks<'_>, collector: &mut Collector<'_>) {
    for (key, value, on) in blocks.pairs("vars:pre-request") {
        if on {
            collector.variable(None, key, value);
        }
    }
    leave_others(name, blocks, &["vars:pre-request"], collector);
}

/// Scripts with their text, and every block that nothing is made of.
fn leave_others(at: &str, blocks: &Blocks<'_>, known: &[&str], collector: &mut Collector<'_>) {
    for Block { name, text } in blocks.all() {
        let name = *name;
        if name.starts_with("script:") || name == "tests" {
            collector.script(at, name, text);
        } else if name == "docs" {
            collector.leave(at, name, WhyLeftOut::Documentation);
        } else if name == "settings" {
            collector.leave(at, name, WhyLeftOut::Connection);
        } else if name.starts_with("assert") || name.starts_with("vars:post-response") {
            collector.script(at, name, text);
        } else if !READ.contains(&name)
            && !known.contains(&name)
            && !name.starts_with("auth:")
            && !METHODS.contains(&name)
        {
            collector.leave(at, format!("block {name}"), WhyLeftOut::NotSupported);
        }
    }
}

fn read_request(
    file: &str,
    folders: &[&str],
    blocks: &Blocks<'_>,
    all: &[(&str, Blocks<'_>)],
    collector: &mut Collector<'_>,
) -> Result<()> {
    let at = file.trim_end_matches(".bru");
    let own_name = at.rsplit('/').next().unwrap_or(at);
    let name = blocks.value("meta", "name").unwrap_or(own_name);
    let verb = METHODS.into_iter().find(|method| blocks.has(method));
    let (block, method) = match verb {
        Some(verb) => (verb, verb.to_ascii_uppercase()),
        None if blocks.has("http") => (
            "http",
            blocks
                .value("http", "method")
                .unwrap_or("GET")
                .to_ascii_uppercase(),
        ),
        None => {
            let kind = blocks.value("meta", "type").unwrap_or("no");
            collector.leave(at, format!("a {kind} request"), WhyLeftOut::NotSupported);
            return Ok(());
        }
    };
    let address = blocks.value(block, "url").unwrap_or_default();
    let mut made = ImportedRequest {
        key: at.to_owned(),
        folders: folders.iter().map(|folder| (*folder).to_owned()).collect(),
        name: name.to_owned(),
        method,
        url: collector.convert(at, address),
        ..ImportedRequest::default()
    };
    // What the query block repeats stands in the address already.
    for (name, _, on) in blocks.pairs("params:query").chain(blocks.pairs("query")) {
        if !on {
            collector.leave(
                at,
                format!("query parameter {name}"),
                WhyLeftOut::SwitchedOff,
            );
        }
    }
    for (name, value, _) in blocks.pairs("params:path") {
        let value = collector.convert(at, value);
        made.url = with_path_variable(&made.url, name, &value);
    }
    let around: Vec<&Blocks<'_>> = enclosing(folders, all);
    for blocks in around.iter().rev().copied().chain([blocks]) {
        for (name, value, on) in blocks.pairs("headers") {
            if on {
                let value = collector.convert(at, value);
                made.headers
                    .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                made.headers.push((name.to_owned(), value));
            } else {
                collector.leave(at, format!("header {name}"), WhyLeftOut::SwitchedOff);
            }
        }
    }
    body(at, block, blocks, &mut made, collector);
    sign_in(at, block, blocks, &around, &mut made, collector);
    for (key, value, on) in blocks.pairs("vars:pre-request") {
        if on {
            collector.variable(None, key, value);
        }
    }
    let mode = blocks.value(block, "body").unwrap_or_default();
    let own = format!("body:{mode}");
    leave_others(
        at,
        blocks,
        &[
            "vars:pre-request",
            &own,
            "body",
            "body:form-urlencoded",
            "body:graphql",
            "body:multipart-form",
        ],
        collector,
    );
    collector.request(at, made)
}

/// The files that say something for all requests of these folders, from the inside out.
fn enclosing<'b, 't>(folders: &[&str], all: &'b [(&str, Blocks<'t>)]) -> Vec<&'b Blocks<'t>> {
    let find = |wanted: &str| {
        all.iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, blocks)| blocks)
    };
    let inside = (1..=folders.len())
        .rev()
        .filter_map(|depth| find(&format!("{}/folder.bru", folders[..depth].join("/"))));
    inside.chain(find("collection.bru")).collect()
}

fn body(
    at: &str,
    block: &str,
    blocks: &Blocks<'_>,
    made: &mut ImportedRequest,
    collector: &mut Collector<'_>,
) {
    let mode = blocks.value(block, "body").unwrap_or("none");
    match mode {
        "none" => {}
        "json" | "text" | "xml" | "sparql" => {
            let text = blocks
                .text(&format!("body:{mode}"))
                .or_else(|| blocks.text("body"))
                .unwrap_or_default();
            made.body = Some(collector.convert(at, &text));
            let media_type = match mode {
                "json" => "application/json",
                "xml" => "application/xml",
                "sparql" => "application/sparql-query",
                _ => "text/plain",
            };
            typed(made, media_type);
        }
        "formUrlEncoded" | "form-urlencoded" => {
            let mut pairs = Vec::new();
            for (name, value, on) in blocks.pairs("body:form-urlencoded") {
                if on {
                    let value = collector.convert(at, value);
                    pairs.push((name.to_owned(), value));
                } else {
                    collector.leave(at, format!("field {name}"), WhyLeftOut::SwitchedOff);
                }
            }
            made.body = Some(form(&pairs));
            typed(made, "application/x-www-form-urlencoded");
        }
        "graphql" => {
            let query = blocks.text("body:graphql").unwrap_or_default();
            let variables = blocks.text("body:graphql:vars").unwrap_or_default();
            let variables: serde_json::Value = serde_json::from_str(&variables).unwrap_or_default();
            let whole = serde_json::json!({ "query": query, "variables": variables });
            made.body = Some(collector.convert(at, &whole.to_string()));
            typed(made, "application/json");
        }
        "multipartForm" | "multipart-form" => {
            collector.leave(at, "body as multipart/form-data", WhyLeftOut::NotSupported);
        }
        "file" => collector.leave(at, "body from a file", WhyLeftOut::NamesFile),
        other => collector.leave(at, format!("body {other}"), WhyLeftOut::Unknown),
    }
}

fn sign_in(
    at: &str,
    block: &str,
    blocks: &Blocks<'_>,
    around: &[&Blocks<'_>],
    made: &mut ImportedRequest,
    collector: &mut Collector<'_>,
) {
    let own = blocks.value(block, "auth").unwrap_or("none");
    let (kind, said_by) = if own == "inherit" {
        let said = around.iter().find_map(|blocks| {
            let mode = blocks
                .value("auth", "mode")
                .filter(|mode| *mode != "inherit")?;
            Some((mode, *blocks))
        });
        said.unwrap_or(("none", blocks))
    } else {
        (own, blocks)
    };
    let fields = format!("auth:{kind}");
    let field = |names: &[&str]| {
        let found = names.iter().find_map(|name| said_by.value(&fields, name));
        found.unwrap_or_default().to_owned()
    };
    apply(collector, at, kind, &field, made);
}
