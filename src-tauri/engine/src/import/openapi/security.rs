//! Security schemes: OAuth flows become sessions, keys and fixed tokens become secret variables.

use serde_json::Value;
use url::Url;

use super::super::fields::{entries, text};
use super::super::imported::ImportedRequest;
use super::super::left_out::WhyLeftOut;
use super::super::sign_in::{Oauth, issuer, kept, oauth};
use super::Reader;

/// The flows of OpenAPI 3 and the words of Swagger 2, the best first.
const FLOWS: [&str; 4] = [
    "authorizationCode",
    "clientCredentials",
    "password",
    "implicit",
];

impl<'a> Reader<'a, '_> {
    pub(super) fn schemes(&self) -> &'a Value {
        let place = if self.two {
            "/securityDefinitions"
        } else {
            "/components/securitySchemes"
        };
        let root: &'a Value = self.root;
        root.pointer(place).unwrap_or(&Value::Null)
    }

    /// The first way of several to sign a request in.
    pub(super) fn secure(&mut self, at: &str, operation: &Value, request: &mut ImportedRequest) {
        let root = self.root;
        let wanted = operation.get("security").or_else(|| root.get("security"));
        let Some(alternatives) = wanted.and_then(Value::as_array) else {
            return;
        };
        let named = alternatives
            .iter()
            .filter(|one| one.as_object().is_some_and(|names| !names.is_empty()));
        for (index, alternative) in named.enumerate() {
            for (name, _) in alternative.as_object().into_iter().flatten() {
                if index > 0 {
                    self.collector
                        .leave(at, format!("sign-in {name}"), WhyLeftOut::OtherSignIn);
                } else {
                    self.use_scheme(at, name, request);
                }
            }
        }
    }

    fn use_scheme(&mut self, at: &str, name: &str, request: &mut ImportedRequest) {
        let Some(scheme) = self.schemes().get(name) else {
            return self.collector.leave(
                at,
                format!("sign-in {name}"),
                WhyLeftOut::BrokenReference,
            );
        };
        let Some(scheme) = self.resolve(at, scheme) else {
            return;
        };
        let what = format!("sign-in {name}");
        match (
            text(scheme, "type"),
            text(scheme, "scheme").to_ascii_lowercase().as_str(),
        ) {
            ("oauth2", _) => {
                let session = if self.two {
                    self.swagger_flow(name, scheme)
                } else {
                    self.flow(name, scheme)
                };
                if session.is_some() {
                    request.session = session;
                }
            }
            ("apiKey", _) => {
                let key = text(scheme, "name").to_owned();
                let value = kept(&mut self.collector, at, name, "");
                match text(scheme, "in") {
                    "query" => {
                        let glue = if request.url.contains('?') { '&' } else { '?' };
                        request.url = format!("{}{glue}{key}={value}", request.url);
                    }
                    "cookie" => request
                        .headers
                        .push(("Cookie".to_owned(), format!("{key}={value}"))),
                    _ => request.headers.push((key, value)),
                }
            }
            ("http", "bearer") => {
                let value = kept(&mut self.collector, at, name, "");
                request
                    .headers
                    .push(("Authorization".to_owned(), format!("Bearer {value}")));
            }
            ("http", "basic") | ("basic", _) => {
                let value = kept(&mut self.collector, at, name, "");
                request
                    .headers
                    .push(("Authorization".to_owned(), format!("Basic {value}")));
            }
            ("openIdConnect", _) => {
                let address = text(scheme, "openIdConnectUrl");
                let session = issuer(&mut self.collector, name, address);
                if session.is_some() {
                    request.session = session;
                }
            }
            _ => self.collector.leave(at, what, WhyLeftOut::NotSupported),
        }
    }

    fn flow(&mut self, name: &str, scheme: &Value) -> Option<String> {
        let flows: Vec<(&str, &Value)> = entries(scheme, "flows").collect();
        let best = FLOWS
            .into_iter()
            .find_map(|wanted| flows.iter().find(|(flow, _)| *flow == wanted))?;
        for (other, _) in flows.iter().filter(|(other, _)| other != &best.0) {
            self.collector.leave_once(
                format!("sign-in {name}: flow {other}"),
                WhyLeftOut::OtherSignIn,
            );
        }
        self.session(name, best.0, best.1)
    }

    fn swagger_flow(&mut self, name: &str, scheme: &Value) -> Option<String> {
        self.session(name, text(scheme, "flow"), scheme)
    }

    fn session(&mut self, name: &str, flow: &str, found: &Value) -> Option<String> {
        if let Some(known) = self.sessions.get(name) {
            return known.clone();
        }
        let scopes: Vec<&str> = entries(found, "scopes")
            .map(|(scope, _)| scope)
            .filter(|scope| !scope.starts_with("x-"))
            .collect();
        let token_url = text(found, "tokenUrl");
        let token_url = match (&self.server, Url::parse(token_url)) {
            (Some(server), Err(_)) if !token_url.is_empty() => server
                .join(token_url)
                .map_or_else(|_| token_url.to_owned(), |url| url.to_string()),
            _ => token_url.to_owned(),
        };
        let found = Oauth {
            name,
            grant: flow,
            token_url: &token_url,
            authorization_url: text(found, "authorizationUrl"),
            scope: scopes.join(" "),
            ..Oauth::default()
        };
        let session = oauth(&mut self.collector, "", found);
        self.sessions.insert(name.to_owned(), session.clone());
        session
    }
}
