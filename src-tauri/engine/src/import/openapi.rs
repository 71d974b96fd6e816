//! OpenAPI 3.0 and 3.1, and Swagger 2: one request an operation, examples as bodies, security schemes as sessions.

mod parameters;
mod references;
mod sample;
mod security;

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use self::parameters::Parameters;
use self::references::References;
use super::collector::Collector;
use super::fields::{entries, items, scalar, text};
use super::imported::{Imported, ImportedRequest};
use super::invalid;
use super::left_out::WhyLeftOut;
use super::template::literal;
use crate::error::Result;

/// The operations of a path, in the order in which people look for them.
const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];
/// Where a server is that a file does not name (RFC 6761).
const NO_SERVER: &str = "https://server-not-named.invalid";

/// Reads a description.
///
/// # Errors
/// `import.invalid` for a version that is not known; as [`Collector::request`].
pub(super) fn read(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let version = root
        .get("openapi")
        .or_else(|| root.get("swagger"))
        .and_then(scalar)
        .unwrap_or_default();
    let two = root.get("swagger").is_some();
    let known = if two {
        version == "2.0" || version == "2"
    } else {
        version.starts_with("3.")
    };
    if !known {
        let shown = crate::redact::server_text(&version, 20);
        return Err(invalid(
            "OpenAPI",
            &format!("version {shown:?} is not known; 2.0, 3.0 and 3.1 are"),
        ));
    }
    let info = root.get("info").unwrap_or(&Value::Null);
    let minor: String = version.split('.').take(2).collect::<Vec<_>>().join(".");
    let format = if two {
        "Swagger 2".to_owned()
    } else {
        format!("OpenAPI {minor}")
    };
    collector.called(format, text(info, "title"));
    if !two && !matches!(minor.as_str(), "3.0" | "3.1") {
        collector.leave("", format!("version {minor}"), WhyLeftOut::NewerVersion);
    }
    let mut reader = Reader {
        root,
        two,
        base: String::new(),
        server: None,
        references: References::new(root),
        sessions: HashMap::new(),
        collector,
    };
    reader.read_servers();
    reader.read_paths()?;
    reader.leave_the_rest();
    reader.collector.finish()
}

/// One description on its way.
struct Reader<'a, 'w> {
    root: &'a Value,
    two: bool,
    /// What every address begins with: a variable.
    base: String,
    /// The first server, to resolve relative token endpoints against.
    server: Option<Url>,
    references: References<'a>,
    /// What became of each OAuth scheme.
    sessions: HashMap<String, Option<String>>,
    collector: Collector<'w>,
}

impl Reader<'_, '_> {
    /// The servers: one is a variable of the workspace, each further one an environment that says another.
    fn read_servers(&mut self) {
        let name = self.collector.own_variable("url");
        self.base = format!("{{{{{name}}}}}");
        let servers = if self.two {
            self.swagger_servers()
        } else {
            server_list(self.root)
        };
        let mut first = true;
        for (label, address) in &servers {
            let address = address.trim_end_matches('/');
            let absolute = Url::parse(address).is_ok_and(|url| url.has_host());
            let address = if absolute {
                address.to_owned()
            } else {
                self.collector
                    .leave("", format!("server {address}"), WhyLeftOut::UnusableAddress);
                format!(
                    "{NO_SERVER}{}",
                    if address.starts_with('/') {
                        address
                    } else {
                        ""
                    }
                )
            };
            if first {
                self.server = Url::parse(&address).ok().filter(|_| absolute);
                self.collector.variable(None, &name, &address);
            }
            if servers.len() > 1 {
                self.collector.variable(Some(label), &name, &address);
            }
            first = false;
        }
        if servers.is_empty() {
            self.collector
                .leave("", "no server is named", WhyLeftOut::UnusableAddress);
            self.collector.variable(None, &name, NO_SERVER);
        }
    }

