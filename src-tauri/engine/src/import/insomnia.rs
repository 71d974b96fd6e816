//! Exports of Insomnia: 4, a list of resources that name their parents, and 5, a tree.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::collector::Collector;
use super::fields::{is_set, is_trust, items, scalar, text};
use super::imported::{Imported, ImportedRequest};
use super::invalid;
use super::left_out::WhyLeftOut;
use super::postman::{form, typed};
use super::sign_in::{apply, field_of};
use super::template::with_path_variable;
use crate::error::Result;

/// Folders inside each other.
const DEPTH_MAX: usize = 40;

/// Reads an export of version 4.
///
/// # Errors
/// `import.invalid` for another version; as [`Collector::request`].
pub(super) fn read_resources(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let version = root
        .get("__export_format")
        .and_then(scalar)
        .unwrap_or_default();
    if version != "4" {
        let shown = crate::redact::server_text(&version, 20);
        return Err(invalid(
            "Insomnia",
            &format!("version {shown:?} is not known; 4 and 5 are"),
        ));
    }
    let resources = items(root, "resources");
    let workspace = resources
        .iter()
        .find(|one| text(one, "_type") == "workspace");
    collector.called(
        "Insomnia 4",
        workspace.map_or("", |workspace| text(workspace, "name")),
    );
    let folders: HashMap<&str, &Value> = resources
        .iter()
        .filter(|one| text(one, "_type") == "request_group")
        .map(|one| (text(one, "_id"), one))
        .collect();
    for one in resources {
        let name = text(one, "name");
        match text(one, "_type") {
            "workspace" => {}
            "request_group" => {
                let at = path_of(one, &folders).join(" / ");
                add_environment(
                    &mut collector,
                    None,
                    one.get("environment").unwrap_or(&Value::Null),
                    &at,
                );
                scripts(one, &at, &mut collector);
            }
            "request" => {
                let path = path_of(one, &folders);
                let auth = inherited(one, &folders);
                read_request(one, text(one, "_id"), &path, auth, &mut collector)?;
            }
            "environment" => {
                let of_an_environment = resources.iter().any(|other| {
                    text(other, "_type") == "environment"
                        && text(other, "_id") == text(one, "parentId")
                });
                let environment = of_an_environment.then_some(name);
                add_environment(
                    &mut collector,
                    environment,
                    one.get("data").unwrap_or(&Value::Null),
                    name,
                );
            }
            "cookie_jar" if items(one, "cookies").is_empty() => {}
            "cookie_jar" => collector.leave("", "cookies", WhyLeftOut::Secret),
            "" => collector.leave(name, "a resource without a type", WhyLeftOut::Malformed),
            other => collector.leave(name, other, WhyLeftOut::NotSupported),
        }
    }
    collector.finish()
}

/// Reads an export of version 5.
///
/// # Errors
/// `import.invalid` for another version; as [`Collector::request`].
pub(super) fn read_tree(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let kind = text(root, "type");
    let (what, version) = kind.split_once("insomnia.rest/").unwrap_or_default();
    if !version.starts_with("5.") {
        let shown = crate::redact::server_text(version, 20);
        return Err(invalid(
            "Insomnia",
            &format!("version {shown:?} is not known; 4 and 5 are"),
        ));
    }
    if !matches!(what, "collection." | "environment." | "spec.") {
        let shown = crate::redact::server_text(kind, 40);
        return Err(invalid("Insomnia", &format!("{shown:?} holds no requests")));
    }
    collector.called("Insomnia 5", text(root, "name"));
    if let Some(base) = root.get("environments") {
        add_environment(
            &mut collector,
            None,
            base.get("data").unwrap_or(&Value::Null),
            "",
        );
        for environment in items(base, "subEnvironments") {
            let name = text(environment, "name");
            add_environment(
                &mut collector,
                Some(name),
                environment.get("data").unwrap_or(&Value::Null),
                name,
            );
        }
    }
    for what in ["spec", "testSuites", "certificates", "servers"] {
        if root
            .get(what)
            .is_some_and(|found| !found.is_null() && found != &json!([]))
        {
            collector.leave("", what, WhyLeftOut::NotSupported);
        }
    }
    if !items(root.get("cookieJar").unwrap_or(&Value::Null), "cookies").is_empty() {
        collector.leave("", "cookies", WhyLeftOut::Secret);
    }
    walk(
        items(root, "collection"),
        &mut Vec::new(),
        &Value::Null,
        &mut collector,
    )?;
    collector.finish()
}

