//! What an explanation consists of: what was found, how sure that is, what it rests on, and what to do next.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::error::Code;
use crate::fault::FaultName;
use crate::timeline::event::EventKey;

/// Why something ended as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Explanation {
    /// The event that it is about: where the send was accepted, or where the session ended.
    pub of: EventKey,
    /// The send's name. Absent: it is about a session.
    pub request: Option<Named>,
    /// The status that is explained, where it is about one.
    pub status: Option<u16>,
    /// The newest event that was looked at.
    pub as_of: EventKey,
    /// The verdict.
    pub finding: Finding,
    /// What the engine did about it.
    pub course: Course,
    /// What else fits, the surest first.
    pub also: Vec<Finding>,
    /// What would tell, where the verdict is that nobody can.
    pub would_tell: Vec<Clue>,
    /// What went wrong on purpose in what is explained, in order.
    pub injected: Vec<Injected>,
}

/// A fault of the lab that had a part in what is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Injected {
    /// What went wrong.
    pub fault: FaultName,
    /// Where it struck; of a clock that is wrong, where it was set so.
    pub key: EventKey,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Finding {
    /// The rule.
    pub rule_id: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// Values for its sentence. Those that end in `_ms` are milliseconds, those that end in `_at` milliseconds since 1970.
    pub params: BTreeMap<String, String>,
    /// The values that name something (`R12`, `F7`, `G7`), with the event that they lead to.
    pub links: BTreeMap<String, EventKey>,
    /// The events that it rests on, in order.
    pub evidence: Vec<EventKey>,
    /// What to do, the best first.
    pub next: Vec<NextStep>,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The server said so, or it follows from what was sent.
    Certain,
    /// It explains everything that was seen, and nothing speaks against it.
    Likely,
    /// It cannot be told.
    Unknown,
}

/// What a person can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Nothing: it is settled.
    Nothing,
    /// Send it once more.
    SendAgain,
    /// Refresh the session now.
    RefreshNow,
    /// Sign in again.
    SignIn,
    /// Sign in with the further scopes, or in the stronger way, that the server names.
    SignInFurther,
    /// Take the typed `Authorization` away, so that the session's token goes along.
    RemoveAuthorization,
    /// Correct what was typed into `Authorization`.
    CorrectAuthorization,
    /// Take the token out of the address.
    RemoveQueryToken,
    /// Choose a session.
    ChooseSession,
    /// Put the address on the session's list.
    AllowOrigin,
    /// Call the address that the redirect leads to, if the token may go there.
    CallTarget,
    /// Look at the token: whom it is for, who issued it, what it permits.
    ReadToken,
    /// Change what the session asks for (audience, resource, scope, endpoint).
    ChangeSession,
    /// Set the local clock.
    SetClock,
    /// Wait, and try again then.
    Wait,
    /// Ask the API which servers give tokens for it, as its refusal offers.
    ReadResource,
    /// Read what the answer says.
    ReadAnswer,
    /// Ask who runs the API.
    AskApi,
    /// Ask who runs the sign-in server.
    AskIssuer,
    /// Ask who runs the network in between.
    AskNetwork,
    /// Unlock the keychain.
    UnlockKeychain,
    /// Switch the fault off.
    EndFault,
}

/// What would tell, where nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Clue {
    /// A reason in the answer: a `WWW-Authenticate` with an `error` (RFC 6750 §3).
    Challenge,
    /// A second try with a fresh token: whether that one is refused too.
    FreshToken,
    /// A token whose claims can be read.
    ReadableToken,
    /// How long the token lives, which the server did not say.
    Lifetime,
    /// A `Date` in the answer, to compare the clocks by.
    Date,
    /// The log of the API for this moment.
    ApiLog,
    /// The log of the sign-in server for this moment.
    IssuerLog,
    /// The same request through another client.
    OtherClient,
}

/// What the engine did about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Course {
    /// It is not over.
    Pending {
        /// The refresh that it waits for.
        flight: Option<Named>,
    },
    /// It had nothing to do.
    Nothing {},
    /// It refreshed before it sent anything.
    RefreshedFirst {
        /// The refresh.
        flight: Named,
        /// What came of it.
        generation: Option<Named>,
    },
    /// It repeated the request, and that was answered.
    Repaired {
        /// The refresh that it took. Absent: a newer token was there already, here or in another process.
        flight: Option<Named>,
        /// The token of the last attempt.
        generation: Option<Named>,
        /// How long the refresh took, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        took_us: Option<u64>,
        /// The other requests that the same refresh served.
        others: Vec<Named>,
    },
    /// It repeated the request, and that was refused too.
    RefusedAgain {
        /// The refresh that it took. Absent: a newer token was there already, here or in another process.
        flight: Option<Named>,
        /// The token of the last attempt.
        generation: Option<Named>,
    },
    /// It did not repeat the request.
    NotRepeated {
        /// The rule that says so.
        rule_id: String,
    },
    /// The refresh brought no token.
    RefreshFailed {
        /// The refresh.
        flight: Named,
        /// What the token endpoint answered, if it did.
        status: Option<u16>,
        /// The token endpoint's own error code.
        error: Option<String>,
        /// The session is over.
        ended: bool,
        /// The fault that made up the answer: the token endpoint was not called.
        made_up: Option<Injected>,
    },
    /// No answer came.
    NoAnswer {
        /// What went wrong.
        error: Option<Code>,
    },
    /// The user stopped it.
    Stopped {
        /// Tries that went to the wire.
        attempts: u32,
    },
}

/// Something with a name, and the event that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Named {
    /// `R12`, `F7`, `G7`.
    pub name: String,
    /// Where it began.
    pub key: EventKey,
}

impl Finding {
    /// What a rule found, without values yet.
    pub(crate) fn new(rule_id: &'static str, certainty: Certainty) -> Self {
        Self {
            rule_id: rule_id.to_owned(),
            certainty,
            params: BTreeMap::new(),
            links: BTreeMap::new(),
            evidence: Vec::new(),
            next: Vec::new(),
        }
    }

    pub(crate) fn certain(rule_id: &'static str) -> Self {
        Self::new(rule_id, Certainty::Certain)
    }

    pub(crate) fn likely(rule_id: &'static str) -> Self {
        Self::new(rule_id, Certainty::Likely)
    }

    pub(crate) fn unknown(rule_id: &'static str) -> Self {
        Self::new(rule_id, Certainty::Unknown)
    }

    /// The same with one more value for its sentence.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same with one more value, if there is one.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with the name of something, and where it leads.
    pub(crate) fn naming(mut self, name: &str, named: Option<Named>) -> Self {
        if let Some(named) = named {
            self.params.insert(name.to_owned(), named.name);
            self.links.insert(name.to_owned(), named.key);
        }
        self
    }

    /// The same resting on these events too.
    pub(crate) fn on(mut self, evidence: impl IntoIterator<Item = EventKey>) -> Self {
        self.evidence.extend(evidence);
        self.evidence.sort_unstable();
        self.evidence.dedup();
        self
    }

    /// The same with what to do.
    pub(crate) fn then(mut self, next: &[NextStep]) -> Self {
        self.next = next.to_vec();
        self
    }
}
