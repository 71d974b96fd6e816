//! What a browser does during a sign-in, by hand: cookies, redirects, the login page, the consent page, and the page that takes
//! the code of another device.

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
    match visit(authorization, Some(redirect_uri)) {
        End::SentBack(at) => at,
        End::Page(page) => panic!("a page without a form: {page}"),
    }
}

/// Goes to where a code is typed that another device shows, signs in and says yes, and answers the last page.
pub(crate) fn say_yes(link: &Url) -> String {
    match visit(link, None) {
        End::Page(page) => page,
        End::SentBack(at) => panic!("nobody waits at {at}"),
    }
}

/// Where a visit ends.
enum End {
    SentBack(Url),
    /// A page on which there is nothing left to do.
    Page(String),
}

fn visit(link: &Url, redirect_uri: Option<&str>) -> End {
    let agent = agent();
    let mut cookies = BTreeMap::new();
    let mut at = link.clone();
    let mut form: Option<String> = None;
    for _ in 0..STEPS_MAX {
        if redirect_uri.is_some_and(|back| at.as_str().starts_with(back)) {
            return End::SentBack(at);
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
        if tags(&page, "form").next().is_none() {
            return End::Page(page);
        }
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
    // Without one, it goes to where it stands.
    let action = attribute(form, "action").unwrap_or_default();
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for input in tags(page, "input") {
        if let Some(name) = attribute(input, "name") {
            // What a page hides and leaves empty is not a person's to fill.
            let hidden = attribute(input, "type").as_deref() == Some("hidden");
            let typed = if hidden { "" } else { "ada" };
            fields.append_pair(
                &name,
                &attribute(input, "value").unwrap_or_else(|| typed.to_owned()),
            );
        }
    }
    // The first button is the one that says yes; it may have something to say itself.
    let button = tags(page, "button").next();
    let said = button.and_then(|button| Some((attribute(button, "name")?, button)));
    if let Some((name, button)) = said {
        fields.append_pair(&name, &attribute(button, "value").unwrap_or_default());
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
