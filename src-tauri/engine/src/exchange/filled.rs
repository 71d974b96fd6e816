//! A draft with its variables filled for the wire: address, headers and body, each value encoded for its place.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::body::{Body, Part};
use super::draft::Draft;
use crate::error::{Code, Failure, Result};
use crate::workspace::environment::Variables;
use crate::workspace::fill::{Filler, Unfilled};

impl Draft {
    /// The same draft with these variables filled in. The content of files is sent as it is.
    ///
    /// # Errors
    /// `variable.unknown`, `variable.unset`, `variable.misplaced`. Nothing was sent then.
    pub(crate) fn filled(
        self,
        variables: &Variables,
        secrets: &BTreeMap<String, SecretString>,
    ) -> Result<Self> {
        let filler = variables.filler_with(secrets);
        let fill = || -> Result<Self, Unfilled> {
            let headers: Vec<(String, String)> = self
                .headers
                .into_iter()
                .map(|(name, value)| Ok((name, filler.text(&value)?)))
                .collect::<Result<_, Unfilled>>()?;
            Ok(Self {
                url: filler.address(&self.url)?,
                body: self
                    .body
                    .map(|body| filled_body(body, &headers, &filler))
                    .transpose()?,
                headers,
                ..self
            })
        };
        fill().map_err(failure)
    }
}

fn filled_body(
    body: Body,
    headers: &[(String, String)],
    filler: &Filler<'_>,
) -> Result<Body, Unfilled> {
    Ok(match body {
        Body::Text(text) => Body::Text(match Syntax::of(headers, &text) {
            Syntax::Json => filler.json(&text)?,
            Syntax::Form => filler.form(&text)?,
            Syntax::Other => filler.text(&text)?,
        }),
        Body::Multipart { parts } => Body::Multipart {
            parts: parts
                .into_iter()
                .map(|part| match part {
                    Part::Text { name, text } => Ok(Part::Text {
                        name,
                        text: filler.text(&text)?,
                    }),
                    file @ Part::File { .. } => Ok(file),
                })
                .collect::<Result<_, Unfilled>>()?,
        },
        file @ Body::File { .. } => file,
    })
}

/// What a text is written in, by its media type, else by how it begins.
enum Syntax {
    Json,
    Form,
    Other,
}

impl Syntax {
    fn of(headers: &[(String, String)], text: &str) -> Self {
        let media_type = headers
            .iter()
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value.to_ascii_lowercase());
        let text = text.trim_start();
        match media_type {
            Some(media_type) if media_type.contains("json") => Self::Json,
            Some(media_type) if media_type.contains("x-www-form-urlencoded") => Self::Form,
            Some(_) => Self::Other,
            None if text.starts_with('[') => Self::Json,
            None if text.starts_with('{') && !text.starts_with("{{") => Self::Json,
            None => Self::Other,
        }
    }
}

pub(crate) fn failure(unfilled: Unfilled) -> Failure {
    let (code, name) = match unfilled {
        Unfilled::Unknown(name) => (Code::VariableUnknown, name),
        Unfilled::Unset(name) => (Code::VariableUnset, name),
        Unfilled::Misplaced(name) => (Code::VariableMisplaced, name),
    };
    Failure::new(code).with("variable", name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn draft(url: &str, header: &str, body: &str) -> Draft {
        Draft {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![("Content-Type".to_owned(), header.to_owned())],
            body: Some(Body::Text(body.to_owned())),
            session: None,
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        }
    }

    /// N22: encoded for the place.
    #[test]
    fn a_draft_is_filled_for_each_place() {
        let variables = Variables {
            values: [("odd", "\"a&b=\\"), ("kind", "application/json")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            secrets: BTreeSet::from(["key".to_owned()]),
        };
        let secrets = BTreeMap::new();
        for (media_type, body, expected) in [
            ("{{kind}}", r#"{"a": "{{odd}}"}"#, r#"{"a": "\"a&b=\\"}"#),
            (
                "application/x-www-form-urlencoded",
                "a={{odd}}",
                "a=%22a%26b%3D%5C",
            ),
            ("text/plain", "{\"a\": {{odd}}}", "{\"a\": \"a&b=\\}"),
        ] {
            let filled = draft("https://a.test/{{odd}}", media_type, body)
                .filled(&variables, &secrets)
                .expect("all are known");
            assert_eq!(filled.url, "https://a.test/%22a%26b%3D%5C");
            assert_eq!(filled.body, Some(Body::Text(expected.to_owned())));
        }
        for (url, code) in [
            ("https://a.test/{{none}}", Code::VariableUnknown),
            ("https://a.test/{{key}}", Code::VariableUnset),
            ("https://{{key}}.test/", Code::VariableMisplaced),
        ] {
            let failure = draft(url, "text/plain", "").filled(&variables, &secrets);
            assert_eq!(failure.expect_err("it cannot").code, code, "{url}");
        }
    }
}
