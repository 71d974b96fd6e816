//! Collections and environments of Postman, 2.0 and 2.1.

use serde_json::{Value, json};

use super::collector::Collector;
use super::fields::{entries, is_set, is_trust, items, scalar, text};
use super::imported::{Imported, ImportedRequest};
use super::invalid;
use super::left_out::WhyLeftOut;
use super::sign_in::{apply, field_of};
use super::template::with_path_variable;
use crate::error::Result;

/// Folders inside each other.
const DEPTH_MAX: usize = 40;

/// Reads a collection.
///
/// # Errors
/// `import.invalid` for a version that is not known; as [`Collector::request`].
pub(super) fn read(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let info = root.get("info").unwrap_or(&Value::Null);
    let schema = text(info, "schema");
    let version = schema
        .split("/v")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let unnamed = schema.is_empty() && root.get("item").is_some();
    if !version.starts_with("2.") && !unnamed {
        let shown = crate::redact::server_text(version, 20);
        return Err(invalid(
            "Postman",
            &format!("version {shown:?} is not known; 2.0 and 2.1 are"),
        ));
    }
    let minor: Vec<&str> = match unnamed {
        true => vec!["2.1"],
        false => version.split('.').take(2).collect(),
    };
    collector.called(format!("Postman {}", minor.join(".")), text(info, "name"));
    if unnamed {
        collector.leave("", "a version that is not named", WhyLeftOut::NewerVersion);
    }
    for (name, _) in root.as_object().into_iter().flatten() {
        if is_trust(name) {
            collector.leave("", name, WhyLeftOut::TrustIsYours);
        }
    }
    for variable in items(root, "variable") {
        add_variable(&mut collector, None, variable);
    }
    scripts(root, "", &mut collector);
    let auth = root.get("auth").unwrap_or(&Value::Null);
    walk(root, &mut Vec::new(), auth, &mut collector)?;
    collector.finish()
}

/// Reads an environment, or the globals.
///
/// # Errors
/// `import.invalid` where there is nothing in it.
pub(super) fn read_environment(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let name = text(root, "name");
    collector.called("Postman environment", name);
    let globals = text(root, "_postman_variable_scope") == "globals";
    let name = if name.is_empty() { "imported" } else { name };
    for variable in items(root, "values") {
        add_variable(&mut collector, (!globals).then_some(name), variable);
    }
    collector.finish()
}

fn add_variable(collector: &mut Collector<'_>, environment: Option<&str>, variable: &Value) {
    let at = environment.unwrap_or_default();
    let name = [text(variable, "key"), text(variable, "id")]
        .into_iter()
        .find(|name| !name.is_empty());
    let Some(name) = name else {
        return;
    };
    let off = is_set(variable, "disabled") || variable.get("enabled") == Some(&Value::Bool(false));
    if off {
        return collector.leave(at, format!("variable {name}"), WhyLeftOut::SwitchedOff);
    }
    let value = variable.get("value").and_then(scalar).unwrap_or_default();
    if text(variable, "type") == "secret" {
        if !value.is_empty() {
            collector.leave(at, format!("variable {name}"), WhyLeftOut::Secret);
        }
        if let Some(own) = super::template::variable(name) {
            collector.secret(environment, &own);
        }
        return;
    }
    collector.variable(environment, name, &value);
}

fn walk(
    folder: &Value,
    path: &mut Vec<String>,
    auth: &Value,
    collector: &mut Collector<'_>,
) -> Result<()> {
    if path.len() > DEPTH_MAX {
        collector.leave(&path.join(" / "), "folders inside", WhyLeftOut::TooMany);
        return Ok(());
    }
    for item in items(folder, "item") {
        let name = text(item, "name").to_owned();
        let at = path
            .iter()
            .map(String::as_str)
            .chain([&*name])
            .collect::<Vec<_>>()
            .join(" / ");
        scripts(item, &at, collector);
        if item.get("item").is_some() {
            let own = item.get("auth").unwrap_or(auth);
            path.push(name);
            walk(item, path, own, collector)?;
            path.pop();
        } else if let Some(request) = item.get("request") {
            read_request(item, request, &at, path, auth, collector)?;
        } else {
            collector.leave(
                &at,
                "an item that is neither folder nor request",
                WhyLeftOut::Malformed,
            );
        }
    }
    Ok(())
}

fn read_request(
    item: &Value,
    request: &Value,
    at: &str,
    path: &[String],
    auth: &Value,
    collector: &mut Collector<'_>,
) -> Result<()> {
    let id = [text(item, "id"), text(item, "_postman_id"), at]
        .into_iter()
        .find(|id| !id.is_empty());
    let mut made = ImportedRequest {
        key: id.unwrap_or_default().to_owned(),
        folders: path.to_vec(),
        name: text(item, "name").to_owned(),
        method: "GET".to_owned(),
        ..ImportedRequest::default()
    };
    if let Some(address) = request.as_str() {
        made.url = collector.convert(at, address);
    } else {
        let method = text(request, "method");
        if !method.is_empty() {
            method.clone_into(&mut made.method);
        }
        made.url = url(request.get("url").unwrap_or(&Value::Null), at, collector);
        for header in items(request, "header") {
            let name = text(header, "key");
            if is_set(header, "disabled") {
                collector.leave(at, format!("header {name}"), WhyLeftOut::SwitchedOff);
            } else if !name.is_empty() {
                let value = collector.convert(
                    at,
                    &header.get("value").and_then(scalar).unwrap_or_default(),
                );
                made.headers.push((name.to_owned(), value));
            }
        }
        body(request, at, &mut made, collector);
    }
    let auth = request.get("auth").unwrap_or(auth);
    let kind = text(auth, "type");
    let fields = auth.get(kind).unwrap_or(&Value::Null);
    apply(
        collector,
        at,
        kind,
        &|names| field_of(fields, names),
        &mut made,
    );
    let answers = items(item, "response").len();
    if answers > 0 {
        collector.leave(
            at,
            format!("saved answers: {answers}"),
            WhyLeftOut::Documentation,
        );
    }
    for (setting, _) in entries(item, "protocolProfileBehavior") {
        let why = if is_trust(setting) {
            WhyLeftOut::TrustIsYours
        } else {
            WhyLeftOut::Connection
        };
        collector.leave(at, setting, why);
    }
    for what in ["proxy", "certificate"] {
        if request.get(what).is_some() {
            collector.leave(at, what, WhyLeftOut::Connection);
        }
    }
    collector.request(at, made)
}

