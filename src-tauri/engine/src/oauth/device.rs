//! A sign-in on another device (RFC 8628) as data: what the server gives to show, and when it is asked again. Pure: the calls
//! are elsewhere.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::clock::{WallMs, millis};
use crate::origin::{Origin, parse_url};
use crate::redact::server_text;
use crate::timeline::event::ReplyClass;

/// How long the user has at most, whatever the server says.
pub(crate) const LIFETIME_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a code lives whose server does not say so, though RFC 8628 §3.2 wants it to.
const LIFETIME_DEFAULT: Duration = Duration::from_secs(5 * 60);
/// Between two calls, where the server names nothing (RFC 8628 §3.2).
const INTERVAL_DEFAULT: Duration = Duration::from_secs(5);
/// Between two calls at least, whatever the server says.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// What `slow_down` adds (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// To where the time between two calls doubles while none gets through.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Characters of a code that is shown. Real ones have about ten.
const USER_CODE_CHARS_MAX: usize = 64;

/// What is shown to the user. The code is worth something to whoever types it, so it goes to the screen and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct UserCode {
    /// To type there. As text, cut.
    pub user_code: String,
    /// Where.
    #[cfg_attr(feature = "bindings", ts(type = "string"))]
    pub verification_uri: Url,
    /// The same address with the code in it, where the server gives one.
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub verification_uri_complete: Option<Url>,
    /// When it is worth nothing any more, by the local clock.
    pub expires_at_ms: WallMs,
}

impl UserCode {
    /// The address that asks the user for least.
    pub fn link(&self) -> &Url {
        self.verification_uri_complete
            .as_ref()
            .unwrap_or(&self.verification_uri)
    }
}

/// What the server gave for one sign-in.
#[derive(Debug)]
pub(crate) struct DeviceCode {
    /// What only we know of it.
    pub(crate) device_code: SecretString,
    pub(crate) shown: UserCode,
    pub(crate) lifetime: Duration,
    pub(crate) interval: Duration,
}

/// What is done after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is over, one way or the other.
    Over,
    /// The code has expired (`expired_token`).
    Expired,
    /// Asked again after this time, which is also the new time between two calls.
    Again(Duration),
}

