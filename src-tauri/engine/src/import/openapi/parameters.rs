//! The parameters of an operation: those of its path become variables, those that must be there are, the others are listed.

use serde_json::{Map, Value};

use super::super::fields::{entries, is_set, items, scalar, text};
use super::super::left_out::WhyLeftOut;
use super::super::template::{literal, variable};
use super::{Reader, sample, written};
use crate::workspace::fill::percent_encoded;

/// Headers that are not parameters (OpenAPI 3, "Parameter Object").
const NOT_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// The parameters of one operation; one of a path is replaced by the operation's own of the same name.
pub(super) struct Parameters {
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    optional: Vec<String>,
    /// Swagger 2: the schema of the body, and the fields of a form.
    body: Option<Value>,
    form: Map<String, Value>,
}

impl Parameters {
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            optional: Vec::new(),
            body: None,
            form: Map::new(),
        }
    }

    pub(super) fn add(&mut self, parameter: &Value, reader: &mut Reader<'_, '_>, at: &str) {
        let name = text(parameter, "name");
        let needed = is_set(parameter, "required");
        let place = text(parameter, "in");
        if place == "body" {
            self.body = parameter.get("schema").cloned();
            return;
        }
        let value = self.value(parameter, reader, at);
        self.optional.retain(|known| known != name);
        match place {
            "path" => {
                let filled = match (&value, variable(name)) {
                    (Some(value), _) => literal(&percent_encoded(value)),
                    (None, Some(name)) => format!("{{{{{name}}}}}"),
                    (None, None) => {
                        return reader.collector.leave(
                            at,
                            format!("path parameter {name}"),
                            WhyLeftOut::Malformed,
                        );
                    }
                };
                self.path = self.path.replace(&format!("{{{name}}}"), &filled);
            }
            "query" | "header" if !needed && value.is_none() => self.optional.push(name.to_owned()),
            "query" => {
                self.query.retain(|(known, _)| known != name);
                self.query.push((name.to_owned(), placed(name, value)));
            }
            "header" if NOT_HEADERS.contains(&name.to_ascii_lowercase().as_str()) => {}
            "header" => {
                self.headers.retain(|(known, _)| known != name);
                self.headers.push((name.to_owned(), placed(name, value)));
            }
            "formData" => {
                if text(parameter, "type") == "file" {
                    reader
                        .collector
                        .leave(at, format!("file {name}"), WhyLeftOut::NotSupported);
                } else if needed || value.is_some() {
                    self.form.insert(
                        name.to_owned(),
                        value.unwrap_or_else(|| "string".to_owned()).into(),
                    );
                } else {
                    self.optional.push(name.to_owned());
                }
            }
            "cookie" => {
                reader
                    .collector
                    .leave(at, format!("cookie {name}"), WhyLeftOut::NotSupported)
            }
            _ => reader
                .collector
                .leave(at, format!("parameter {name}"), WhyLeftOut::Malformed),
        }
    }

    /// The example of a parameter. Not what a schema would only allow: that would be asked of the server as if it were meant.
    fn value(&self, parameter: &Value, reader: &mut Reader<'_, '_>, at: &str) -> Option<String> {
        let needed = is_set(parameter, "required") && text(parameter, "in") != "path";
        let schema = parameter.get("schema").unwrap_or(parameter);
        let given = ["example", "default"]
            .into_iter()
            .find_map(|key| parameter.get(key));
        let given = given.or_else(|| {
            let first = entries(parameter, "examples").next();
            first.and_then(|(_, example)| example.get("value"))
        });
        let of_schema = ["example", "default", "const"]
            .into_iter()
            .find_map(|key| schema.get(key));
        let value = match given
            .or(of_schema)
            .or_else(|| items(schema, "enum").first().filter(|_| needed))
        {
            Some(value) => value.clone(),
            None if needed && schema.get("$ref").is_some() => {
                let (value, left) = sample::of_schema(schema, &mut reader.references);
                for (what, why) in left {
                    reader.collector.leave(at, what, why);
                }
                value
            }
            None => return None,
        };
        match &value {
            Value::Array(values) => {
                let parts: Vec<String> = values.iter().filter_map(scalar).collect();
                (!parts.is_empty()).then(|| parts.join(","))
            }
            other => scalar(other),
        }
    }

    pub(super) fn path_and_query(&self) -> String {
        let path = if self.path.starts_with('/') {
            self.path.clone()
        } else {
            format!("/{}", self.path)
        };
        if self.query.is_empty() {
            return path;
        }
        let pairs: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={value}", percent_encoded(name)))
            .collect();
        format!("{path}?{}", pairs.join("&"))
    }

    pub(super) fn headers(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    /// What may be left away, in words.
    pub(super) fn optional(&self) -> String {
        if self.optional.is_empty() {
            return String::new();
        }
        format!("parameters {}", self.optional.join(", "))
    }

    /// The body of an operation of Swagger 2, with its type.
    pub(super) fn swagger_body(
        self,
        reader: &mut Reader<'_, '_>,
        at: &str,
        operation: &Value,
    ) -> Option<(String, String)> {
        let consumes = operation
            .get("consumes")
            .or_else(|| reader.root.get("consumes"));
        let types: Vec<&str> = consumes
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if !self.form.is_empty() {
            let form = "application/x-www-form-urlencoded";
            if types.contains(&"multipart/form-data") && !types.contains(&form) {
                reader
                    .collector
                    .leave(at, "body as multipart/form-data", WhyLeftOut::NotSupported);
                return None;
            }
            let body = written(form, &Value::Object(self.form))?;
            return Some((form.to_owned(), literal(&body)));
        }
        let schema = self.body?;
        let (sample, left) = sample::of_schema(&schema, &mut reader.references);
        for (what, why) in left {
            reader.collector.leave(at, what, why);
        }
        let json = types.is_empty() || types.iter().any(|name| name.contains("json"));
        let media_type = if json {
            "application/json"
        } else {
            types.first().copied()?
        };
        let body = written(media_type, &sample);
        if body.is_none() {
            reader.collector.leave(
                at,
                format!("body as {media_type}"),
                WhyLeftOut::NotSupported,
            );
        }
        Some((media_type.to_owned(), literal(&body?)))
    }
}

/// A value in its place, or a variable for one that must be there and is not known.
fn placed(name: &str, value: Option<String>) -> String {
    match (value, variable(name)) {
        (Some(value), _) => literal(&value),
        (None, Some(name)) => format!("{{{{{name}}}}}"),
        (None, None) => String::new(),
    }
}
