//! Texts with `{{variables}}`, filled in one pass for the place where each stands (security N19-N22).
//!
//! There is nothing but names between the braces: no expression, no nesting. What is filled in is never read again, so a
//! value that looks like a variable stays what it is. `\{{` stands for two braces.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Longest name of a variable, in characters.
const NAME_CHARS_MAX: usize = 64;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The parts of a text, in order.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let text = self.0;
        let mut from = 0;
        while let Some(found) = text[from..].find("{{") {
            let at = from + found;
            if text[..at].ends_with('\\') {
                let (before, escaped) = text.split_at(at - 1);
                if before.is_empty() {
                    self.0 = &escaped[3..];
                    return Some(Piece::Text("{{"));
                }
                self.0 = escaped;
                return Some(Piece::Text(before));
            }
            match variable(&text[at..]) {
                Some((name, length)) if at == 0 => {
                    self.0 = &text[length..];
                    return Some(Piece::Variable(name));
                }
                Some(_) => {
                    self.0 = &text[at..];
                    return Some(Piece::Text(&text[..at]));
                }
                None => from = at + 1,
            }
        }
        self.0 = "";
        (!text.is_empty()).then_some(Piece::Text(text))
    }
}

/// The variable that a text begins with, and its length with the braces. Never looks further than a name is long.
fn variable(text: &str) -> Option<(&str, usize)> {
    let inner = text[2..].trim_start_matches(' ');
    let length = inner
        .bytes()
        .take(NAME_CHARS_MAX)
        .take_while(|byte| is_name_byte(*byte))
        .count();
    let (name, rest) = inner.split_at(length);
    let rest = rest.trim_start_matches(' ').strip_prefix("}}")?;
    is_name(name).then(|| (name, text.len() - rest.len()))
}

/// Whether this can be the name of a variable: a letter or `_` first, then letters, digits, `_`, `-` and `.` as well.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.len() <= NAME_CHARS_MAX
        && name.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Names of the variables in a text, in order.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    Pieces(text).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Why a text could not be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfilled {
    /// No variable has this name.
    Unknown(String),
    /// It is a secret, and the keychain holds no value for it.
    Unset(String),
    /// It is a secret, and stands where a secret may not.
    Misplaced(String),
}

impl Unfilled {
    /// What is wrong, for a file whose variables have these names.
    pub(super) fn in_a_file<'n>(&self, known: impl Iterator<Item = &'n str>) -> String {
        match self {
            Self::Unknown(name) => match super::reading::meant(name, known) {
                Some(meant) => format!("there is no variable `{name}`; did you mean `{meant}`?"),
                None => format!(
                    "there is no variable `{name}` in this environment; write \\{{{{ for two braces"
                ),
            },
            Self::Unset(name) | Self::Misplaced(name) => {
                format!("`{name}` is a secret, and a session's file holds none")
            }
        }
    }
}

/// Where in a text a variable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// As it is: a header, plain text, the part of an address before its path.
    AsItIs,
    /// The scheme, host and port of an address: as it is, and no secret.
    Origin,
    /// A part of an address behind the host: percent-encoded, so that it stays one value.
    Address,
    /// A field of a form.
    Form,
    /// Inside a string of JSON.
    JsonString,
    /// In the place of a whole JSON value.
    JsonValue,
}

/// What texts are filled with.
#[derive(Clone, Copy)]
pub(crate) struct Filler<'a> {
    values: &'a BTreeMap<String, String>,
    secret_names: &'a BTreeSet<String>,
    secrets: Option<&'a BTreeMap<String, SecretString>>,
    /// Names that somebody else fills later.
    later: &'a [&'a str],
}

impl<'a> Filler<'a> {
    /// Fills these variables; secrets only from `secrets`.
    pub(super) fn new(
        values: &'a BTreeMap<String, String>,
        secret_names: &'a BTreeSet<String>,
        secrets: Option<&'a BTreeMap<String, SecretString>>,
    ) -> Self {
        Self {
            values,
            secret_names,
            secrets,
            later: &[],
        }
    }

