//! The fault lab: what a user may let go wrong on purpose, to see what happens. In this process only, and gone when it ends.
//!
//! A fault is armed for one session. Where it applies, the engine asks here, does what it decides, and the timeline says so
//! (`FaultInjected`). While nothing is armed, one flag is all that is read.

pub(crate) mod armed;
pub(crate) mod wire;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FaultName {
    /// The access token is taken for expired, here; the server is not told.
    ExpireNow,
    /// An expiry that has passed is not believed: the token is sent as it is.
    PretendValid,
    /// One character of the signature is changed in the copy that is sent.
    CorruptAccessToken,
    /// The refresh token is hidden. It comes back when the fault is switched off.
    DropRefreshToken,
    /// The refresh token before the current one is sent, as a thief would who kept it.
    ReuseRefreshToken,
    /// The token endpoint is called after so many milliseconds.
    SlowRefresh,
    /// The token endpoint is not called; after so many milliseconds it counts as silent.
    NoAnswer,
    /// The token endpoint is not called, and seems to answer with this status.
    ServerError,
    /// The token endpoint is not called, and seems to answer 429 with so many seconds in `Retry-After`.
    TooManyRequests,
    /// The token endpoint is not called, and its answer seems to break off in the middle.
    HalfReply,
    /// The token endpoint is not called, and seems to answer with something that is no JSON.
    BadJson,
    /// The token endpoint's answer loses its `token_type` on the way.
    NoTokenType,
    /// The clock of this session is wrong by so many milliseconds.
    ClockSkew,
    /// The API is not called, and seems to answer every token with 401.
    RefuseAlways,
    /// So many copies of one refresh go out at once, as from a client without single flight.
    NoSingleFlight,
    /// The keychain takes nothing: it seems to be locked.
    StoreLocked,
    /// The keychain takes nothing: it seems to be full.
    StoreFull,
}

/// A fault as it is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub name: FaultName,
    /// How much, in the unit that the name says. Absent where there is nothing to measure.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub amount: Option<i64>,
    /// How often; it switches itself off then. Absent: until it is switched off.
    pub times: Option<u32>,
}

/// Copies of one refresh that may go out at once.
pub const COPIES_MAX: i64 = 50;
/// How long a token endpoint may be made to wait, in milliseconds.
pub const DELAY_MS_MAX: i64 = 60_000;
/// How wrong a session's clock may be made, in milliseconds: a year.
pub const SKEW_MS_MAX: i64 = 365 * 86_400_000;
/// How long a made-up server may ask for patience, in seconds.
pub const RETRY_AFTER_S_MAX: i64 = 3_600;
/// How often a fault may be asked for.
pub const TIMES_MAX: u32 = 1_000;

impl FaultName {
    /// The least and the most of its amount; `None`: it has none.
    pub fn amounts(self) -> Option<(i64, i64)> {
        match self {
            Self::SlowRefresh | Self::NoAnswer => Some((1, DELAY_MS_MAX)),
            Self::ServerError => Some((500, 599)),
            Self::TooManyRequests => Some((1, RETRY_AFTER_S_MAX)),
            Self::ClockSkew => Some((-SKEW_MS_MAX, SKEW_MS_MAX)),
            Self::NoSingleFlight => Some((2, COPIES_MAX)),
            _ => None,
        }
    }

    /// Whether it answers in the token endpoint's place, which is not called.
    pub fn makes_up_reply(self) -> bool {
        matches!(
            self,
            Self::NoAnswer
                | Self::ServerError
                | Self::TooManyRequests
                | Self::HalfReply
                | Self::BadJson
        )
    }

    /// Whether a server that watches for theft may end the session because of it.
    pub fn risks_session(self) -> bool {
        matches!(self, Self::ReuseRefreshToken | Self::NoSingleFlight)
    }
}

impl Fault {
    /// Whether it can be armed as it is.
    ///
    /// # Errors
    /// `fault.invalid` where the amount or the number of times is out of bounds.
    pub fn check(&self) -> Result<()> {
        let fits = match (self.name.amounts(), self.amount) {
            (None, None) => true,
            (Some((least, most)), Some(amount)) => (least..=most).contains(&amount),
            _ => false,
        };
        let times = match self.name {
            // A generation expires once.
            FaultName::ExpireNow => self.times == Some(1),
            _ => self
                .times
                .is_none_or(|times| (1..=TIMES_MAX).contains(&times)),
        };
        if fits && times {
            return Ok(());
        }
        let (least, most) = self.name.amounts().unwrap_or_default();
        Err(Failure::new(Code::FaultInvalid)
            .with("least", least)
            .with("most", most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_armed_within_bounds_only() {
        for (name, amount, times, expected) in [
            (FaultName::ExpireNow, None, Some(1), true),
            (FaultName::ExpireNow, Some(1), Some(1), false),
            (FaultName::ExpireNow, None, None, false),
            (FaultName::BadJson, None, Some(0), false),
            (FaultName::BadJson, None, Some(TIMES_MAX + 1), false),
            (FaultName::ServerError, Some(503), None, true),
            (FaultName::ServerError, Some(200), None, false),
            (FaultName::ServerError, None, None, false),
            (FaultName::ClockSkew, Some(-3_600_000), None, true),
            (FaultName::ClockSkew, Some(i64::MIN), None, false),
            (FaultName::NoSingleFlight, Some(1), Some(1), false),
            (FaultName::NoSingleFlight, Some(COPIES_MAX), Some(1), true),
        ] {
            let fault = Fault {
                name,
                amount,
                times,
            };
            assert_eq!(fault.check().is_ok(), expected, "{fault:?}");
        }
    }
}
