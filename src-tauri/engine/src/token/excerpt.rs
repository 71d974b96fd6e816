//! Header and claims cut to what a screen can take: a token may carry keys of ten kilobytes, and lists without end.

use serde_json::{Map, Value};

use super::details::JwtDetails;

/// Claims that are shown; the rest is counted.
const CLAIMS_MAX: usize = 200;
/// Characters of a claim's name that are shown.
const NAME_CHARS_MAX: usize = 120;
/// Characters of a claim's value, as JSON, that are shown.
const VALUE_CHARS_MAX: usize = 2_000;

/// The same, within the bounds, and how many names, values and claims were cut or left out.
pub(crate) fn excerpt(jwt: JwtDetails) -> (JwtDetails, u32) {
    let mut cut = 0;
    let mut part = |object| {
        let (object, more) = object_excerpt(object);
        cut += more;
        object
    };
    let jwt = JwtDetails {
        header: part(jwt.header),
        claims: part(jwt.claims),
    };
    (jwt, cut)
}

/// An object within the bounds, and how many names, values and members were cut or left out.
pub(crate) fn object_excerpt(object: Map<String, Value>) -> (Map<String, Value>, u32) {
    let left_out = object.len().saturating_sub(CLAIMS_MAX);
    let mut cut = u32::try_from(left_out).unwrap_or(u32::MAX);
    let mut shown = Map::new();
    for (name, value) in object.into_iter().take(CLAIMS_MAX) {
        let (mut name, name_cut) = text_excerpt(name, NAME_CHARS_MAX);
        // Two long names may begin alike.
        while shown.contains_key(&name) {
            name.push('…');
        }
        let (value, value_cut) = value_excerpt(value);
        cut += u32::from(name_cut) + u32::from(value_cut);
        shown.insert(name, value);
    }
    (shown, cut)
}

fn value_excerpt(value: Value) -> (Value, bool) {
    match value {
        Value::String(text) => {
            let (text, cut) = text_excerpt(text, VALUE_CHARS_MAX);
            (Value::String(text), cut)
        }
        Value::Array(_) | Value::Object(_) => {
            let (text, cut) = text_excerpt(value.to_string(), VALUE_CHARS_MAX);
            if cut {
                (Value::String(text), true)
            } else {
                (value, false)
            }
        }
        other => (other, false),
    }
}

fn text_excerpt(text: String, chars_max: usize) -> (String, bool) {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => (format!("{}…", &text[..at]), true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// N14: keys of ten kilobytes, long values, more claims than anybody reads.
    #[test]
    fn long_claims_are_cut_and_counted() {
        let long = "k".repeat(10_000);
        let mut claims = Map::new();
        claims.insert(long.clone(), json!(1));
        claims.insert(format!("{long}2"), json!(2));
        claims.insert("value".to_owned(), json!("v".repeat(5_000)));
        claims.insert("list".to_owned(), json!(vec!["x"; 5_000]));
        claims.insert("short".to_owned(), json!({"a": [1]}));
        let jwt = JwtDetails {
            header: Map::new(),
            claims,
        };
        let (shown, cut) = excerpt(jwt);
        assert_eq!(cut, 4);
        assert_eq!(shown.claims.len(), 5, "two names that begin alike stay two");
        assert_eq!(shown.claims["short"], json!({"a": [1]}));
        let longest = shown.claims.keys().map(|name| name.chars().count()).max();
        assert_eq!(longest, Some(NAME_CHARS_MAX + 2));
    }

    #[test]
    fn more_claims_than_anybody_reads_are_counted() {
        let claims = (0..CLAIMS_MAX + 9)
            .map(|n| (n.to_string(), json!(n)))
            .collect();
        let jwt = JwtDetails {
            header: Map::new(),
            claims,
        };
        let (shown, cut) = excerpt(jwt);
        assert_eq!((shown.claims.len(), cut), (CLAIMS_MAX, 9));
    }
}
