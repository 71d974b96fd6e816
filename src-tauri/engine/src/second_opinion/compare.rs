//! Two answers to one request, point by point: what differs, what of that always does, and what it most likely comes from.
//! Decides everything and asks nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Failure;

/// Differences that are listed; headers beyond are counted with the last one.
const DIFFERENCES_MAX: usize = 60;
/// Characters of a value that is shown in a difference.
const VALUE_CHARS_MAX: usize = 300;
/// An answer is slower only if it takes at least this many times as long, and [`SLOWER_US_MIN`] longer.
const SLOWER_TIMES_MIN: u64 = 3;
/// In microseconds.
const SLOWER_US_MIN: u64 = 200_000;

/// Headers that differ between any two answers, or speak of the connection and not of the answer.
const ALWAYS_DIFFERENT: [&str; 16] = [
    "age",
    "alt-svc",
    "cf-ray",
    "connection",
    "content-length",
    "date",
    "expires",
    "keep-alive",
    "nel",
    "report-to",
    "server-timing",
    "set-cookie",
    "traceparent",
    "transfer-encoding",
    "x-amz-cf-id",
    "x-runtime",
];

/// One client's side: what it was answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Side {
    /// The HTTP status code. Absent: no answer came.
    pub status: Option<u16>,
    /// Why none came.
    pub failure: Option<Failure>,
    /// The protocol, such as `HTTP/1.1`. Empty: it is not known any more.
    pub version: String,
    /// The headers in the order of the wire, with known secrets masked. Absent: they are not held any more.
    pub headers: Option<Vec<(String, String)>>,
    /// The media type that the answer names, without parameters.
    pub media_type: Option<String>,
    /// Length of the body, in bytes. Absent: it is not known any more.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub body_bytes: Option<u64>,
    /// The body as text, at most `BODY_SHOWN_BYTES_MAX` of it, with known secrets masked. Absent: it is not text, or not held.
    pub text: Option<String>,
    /// The text is only the beginning of the body.
    pub cut: bool,
    /// Time until the answer, in microseconds.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub took_us: u64,
}

/// A way in which the second request was not the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AskedOtherwise {
    /// What was otherwise.
    pub what: Otherwise,
    /// How the first client had it.
    pub ours: String,
    /// How the second one had it.
    pub theirs: String,
}

/// What can be otherwise in the second request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It went without the token.
    Token,
    /// It asked for no content coding: the second client undoes none.
    AcceptEncoding,
    /// It named another client.
    UserAgent,
    /// It spoke another version of HTTP.
    Version,
}

/// One point in which the answers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Difference {
    /// Which point.
    pub point: Point,
    /// How much it says.
    pub weight: Weight,
    /// The header's name, where it is about one.
    pub header: Option<String>,
    /// The first client's. Empty: it had none.
    pub ours: String,
    /// The second client's. Empty: it had none.
    pub theirs: String,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// One was answered, the other was not.
    Answered,
    /// The status.
    Status,
    /// The kind of body.
    MediaType,
    /// The content of the body.
    Body,
    /// The bytes of the body, which say the same.
    Spelling,
    /// The length of a body that cannot be compared otherwise.
    Length,
    /// A header.
    Header,
    /// The version of HTTP.
    Version,
    /// The time that it took.
    Time,
}

/// How much a difference says. The heaviest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The server did something else.
    Decisive,
    /// The server may have done something else.
    Telling,
    /// It differs between any two answers.
    Usual,
}

/// What the two answers say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Both were answered alike: it is the server, and not the client.
    Alike,
    /// They were answered differently, and nothing that was asked otherwise explains it.
    Differs,
    /// The server answers differently without the token.
    WithoutToken,
    /// The server answers differently without `Accept-Encoding`.
    WithoutAcceptEncoding,
    /// The server answers another client differently.
    OtherUserAgent,
    /// The server answers differently over another version of HTTP.
    OtherVersion,
    /// Only the second client was answered: it is the first one, or its connection.
    OnlyTheirs,
    /// Only the first client was answered: the server may not have liked the second, or is gone since.
    OnlyOurs,
    /// Nobody was answered: it is the server, or the way there.
    Nobody,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Compared {
    /// The heaviest differences first.
    pub differences: Vec<Difference>,
    /// What they say together.
    pub conclusion: Conclusion,
}