    /// The same, but these names stay in the text for whoever fills them later.
    pub(super) fn leaving(self, later: &'a [&'a str]) -> Self {
        Self { later, ..self }
    }

    /// The names that it knows.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let values = self.values.keys();
        values.chain(self.secret_names).map(String::as_str)
    }

    /// Fills a text whose variables stand for themselves.
    pub(crate) fn text(&self, template: &str) -> Result<String, Unfilled> {
        self.fill(template, |_| Place::AsItIs)
    }

    /// Fills an address: as it is up to the end of the host, percent-encoded behind it.
    pub(crate) fn address(&self, template: &str) -> Result<String, Unfilled> {
        let mut place = AddressPlace::default();
        self.fill(template, |piece| place.of(piece))
    }

    /// Fills a form (`application/x-www-form-urlencoded`).
    pub(crate) fn form(&self, template: &str) -> Result<String, Unfilled> {
        self.fill(template, |_| Place::Form)
    }

    /// Fills JSON: what is filled in cannot change its shape.
    pub(crate) fn json(&self, template: &str) -> Result<String, Unfilled> {
        let mut place = JsonPlace::default();
        self.fill(template, |piece| place.of(piece))
    }

    fn fill(
        &self,
        template: &str,
        mut place: impl FnMut(Piece<'_>) -> Place,
    ) -> Result<String, Unfilled> {
        let mut filled = String::with_capacity(template.len());
        for piece in Pieces(template) {
            let place = place(piece);
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Variable(name) if self.later.contains(&name) => {
                    // Writing to a string does not fail.
                    let _ = write!(filled, "{{{{{name}}}}}");
                }
                Piece::Variable(name) => {
                    filled.push_str(&encode(place, self.value(name, place)?));
                }
            }
        }
        Ok(filled)
    }

    fn value(&self, name: &str, place: Place) -> Result<&'a str, Unfilled> {
        if self.secret_names.contains(name) {
            if place == Place::Origin || self.secrets.is_none() {
                return Err(Unfilled::Misplaced(name.to_owned()));
            }
            return self
                .secrets
                .and_then(|secrets| secrets.get(name))
                .map(ExposeSecret::expose_secret)
                .ok_or_else(|| Unfilled::Unset(name.to_owned()));
        }
        self.values
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Unfilled::Unknown(name.to_owned()))
    }
}

fn encode(place: Place, value: &str) -> Cow<'_, str> {
    match place {
        Place::AsItIs | Place::Origin => Cow::Borrowed(value),
        Place::Address => percent_encoded(value).into(),
        Place::Form => url::form_urlencoded::byte_serialize(value.as_bytes())
            .collect::<String>()
            .into(),
        Place::JsonString => {
            let quoted = Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned().into()
        }
        Place::JsonValue if serde_json::from_str::<Value>(value).is_ok() => Cow::Borrowed(value),
        Place::JsonValue => Value::from(value).to_string().into(),
    }
}

/// Everything but the unreserved characters (RFC 3986 §2.3) as `%XX`: it is one segment, or one value, whatever it holds.
pub(crate) fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Where in an address the next piece stands, by the literal text before it.
#[derive(Default)]
struct AddressPlace {
    /// The scheme's `://` was seen.
    scheme: bool,
    /// The host has ended.
    behind: bool,
}

impl AddressPlace {
    fn of(&mut self, piece: Piece<'_>) -> Place {
        if let Piece::Text(mut text) = piece
            && !self.behind
        {
            if let (false, Some(at)) = (self.scheme, text.find("://"))
                && !text[..at].contains(['/', '?', '#'])
            {
                self.scheme = true;
                text = &text[at + 3..];
            }
            self.behind = text.contains(['/', '?', '#']);
        }
        if self.behind {
            Place::Address
        } else {
            Place::Origin
        }
    }
}

/// Whether the next piece stands inside a string of JSON, by the literal text before it.
#[derive(Default)]
struct JsonPlace {
    in_string: bool,
}

