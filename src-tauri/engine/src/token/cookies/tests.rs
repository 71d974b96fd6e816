use reqwest::header::HeaderValue;

use super::*;
use crate::session::config::JsonRequest;

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn set(cookies: &[&str]) -> HeaderMap {
    let value = |text: &&str| HeaderValue::from_str(text).expect("a header's value");
    cookies
        .iter()
        .map(|text| (SET_COOKIE, value(text)))
        .collect()
}

fn jar(from: &str, cookies: &[&str]) -> Jar {
    let mut jar = Jar::default();
    jar.absorb(&set(cookies), &url(from), "", &mut Vec::new());
    jar
}

fn sent(jar: &Jar, to: &str) -> String {
    let header = jar.header_for(&url(to));
    header.map_or_else(String::new, |header| header.expose_secret().to_owned())
}

/// RFC 6265bis §5.8.3: domain, path and secure decide, and nothing else does.
#[test]
fn a_cookie_goes_where_it_is_for() {
    let jar = jar(
        "https://api.acme.test/auth/login",
        &[
            "host=1; Path=/",
            "wide=2; Domain=acme.test; Path=/",
            "deep=3; Path=/auth/refresh",
            "here=4",
            "tls=5; Path=/; Secure",
        ],
    );
    for (to, expected) in [
        ("https://api.acme.test/", "host=1; tls=5; wide=2"),
        (
            "https://api.acme.test/auth/me",
            "here=4; host=1; tls=5; wide=2",
        ),
        (
            "https://api.acme.test/auth/refresh",
            "deep=3; here=4; host=1; tls=5; wide=2",
        ),
        ("https://api.acme.test/authority", "host=1; tls=5; wide=2"),
        ("http://api.acme.test/", "host=1; wide=2"),
        ("https://other.acme.test/", "wide=2"),
        ("https://notacme.test/", ""),
        ("https://acme.test.evil.test/", ""),
    ] {
        assert_eq!(sent(&jar, to), expected, "{to}");
    }
}

/// RFC 6265bis §4.1.3, §5.6.
#[test]
fn a_cookie_that_is_not_for_this_server_to_set_is_not_taken() {
    let long = format!("a={}", "b".repeat(COOKIE_BYTES_MAX));
    for (from, cookie) in [
        ("https://api.acme.test/", "a=1; Domain=other.test"),
        (
            "https://api.acme.test/",
            "a=1; Domain=api.acme.test.evil.test",
        ),
        ("http://api.acme.test/", "a=1; Secure"),
        ("https://api.acme.test/", "__Secure-a=1"),
        (
            "https://api.acme.test/",
            "__host-a=1; Secure; Path=/; Domain=acme.test",
        ),
        ("https://api.acme.test/", "__Host-a=1; Secure; Path=/auth"),
        ("https://api.acme.test/", "__Host-a=1; Path=/"),
        ("https://api.acme.test/", "a=1; Max-Age=0"),
        ("https://api.acme.test/", "no cookie at all"),
        ("https://api.acme.test/", long.as_str()),
    ] {
        let mut warnings = Vec::new();
        let mut jar = Jar::default();
        assert!(!jar.absorb(&set(&[cookie]), &url(from), "a", &mut warnings));
        assert_eq!(sent(&jar, from), "", "{cookie}");
        assert_eq!(warnings.len(), 1, "{cookie}");
    }
    let kept = jar("https://api.acme.test/", &["__Host-a=1; Secure; Path=/"]);
    assert_eq!(sent(&kept, "https://api.acme.test/x"), "__Host-a=1");
    let local = jar("http://127.0.0.1:4000/", &["a=1; Secure"]);
    assert_eq!(
        sent(&local, "http://127.0.0.1:4000/"),
        "a=1",
        "this machine is no network"
    );
}