/// Compares.
pub fn compare(ours: &Side, theirs: &Side, otherwise: &[AskedOtherwise]) -> Compared {
    let mut differences = Vec::new();
    if ours.status.is_some() && theirs.status.is_some() {
        heads(ours, theirs, &mut differences);
        bodies(ours, theirs, &mut differences);
        times(ours, theirs, &mut differences);
    } else if ours.status.is_some() != theirs.status.is_some() {
        let told = |side: &Side| match (side.status, &side.failure) {
            (Some(status), _) => status.to_string(),
            (None, Some(failure)) => failure.code.to_string(),
            (None, None) => String::new(),
        };
        let (ours, theirs) = (told(ours), told(theirs));
        differences.push(difference(Point::Answered, Weight::Decisive, ours, theirs));
    }
    differences.sort_by(|one, other| {
        let place = |of: &Difference| (of.weight, of.point);
        place(one).cmp(&place(other))
    });
    differences.truncate(DIFFERENCES_MAX);
    let conclusion = conclude(ours, theirs, &differences, otherwise);
    Compared {
        differences,
        conclusion,
    }
}

fn difference(point: Point, weight: Weight, ours: String, theirs: String) -> Difference {
    let cut = |text: String| match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    };
    Difference {
        point,
        weight,
        header: None,
        ours: cut(ours),
        theirs: cut(theirs),
    }
}

fn heads(ours: &Side, theirs: &Side, found: &mut Vec<Difference>) {
    if let (Some(one), Some(other)) = (ours.status, theirs.status)
        && one != other
    {
        found.push(difference(
            Point::Status,
            Weight::Decisive,
            one.to_string(),
            other.to_string(),
        ));
    }
    if ours.media_type != theirs.media_type {
        let told = |side: &Side| side.media_type.clone().unwrap_or_default();
        found.push(difference(
            Point::MediaType,
            Weight::Decisive,
            told(ours),
            told(theirs),
        ));
    }
    if !ours.version.is_empty() && ours.version != theirs.version {
        found.push(difference(
            Point::Version,
            Weight::Usual,
            ours.version.clone(),
            theirs.version.clone(),
        ));
    }
    let (Some(one), Some(other)) = (&ours.headers, &theirs.headers) else {
        return;
    };
    let (one, other) = (by_name(one), by_name(other));
    let all = one
        .keys()
        .chain(other.keys().filter(|name| !one.contains_key(*name)));
    for name in all {
        // The kind of body is a point of its own; its parameters are not worth another.
        if name == "content-type" {
            continue;
        }
        let values = [&one, &other].map(|side| side.get(name).cloned().unwrap_or_default());
        let [ours, theirs] = values;
        if ours == theirs {
            continue;
        }
        let usual = ALWAYS_DIFFERENT.contains(&name.as_str()) || name.ends_with("-id");
        let weight = if usual {
            Weight::Usual
        } else {
            Weight::Telling
        };
        found.push(Difference {
            header: Some(name.clone()),
            ..difference(Point::Header, weight, ours, theirs)
        });
    }
}

/// The values of each header, joined in their order, by the name in lower case.
fn by_name(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let values = named.entry(name.to_ascii_lowercase()).or_default();
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(value);
    }
    named
}

fn bodies(ours: &Side, theirs: &Side, found: &mut Vec<Difference>) {
    match (&ours.text, &theirs.text) {
        (Some(one), Some(other)) if one == other => {}
        (Some(one), Some(other)) => {
            let tree = |text: &str| serde_json::from_str::<Value>(text).ok();
            let alike = tree(one).is_some_and(|tree_of_one| Some(tree_of_one) == tree(other));
            let (point, weight) = if alike {
                (Point::Spelling, Weight::Usual)
            } else {
                (Point::Body, Weight::Telling)
            };
            let (one, other) = around_first_difference(one, other);
            found.push(difference(point, weight, one, other));
        }
        _ => {
            if let (Some(one), Some(other)) = (ours.body_bytes, theirs.body_bytes)
                && one != other
            {
                found.push(difference(
                    Point::Length,
                    Weight::Telling,
                    one.to_string(),
                    other.to_string(),
                ));
            }
        }
    }
}

