//! A session's own request with its placeholders filled: what is filled in cannot change the shape of what is sent.

use serde_json::Value;
use url::form_urlencoded;

use super::{Content, TokenRequest};
use crate::session::config::JsonRequest;

pub(super) fn json_request(template: &JsonRequest, values: &[(&str, &str)]) -> TokenRequest {
    let body = template.body.clone().map(|mut body| {
        fill(&mut body, values);
        match template.form {
            true => form_of(&body).into(),
            false => body.to_string().into(),
        }
    });
    let headers = template.headers.iter();
    TokenRequest {
        method: template.method.clone(),
        url: template.url.clone(),
        content: Content::Json {
            body,
            form: template.form,
            headers: headers
                .map(|(name, value)| (name.clone(), fill_text(value, values).into()))
                .collect(),
        },
        proof_key: None,
        presented: None,
        jar: None,
    }
}

/// An object of strings as a form; the reader of session files lets nothing else be one.
fn form_of(body: &Value) -> String {
    let fields = body.as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Replaces placeholders inside strings, in one pass: what is filled in is never searched again.
fn fill(value: &mut Value, values: &[(&str, &str)]) {
    match value {
        Value::String(text) => *text = fill_text(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fill_text(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        match values
            .iter()
            .find(|(placeholder, _)| from.starts_with(placeholder))
        {
            Some((placeholder, value)) => {
                filled.push_str(value);
                rest = &from[placeholder.len()..];
            }
            None => {
                filled.push_str("{{");
                rest = &from[2..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use reqwest::header::AUTHORIZATION;
    use secrecy::ExposeSecret;
    use url::Url;

    use super::super::tests::body;
    use super::*;
    use crate::clock::WallMs;

    fn template(body: &str) -> JsonRequest {
        let url = Url::parse("http://127.0.0.1:1/").expect("a URL");
        JsonRequest::post(url, serde_json::from_str(body).expect("JSON"))
    }

    #[test]
    fn what_is_filled_in_cannot_change_the_shape_of_the_body() {
        for (value, expected) in [
            ("plain", r#"{"a":["x plain y"],"{{v}}":1}"#),
            (r#"q"uote\"#, r#"{"a":["x q\"uote\\ y"],"{{v}}":1}"#),
            ("{{v}}", r#"{"a":["x {{v}} y"],"{{v}}":1}"#),
        ] {
            let request = json_request(
                &template(r#"{"a": ["x {{v}} y"], "{{v}}": 1}"#),
                &[("{{v}}", value)],
            );
            assert_eq!(body(&request), expected);
        }
        assert_eq!(
            fill_text("{{unknown}} {{", &[("{{v}}", "x")]),
            "{{unknown}} {{"
        );
    }

    #[test]
    fn a_json_request_may_carry_its_secret_in_a_header_and_no_body() {
        let template = JsonRequest {
            method: Method::GET,
            headers: vec![(AUTHORIZATION, "Bearer {{v}}".to_owned())],
            body: None,
            form: false,
            ..template("null")
        };
        let request = json_request(&template, &[("{{v}}", "secret")]);
        let post = request.post(None, WallMs(0)).expect("ready");
        assert_eq!(post.headers[0].1.expose_secret(), "Bearer secret");
        assert!(post.content_type.is_none() && post.body.expose_secret().is_empty());
    }
}
