//! A running server for one test, and the two clients that talk to it: one that knows HTTP and one that only knows sockets.

use sandglass_demo::{
    BASIC_CLIENT, BASIC_SECRET, DEMO_PASSWORD, DEMO_USER, Demo, NO_DELAY, Settings,
};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tokio::runtime::Runtime;
use ureq::http::{HeaderMap, Method, Request};

/// How long a socket may stay silent before a test fails instead of hanging.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A server on its own runtime; tests stay blocking and readable.
pub(crate) struct Server {
    pub(crate) demo: Demo,
    pub(crate) runtime: Runtime,
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let demo = runtime
            .block_on(Demo::start(settings))
            .expect("a free port on loopback");
        Self { demo, runtime }
    }

    /// A server that answers at once, with tokens that outlive any test.
    pub(crate) fn quick() -> Self {
        Self::start(quick())
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.demo.origin())
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.demo.stop());
    }
}

pub(crate) fn quick() -> Settings {
    Settings {
        access_ttl: Duration::from_secs(600),
        delay: NO_DELAY,
        ..Settings::default()
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON body")
    }

    /// A field of the JSON body, as text.
    pub(crate) fn field(&self, name: &str) -> String {
        let value = &self.json()[name];
        value.as_str().expect("a text field").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect("the header is there");
        value.to_str().expect("a header in ASCII")
    }
}

/// An HTTP client that hides nothing: no redirect followed, no status an error.
pub(crate) struct Client {
    origin: String,
    agent: ureq::Agent,
}

impl Client {
    pub(crate) fn of(origin: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(DEADLINE))
            .build();
        Self {
            origin: origin.to_owned(),
            agent: config.new_agent(),
        }
    }

    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // A body of no bytes would still announce itself on a GET.
        let mut response = if body.is_empty() {
            self.agent.run(request.body(()).expect("a request"))?
        } else {
            self.agent
                .run(request.body(body.to_owned()).expect("a request"))?
        };
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string()?,
        })
    }

    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        let json = [("content-type", "application/json")];
        self.send(Method::POST, path, &json, &body.to_string())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).expect("an answer")
    }

    /// `GET` with an access token.
    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.send(Method::GET, path, &[("authorization", &bearer)], "")
            .expect("an answer")
    }

    pub(crate) fn log_in(&self) -> Answer {
        let known = json!({ "username": DEMO_USER, "password": DEMO_PASSWORD });
        self.post("/auth/login", &known)
    }

    pub(crate) fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh", &json!({ "refreshToken": token }))
    }

    /// A form to an OAuth endpoint as the client with a secret.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.form_as(path, Some(&basic(BASIC_CLIENT, BASIC_SECRET)), fields)
    }

    /// A form with this `Authorization`, or none.
    pub(crate) fn form_as(
        &self,
        path: &str,
        authorization: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(authorization.map(|value| ("authorization", value)));
        self.send(Method::POST, path, &headers, &body)
            .expect("an answer")
    }
}

/// `Basic …` with both halves form-encoded (RFC 6749, section 2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let half =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", half(id), half(secret));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

/// What a token says, read without checking anything.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let body = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(body)
        .expect("Base64");
    serde_json::from_slice(&bytes).expect("JSON claims")
}

/// Sends bytes as they are and reads to the end of the connection.
pub(crate) fn raw(origin: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(origin.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
