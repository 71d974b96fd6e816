//! Short ways into a tree whose shape nobody promises.

use serde_json::Value;

/// The text of a field; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text of a key; empty where there is none.
pub(super) fn text_of(keys: &serde_json::Map<String, Value>, key: &str) -> String {
    keys.get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The items of a field; none where it is no list.
pub(super) fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Names and values of a field; none where it is no object.
pub(super) fn entries<'v>(
    value: &'v Value,
    key: &str,
) -> impl Iterator<Item = (&'v str, &'v Value)> {
    let fields = value.get(key).and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// Whether a field is true.
pub(super) fn is_set(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// A scalar as a file would write it without quotes.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a name is about where a token may go or what is trusted, in whatever spelling (N5).
pub(super) fn is_trust(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    [
        "allowedorigin",
        "origins",
        "trusted",
        "tokenendpoint",
        "validatecertificate",
        "strictssl",
        "disablessl",
    ]
    .iter()
    .any(|word| plain.contains(word))
}
