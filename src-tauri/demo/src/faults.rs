//! The switches: what goes wrong, where, and how often. Set in the process or over `PUT /_demo/faults`.

use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A part of the server that can be told to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `POST /auth/login`.
    Login,
    /// `POST /auth/refresh` and `POST /oauth/token`.
    Refresh,
    /// The protected API.
    Api,
}

/// One way of going wrong, and for how many requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub act: Act,
    /// Extra wait before the work, in milliseconds.
    pub delay_ms: u64,
    /// Extra wait between the work and the answer, in milliseconds: a client that gives up meanwhile cannot know.
    pub hold_ms: u64,
    /// After this many requests the fault clears itself; `None` keeps it until it is cleared.
    pub times: Option<u32>,
}

impl Fault {
    /// This, for one request.
    pub fn once(act: Act) -> Self {
        Self {
            act,
            times: Some(1),
            ..Self::default()
        }
    }

    /// This, until it is cleared.
    pub fn always(act: Act) -> Self {
        Self {
            act,
            ..Self::default()
        }
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    pub(crate) fn hold(&self) -> Duration {
        Duration::from_millis(self.hold_ms)
    }
}

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing but the waits.
    #[default]
    Nothing,
    /// Another status instead of the work. No token is spent.
    Status {
        /// 200 to 599.
        code: u16,
        /// The seconds of a `Retry-After` header.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// Another answer instead of the work: this status with this JSON body. No token is spent.
    Answer {
        /// 200 to 599.
        code: u16,
        /// The body.
        body: serde_json::Value,
    },
    /// This head and this body instead of the work. No token is spent.
    Reply {
        /// 200 to 599.
        status: u16,
        /// Names and values, such as a `WWW-Authenticate`; a name may stand several times.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// The connection is reset before the work. No token is spent.
    DropBefore,
    /// The work is done, then the connection is reset without an answer. The token is spent.
    DropReply,
    /// The work is done, but the answer cannot be read. The token is spent.
    Malformed(Malformed),
    /// New tokens come without a refresh token, and the one that was sent stays good (RFC 6749, section 6).
    OmitRefreshToken,
    /// The answer does not say how long the access token lives.
    OmitExpiresIn,
    /// The answer says this about how long the access token lives; any JSON value.
    ExpiresIn(serde_json::Value),
    /// The access token that is given says this, in the place of what it would say or beside it. The API believes it.
    Claims(serde_json::Map<String, serde_json::Value>),
    /// The work is done, and where it refuses it gives no reason: no challenge, no words.
    Silent,
    /// The work is done, and its answer has these headers, such as a `Date` of another clock.
    Headers(Vec<(String, String)>),
}

/// How an answer is unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malformed {
    /// Claims to be JSON and is not.
    Text,
    /// The first half of the body, then the connection ends.
    Truncated,
    /// A web page with status 200, as proxies and captive portals send.
    Html,
}

/// The faults of all places at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultsByPlace {
    /// The fault of [`Place::Login`].
    pub login: Option<Fault>,
    /// The fault of [`Place::Refresh`].
    pub refresh: Option<Fault>,
    /// The fault of [`Place::Api`].
    pub api: Option<Fault>,
}

impl FaultsByPlace {
    fn at(&mut self, place: Place) -> &mut Option<Fault> {
        match place {
            Place::Login => &mut self.login,
            Place::Refresh => &mut self.refresh,
            Place::Api => &mut self.api,
        }
    }
}

/// The switches of a running server.
#[derive(Debug, Default)]
pub struct Faults(Mutex<FaultsByPlace>);

impl Faults {
    /// Sets the fault of one place, instead of the one it had.
    pub fn set(&self, place: Place, fault: Fault) {
        *self.lock().at(place) = Some(fault);
    }

    /// Sets the faults of all places; a place without one behaves.
    pub fn replace(&self, faults: FaultsByPlace) {
        *self.lock() = faults;
    }

    /// Every place behaves again.
    pub fn clear(&self) {
        self.replace(FaultsByPlace::default());
    }

    /// What is set now, with what remains of each `times`.
    pub fn current(&self) -> FaultsByPlace {
        self.lock().clone()
    }

    /// The fault of the next request at a place, counted down.
    pub(crate) fn take(&self, place: Place) -> Option<Fault> {
        let mut faults = self.lock();
        let slot = faults.at(place);
        let fault = slot.clone()?;
        match fault.times {
            None => {}
            Some(0 | 1) => *slot = None,
            Some(more) => {
                *slot = Some(Fault {
                    times: Some(more - 1),
                    ..fault.clone()
                })
            }
        }
        (fault.times != Some(0)).then_some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FaultsByPlace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(times: Option<u32>, expected: [bool; 3]) {
        let faults = Faults::default();
        faults.set(
            Place::Api,
            Fault {
                times,
                ..Fault::default()
            },
        );
        assert_eq!(faults.take(Place::Login), None);
        let taken = [(); 3].map(|()| faults.take(Place::Api).is_some());
        assert_eq!(taken, expected, "{times:?}");
    }

    #[test]
    fn a_fault_clears_itself_after_its_times() {
        check(None, [true, true, true]);
        check(Some(2), [true, true, false]);
        check(Some(1), [true, false, false]);
        check(Some(0), [false, false, false]);
    }

    #[test]
    fn faults_read_as_plain_json() {
        let text = r#"{
            "login": {"act": {"status": {"code": 503, "retry_after_s": 2}}, "times": 1},
            "refresh": {"act": "drop_reply", "delay_ms": 40, "hold_ms": 5},
            "api": {"act": {"malformed": "html"}}
        }"#;
        let faults: FaultsByPlace = serde_json::from_str(text).expect("the documented form");
        let status = Act::Status {
            code: 503,
            retry_after_s: Some(2),
        };
        assert_eq!(faults.login, Some(Fault::once(status)));
        let refresh = Fault {
            delay_ms: 40,
            hold_ms: 5,
            ..Fault::always(Act::DropReply)
        };
        assert_eq!(faults.refresh, Some(refresh));
        assert_eq!(
            faults.api,
            Some(Fault::always(Act::Malformed(Malformed::Html)))
        );
        assert!(serde_json::from_str::<FaultsByPlace>(r#"{"tokens": null}"#).is_err());
    }
}
