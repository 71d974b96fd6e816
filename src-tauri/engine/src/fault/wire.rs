//! What a fault makes of a call of the token endpoint, and of a token on its way to an API: pure.
//!
//! Where an answer is made up the server is not called: it spends no refresh token, so that only what the client does with
//! such an answer is seen, and no session is lost by looking.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Fault, FaultName};

/// The faults that apply to a call of the token endpoint.
pub(crate) const ON_REFRESH: [FaultName; 7] = [
    FaultName::SlowRefresh,
    FaultName::NoAnswer,
    FaultName::ServerError,
    FaultName::TooManyRequests,
    FaultName::HalfReply,
    FaultName::BadJson,
    FaultName::NoTokenType,
];

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRefresh {
    /// It is made after this time.
    After(Duration),
    /// It is not made; nothing is heard for this time.
    Silence(Duration),
    /// It is not made, and this seems to be the answer.
    Answer {
        status: u16,
        retry_after_s: Option<i64>,
        body: &'static str,
    },
    /// It is not made, and its answer seems to break off.
    Half,
    /// It is made, and its answer is stripped of this.
    Without(&'static str),
}

/// What this fault does to a call of the token endpoint.
pub(crate) fn on_refresh(fault: Fault) -> Option<OnRefresh> {
    let amount = fault.amount.unwrap_or_default();
    let wait = Duration::from_millis(amount.max(0).unsigned_abs());
    Some(match fault.name {
        FaultName::SlowRefresh => OnRefresh::After(wait),
        FaultName::NoAnswer => OnRefresh::Silence(wait),
        FaultName::ServerError => OnRefresh::Answer {
            status: u16::try_from(amount).unwrap_or(500),
            retry_after_s: None,
            body: "",
        },
        FaultName::TooManyRequests => OnRefresh::Answer {
            status: 429,
            retry_after_s: Some(amount),
            body: "",
        },
        FaultName::HalfReply => OnRefresh::Half,
        FaultName::BadJson => OnRefresh::Answer {
            status: 200,
            retry_after_s: None,
            body: "<html>token</html>",
        },
        FaultName::NoTokenType => OnRefresh::Without("token_type"),
        _ => return None,
    })
}

/// The body of an answer without this member; as it was, where it is no JSON object.
pub(crate) fn without(body: Vec<u8>, member: &str) -> Vec<u8> {
    match serde_json::from_slice(&body) {
        Ok(serde_json::Value::Object(mut object)) => {
            object.remove(member);
            serde_json::Value::Object(object).to_string().into_bytes()
        }
        _ => body,
    }
}

/// The same token with one character near its end changed for another one of the same alphabet: a signature that cannot match.
pub(crate) fn corrupt(token: &SecretString) -> SecretString {
    let mut text = token.expose_secret().to_owned();
    // Not the last one: in base64 its low bits may mean nothing.
    let at = text.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    let rest = text.split_off(at);
    let mut rest = rest.chars();
    text.push(if rest.next() == Some('A') { 'B' } else { 'A' });
    text.extend(rest);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupt_token_differs_in_one_character_and_keeps_its_length() {
        for token in ["a.b.sigAture", "AAAA", "x", "zä€"] {
            let (before, after) = (
                SecretString::from(token),
                corrupt(&SecretString::from(token)),
            );
            let pairs = before
                .expose_secret()
                .chars()
                .zip(after.expose_secret().chars());
            assert_eq!(
                pairs.filter(|(one, other)| one != other).count(),
                1,
                "{token}"
            );
        }
    }

    #[test]
    fn every_fault_of_the_wire_does_something_and_no_other_one_does() {
        for name in ON_REFRESH {
            let amount = name.amounts().map(|(least, _)| least);
            let fault = Fault {
                name,
                amount,
                times: None,
            };
            assert!(on_refresh(fault).is_some(), "{name:?}");
        }
        let other = Fault {
            name: FaultName::RefuseAlways,
            amount: None,
            times: None,
        };
        assert_eq!(on_refresh(other), None);
    }

    #[test]
    fn only_the_named_member_is_taken_out() {
        let body = br#"{"access_token":"a","token_type":"Bearer"}"#.to_vec();
        assert_eq!(without(body, "token_type"), br#"{"access_token":"a"}"#);
        assert_eq!(without(b"no json".to_vec(), "token_type"), b"no json");
    }
}
