//! Variables of other tools as ours: one name between two braces, and nothing that would have to be worked out.

use crate::workspace::fill::is_name;

/// Names that a sign-in fills itself; an import's variables of these names are called otherwise.
const TAKEN: [&str; 3] = ["username", "password", "refresh_token"];

/// A text with our variables, and what in it stays text.
pub(super) struct Converted {
    /// The text.
    pub(super) text: String,
    /// Expressions that stay text, as they stood there.
    pub(super) left: Vec<String>,
}

/// Reads `{{ name }}`, `{{ _.name }}` and `{% … %}` as other tools write them.
pub(super) fn convert(text: &str) -> Converted {
    let mut converted = Converted {
        text: String::with_capacity(text.len()),
        left: Vec::new(),
    };
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, braces) = rest.split_at(at);
        converted.text.push_str(before);
        let Some(end) = braces.find("}}") else {
            converted.text.push('\\');
            converted.text.push_str(braces);
            converted.tags(text);
            return converted;
        };
        let (whole, after) = braces.split_at(end + 2);
        let inner = whole[2..end].trim();
        let name = inner.strip_prefix("_.").unwrap_or(inner);
        match variable(name) {
            Some(name) => {
                converted.text.push_str("{{");
                converted.text.push_str(&name);
                converted.text.push_str("}}");
            }
            None => {
                converted.left.push(whole.to_owned());
                converted.text.push('\\');
                converted.text.push_str(whole);
            }
        }
        rest = after;
    }
    converted.text.push_str(rest);
    converted.tags(text);
    converted
}

impl Converted {
    /// `{% tag %}` stays as it is: it means nothing here.
    fn tags(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("{%") {
            let end = rest[at..].find("%}").map_or(rest.len(), |end| at + end + 2);
            self.left.push(rest[at..end].to_owned());
            rest = &rest[end..];
        }
    }
}

/// The name that a variable of this name has here. `None`: it is no name but an expression.
pub(super) fn variable(name: &str) -> Option<String> {
    let name = name.trim();
    let plain = |char: char| {
        char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | ' ' | '/' | ':' | '@')
    };
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let mut fixed: String = name
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.') {
                char
            } else {
                '_'
            }
        })
        .collect();
    if !fixed.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        fixed.insert(0, '_');
    }
    if TAKEN.contains(&fixed.as_str()) {
        fixed.insert_str(0, "the_");
    }
    is_name(&fixed).then_some(fixed)
}

/// An address whose part `:name` has its value.
pub(super) fn with_path_variable(address: &str, name: &str, value: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, rest) = address.split_at(end);
    let part = |part| {
        if str::strip_prefix(part, ':') == Some(name) {
            value
        } else {
            part
        }
    };
    let parts: Vec<&str> = path.split('/').map(part).collect();
    format!("{}{rest}", parts.join("/"))
}

/// Text that holds no variables, whatever it looks like.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", "\\{{")
}

/// A word for the names of variables, made of any text: `swagger_petstore`.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for char in text.chars().take(40) {
        if char.is_ascii_alphanumeric() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_matches('_');
    match slug.chars().next() {
        None => "api".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{slug}"),
        Some(_) => slug.to_owned(),
    }
}