/// The address: as it was typed, or put together; `:id` becomes the value or the variable.
fn url(url: &Value, at: &str, collector: &mut Collector<'_>) -> String {
    let raw = url.as_str().unwrap_or_else(|| text(url, "raw"));
    let mut address = if raw.is_empty() {
        put_together(url)
    } else {
        raw.to_owned()
    };
    for off in items(url, "query")
        .iter()
        .filter(|pair| is_set(pair, "disabled"))
    {
        let name = text(off, "key");
        collector.leave(
            at,
            format!("query parameter {name}"),
            WhyLeftOut::SwitchedOff,
        );
    }
    for variable in items(url, "variable") {
        let name = text(variable, "key");
        let value = variable
            .get("value")
            .and_then(scalar)
            .filter(|value| !value.is_empty());
        let value = value.unwrap_or_else(|| format!("{{{{{name}}}}}"));
        address = with_path_variable(&address, name, &value);
    }
    collector.convert(at, &address)
}

fn put_together(url: &Value) -> String {
    let joined = |key: &str, glue: &str| match url.get(key) {
        Some(Value::String(text)) => text.clone(),
        _ => items(url, key)
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(glue),
    };
    let host = joined("host", ".");
    if host.is_empty() {
        return String::new();
    }
    let protocol = text(url, "protocol");
    let scheme = if protocol.is_empty() {
        String::new()
    } else {
        format!("{protocol}://")
    };
    let port = url
        .get("port")
        .and_then(scalar)
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let query: Vec<String> = items(url, "query")
        .iter()
        .filter(|pair| !is_set(pair, "disabled"))
        .map(|pair| format!("{}={}", text(pair, "key"), text(pair, "value")))
        .collect();
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    format!("{scheme}{host}{port}/{}{query}", joined("path", "/"))
}

fn body(request: &Value, at: &str, made: &mut ImportedRequest, collector: &mut Collector<'_>) {
    let Some(body) = request.get("body").filter(|body| body.is_object()) else {
        return;
    };
    if is_set(body, "disabled") {
        return collector.leave(at, "body", WhyLeftOut::SwitchedOff);
    }
    match text(body, "mode") {
        "raw" => {
            made.body = Some(collector.convert(at, text(body, "raw")));
            let media_type = match body
                .pointer("/options/raw/language")
                .and_then(Value::as_str)
            {
                Some("json") => "application/json",
                Some("xml") => "application/xml",
                Some("html") => "text/html",
                _ => return,
            };
            typed(made, media_type);
        }
        "urlencoded" => {
            let mut pairs = Vec::new();
            for pair in items(body, "urlencoded") {
                let name = text(pair, "key");
                if is_set(pair, "disabled") {
                    collector.leave(at, format!("field {name}"), WhyLeftOut::SwitchedOff);
                    continue;
                }
                let value =
                    collector.convert(at, &pair.get("value").and_then(scalar).unwrap_or_default());
                pairs.push((name.to_owned(), value));
            }
            made.body = Some(form(&pairs));
            typed(made, "application/x-www-form-urlencoded");
        }
        "graphql" => {
            let graphql = body.get("graphql").unwrap_or(&Value::Null);
            let variables = text(graphql, "variables");
            let variables = serde_json::from_str::<Value>(variables).unwrap_or(Value::Null);
            let whole = json!({ "query": text(graphql, "query"), "variables": variables });
            made.body = Some(collector.convert(at, &whole.to_string()));
            typed(made, "application/json");
        }
        "formdata" => collector.leave(at, "body as multipart/form-data", WhyLeftOut::NotSupported),
        "file" => collector.leave(at, "body from a file", WhyLeftOut::NamesFile),
        "" | "none" => {}
        other => collector.leave(at, format!("body {other}"), WhyLeftOut::Unknown),
    }
}

/// Names and values as a form; the variables in them stay.
pub(super) fn form(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

/// Form-encoded, but for variables.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let end = rest[at..].find("}}").map_or(rest.len(), |end| at + end + 2);
        encoded.extend(url::form_urlencoded::byte_serialize(&rest.as_bytes()[..at]));
        encoded.push_str(&rest[at..end]);
        rest = &rest[end..];
    }
    encoded.extend(url::form_urlencoded::byte_serialize(rest.as_bytes()));
    encoded
}

/// Says what a body is, unless the headers do.
pub(super) fn typed(made: &mut ImportedRequest, media_type: &str) {
    if !made
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        made.headers
            .push(("Content-Type".to_owned(), media_type.to_owned()));
    }
}

fn scripts(item: &Value, at: &str, collector: &mut Collector<'_>) {
    for event in items(item, "event") {
        let script = event.get("script").unwrap_or(&Value::Null);
        let text_of = match script.get("exec") {
            Some(Value::Array(lines)) => lines
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("\n"),
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        collector.script(at, &format!("{} script", text(event, "listen")), &text_of);
    }
}