#[test]
fn a_jar_is_bounded_and_a_server_may_empty_it() {
    let from = url("https://api.acme.test/");
    let many: Vec<String> = (0..COOKIES_MAX + 5).map(|n| format!("c{n}=1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut warnings = Vec::new();
    let mut jar = Jar::default();
    jar.absorb(&set(&many), &from, "", &mut warnings);
    assert_eq!((jar.secrets().len(), warnings.len()), (COOKIES_MAX, 5));
    jar.absorb(&set(&["c0=; Max-Age=0"]), &from, "", &mut warnings);
    assert_eq!(jar.secrets().len(), COOKIES_MAX - 1);
    let mut jar = Jar::default();
    let large: Vec<String> = (0..10)
        .map(|n| format!("c{n}={}", "v".repeat(COOKIE_BYTES_MAX - 8)))
        .collect();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    jar.absorb(&set(&large), &from, "", &mut Vec::new());
    assert!(jar.text().expose_secret().len() <= JAR_BYTES_MAX);
}

#[test]
fn a_jar_that_was_written_down_is_the_same_jar() {
    let before = jar(
        "https://api.acme.test/",
        &["a=1; Path=/; Max-Age=60", "b=%3D2; Path=/x; HttpOnly"],
    );
    let after = Jar::read(&before.text()).expect("a jar");
    for to in ["https://api.acme.test/", "https://api.acme.test/x/y"] {
        assert_eq!(sent(&after, to), sent(&before, to));
    }
    assert_eq!(sent(&after, "https://api.acme.test/x"), "b=%3D2; a=1");
    let read = after.readable("b", &url("https://api.acme.test/x"));
    assert_eq!(read.expect("there").expose_secret(), "=2");
    assert!(
        after
            .readable("b", &url("https://api.acme.test/"))
            .is_none()
    );
    assert!(Jar::read(&"no jar".into()).is_none());
    assert!(!format!("{before:?}").contains("%3D2"));
}

fn dialect(refreshes: bool) -> CookieDialect {
    let request = || JsonRequest::post(url("https://api.acme.test/login"), Value::Null);
    CookieDialect {
        prepare: None,
        sign_in: request(),
        refresh: refreshes.then(request),
        cookie: "sid".to_owned(),
        csrf: None,
    }
}

#[test]
fn the_sessions_cookie_decides_whether_somebody_is_signed_in_and_for_how_long() {
    const NOW: WallMs = WallMs(1_700_000_000_000);
    let before = jar("https://api.acme.test/", &["sid=old; Path=/"]);
    for (step, cookies, body, signed_in, lifetime_ms) in [
        (Step::SignIn, &["sid=new; Path=/"][..], "", true, None),
        (
            Step::SignIn,
            &["sid=new; Max-Age=60"],
            "",
            true,
            Some(60_000),
        ),
        (
            Step::SignIn,
            &["sid=new; Max-Age=60"],
            r#"{"expires_in": 30}"#,
            true,
            Some(30_000),
        ),
        (
            Step::SignIn,
            &["sid=new; Max-Age=30"],
            r#"{"expires_in": 60}"#,
            true,
            Some(30_000),
        ),
        (Step::SignIn, &["other=new"], "", false, None),
        (Step::Refresh, &["other=new"], "", true, None),
        (Step::Refresh, &["sid=; Path=/; Max-Age=0"], "", false, None),
        (Step::Prepare, &[], "", true, None),
    ] {
        let headers = set(cookies);
        let answer = (body.as_bytes(), &headers);
        let from = url("https://api.acme.test/login");
        let places = ReplyPlaces::default();
        let reply = read(&before, &dialect(true), step, &from, answer, &places, NOW);
        assert_eq!(
            reply.access_token.is_some(),
            signed_in,
            "{step:?} {cookies:?}"
        );
        assert_eq!(
            reply.refresh_token.is_some(),
            signed_in,
            "{step:?} {cookies:?}"
        );
        assert_eq!(
            reply.lifetime_ms, lifetime_ms,
            "{step:?} {cookies:?} {body}"
        );
        assert_eq!(reply.scheme, Scheme::Cookie);
        let headers = set(cookies);
        let answer = (body.as_bytes(), &headers);
        let reply = read(&before, &dialect(false), step, &from, answer, &places, NOW);
        assert!(reply.refresh_token.is_none(), "nothing renews it");
    }
}
