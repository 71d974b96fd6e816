//! `WWW-Authenticate` read into challenges, by scheme (RFC 9110 §11.6.1): leniently, within bounds, and never failing.
//!
//! A header may hold several challenges, a field may stand several times, and a comma separates challenges as well as
//! parameters. What decides is the sign behind a word: `=` makes it a parameter, anything else a scheme. What cannot be
//! read is skipped up to the next comma; what stands in quotes is never taken for a challenge.

use std::fmt;

/// Of one field, this many bytes are read.
pub(crate) const FIELD_BYTES_MAX: usize = 16 * 1024;
/// Of one answer, this many challenges are kept.
pub(crate) const CHALLENGES_MAX: usize = 16;
/// Of one challenge, this many parameters are kept.
pub(crate) const PARAMETERS_MAX: usize = 32;

/// The parameters that are told to the timeline. Others may hold what is not ours to keep, such as a nonce.
const TOLD: [&str; 9] = [
    "authorization_uri",
    "realm",
    "error",
    "error_description",
    "scope",
    "acr_values",
    "max_age",
    "resource_metadata",
    "algs",
];

/// One scheme that a server would take, and what it says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// As the server spells it; compared without case.
    scheme: String,
    /// Names in lower case; the first of a name counts.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Whether it is of this scheme.
    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Its scheme, as the server spells it.
    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of a parameter, by its name in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether its `error` is this one.
    pub(crate) fn has_error(&self, error: &str) -> bool {
        self.get("error")
            .is_some_and(|said| said.eq_ignore_ascii_case(error))
    }
}

impl fmt::Display for Challenge {
    /// The scheme and the parameters that may be told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scheme)?;
        let told = self
            .parameters
            .iter()
            .filter(|(name, _)| TOLD.contains(&name.as_str()));
        for (index, (name, value)) in told.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {name}=\"{value}\"")?;
        }
        Ok(())
    }
}

/// The challenges of an answer's fields, in order.
pub(crate) fn read<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for field in fields {
        let text = String::from_utf8_lossy(&field[..field.len().min(FIELD_BYTES_MAX)]);
        read_field(&text, &mut challenges);
    }
    challenges
}

fn read_field(text: &str, challenges: &mut Vec<Challenge>) {
    let mut rest = Rest(text);
    // Parameters belong to a challenge of this same field; what stands before the first scheme belongs to none.
    let mut open = false;
    loop {
        rest.skip(|c| c == ',' || is_space(c));
        if rest.0.is_empty() {
            return;
        }
        let word = rest.take(is_token);
        if word.is_empty() {
            rest.skip_to_comma();
            continue;
        }
        if let Some(value) = rest.parameter() {
            if let Some(challenge) = challenges.last_mut().filter(|_| open) {
                let name = word.to_ascii_lowercase();
                if challenge.parameters.len() < PARAMETERS_MAX && challenge.get(&name).is_none() {
                    challenge.parameters.push((name, value));
                }
            }
            continue;
        }
        rest.skip_token68();
        if challenges.len() == CHALLENGES_MAX {
            return;
        }
        challenges.push(Challenge {
            scheme: word.to_owned(),
            parameters: Vec::new(),
        });
        open = true;
    }
}