/// The two texts from shortly before where they part.
fn around_first_difference(one: &str, other: &str) -> (String, String) {
    /// Characters before it that are shown.
    const BEFORE: usize = 24;
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let from = same.saturating_sub(BEFORE);
    let shown = |text: &str| {
        let rest: String = text.chars().skip(from).take(VALUE_CHARS_MAX).collect();
        if from > 0 { format!("…{rest}") } else { rest }
    };
    (shown(one), shown(other))
}

fn times(ours: &Side, theirs: &Side, found: &mut Vec<Difference>) {
    let (least, most) = (
        ours.took_us.min(theirs.took_us),
        ours.took_us.max(theirs.took_us),
    );
    if most >= least.saturating_mul(SLOWER_TIMES_MIN) && most - least >= SLOWER_US_MIN {
        found.push(difference(
            Point::Time,
            Weight::Telling,
            ours.took_us.to_string(),
            theirs.took_us.to_string(),
        ));
    }
}

fn conclude(
    ours: &Side,
    theirs: &Side,
    differences: &[Difference],
    otherwise: &[AskedOtherwise],
) -> Conclusion {
    match (ours.status, theirs.status) {
        (None, None) => return Conclusion::Nobody,
        (None, Some(_)) => return Conclusion::OnlyTheirs,
        (Some(_), None) => return Conclusion::OnlyOurs,
        (Some(_), Some(_)) => {}
    }
    let matters = |of: &&Difference| of.weight != Weight::Usual && of.point != Point::Time;
    if !differences.iter().any(|one| matters(&one)) {
        return Conclusion::Alike;
    }
    let asked = |what: Otherwise| otherwise.iter().any(|one| one.what == what);
    let differs = |point: Point| differences.iter().any(|one| one.point == point);
    let header = |name: &str| {
        differences
            .iter()
            .any(|one| one.header.as_deref() == Some(name))
    };
    let varies = |name: &str| {
        let headers = [&ours.headers, &theirs.headers].into_iter().flatten();
        headers.flatten().any(|(known, value)| {
            known.eq_ignore_ascii_case("vary") && value.to_ascii_lowercase().contains(name)
        })
    };
    if asked(Otherwise::Token) && differs(Point::Status) {
        return Conclusion::WithoutToken;
    }
    if asked(Otherwise::AcceptEncoding) && (header("content-encoding") || varies("accept-encoding"))
    {
        return Conclusion::WithoutAcceptEncoding;
    }
    if asked(Otherwise::UserAgent) && varies("user-agent") {
        return Conclusion::OtherUserAgent;
    }
    if asked(Otherwise::Version) && theirs.status == Some(505) {
        return Conclusion::OtherVersion;
    }
    if asked(Otherwise::Token) {
        return Conclusion::WithoutToken;
    }
    if asked(Otherwise::AcceptEncoding) {
        return Conclusion::WithoutAcceptEncoding;
    }
    // A client that is refused for what it is: what firewalls answer to names that they do not know.
    let refused = |status: Option<u16>| matches!(status, Some(403 | 406 | 429));
    if asked(Otherwise::UserAgent) && refused(ours.status) != refused(theirs.status) {
        return Conclusion::OtherUserAgent;
    }
    Conclusion::Differs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn side(status: u16, headers: &[(&str, &str)], text: &str) -> Side {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Side {
            status: Some(status),
            version: "HTTP/1.1".to_owned(),
            headers: Some(headers.collect()),
            media_type: Some("application/json".to_owned()),
            body_bytes: Some(text.len() as u64),
            text: Some(text.to_owned()),
            took_us: 1_000,
            ..Side::default()
        }
    }

    fn none() -> Side {
        Side {
            failure: Some(Failure::new(Code::ConnectionLost)),
            ..Side::default()
        }
    }

    fn otherwise(what: Otherwise) -> AskedOtherwise {
        AskedOtherwise {
            what,
            ours: "a".to_owned(),
            theirs: "b".to_owned(),
        }
    }

    #[test]
    fn what_two_answers_say_together() {
        use Otherwise::{AcceptEncoding, Token, UserAgent};
        let good = || side(200, &[], "{}");
        for (what, ours, theirs, asked, expected) in [
            (
                "the same",
                good(),
                good(),
                &[UserAgent][..],
                Conclusion::Alike,
            ),
            (
                "the same, but for the date",
                side(200, &[("date", "1"), ("x-request-id", "1")], "{}"),
                side(200, &[("Date", "2"), ("X-Request-Id", "2")], "{}"),
                &[UserAgent],
                Conclusion::Alike,
            ),
            (
                "the same data",
                side(200, &[], "{\"a\":1,\"b\":2}"),
                side(200, &[], "{\"b\": 2, \"a\": 1}"),
                &[],
                Conclusion::Alike,
            ),
            ("nobody", none(), none(), &[UserAgent], Conclusion::Nobody),
            (
                "theirs",
                none(),
                good(),
                &[UserAgent],
                Conclusion::OnlyTheirs,
            ),
            ("ours", good(), none(), &[UserAgent], Conclusion::OnlyOurs),
            (
                "no token",
                good(),
                side(401, &[], "{}"),
                &[Token, UserAgent],
                Conclusion::WithoutToken,
            ),
            (
                "a coding",
                side(200, &[("content-encoding", "gzip")], "?"),
                side(200, &[], "{}"),
                &[AcceptEncoding, UserAgent],
                Conclusion::WithoutAcceptEncoding,
            ),
            (
                "another client",
                side(403, &[], "{}"),
                good(),
                &[UserAgent],
                Conclusion::OtherUserAgent,
            ),
            (
                "it says that it looks at the client",
                side(200, &[("Vary", "User-Agent")], "{\"a\":1}"),
                side(200, &[("Vary", "User-Agent")], "{\"a\":2}"),
                &[UserAgent],
                Conclusion::OtherUserAgent,
            ),
            (
                "nothing explains it",
                good(),
                side(500, &[], "{}"),
                &[UserAgent],
                Conclusion::Differs,
            ),
        ] {
            let asked: Vec<_> = asked.iter().copied().map(otherwise).collect();
            let compared = compare(&ours, &theirs, &asked);
            assert_eq!(compared.conclusion, expected, "{what}: {compared:?}");
        }
    }

    #[test]
    fn the_heaviest_difference_comes_first_and_long_values_are_cut() {
        let long = "x".repeat(VALUE_CHARS_MAX * 2);
        let ours = Side {
            took_us: 2_000_000,
            ..side(200, &[("date", "1"), ("etag", &long)], "{\"a\": 1}")
        };
        let theirs = side(404, &[("date", "2"), ("etag", "y")], "{\"a\": 2}");
        let compared = compare(&ours, &theirs, &[]);
        let points: Vec<_> = compared.differences.iter().map(|one| one.point).collect();
        assert_eq!(
            points,
            [
                Point::Status,
                Point::Body,
                Point::Header,
                Point::Time,
                Point::Header
            ]
        );
        let etag = &compared.differences[2];
        assert_eq!(etag.header.as_deref(), Some("etag"));
        assert!(etag.ours.chars().count() <= VALUE_CHARS_MAX + 1);
    }

    #[test]
    fn what_is_not_held_any_more_is_not_compared() {
        let ours = Side {
            status: Some(401),
            took_us: 1,
            media_type: Some("application/json".to_owned()),
            ..Side::default()
        };
        let theirs = side(401, &[("etag", "1")], "{}");
        assert_eq!(
            compare(&ours, &theirs, &[otherwise(Otherwise::UserAgent)]).conclusion,
            Conclusion::Alike
        );
    }
}