    fn swagger_servers(&self) -> Vec<(String, String)> {
        let host = text(self.root, "host");
        if host.is_empty() {
            return vec![(String::new(), text(self.root, "basePath").to_owned())];
        }
        let schemes: Vec<&str> = items(self.root, "schemes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let scheme = if schemes.is_empty() || schemes.contains(&"https") {
            "https"
        } else {
            "http"
        };
        vec![(
            host.to_owned(),
            format!("{scheme}://{host}{}", text(self.root, "basePath")),
        )]
    }

    fn read_paths(&mut self) -> Result<()> {
        let root = self.root;
        for (path, item) in entries(root, "paths") {
            let Some(item) = self.resolve(path, item) else {
                continue;
            };
            let shared = items(item, "parameters");
            if item.get("servers").is_some() {
                self.collector
                    .leave(path, "servers of its own", WhyLeftOut::NotSupported);
            }
            for method in METHODS {
                if let Some(operation) = item.get(method).filter(|operation| operation.is_object())
                {
                    self.read_operation(path, method, shared, operation)?;
                }
            }
        }
        Ok(())
    }

    fn read_operation(
        &mut self,
        path: &str,
        method: &str,
        shared: &[Value],
        operation: &Value,
    ) -> Result<()> {
        let upper = method.to_ascii_uppercase();
        let at = format!("{upper} {path}");
        let name = [
            text(operation, "summary"),
            text(operation, "operationId"),
            &at,
        ]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_default();
        let folder = items(operation, "tags").first().and_then(Value::as_str);
        let mut request = ImportedRequest {
            key: at.clone(),
            folders: folder.map(str::to_owned).into_iter().collect(),
            name: crate::redact::server_text(name, 80),
            method: upper,
            ..ImportedRequest::default()
        };
        let mut parameters = Parameters::new(path);
        for parameter in shared.iter().chain(items(operation, "parameters")) {
            if let Some(parameter) = self.resolve(&at, parameter) {
                parameters.add(parameter, self, &at);
            }
        }
        request.url = format!("{}{}", self.base, parameters.path_and_query());
        request.headers = parameters.headers();
        let optional = parameters.optional();
        if !optional.is_empty() {
            self.collector.leave(&at, optional, WhyLeftOut::Optional);
        }
        if let Some(accept) = self.accept(operation) {
            request.headers.insert(0, ("Accept".to_owned(), accept));
        }
        self.body(&at, operation, parameters, &mut request);
        self.secure(&at, operation, &mut request);
        for what in ["callbacks", "servers"] {
            if operation.get(what).is_some() {
                self.collector.leave(&at, what, WhyLeftOut::NotSupported);
            }
        }
        self.collector.request(&at, request)
    }

    /// What the operation answers with, where that is JSON.
    fn accept(&self, operation: &Value) -> Option<String> {
        let json = |name: &str| name == "application/json";
        if self.two {
            let produces = operation
                .get("produces")
                .or_else(|| self.root.get("produces"))?;
            let list = produces.as_array()?;
            return list
                .iter()
                .filter_map(Value::as_str)
                .find(|name| json(name))
                .map(str::to_owned);
        }
        let good = entries(operation, "responses").filter(|(status, _)| status.starts_with('2'));
        let mut types = good.flat_map(|(_, answer)| entries(answer, "content"));
        types
            .find(|(name, _)| json(name))
            .map(|(name, _)| name.to_owned())
    }