fn walk(
    children: &[Value],
    path: &mut Vec<String>,
    auth: &Value,
    collector: &mut Collector<'_>,
) -> Result<()> {
    for child in children {
        let name = text(child, "name").to_owned();
        let own = child
            .get("authentication")
            .filter(|auth| !text(auth, "type").is_empty())
            .unwrap_or(auth);
        if child.get("children").is_some() {
            let at = path
                .iter()
                .map(String::as_str)
                .chain([&*name])
                .collect::<Vec<_>>()
                .join(" / ");
            if path.len() == DEPTH_MAX {
                collector.leave(&at, "folders inside", WhyLeftOut::TooMany);
                continue;
            }
            add_environment(
                collector,
                None,
                child.get("environment").unwrap_or(&Value::Null),
                &at,
            );
            scripts(child, &at, collector);
            path.push(name);
            walk(items(child, "children"), path, own, collector)?;
            path.pop();
        } else if child.get("method").is_some() {
            let id = child
                .pointer("/meta/id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            read_request(child, id, path, own, collector)?;
        } else {
            collector.leave(
                &path.join(" / "),
                format!("{name}: no HTTP request"),
                WhyLeftOut::NotSupported,
            );
        }
    }
    Ok(())
}

/// The folders of a resource, from the outside in.
fn path_of(resource: &Value, folders: &HashMap<&str, &Value>) -> Vec<String> {
    let mut path: Vec<String> = ancestors(resource, folders)
        .map(|folder| text(folder, "name").to_owned())
        .collect();
    if text(resource, "_type") == "request_group" {
        path.insert(0, text(resource, "name").to_owned());
    }
    path.reverse();
    path
}

/// The folders around a resource, from the inside out. A folder that is its own ancestor ends it.
fn ancestors<'v>(
    resource: &'v Value,
    folders: &HashMap<&str, &'v Value>,
) -> impl Iterator<Item = &'v Value> {
    let mut parent = text(resource, "parentId");
    std::iter::from_fn(move || {
        let folder = folders.get(parent).copied()?;
        parent = text(folder, "parentId");
        Some(folder)
    })
    .take(DEPTH_MAX)
}

/// How a request signs in: as it says itself, or as the next folder around it does.
fn inherited<'v>(request: &'v Value, folders: &HashMap<&str, &'v Value>) -> &'v Value {
    let said = |one: &'v Value| {
        one.get("authentication")
            .filter(|auth| !text(auth, "type").is_empty())
    };
    said(request)
        .or_else(|| ancestors(request, folders).find_map(said))
        .unwrap_or(&Value::Null)
}

/// Values may lie inside each other: `{{ _.a.b }}` is our `{{a.b}}`.
fn add_environment(
    collector: &mut Collector<'_>,
    environment: Option<&str>,
    data: &Value,
    at: &str,
) {
    let mut open: Vec<(String, &Value)> = data
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value))
        .collect();
    open.reverse();
    while let Some((name, value)) = open.pop() {
        if is_trust(&name) && !value.is_string() {
            collector.leave(at, name, WhyLeftOut::TrustIsYours);
        } else if let Some(fields) = value.as_object() {
            open.extend(
                fields
                    .iter()
                    .rev()
                    .map(|(key, value)| (format!("{name}.{key}"), value)),
            );
        } else if let Some(scalar) = scalar(value) {
            let scalar = if scalar.contains("{%") {
                collector.convert(at, &scalar)
            } else {
                scalar
            };
            collector.variable(environment, &name, &scalar);
        } else {
            collector.leave(
                at,
                format!("variable {name}: a list"),
                WhyLeftOut::NotSupported,
            );
        }
    }
}

