//! One exchange with a token endpoint: built from the session's dialect, sent once, judged by pure rules.

mod judge;
mod transport;

use std::time::Duration;

use base64::Engine as _;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, HeaderValue, RETRY_AFTER,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

pub(crate) use self::judge::{Judged, judge};
#[cfg(test)]
pub(crate) use self::transport::MemoryAnswer;
pub(crate) use self::transport::TokenTransport;
use crate::client;
use crate::failpoint::{Point, reach};
use crate::session::config::{ClientAuth, Dialect, JsonRequest, OauthDialect, ReplyPointers};
use crate::token::reply::REPLY_BYTES_MAX;

/// A POST that is ready to be sent, once. Its body and credentials are secrets.
pub(crate) struct TokenRequest {
    pub(crate) url: Url,
    content_type: &'static str,
    authorization: Option<SecretString>,
    body: SecretString,
}

/// What the wire gave back.
pub(crate) enum Wire {
    /// An answer, up to [`REPLY_BYTES_MAX`] of its body.
    Answer {
        status: u16,
        retry_after: Option<String>,
        date: Option<String>,
        body: Vec<u8>,
    },
    /// The request never left.
    NotSent { detail: String },
    /// It may have left, and no whole answer came.
    Lost { status: Option<u16>, detail: String },
}

impl Dialect {
    /// Where the tokens stand in this dialect's replies.
    pub(crate) fn pointers(&self) -> ReplyPointers {
        match self {
            Self::Json(json) => json.reply.clone(),
            Self::Oauth(_) => ReplyPointers::oauth(),
        }
    }

    /// The exchange that gives new tokens for a refresh token (RFC 6749 §6).
    pub(crate) fn refresh_request(
        &self,
        refresh_token: &SecretString,
        client_secret: Option<&SecretString>,
    ) -> TokenRequest {
        match self {
            Self::Json(json) => json_request(
                &json.refresh,
                &[("{{refresh_token}}", refresh_token.expose_secret())],
            ),
            Self::Oauth(oauth) => oauth_refresh_request(oauth, refresh_token, client_secret),
        }
    }

    /// The exchange that gives first tokens for a name and a password; only JSON sign-in has one.
    pub(crate) fn password_request(
        &self,
        username: &str,
        password: &SecretString,
    ) -> Option<TokenRequest> {
        match self {
            Self::Json(json) => Some(json_request(
                &json.sign_in,
                &[
                    ("{{username}}", username),
                    ("{{password}}", password.expose_secret()),
                ],
            )),
            Self::Oauth(_) => None,
        }
    }
}

fn json_request(template: &JsonRequest, values: &[(&str, &str)]) -> TokenRequest {
    let mut body = template.body.clone();
    fill(&mut body, values);
    TokenRequest {
        url: template.url.clone(),
        content_type: "application/json",
        authorization: None,
        body: body.to_string().into(),
    }
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

fn oauth_refresh_request(
    oauth: &OauthDialect,
    refresh_token: &SecretString,
    client_secret: Option<&SecretString>,
) -> TokenRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", refresh_token.expose_secret());
    if let Some(scope) = &oauth.scope {
        form.append_pair("scope", scope);
    }
    if let Some(resource) = &oauth.resource {
        form.append_pair("resource", resource);
    }
    let authorization = match oauth.client_auth {
        ClientAuth::None => {
            form.append_pair("client_id", &oauth.client_id);
            None
        }
        ClientAuth::ClientSecretBasic => Some(basic(
            &oauth.client_id,
            client_secret.map_or("", |secret| secret.expose_secret()),
        )),
    };
    TokenRequest {
        url: oauth.token_endpoint.clone(),
        content_type: "application/x-www-form-urlencoded",
        authorization,
        body: form.finish().into(),
    }
}

/// HTTP Basic with both halves form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, client_secret: &str) -> SecretString {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(client_secret)));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())
    )
    .into()
}

