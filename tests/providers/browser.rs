//! What a browser does during a sign-in, by hand: cookies, redirects, the login page and the consent page.

use std::collections::BTreeMap;
use std::time::Duration;
use ureq::http::{Request, Response};
use url::Url;

/// How many pages a sign-in may take before something is wrong.
const STEPS_MAX: usize = 12;
const DEADLINE: Duration = Duration::from_secs(20);

/// A client that hides nothing: no redirect followed, no status an error.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(DEADLINE))
        .build()
        .new_agent()
}

/// Goes to an authorization address, signs in and consents, and answers the address it is sent back to.
pub(crate) fn sign_in(authorization: &Url, redirect_uri: &str) -> Url {
    let agent = agent();
    let mut cookies = BTreeMap::new();
    let mut at = authorization.clone();
    let mut form: Option<String> = None;
    for _ in 0..STEPS_MAX {
        if at.as_str().starts_with(redirect_uri) {
            return at;
        }
        let mut response = send(&agent, &at, form.take(), &cookies);
        keep_cookies(&mut cookies, &response);
        if let Some(next) = response.headers().get("location") {
            let next = next.to_str().expect("an address in ASCII");
            at = at.join(next).expect("an address");
            continue;
        }
        assert_eq!(response.status(), 200, "at {}", at.path());
        let page = response.body_mut().read_to_string().expect("a page");
        let (action, fields) = filled_in(&page);
        at = at.join(&action).expect("the form's address");
        form = Some(fields);
    }
    panic!("the sign-in did not end after {STEPS_MAX} pages");
}

fn send(
    agent: &ureq::Agent,
    at: &Url,
    form: Option<String>,
    cookies: &BTreeMap<String, String>,
) -> Response<ureq::Body> {
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = Request::builder()
        .uri(at.as_str())
        .header("cookie", pairs.join("; "));
    let answer = match form {
        None => agent.run(request.body(()).expect("a request")),
        Some(fields) => {
            let request = request
                .method("POST")
                .header("content-type", "application/x-www-form-urlencoded");
            agent.run(request.body(fields).expect("a request"))
        }
    };
    answer.expect("an answer")
}

/// Takes over the cookies of an answer by name; an emptied one is forgotten. Paths are not needed for one sign-in at a time.
fn keep_cookies(cookies: &mut BTreeMap<String, String>, response: &Response<ureq::Body>) {
    for line in response.headers().get_all("set-cookie") {
        let line = line.to_str().expect("a cookie in ASCII");
        let pair = line.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').expect("a name and a value");
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The address of a page's form, and its fields as a person would send them: any name and password will do here.
fn filled_in(page: &str) -> (String, String) {
    let form = tags(page, "form").next().expect("the page has a form");
    let action = attribute(form, "action").expect("the form has an address");
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for input in tags(page, "input") {
        if let Some(name) = attribute(input, "name") {
            fields.append_pair(
                &name,
                &attribute(input, "value").unwrap_or_else(|| "ada".to_owned()),
            );
        }
    }
    (action, fields.finish())
}

fn tags<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.split('<').filter(move |tag| {
        tag.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '>']))
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&amp;", "&"))
}