    fn body(
        &mut self,
        at: &str,
        operation: &Value,
        parameters: Parameters,
        request: &mut ImportedRequest,
    ) {
        if self.two {
            if let Some((media_type, body)) = parameters.swagger_body(self, at, operation) {
                request
                    .headers
                    .push(("Content-Type".to_owned(), media_type));
                request.body = Some(body);
            }
            return;
        }
        let Some(body) = operation
            .get("requestBody")
            .and_then(|body| self.resolve(at, body))
        else {
            return;
        };
        let types: Vec<(&str, &Value)> = entries(body, "content").collect();
        let Some((media_type, media)) = types
            .iter()
            .min_by_key(|(name, _)| preference(name))
            .copied()
        else {
            return;
        };
        for (other, _) in types.iter().filter(|(other, _)| *other != media_type) {
            self.collector
                .leave(at, format!("body as {other}"), WhyLeftOut::Optional);
        }
        if media_type.starts_with("multipart/") || media_type == "application/octet-stream" {
            self.collector.leave(
                at,
                format!("body as {media_type}"),
                WhyLeftOut::NotSupported,
            );
            return;
        }
        let sample = self.sample(at, media);
        if let Some(body) = written(media_type, &sample) {
            request
                .headers
                .push(("Content-Type".to_owned(), media_type.to_owned()));
            request.body = Some(literal(&body));
        }
    }

    /// What a reference stands for. `None`: it was listed.
    fn resolve<'v>(&mut self, at: &str, value: &'v Value) -> Option<&'v Value>
    where
        Self: 'v,
    {
        match self.references.resolve(value) {
            Ok(found) => Some(found),
            Err((what, why)) => {
                self.collector.leave(at, what, why);
                None
            }
        }
    }

    /// An example, where there is one; else a value made from the schema.
    fn sample(&mut self, at: &str, media: &Value) -> Value {
        let (value, left) = sample::of_media(media, &mut self.references);
        for (what, why) in left {
            self.collector.leave(at, what, why);
        }
        value
    }

    fn leave_the_rest(&mut self) {
        for what in ["webhooks", "x-webhooks"] {
            for (name, _) in entries(self.root, what) {
                self.collector
                    .leave("", format!("webhook {name}"), WhyLeftOut::NotSupported);
            }
        }
        self.collector
            .leave("", "descriptions of answers", WhyLeftOut::Documentation);
        self.leave_trust();
    }

    /// N5: what only the user may say is named and left out, wherever an extension hides it.
    fn leave_trust(&mut self) {
        let schemes = self.schemes();
        let found: Vec<String> = [self.root, schemes]
            .into_iter()
            .filter_map(Value::as_object)
            .flatten()
            .filter(|(name, _)| super::fields::is_trust(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in found {
            self.collector.leave("", name, WhyLeftOut::TrustIsYours);
        }
    }
}

/// Servers by what people call them, with the defaults of their variables filled in.
fn server_list(root: &Value) -> Vec<(String, String)> {
    let server = |server: &Value| {
        let mut address = text(server, "url").to_owned();
        for (name, variable) in entries(server, "variables") {
            let value = variable.get("default").and_then(scalar).unwrap_or_default();
            address = address.replace(&format!("{{{name}}}"), &value);
        }
        let label = text(server, "description");
        let host = Url::parse(&address)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        let label = if label.is_empty() {
            host.unwrap_or_else(|| "server".to_owned())
        } else {
            label.to_owned()
        };
        (label, address)
    };
    items(root, "servers").iter().map(server).collect()
}

/// Which of several forms of a body is taken: the lowest.
fn preference(media_type: &str) -> u8 {
    match media_type {
        "application/json" => 0,
        other if other.ends_with("+json") || other.ends_with("/json") => 1,
        "application/x-www-form-urlencoded" => 2,
        other if other.starts_with("text/") => 3,
        other if other.contains("xml") => 4,
        "*/*" => 5,
        _ => 6,
    }
}

/// A sample as a body of this type. `None`: it has no such form.
fn written(media_type: &str, sample: &Value) -> Option<String> {
    if sample.is_null() {
        return None;
    }
    if media_type == "application/x-www-form-urlencoded" {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in sample.as_object()? {
            form.append_pair(name, &scalar(value).unwrap_or_else(|| value.to_string()));
        }
        return Some(form.finish());
    }
    match sample {
        Value::String(text) if !media_type.contains("json") => Some(text.clone()),
        other if media_type.contains("json") || media_type == "*/*" => {
            serde_json::to_string_pretty(other).ok()
        }
        _ => None,
    }
}
