//! Who may talk to the demo: programs that name this very server, and no web page (security.md, N57).

use crate::answer::problem;
use crate::server::Shared;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Lets a request pass, or answers 403 before anything looks at it.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    if comes_from_a_program(shared.authority(), request.uri(), request.headers()) {
        return next.run(request).await;
    }
    shared.tally.add(|counts| counts.foreign_refused += 1);
    problem(
        StatusCode::FORBIDDEN,
        "The demo server answers programs on this machine, not web pages or other host names",
    )
}

/// A rebound host name shows in `Host`, a page's script in `Origin`, and a page's image or form in `Sec-Fetch-Site`.
fn comes_from_a_program(authority: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let is_here = |host: &str| {
        host.eq_ignore_ascii_case(authority)
            || host
                .rsplit_once(':')
                .is_some_and(|(name, at)| name.eq_ignore_ascii_case("localhost") && at == port)
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let one_host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_here),
        _ => false,
    };
    one_host
        && uri.authority().is_none_or(|named| is_here(named.as_str()))
        && headers.get(header::ORIGIN).is_none()
        && headers
            .get("sec-fetch-site")
            .is_none_or(|site| site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn check(uri: &str, lines: &[(&str, &str)], expected: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        let uri = uri.parse().expect("a request target");
        let passed = comes_from_a_program("127.0.0.1:4000", &uri, &headers);
        assert_eq!(passed, expected, "{uri} {lines:?}");
    }

    #[test]
    fn only_programs_that_name_this_server_pass() {
        let here = ("host", "127.0.0.1:4000");
        check("/", &[here], true);
        check("/", &[("host", "LocalHost:4000")], true);
        check("http://127.0.0.1:4000/", &[here], true);
        check("http://attacker.test/", &[here], false);
        check("/", &[], false);
        check("/", &[here, here], false);
        check("/", &[("host", "127.0.0.1:4001")], false);
        check("/", &[("host", "127.0.0.1")], false);
        check("/", &[("host", "localhost.attacker.test:4000")], false);
        check("/", &[("host", "attacker.test:4000")], false);
        check("/", &[here, ("origin", "https://attacker.test")], false);
        check("/", &[here, ("origin", "null")], false);
        check("/", &[here, ("origin", "http://127.0.0.1:4000")], false);
        check("/", &[here, ("sec-fetch-site", "cross-site")], false);
        check("/", &[here, ("sec-fetch-site", "same-site")], false);
        check("/", &[here, ("sec-fetch-site", "none")], true);
    }
}
