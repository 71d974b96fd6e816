//! What is odd about a JWT's header and claims, for a person to look at. Advice only: no decision rests on it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::details::JwtDetails;
use crate::clock::WallMs;
use crate::origin::Origin;

/// Something that a person should know of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Advisory {
    /// `alg` is `none`: anybody could have written it (RFC 8725 §3.2).
    AlgNone,
    /// There is no `exp`: only the server knows how long it lives.
    NoExp,
    /// `exp` is no number (RFC 7519 §2 wants one).
    ExpNotANumber,
    /// `exp` is larger than any number of seconds: most likely milliseconds.
    ExpInMilliseconds,
    /// `exp` is before 1970.
    ExpNegative,
    /// It expires before it was issued.
    ExpBeforeIat,
    /// It has expired by the local clock.
    Expired,
    /// It is not valid yet, by the local clock.
    NbfInFuture,
    /// It was issued later than now, by the local clock: one of the two clocks is wrong.
    IatInFuture,
    /// Its audience is an address, and not one that the session may send it to.
    AudienceElsewhere,
}

/// Numbers of seconds above this are taken for milliseconds: the year 5138.
const SECONDS_MAX: f64 = 1e11;
/// How far two clocks may differ before one of them is said to be wrong, in seconds.
const CLOCKS_DIFFER_S: f64 = 30.0;

/// What is odd about it, seen at this moment, for a token that may go to these origins.
pub(crate) fn advise(jwt: &JwtDetails, now: WallMs, origins: &[Origin]) -> Vec<Advisory> {
    let seconds = |name: &str| jwt.claims.get(name).and_then(Value::as_f64);
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole seconds are all that is compared"
    )]
    let now = now.0 as f64 / 1_000.0;
    let mut found = Vec::new();
    let mut note = |holds: bool, advisory| {
        if holds {
            found.push(advisory);
        }
    };
    let alg = jwt.header.get("alg").and_then(Value::as_str);
    note(
        alg.is_some_and(|alg| alg.eq_ignore_ascii_case("none")),
        Advisory::AlgNone,
    );
    match jwt.claims.get("exp") {
        None | Some(Value::Null) => note(true, Advisory::NoExp),
        Some(_) => match seconds("exp") {
            None => note(true, Advisory::ExpNotANumber),
            Some(exp) => {
                let in_seconds = (0.0..=SECONDS_MAX).contains(&exp);
                note(exp > SECONDS_MAX, Advisory::ExpInMilliseconds);
                note(exp < 0.0, Advisory::ExpNegative);
                note(
                    seconds("iat").is_some_and(|iat| exp < iat),
                    Advisory::ExpBeforeIat,
                );
                note(in_seconds && exp <= now, Advisory::Expired);
            }
        },
    }
    let ahead = |name: &str| {
        seconds(name).is_some_and(|at| at <= SECONDS_MAX && at > now + CLOCKS_DIFFER_S)
    };
    note(ahead("nbf"), Advisory::NbfInFuture);
    note(ahead("iat"), Advisory::IatInFuture);
    note(
        is_elsewhere(jwt.claims.get("aud"), origins),
        Advisory::AudienceElsewhere,
    );
    found
}

/// Whether every audience is an address, and none of them one of these. A name that is no address says nothing either way.
fn is_elsewhere(aud: Option<&Value>, origins: &[Origin]) -> bool {
    let audiences: Vec<&str> = match aud {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => return false,
    };
    let origin_of = |text: &&str| {
        url::Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .map(|url| url.origin().ascii_serialization())
    };
    let Some(named) = audiences
        .iter()
        .map(origin_of)
        .collect::<Option<Vec<String>>>()
    else {
        return false;
    };
    let allowed = |name: &String| origins.iter().any(|origin| origin.to_string() == *name);
    !named.is_empty() && !origins.is_empty() && !named.iter().any(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `exp` in milliseconds, negative or absent; `nbf` in the future; `aud` that is not the API.
    #[test]
    fn what_is_odd_about_a_token_is_named() {
        let origins = [Origin::parse("https://api.test").expect("an origin")];
        let check = |header: Value, claims: Value, expected: &[Advisory]| {
            let object = |value: Value| value.as_object().expect("an object").clone();
            let jwt = JwtDetails {
                header: object(header),
                claims: object(claims.clone()),
            };
            assert_eq!(
                advise(&jwt, WallMs(1_000_000_000), &origins),
                expected,
                "{claims}"
            );
        };
        let rs = || json!({"alg": "RS256"});
        check(rs(), json!({"exp": 1_000_060}), &[]);
        check(
            json!({"alg": "nOnE"}),
            json!({"exp": 1_000_060}),
            &[Advisory::AlgNone],
        );
        check(rs(), json!({}), &[Advisory::NoExp]);
        check(rs(), json!({"exp": null}), &[Advisory::NoExp]);
        check(rs(), json!({"exp": "soon"}), &[Advisory::ExpNotANumber]);
        check(
            rs(),
            json!({"exp": 1_795_431_674_000_u64}),
            &[Advisory::ExpInMilliseconds],
        );
        check(rs(), json!({"exp": -5}), &[Advisory::ExpNegative]);
        check(rs(), json!({"exp": 1_000_000}), &[Advisory::Expired]);
        check(
            rs(),
            json!({"exp": 1_000_010, "iat": 1_000_020}),
            &[Advisory::ExpBeforeIat],
        );
        check(
            rs(),
            json!({"exp": 1_000_900, "nbf": 1_000_100, "iat": 1_000_100}),
            &[Advisory::NbfInFuture, Advisory::IatInFuture],
        );
        check(rs(), json!({"exp": 1_000_900, "iat": 1_000_020}), &[]);
        for (aud, elsewhere) in [
            (json!("https://api.test/v1"), false),
            (json!("https://other.test"), true),
            (json!(["https://other.test", "https://api.test"]), false),
            (json!(["https://other.test", "orders-api"]), false),
            (json!("orders-api"), false),
            (json!(7), false),
        ] {
            let expected: &[Advisory] = if elsewhere {
                &[Advisory::AudienceElsewhere]
            } else {
                &[]
            };
            check(rs(), json!({"exp": 1_000_900, "aud": aud}), expected);
        }
    }
}