/// What is left of a field.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, is_part: impl Fn(char) -> bool) {
        self.take(is_part);
    }

    /// Leaves out something unreadable. A quoted part of it goes as a whole, so that no comma inside is taken for a separator.
    fn skip_to_comma(&mut self) {
        loop {
            self.skip(|c| c != ',' && c != '"');
            if !self.0.starts_with('"') {
                return;
            }
            self.quoted();
        }
    }

    /// `= value`, with spaces allowed around the sign. `None`, and nothing is taken: there is no such sign.
    fn parameter(&mut self) -> Option<String> {
        let value = self.0.trim_start_matches(is_space).strip_prefix('=')?;
        self.0 = value.trim_start_matches(is_space);
        if self.0.starts_with('"') {
            return Some(self.quoted());
        }
        Some(self.take(|c| c != ',' && !is_space(c)).to_owned())
    }

    /// A quoted string without its quotes and escapes. One that never ends reaches to the end.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in self.0.char_indices().skip(1) {
            match c {
                _ if escaped => {
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return value;
                }
                _ => value.push(c),
            }
        }
        self.0 = "";
        value
    }

    /// The one opaque word that may follow a scheme in place of parameters. It may be a credential, and is not kept.
    fn skip_token68(&mut self) {
        let mut ahead = Rest(self.0);
        ahead.skip(is_space);
        if ahead.take(is_token68).is_empty() {
            return;
        }
        ahead.skip(|c| c == '=');
        let after = ahead.0.trim_start_matches(is_space);
        if after.is_empty() || after.starts_with(',') {
            self.0 = after;
        }
    }
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn is_token68(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(fields: &[&str]) -> Vec<String> {
        read(fields.iter().map(|field| field.as_bytes()))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Scenario 62.
    #[test]
    fn each_challenge_is_read_by_its_own_scheme() {
        for (fields, expected) in [
            (&[][..], &[][..]),
            (&["Bearer"], &["Bearer"]),
            (
                &[r#"Bearer realm="demo", error="invalid_token""#],
                &[r#"Bearer realm="demo", error="invalid_token""#],
            ),
            (
                &[r#"Bearer error="invalid_token", DPoP error="use_dpop_nonce", algs="ES256""#],
                &[
                    r#"Bearer error="invalid_token""#,
                    r#"DPoP error="use_dpop_nonce", algs="ES256""#,
                ],
            ),
            (
                &["Basic realm=\"a\"", "Bearer scope=\"read write\""],
                &["Basic realm=\"a\"", "Bearer scope=\"read write\""],
            ),
            (&["Negotiate, NTLM, Basic"], &["Negotiate", "NTLM", "Basic"]),
            // token68: opaque, and not kept.
            (&["Negotiate YII+/a==, Bearer"], &["Negotiate", "Bearer"]),
            (&["Negotiate YII+/a=="], &["Negotiate"]),
            // Commas, quotes and whole challenges inside a value.
            (
                &[r#"Basic realm="a, Bearer error=\"invalid_token\", b", Digest nonce="n""#],
                &[
                    r#"Basic realm="a, Bearer error="invalid_token", b""#,
                    "Digest",
                ],
            ),
            (
                &[r#"Bearer realm="back\\slash", error=invalid_token"#],
                &[r#"Bearer realm="back\slash", error="invalid_token""#],
            ),
            // Values without quotes, spaces around the sign, spaces instead of commas, empty elements.
            (
                &["Bearer error = invalid_token ,, realm=\tx, "],
                &[r#"Bearer error="invalid_token", realm="x""#],
            ),
            (
                &[r#"bearer ERROR="invalid_token" realm="x""#],
                &[r#"bearer error="invalid_token", realm="x""#],
            ),
            (&["Bearer error=\"\""], &["Bearer error=\"\""]),
            // The first of a name counts, so that what is appended cannot change what was said.
            (
                &[r#"Bearer error="invalid_token", error="insufficient_scope""#],
                &[r#"Bearer error="invalid_token""#],
            ),
            // Junk is left out; what follows it is read.
            (&["error=\"invalid_token\""], &[]),
            (&["\"Bearer\", Basic"], &["Basic"]),
            (&["(x, \"y, Bearer\" z, Basic"], &["Basic"]),
            (
                &["Bearer realm=\"never ends, Basic"],
                &["Bearer realm=\"never ends, Basic\""],
            ),
            (&[",,, ,"], &[]),
            (&["é, Bearer"], &["Bearer"]),
        ] {
            assert_eq!(told(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_parameter_is_never_given_to_the_challenge_of_another_field() {
        let challenges = told(&["Bearer", "error=\"invalid_token\""]);
        assert_eq!(challenges, ["Bearer"]);
    }

    #[test]
    fn what_is_kept_has_bounds() {
        let many = "Bearer, ".repeat(CHALLENGES_MAX * 2);
        assert_eq!(told(&[&many]).len(), CHALLENGES_MAX);
        let parameters: String = (0..PARAMETERS_MAX * 2)
            .map(|n| format!("p{n}=x, "))
            .collect();
        let read = read([format!("Bearer {parameters}").as_bytes()]);
        assert_eq!(read[0].parameters.len(), PARAMETERS_MAX);
        let long = format!("Bearer realm=\"{}\"", "x".repeat(FIELD_BYTES_MAX * 2));
        assert!(told(&[&long])[0].len() <= FIELD_BYTES_MAX + 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(field in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _: Vec<Challenge> = read([field.as_slice()]);
        }

        #[test]
        fn any_mix_of_the_grammars_parts_is_read_without_a_panic(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("Bearer"), Just("DPoP"), Just("error"), Just("="), Just("\""), Just("\\"), Just(","),
                    Just(" "), Just("\t"), Just("=="), Just("invalid_token"), Just("é"), Just("\u{0}"),
                ],
                0..60,
            )
        ) {
            let text = parts.concat();
            prop_assert!(read([text.as_bytes()]).len() <= CHALLENGES_MAX);
        }

        #[test]
        fn a_quoted_value_comes_back_as_it_was(value in "[^\u{0}-\u{1f}]{0,80}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let field = format!("Basic, Bearer a=b, error=\"{quoted}\", scope=x");
            let challenges = read([field.as_bytes()]);
            prop_assert_eq!(challenges.len(), 2);
            prop_assert_eq!(challenges[1].get("error"), Some(value.as_str()));
            prop_assert_eq!(challenges[1].get("scope"), Some("x"));
        }
    }
}