impl JsonPlace {
    fn of(&mut self, piece: Piece<'_>) -> Place {
        if let Piece::Text(text) = piece {
            let mut escaped = false;
            for byte in text.bytes() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if self.in_string => escaped = true,
                    b'"' => self.in_string = !self.in_string,
                    _ => {}
                }
            }
        }
        if self.in_string {
            Place::JsonString
        } else {
            Place::JsonValue
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        fill: impl Fn(&Filler<'_>) -> Result<String, Unfilled>,
        expected: Result<&str, Unfilled>,
    ) {
        let values: BTreeMap<String, String> = [
            ("api", "https://api.test/v1"),
            ("scheme", "https"),
            ("host", "api.test"),
            ("id", "a/b c"),
            ("evil", "1&admin=1#x"),
            ("quote", r#"a"b\c"#),
            ("number", "42"),
            ("object", r#"{"a": 1}"#),
            ("other", "{{id}}"),
            ("self", "{{self}}"),
            ("lines", "a\r\nX: 1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let secret_names = BTreeSet::from(["key".to_owned(), "unset".to_owned()]);
        let secrets = BTreeMap::from([("key".to_owned(), SecretString::from("s3cr=t"))]);
        let filler = Filler::new(&values, &secret_names, Some(&secrets));
        assert_eq!(fill(&filler), expected.map(str::to_owned));
    }

    /// N19: nothing between braces is an expression.
    #[test]
    fn only_a_name_is_a_variable() {
        for text in [
            "{{constructor.constructor('x')()}}",
            "{{7*7}}",
            "{{}}",
            "{{ }}",
            "{{a b}}",
            "{% include 'x' %}",
            "${HOME}",
            "{{",
            "{{id",
            "}}{{",
            "{id}",
        ] {
            check(|filler| filler.text(text), Ok(text));
        }
        for text in ["{{id}}", "{{ id }}"] {
            check(|filler| filler.text(text), Ok("a/b c"));
        }
        check(|filler| filler.text("{{{id}}}"), Ok("{a/b c}"));
        check(
            |filler| filler.text(r"\{{id}} \{{ {{number}}"),
            Ok("{{id}} {{ 42"),
        );
        check(
            |filler| filler.text("{{constructor}}"),
            Err(Unfilled::Unknown("constructor".to_owned())),
        );
    }

    /// N20: one pass, whatever a value holds.
    #[test]
    fn what_is_filled_in_is_never_read_again() {
        check(|filler| filler.text("{{other}}"), Ok("{{id}}"));
        check(|filler| filler.text("{{self}}"), Ok("{{self}}"));
        let nested = format!("{}id{}", "{{".repeat(100_000), "}}".repeat(100_000));
        check(
            |filler| filler.text(&nested).map(|text| text.len().to_string()),
            Ok("400001"),
        );
    }

    /// N22: encoded for the place. N4: the host of an address is filled as it is, and judged afterwards.
    #[test]
    fn a_value_stays_one_value_where_it_stands() {
        for (template, expected) in [
            (
                "{{api}}/orders/{{id}}",
                "https://api.test/v1/orders/a%2Fb%20c",
            ),
            ("{{scheme}}://{{host}}:8443/x", "https://api.test:8443/x"),
            (
                "https://{{host}}/?q={{evil}}",
                "https://api.test/?q=1%26admin%3D1%23x",
            ),
            (
                "https://{{host}}?to={{api}}",
                "https://api.test?to=https%3A%2F%2Fapi.test%2Fv1",
            ),
            ("https://api.test/{{key}}", "https://api.test/s3cr%3Dt"),
        ] {
            check(|filler| filler.address(template), Ok(expected));
        }
        for (template, expected) in [
            (r#"{"a": "{{quote}}"}"#, r#"{"a": "a\"b\\c"}"#),
            (r#"{"a": {{number}}}"#, r#"{"a": 42}"#),
            (r#"{"a": {{quote}}}"#, r#"{"a": "a\"b\\c"}"#),
            (r#"{"a": {{object}}}"#, r#"{"a": {"a": 1}}"#),
            (
                r#"{"a": "\"{{number}}", "b": {{number}}}"#,
                r#"{"a": "\"42", "b": 42}"#,
            ),
            (r#"{"a": "{{lines}}"}"#, r#"{"a": "a\r\nX: 1"}"#),
        ] {
            check(|filler| filler.json(template), Ok(expected));
        }
        check(
            |filler| filler.form("a={{evil}}&b=1"),
            Ok("a=1%26admin%3D1%23x&b=1"),
        );
    }

    #[test]
    fn a_secret_stands_in_no_host_and_is_not_made_up() {
        for template in ["https://{{key}}/", "{{key}}/x", "https://api.test:{{key}}"] {
            check(
                |filler| filler.address(template),
                Err(Unfilled::Misplaced("key".to_owned())),
            );
        }
        check(|filler| filler.text("Key {{key}}"), Ok("Key s3cr=t"));
        check(
            |filler| filler.text("{{unset}}"),
            Err(Unfilled::Unset("unset".to_owned())),
        );
        check(
            |filler| {
                filler
                    .leaving(&["password"])
                    .json(r#"["{{password}}", "{{number}}"]"#)
            },
            Ok(r#"["{{password}}", "42"]"#),
        );
    }
}
