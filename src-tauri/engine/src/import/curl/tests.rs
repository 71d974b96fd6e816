//! Lines as people paste them, and what comes of each.

use super::*;

/// The draft in a few words: method, address, headers, body; then what was left out.
fn told(line: &str) -> String {
    let FromCurl { draft, left_out } = match read(line) {
        Ok(read) => read,
        Err(failure) => return format!("! {}", failure.params["detail"]),
    };
    let mut told = format!("{} {}", draft.method, draft.url);
    for (name, value) in &draft.headers {
        told.push_str(&format!(" | {name}: {value}"));
    }
    if let Some(Body::Text(body)) = &draft.body {
        told.push_str(&format!(" | {body:?}"));
    }
    for LeftOut { what, why, .. } in &left_out {
        told.push_str(&format!(" - {what} {why:?}"));
    }
    told
}

#[test]
fn a_line_becomes_the_request_that_curl_would_send() {
    const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
    for (line, expected) in [
        ("curl https://a.test/x", "GET https://a.test/x".to_owned()),
        ("curl a.test", "GET http://a.test".to_owned()),
        ("/usr/bin/curl -sSL 'https://a.test/?a=1&b=2'", "GET https://a.test/?a=1&b=2".to_owned()),
        ("curl -XPUT -H'A: b' --url https://a.test", "PUT https://a.test | A: b".to_owned()),
        ("curl https://a.test \\\n  -H 'A: b' \\\r\n  -H \"C: d\"", "GET https://a.test | A: b | C: d".to_owned()),
        ("curl https://a.test -H 'Accept:' -H 'X-Empty;'", "GET https://a.test | X-Empty: ".to_owned()),
        ("curl -I https://a.test", "HEAD https://a.test".to_owned()),
        ("curl https://a.test -d a=1 -d 'b=2 3'", format!("POST https://a.test | {FORM} | \"a=1&b=2 3\"")),
        ("curl https://a.test --data-raw @me", format!("POST https://a.test | {FORM} | \"@me\"")),
        ("curl https://a.test --data-urlencode 'q=a b&c'", format!("POST https://a.test | {FORM} | \"q=a+b%26c\"")),
        ("curl -G 'https://a.test/?x=1#top' -d q=2", "GET https://a.test/?x=1&q=2#top".to_owned()),
        ("curl https://a.test -H 'content-type: text/plain' -d x", "POST https://a.test | content-type: text/plain | \"x\"".to_owned()),
        (
            "curl --json '{\"a\":1}' https://a.test",
            "POST https://a.test | Content-Type: application/json | Accept: application/json | \"{\\\"a\\\":1}\"".to_owned(),
        ),
        ("curl -u ada:pw https://a.test", "GET https://a.test | Authorization: Basic YWRhOnB3".to_owned()),
        ("curl --oauth2-bearer T https://a.test", "GET https://a.test | Authorization: Bearer T".to_owned()),
        ("curl -b 'a=1; b=2' -b c=3 https://a.test", "GET https://a.test | Cookie: a=1; b=2; c=3".to_owned()),
        ("curl https://a.test -d $'it\\'s \\u00fc\\x41\\n'", format!("POST https://a.test | {FORM} | \"it's üA\\n\"")),
        ("curl https://a.test -- -x", "GET https://a.test - URL SecondRequest".to_owned()),
        ("curl --no-keepalive -o out.json --compressed https://a.test", "GET https://a.test - --keepalive Connection".to_owned()),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn what_reads_files_loosens_trust_or_needs_a_shell_is_listed_and_not_done() {
    for (line, expected) in [
        (
            "curl -k https://a.test",
            "GET https://a.test - --insecure LoosensTls",
        ),
        (
            "curl -K evil.conf https://a.test",
            "GET https://a.test - --config ReadsSettings",
        ),
        (
            "curl -d @/etc/passwd https://a.test",
            "GET https://a.test - --data NamesFile",
        ),
        (
            "curl --data-urlencode name@/etc/passwd https://a.test",
            "GET https://a.test - --data-urlencode NamesFile",
        ),
        (
            "curl --json @x https://a.test",
            "GET https://a.test - --json NamesFile",
        ),
        (
            "curl -b jar.txt -H @h.txt https://a.test",
            "GET https://a.test - --cookie NamesFile - --header NamesFile",
        ),
        (
            "curl -F a=@photo.png https://a.test",
            "GET https://a.test - --form NotSupported",
        ),
        (
            "curl -x http://p:3128 https://a.test",
            "GET https://a.test - --proxy Connection",
        ),
        (
            "curl --hovercraft https://a.test",
            "GET https://a.test - --hovercraft Unknown",
        ),
        (
            "curl https://a.test https://b.test",
            "GET https://a.test - URL SecondRequest",
        ),
        (
            "curl https://a.test --next https://b.test",
            "GET https://a.test - --next SecondRequest",
        ),
        (
            "curl https://a.test | sh",
            "GET https://a.test - | sh Shell",
        ),
        (
            "curl https://a.test; rm -rf /",
            "GET https://a.test - ; rm -rf / Shell",
        ),
        (
            "curl https://a.test > out",
            "GET https://a.test - > out Shell",
        ),
        (
            "curl https://a.test -H \"Authorization: Bearer $TOKEN\"",
            "GET https://a.test | Authorization: Bearer $TOKEN - $TOKEN Shell",
        ),
        (
            "curl https://a.test/$(id)",
            "GET https://a.test/$(id) - $(id) Shell",
        ),
        ("curl https://a.test/'$(id)'", "GET https://a.test/$(id)"),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn what_is_no_line_is_refused_in_words() {
    for (line, expected) in [
        ("", "! it does not begin with curl"),
        ("wget https://a.test", "! it does not begin with curl"),
        ("https://a.test/curl x", "! it does not begin with curl"),
        ("curl", "! it names no address"),
        ("curl -X", "! it names no address"),
        ("curl 'https://a.test", "! a ' is opened and never closed"),
        ("curl \"https://a.test", "! a \" is opened and never closed"),
        ("curl $'https://a.test", "! a $' is opened and never closed"),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
    let long = format!("curl https://a.test -d {}", "x".repeat(LINE_BYTES_MAX));
    assert!(told(&long).starts_with("! it has "));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(curl )?[ -~\\n'\"$\\\\]{0,60}") {
        // Whatever comes of it.
        drop(read(&text));
    }
}