/// Reads the answer to a request for a code (RFC 8628 §3.2).
///
/// # Errors
/// What is missing in it, or cannot be used.
pub(crate) fn read(reply: &Value, now: WallMs) -> Result<DeviceCode, String> {
    let text = |name: &str| {
        let text = reply.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let missing = |name: &str| format!("the answer has no {name}");
    let address = |name: &str, text: &str| {
        let url = parse_url(text).map_err(|_| format!("its {name} is no web address"))?;
        match Origin::of(&url).is_cleartext() {
            true => Err(format!("its {name} is not https")),
            false => Ok(url),
        }
    };
    // Google says verification_url.
    let uri = text("verification_uri").or_else(|| text("verification_url"));
    let uri = uri.ok_or_else(|| missing("verification_uri"))?;
    let verification_uri = address("verification_uri", uri)?;
    let complete = text("verification_uri_complete");
    let seconds = |name: &str| {
        let value = reply.get(name)?;
        let number = value
            .as_f64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number
            .filter(|seconds| *seconds > 0.0)
            .map(|seconds| Duration::from_secs_f64(seconds.min(LIFETIME_MAX.as_secs_f64())))
    };
    let lifetime = seconds("expires_in").unwrap_or(LIFETIME_DEFAULT);
    Ok(DeviceCode {
        device_code: text("device_code")
            .ok_or_else(|| missing("device_code"))?
            .into(),
        shown: UserCode {
            user_code: server_text(
                text("user_code").ok_or_else(|| missing("user_code"))?,
                USER_CODE_CHARS_MAX,
            ),
            verification_uri,
            // Only a shortcut: one that cannot be used is left out.
            verification_uri_complete: complete
                .and_then(|text| address("verification_uri_complete", text).ok()),
            expires_at_ms: now.plus(millis(lifetime)),
        },
        lifetime,
        interval: seconds("interval")
            .unwrap_or(INTERVAL_DEFAULT)
            .max(INTERVAL_MIN),
    })
}

/// What an answer of the token endpoint means for the next call (RFC 8628 §3.5). A call that did not get through costs nothing
/// but time.
pub(crate) fn next(
    class: ReplyClass,
    error: Option<&str>,
    retry_after_ms: Option<u64>,
    interval: Duration,
) -> Next {
    let asked_for = Duration::from_millis(retry_after_ms.unwrap_or(0));
    match class {
        ReplyClass::Pending => Next::Again(interval),
        ReplyClass::SlowDown => Next::Again(interval + SLOW_DOWN),
        ReplyClass::NotSent | ReplyClass::Busy | ReplyClass::Ambiguous => {
            let doubled = (interval * 2).min(BACKOFF_MAX.max(interval));
            Next::Again(doubled.max(asked_for))
        }
        _ if error == Some("expired_token") => Next::Expired,
        _ => Next::Over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        json!({
            "device_code": "d-1", "user_code": "WDJB-MJHT", "verification_uri": "https://id.test/device",
            "verification_uri_complete": "https://id.test/device?user_code=WDJB-MJHT",
            "expires_in": 1800, "interval": 5,
        })
    }

    #[test]
    fn what_is_shown_is_what_the_server_gave() {
        let device = read(&whole(), WallMs(1_000)).expect("whole");
        assert_eq!(device.shown.user_code, "WDJB-MJHT");
        assert_eq!(
            device.shown.link().as_str(),
            "https://id.test/device?user_code=WDJB-MJHT"
        );
        assert_eq!(device.shown.expires_at_ms, WallMs(1_801_000));
        assert_eq!(device.interval, Duration::from_secs(5));
        assert!(!format!("{device:?}").contains("d-1"));
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_named() {
        for (name, value, detail) in [
            ("device_code", Value::Null, "the answer has no device_code"),
            ("user_code", json!(""), "the answer has no user_code"),
            (
                "verification_uri",
                Value::Null,
                "the answer has no verification_uri",
            ),
            (
                "verification_uri",
                json!("http://evil.test/"),
                "its verification_uri is not https",
            ),
            (
                "verification_uri",
                json!("javascript:alert(1)"),
                "its verification_uri is no web address",
            ),
        ] {
            let mut reply = whole();
            reply[name] = value;
            assert_eq!(read(&reply, WallMs(0)).expect_err(name), detail);
        }
        assert!(read(&Value::Null, WallMs(0)).is_err());
    }

    #[test]
    fn times_of_a_server_are_bounded_and_a_shortcut_that_leads_elsewhere_is_left_out() {
        for (expires_in, interval, lifetime_s, interval_s) in [
            (json!(600), json!(7), 600, 7),
            (Value::Null, Value::Null, 300, 5),
            (json!("600"), json!("2"), 600, 2),
            (json!(1e20), json!(0), 1800, 5),
            (json!(-1), json!(0.001), 300, 1),
        ] {
            let mut reply = whole();
            (reply["expires_in"], reply["interval"]) = (expires_in.clone(), interval);
            reply["verification_uri_complete"] = json!("file:///etc/passwd");
            let device = read(&reply, WallMs(0)).expect("usable");
            assert_eq!(device.lifetime.as_secs(), lifetime_s, "{expires_in}");
            assert_eq!(device.interval.as_secs(), interval_s, "{expires_in}");
            assert_eq!(device.shown.verification_uri_complete, None);
        }
        let mut reply = whole();
        reply["user_code"] = json!("A\u{1b}[2J".repeat(100));
        let shown = read(&reply, WallMs(0)).expect("usable").shown.user_code;
        assert!(
            !shown.contains('\u{1b}') && shown.chars().count() <= USER_CODE_CHARS_MAX + 1,
            "{shown:?}"
        );
    }

    #[test]
    fn the_next_call_waits_as_long_as_the_server_and_the_network_want() {
        let s = Duration::from_secs;
        for (class, error, retry_after_ms, interval_s, expected) in [
            (ReplyClass::Pending, None, None, 5, Next::Again(s(5))),
            (ReplyClass::SlowDown, None, None, 5, Next::Again(s(10))),
            (ReplyClass::SlowDown, None, None, 10, Next::Again(s(15))),
            (ReplyClass::NotSent, None, None, 5, Next::Again(s(10))),
            (ReplyClass::Ambiguous, None, None, 40, Next::Again(s(60))),
            (ReplyClass::Ambiguous, None, None, 90, Next::Again(s(90))),
            (ReplyClass::Busy, None, Some(30_000), 5, Next::Again(s(30))),
            (ReplyClass::Granted, None, None, 5, Next::Over),
            (
                ReplyClass::Suspect,
                Some("expired_token"),
                None,
                5,
                Next::Expired,
            ),
            (
                ReplyClass::Suspect,
                Some("access_denied"),
                None,
                5,
                Next::Over,
            ),
            (
                ReplyClass::Definitive,
                Some("invalid_grant"),
                None,
                5,
                Next::Over,
            ),
            (ReplyClass::Protocol, None, None, 5, Next::Over),
        ] {
            let found = next(class, error, retry_after_ms, s(interval_s));
            assert_eq!(found, expected, "{class:?} {error:?}");
        }
    }
}