fn scripts(one: &Value, at: &str, collector: &mut Collector<'_>) {
    let of_five = one.get("scripts").unwrap_or(&Value::Null);
    for (name, shown) in [
        ("preRequestScript", "pre-request script"),
        ("afterResponseScript", "after-response script"),
    ] {
        collector.script(at, shown, text(one, name));
    }
    for (name, shown) in [
        ("preRequest", "pre-request script"),
        ("afterResponse", "after-response script"),
    ] {
        collector.script(at, shown, text(of_five, name));
    }
}

fn read_request(
    one: &Value,
    id: &str,
    path: &[String],
    auth: &Value,
    collector: &mut Collector<'_>,
) -> Result<()> {
    let name = text(one, "name");
    let at = path
        .iter()
        .map(String::as_str)
        .chain([name])
        .collect::<Vec<_>>()
        .join(" / ");
    scripts(one, &at, collector);
    let mut made = ImportedRequest {
        key: if id.is_empty() {
            at.clone()
        } else {
            id.to_owned()
        },
        folders: path.to_vec(),
        name: name.to_owned(),
        method: text(one, "method").to_owned(),
        url: collector.convert(&at, text(one, "url")),
        ..ImportedRequest::default()
    };
    let pairs = switched_on(items(one, "parameters"), "query parameter", &at, collector);
    if !pairs.is_empty() {
        let glue = if made.url.contains('?') { '&' } else { '?' };
        made.url = format!("{}{glue}{}", made.url, form(&pairs));
    }
    for variable in items(one, "pathParameters") {
        let value = collector.convert(&at, text(variable, "value"));
        made.url = with_path_variable(&made.url, text(variable, "name"), &value);
    }
    made.headers = switched_on(items(one, "headers"), "header", &at, collector);
    body(one, &at, &mut made, collector);
    let kind = if is_set(auth, "disabled") {
        collector.leave(&at, "sign-in", WhyLeftOut::SwitchedOff);
        ""
    } else {
        text(auth, "type")
    };
    apply(
        collector,
        &at,
        kind,
        &|names| field_of(auth, names),
        &mut made,
    );
    collector.request(&at, made)
}

/// Names and values of those that are not switched off.
fn switched_on(
    list: &[Value],
    what: &str,
    at: &str,
    collector: &mut Collector<'_>,
) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for pair in list {
        let name = text(pair, "name");
        if name.is_empty() {
            continue;
        }
        if is_set(pair, "disabled") {
            collector.leave(at, format!("{what} {name}"), WhyLeftOut::SwitchedOff);
            continue;
        }
        let name = collector.convert(at, name);
        let value = collector.convert(at, &pair.get("value").and_then(scalar).unwrap_or_default());
        pairs.push((name, value));
    }
    pairs
}

fn body(one: &Value, at: &str, made: &mut ImportedRequest, collector: &mut Collector<'_>) {
    let Some(body) = one.get("body").filter(|body| body.is_object()) else {
        return;
    };
    let media_type = text(body, "mimeType");
    match media_type {
        "" if body.get("text").is_none() => {}
        "multipart/form-data" => {
            collector.leave(at, "body as multipart/form-data", WhyLeftOut::NotSupported)
        }
        "application/octet-stream" => {
            collector.leave(at, "body from a file", WhyLeftOut::NamesFile)
        }
        "application/x-www-form-urlencoded" => {
            let pairs = switched_on(items(body, "params"), "field", at, collector);
            made.body = Some(form(&pairs));
            typed(made, media_type);
        }
        "application/graphql" => {
            // The text is JSON already, with `query` and `variables`.
            made.body = Some(collector.convert(at, text(body, "text")));
            typed(made, "application/json");
        }
        other => {
            made.body = Some(collector.convert(at, text(body, "text")));
            if !other.is_empty() {
                typed(made, other);
            }
        }
    }
}