impl TokenRequest {
    /// Sends it, once.
    pub(crate) async fn send(&self, transport: &TokenTransport) -> Wire {
        match transport {
            TokenTransport::Network(client) => self.send_over(client).await,
            #[cfg(test)]
            TokenTransport::Memory(answer) => answer(self.body.expose_secret()),
        }
    }

    async fn send_over(&self, client: &reqwest::Client) -> Wire {
        let mut request = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, self.content_type)
            .header(ACCEPT, "application/json")
            .body(self.body.expose_secret().to_owned());
        if let Some(authorization) = &self.authorization {
            let Ok(mut value) = HeaderValue::from_str(authorization.expose_secret()) else {
                return Wire::NotSent {
                    detail: "the client's credentials do not fit into a header".to_owned(),
                };
            };
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Wire::NotSent {
                    detail: client::chain(error),
                };
            }
            Err(error) => {
                return Wire::Lost {
                    status: None,
                    detail: client::chain(error),
                };
            }
        };
        reach(Point::HeadReceived);
        let status = response.status().as_u16();
        let header = |name: HeaderName| {
            response
                .headers()
                .get(name)?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        let (retry_after, date) = (header(RETRY_AFTER), header(DATE));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= REPLY_BYTES_MAX => {
                    body.extend_from_slice(&chunk)
                }
                Ok(Some(_)) => {
                    return Wire::Lost {
                        status: Some(status),
                        detail: format!("the reply is larger than {REPLY_BYTES_MAX} bytes"),
                    };
                }
                Ok(None) => {
                    reach(Point::BodyWhole);
                    return Wire::Answer {
                        status,
                        retry_after,
                        date,
                        body,
                    };
                }
                Err(error) => {
                    return Wire::Lost {
                        status: Some(status),
                        detail: client::chain(error),
                    };
                }
            }
        }
    }
}

/// The shortest and the longest time that a server's `Retry-After` is obeyed for.
pub(crate) const RETRY_AFTER_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(3_600));

#[cfg(test)]
mod tests {
    use super::*;

    fn template(body: &str) -> JsonRequest {
        JsonRequest {
            url: Url::parse("http://127.0.0.1:1/").expect("a URL"),
            body: serde_json::from_str(body).expect("JSON"),
        }
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
            assert_eq!(request.body.expose_secret(), expected);
        }
        assert_eq!(
            fill_text("{{unknown}} {{", &[("{{v}}", "x")]),
            "{{unknown}} {{"
        );
    }

    #[test]
    fn basic_credentials_are_form_encoded_first() {
        let header = basic("web:odd", "p+ss w:rd/%26=&");
        let encoded = header
            .expose_secret()
            .strip_prefix("Basic ")
            .expect("the scheme");
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .expect("base64");
        assert_eq!(
            String::from_utf8(decoded).expect("text"),
            "web%3Aodd:p%2Bss+w%3Ard%2F%2526%3D%26"
        );
    }

    #[test]
    fn a_public_client_names_itself_in_the_body_and_a_confidential_one_in_the_header() {
        let mut oauth = OauthDialect {
            token_endpoint: Url::parse("http://127.0.0.1:1/token").expect("a URL"),
            client_id: "desktop".to_owned(),
            client_auth: ClientAuth::None,
            scope: Some("read write".to_owned()),
            resource: None,
        };
        let request = oauth_refresh_request(&oauth, &"r t".into(), None);
        assert_eq!(
            request.body.expose_secret(),
            "grant_type=refresh_token&refresh_token=r+t&scope=read+write&client_id=desktop"
        );
        assert!(request.authorization.is_none());
        oauth.client_auth = ClientAuth::ClientSecretBasic;
        let request = oauth_refresh_request(&oauth, &"r".into(), Some(&"s".into()));
        assert!(!request.body.expose_secret().contains("client"));
        assert!(request.authorization.is_some());
    }
}
