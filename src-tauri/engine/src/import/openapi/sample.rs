//! An example of a body: the one that is given, else a value that the schema allows.

use serde_json::{Map, Value, json};

use super::super::fields::{entries, is_set, items, text};
use super::super::left_out::WhyLeftOut;
use super::references::{Left, References, reference};

/// Values of one sample; what is beyond is left away.
const NODES_MAX: usize = 2_000;
/// Levels of one sample.
const DEPTH_MAX: usize = 24;

/// The example of a media type, a parameter or a schema in Swagger 2.
pub(super) fn of_media(media: &Value, references: &mut References<'_>) -> (Value, Vec<Left>) {
    let mut left = Vec::new();
    if let Some(example) = media.get("example") {
        return (example.clone(), left);
    }
    for (name, example) in entries(media, "examples") {
        match references.resolve(example) {
            Ok(example) => {
                if let Some(value) = example.get("value") {
                    return (value.clone(), left);
                }
                if example.get("externalValue").is_some() {
                    left.push((format!("example {name}"), WhyLeftOut::RemoteReference));
                }
            }
            Err(why) => left.push(why),
        }
    }
    let mut maker = Maker {
        references,
        left,
        path: Vec::new(),
        nodes: 0,
    };
    let value = media
        .get("schema")
        .map_or(Value::Null, |schema| maker.make(schema));
    (value, maker.left)
}

/// The example of a schema.
pub(super) fn of_schema(schema: &Value, references: &mut References<'_>) -> (Value, Vec<Left>) {
    let mut maker = Maker {
        references,
        left: Vec::new(),
        path: Vec::new(),
        nodes: 0,
    };
    (maker.make(schema), maker.left)
}

struct Maker<'m, 'a> {
    references: &'m References<'a>,
    left: Vec<Left>,
    /// The references that are being followed.
    path: Vec<String>,
    nodes: usize,
}

impl Maker<'_, '_> {
    fn make(&mut self, schema: &Value) -> Value {
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.path.len() > DEPTH_MAX {
            self.leave("a part of a large example".to_owned(), WhyLeftOut::TooMany);
            return Value::Null;
        }
        let Some(name) = reference(schema) else {
            self.path.push(String::new());
            let made = self.make_plain(schema);
            self.path.pop();
            return made;
        };
        if self.path.iter().any(|open| open == name) {
            self.leave(name.to_owned(), WhyLeftOut::CircularReference);
            return Value::Null;
        }
        match self.references.resolve(schema) {
            Ok(target) => {
                self.path.push(name.to_owned());
                let made = self.make_plain(target);
                self.path.pop();
                made
            }
            Err((what, why)) => {
                self.leave(what, why);
                Value::Null
            }
        }
    }

    fn leave(&mut self, what: String, why: WhyLeftOut) {
        if !self.left.contains(&(what.clone(), why)) {
            self.left.push((what, why));
        }
    }

    fn make_plain(&mut self, schema: &Value) -> Value {
        let given = ["example", "const", "default"]
            .into_iter()
            .find_map(|key| schema.get(key));
        let given = given
            .or_else(|| items(schema, "examples").first())
            .or_else(|| items(schema, "enum").first());
        if let Some(given) = given {
            return given.clone();
        }
        let all = items(schema, "allOf");
        if !all.is_empty() {
            return self.make_all(schema, all);
        }
        for choice in ["oneOf", "anyOf"] {
            // The first that is something: `null` is often one of them.
            let first = items(schema, choice)
                .iter()
                .find(|one| text(one, "type") != "null");
            if let Some(first) = first {
                return self.make(first);
            }
        }
        match kind(schema) {
            "object" => Value::Object(self.make_object(schema)),
            "array" => match schema.get("items") {
                Some(item) => {
                    let item = self.make(item);
                    if item.is_null() {
                        json!([])
                    } else {
                        json!([item])
                    }
                }
                None => json!([]),
            },
            "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
            "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
            "boolean" => json!(false),
            "string" => json!(string(text(schema, "format"))),
            _ => Value::Null,
        }
    }

    fn make_all(&mut self, schema: &Value, all: &[Value]) -> Value {
        let mut merged = Map::new();
        let mut other = Value::Null;
        for part in all {
            match self.make(part) {
                Value::Object(fields) => merged.extend(fields),
                Value::Null => {}
                value => other = value,
            }
        }
        merged.extend(self.make_object(schema));
        if merged.is_empty() {
            other
        } else {
            Value::Object(merged)
        }
    }

    fn make_object(&mut self, schema: &Value) -> Map<String, Value> {
        let mut made = Map::new();
        for (name, field) in entries(schema, "properties") {
            // What only answers hold is no part of a request.
            if !is_set(field, "readOnly") {
                made.insert(name.to_owned(), self.make(field));
            }
        }
        made
    }
}

/// The type, also where it is a list (3.1) or can be told from the rest.
fn kind(schema: &Value) -> &str {
    let one = text(schema, "type");
    if !one.is_empty() {
        return one;
    }
    let several = items(schema, "type")
        .iter()
        .filter_map(Value::as_str)
        .find(|kind| *kind != "null");
    match several {
        Some(kind) => kind,
        None if schema.get("properties").is_some() => "object",
        None if schema.get("items").is_some() => "array",
        None => "",
    }
}

/// A text of this format.
fn string(format: &str) -> &'static str {
    match format {
        "date" => "2025-01-31",
        "date-time" => "2025-01-31T12:00:00Z",
        "email" => "ada@example.com",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "uri" | "url" => "https://example.com/",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        _ => "string",
    }
}
