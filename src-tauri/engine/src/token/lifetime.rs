//! How long an access token lives, whatever form its server says it in: a lifetime, a moment, or only the token's own `exp`.

use serde_json::Value;

use super::jwt;
use crate::clock::WallMs;
use crate::session::config::replies::Unit;
use crate::timeline::event::ExpirySource;

/// No access token is believed to live longer than this: ten years, in milliseconds.
const LIFETIME_MS_MAX: f64 = 10.0 * 365.0 * 86_400_000.0;
/// Numbers in here are seconds since 1970, between the years 2014 and 2099: no lifetime is that long.
const SECONDS_SINCE_1970: std::ops::Range<f64> = 1.4e9..4.1e9;
/// The same moments in milliseconds.
const MILLISECONDS_SINCE_1970: std::ops::Range<f64> = 1.4e12..4.1e12;

/// The lifetime from now on, in milliseconds, and who said it. A lifetime is believed before a moment, which needs the
/// clocks of both sides to agree. What makes no sense is not believed, and a warning says so.
pub(super) fn lifetime(
    expires_in: Option<&Value>,
    unit: Unit,
    expires_at: Option<&Value>,
    access_token: Option<&str>,
    now: WallMs,
    warnings: &mut Vec<String>,
) -> (Option<u64>, ExpirySource) {
    let stated = expires_in
        .and_then(|stated| from_lifetime(stated, unit, now, warnings))
        .or_else(|| expires_at.and_then(|stated| from_moment(stated, now, warnings)));
    if let Some(ms) = stated {
        return (Some(ms), ExpirySource::Reply);
    }
    match access_token.and_then(jwt::expires_at_seconds) {
        Some(exp) => {
            let left = exp.saturating_mul(1_000).saturating_sub(now.0);
            (Some(left.max(0).unsigned_abs()), ExpirySource::JwtExp)
        }
        None => (None, ExpirySource::Unknown),
    }
}

fn from_lifetime(
    stated: &Value,
    unit: Unit,
    now: WallMs,
    warnings: &mut Vec<String>,
) -> Option<u64> {
    let number = match stated {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            warnings.push("the lifetime is a string".to_owned());
            match text.trim().parse::<f64>() {
                Ok(number) => Some(number),
                Err(_) => return from_moment(stated, now, warnings),
            }
        }
        _ => None,
    };
    let Some(number) = number.filter(|number| number.is_finite() && *number >= 0.0) else {
        warnings.push("the lifetime makes no sense and is not believed".to_owned());
        return None;
    };
    if SECONDS_SINCE_1970.contains(&number) || MILLISECONDS_SINCE_1970.contains(&number) {
        warnings.push("the lifetime is a moment, and is taken for one".to_owned());
        return from_moment(stated, now, warnings);
    }
    let ms = match unit {
        Unit::Seconds => number * 1_000.0,
        Unit::Milliseconds => number,
    };
    if ms > LIFETIME_MS_MAX {
        warnings.push("the lifetime is above ten years; ten years are believed".to_owned());
    }
    // No sign, and far below what is exact in a float.
    Some(ms.min(LIFETIME_MS_MAX) as u64)
}

fn from_moment(stated: &Value, now: WallMs, warnings: &mut Vec<String>) -> Option<u64> {
    let at_ms = match stated {
        Value::Number(number) => number.as_f64().and_then(since_1970),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .and_then(since_1970)
                .or_else(|| date(text))
        }
        _ => None,
    };
    let Some(at_ms) = at_ms else {
        warnings.push("the expiry is no moment and is not believed".to_owned());
        return None;
    };
    let left = at_ms.saturating_sub(now.0).max(0).unsigned_abs();
    // No sign, and far below what is exact in a float.
    let most = LIFETIME_MS_MAX as u64;
    if left > most {
        warnings.push("the lifetime is above ten years; ten years are believed".to_owned());
    }
    Some(left.min(most))
}

/// Seconds or milliseconds since 1970, in milliseconds.
fn since_1970(number: f64) -> Option<i64> {
    if SECONDS_SINCE_1970.contains(&number) {
        Some((number * 1_000.0) as i64)
    } else if MILLISECONDS_SINCE_1970.contains(&number) {
        Some(number as i64)
    } else {
        None
    }
}

/// A date and time in milliseconds since 1970: RFC 3339, the same without a zone (UTC then), or an HTTP date.
fn date(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    if let Ok(at) = text.parse::<jiff::civil::DateTime>() {
        let at = jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?;
        return Some(at.as_millisecond());
    }
    let at = httpdate::parse_http_date(text).ok()?;
    i64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z.
    const NOW: WallMs = WallMs(1_767_225_600_000);

    fn read(expires_in: &str, unit: Unit, expires_at: &str) -> Option<u64> {
        let value = |text: &str| serde_json::from_str::<Value>(text).ok();
        let (expires_in, expires_at) = (value(expires_in), value(expires_at));
        let mut warnings = Vec::new();
        lifetime(
            expires_in.as_ref(),
            unit,
            expires_at.as_ref(),
            None,
            NOW,
            &mut warnings,
        )
        .0
    }

    /// Scenario 87.
    #[test]
    fn a_lifetime_in_any_form_is_believed_as_far_as_it_makes_sense() {
        let most = LIFETIME_MS_MAX as u64;
        for (stated, expected) in [
            ("3600", Some(3_600_000)),
            ("\"3600\"", Some(3_600_000)),
            ("3600.5", Some(3_600_500)),
            ("0", Some(0)),
            ("-1", None),
            ("\"abc\"", None),
            ("{}", None),
            ("1e308", Some(most)),
            ("9223372036854775807", Some(most)),
            // A moment where a lifetime should be.
            ("1767229200", Some(3_600_000)),
            ("1767229200000", Some(3_600_000)),
            ("\"2026-01-01T01:00:00Z\"", Some(3_600_000)),
        ] {
            assert_eq!(read(stated, Unit::Seconds, ""), expected, "{stated}");
        }
        assert_eq!(read("3600000", Unit::Milliseconds, ""), Some(3_600_000));
    }

    #[test]
    fn a_moment_in_any_form_is_the_same_lifetime() {
        for (stated, expected) in [
            ("1767229200", Some(3_600_000)),
            ("\"1767229200\"", Some(3_600_000)),
            ("1767229200000", Some(3_600_000)),
            ("1767229200.25", Some(3_600_250)),
            ("\"2026-01-01T01:00:00Z\"", Some(3_600_000)),
            ("\"2026-01-01T02:00:00+01:00\"", Some(3_600_000)),
            ("\"2026-01-01T01:00:00.000Z\"", Some(3_600_000)),
            ("\"2026-01-01T01:00:00\"", Some(3_600_000)),
            ("\"2026-01-01 01:00:00\"", Some(3_600_000)),
            ("\"Thu, 01 Jan 2026 01:00:00 GMT\"", Some(3_600_000)),
            ("\"2025-12-31T23:00:00Z\"", Some(0)),
            ("\"tomorrow\"", None),
            ("3600", None),
            ("[]", None),
        ] {
            assert_eq!(read("", Unit::Seconds, stated), expected, "{stated}");
        }
        assert_eq!(
            read("60", Unit::Seconds, "\"2026-01-01T01:00:00Z\""),
            Some(60_000),
            "a lifetime needs no clock, so it is believed first"
        );
    }
}
