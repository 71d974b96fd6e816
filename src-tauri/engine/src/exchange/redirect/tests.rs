//! Redirects as a table: a stop, an answer, and where it leads or why it does not.

use reqwest::header::HeaderValue;

use super::*;

fn hop(method: &Method, url: &str) -> Hop {
    Hop {
        method: method.clone(),
        url: Url::parse(url).expect("a URL"),
    }
}

fn from(method: &Method, status: u16, location: &str) -> Result<Next> {
    let trail = [hop(method, "https://api.test/a/b?x=1")];
    next(&trail, true, status, location.as_bytes())
}

#[test]
fn the_method_and_the_body_follow_the_status() {
    let purge = Method::from_bytes(b"PURGE").expect("a method");
    for (status, method, expected, keeps_body) in [
        (301, &Method::POST, &Method::GET, false),
        (302, &Method::POST, &Method::GET, false),
        (303, &Method::POST, &Method::GET, false),
        (303, &Method::PUT, &Method::GET, false),
        (303, &Method::HEAD, &Method::HEAD, false),
        (307, &Method::POST, &Method::POST, true),
        (308, &Method::POST, &Method::POST, true),
        (301, &Method::PUT, &Method::PUT, true),
        (302, &purge, &purge, true),
        (302, &Method::GET, &Method::GET, true),
    ] {
        let next = from(method, status, "/next").expect("it leads somewhere");
        assert_eq!(
            (&next.hop.method, next.keeps_body),
            (expected, keeps_body),
            "{status} {method}"
        );
    }
}

/// Scenario 104. N6.
#[test]
fn only_the_full_origin_is_the_same() {
    for (location, url, same_origin) in [
        ("c", "https://api.test/a/c", true),
        ("/c?d#e", "https://api.test/c?d", true),
        ("https://API.test:443/", "https://api.test/", true),
        ("//api.test/c", "https://api.test/c", true),
        ("//evil.test/c", "https://evil.test/c", false),
        ("https://api.test:8443/", "https://api.test:8443/", false),
        (
            "https://api.test.evil.test/",
            "https://api.test.evil.test/",
            false,
        ),
    ] {
        let next = from(&Method::POST, 303, location).expect("it leads somewhere");
        assert_eq!(
            (next.hop.url.as_str(), next.same_origin),
            (url, same_origin),
            "{location}"
        );
    }
    let trail = [hop(&Method::GET, "http://127.0.0.1:4000/")];
    let next = next(&trail, false, 302, b"https://127.0.0.1:4000/").expect("it leads somewhere");
    assert!(!next.same_origin, "another scheme is another origin");
}

/// N7: the same host and port, and clear text all the same.
/// Scenario 104.
#[test]
fn clear_text_after_https_stops_and_names_both() {
    for location in [
        "http://api.test/",
        "http://api.test:443/",
        "http://127.0.0.1/",
        "http://evil.test/",
    ] {
        let failure = from(&Method::POST, 303, location).expect_err(location);
        assert_eq!(failure.code, Code::RedirectCleartext, "{failure}");
        assert_eq!(failure.params["from"], "https://api.test");
        assert!(location.starts_with(&failure.params["to"]), "{failure}");
    }
}

/// N6: a body does not travel to another origin unless somebody says so.
/// Scenario 104.
#[test]
fn a_body_to_another_origin_stops_and_names_both() {
    for status in [307, 308] {
        let failure = from(&Method::POST, status, "https://evil.test/").expect_err("it stops");
        assert_eq!(failure.code, Code::RedirectBody);
        assert_eq!(
            (
                failure.params["from"].as_str(),
                failure.params["to"].as_str()
            ),
            ("https://api.test", "https://evil.test")
        );
    }
    assert!(from(&Method::PUT, 302, "https://evil.test/").is_err());
    assert!(
        from(&Method::POST, 302, "https://evil.test/").is_ok(),
        "the body stays behind"
    );
    let trail = [hop(&Method::POST, "https://api.test/")];
    assert!(
        next(&trail, false, 307, b"https://evil.test/").is_ok(),
        "there is no body"
    );
}

/// N8.
#[test]
fn an_address_that_is_none_stops() {
    for location in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b.test",
        "https://ada:pw@api.test/",
        "https://api.test\\@evil.test/",
        "/\\evil.test",
        "https://api.test./",
        "https://api.test:0/",
        "http://[",
        "",
        "  ",
    ] {
        let failure = from(&Method::GET, 302, location).expect_err(location);
        assert_eq!(failure.code, Code::RedirectInvalid, "{location}");
        assert!(!failure.to_string().contains("pw"), "{failure}");
    }
    let trail = [hop(&Method::GET, "https://api.test/")];
    let failure = next(&trail, false, 302, b"/\xff").expect_err("not text");
    assert_eq!(failure.code, Code::RedirectInvalid);
}

/// N8.
/// Scenario 70.
#[test]
fn a_loop_and_a_long_chain_stop_with_the_chain() {
    let mut trail = vec![
        hop(&Method::GET, "https://api.test/a"),
        hop(&Method::GET, "https://api.test/b"),
    ];
    let failure = next(&trail, false, 302, b"/a#again").expect_err("it was there");
    assert_eq!(failure.code, Code::RedirectLoop);
    assert_eq!(
        failure.params["chain"],
        "https://api.test/a -> https://api.test/b -> https://api.test/a"
    );
    // The same address by another method is another stop: form, then result.
    let posted = [hop(&Method::POST, "https://api.test/a")];
    assert!(next(&posted, true, 303, b"/a").is_ok());

    for step in trail.len()..HOPS_MAX {
        let location = format!("/step/{step}");
        let next = next(&trail, false, 302, location.as_bytes()).expect("within the limit");
        trail.push(next.hop);
    }
    let last = next(&trail, false, 302, b"/tenth").expect("the tenth");
    trail.push(last.hop);
    let failure = next(&trail, false, 302, b"/eleventh").expect_err("one too many");
    assert_eq!(
        (failure.code, failure.params["limit"].as_str()),
        (Code::RedirectTooMany, "10")
    );
}

/// Scenario 104.
#[test]
fn secrets_stay_with_their_origin() {
    let all = [
        "authorization",
        "cookie",
        "dpop",
        "x-api-key",
        "x-shop-key",
        "host",
        "content-type",
        "accept",
    ];
    let secret = ["X-Shop-Key".to_owned()];
    for (status, location, stays) in [
        (307, "/c", &[][..]),
        (303, "/c", &["content-type"]),
        (
            303,
            "https://b.test/",
            &[
                "authorization",
                "cookie",
                "dpop",
                "x-api-key",
                "x-shop-key",
                "host",
                "content-type",
            ],
        ),
    ] {
        let mut headers = HeaderMap::new();
        for name in all {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        let next = from(&Method::POST, status, location).expect("it leads somewhere");
        let mut stripped = strip(&mut headers, &next, &secret);
        let mut expected: Vec<String> = stays.iter().map(ToString::to_string).collect();
        stripped.sort();
        expected.sort();
        assert_eq!(stripped, expected, "{status} {location}");
        assert_eq!(headers.len(), all.len() - expected.len());
    }
}
