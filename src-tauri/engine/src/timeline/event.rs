//! The facts that the timeline is made of: one closed list of kinds, each in the past tense, and the envelope they travel in.

mod exchange;
mod flight;
mod session;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::redact::Fingerprint;
use crate::token::claims::TokenClaims;
use crate::token::scheme::Scheme;

pub use self::exchange::{
    Answerer, BodyClass, Outcome, TypedAuthorization, TypedFlaw, Unrepeatable, Verdict, Withheld,
};
pub use self::flight::{ExpirySource, FlightClass, Need, Purpose, ReplyClass};
pub use self::session::{
    CallRefused, HandedOut, Kept, LoginCause, Question, SetAside, StateName, Widening,
};

/// Version of the envelope and of the kinds below. Raised when an older reader would misunderstand a newer event.
pub const SCHEMA: u32 = 1;

/// What names an event for good: the process that wrote it, and its number there.
///
/// `seq` grows by exactly one within a run. Ordering by `(run, seq)` is the order in which one process lived;
/// across processes that ran at the same time it says nothing, `cause_seq` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct EventKey {
    /// One run is one process. Counted from 1 by the database, 0 where there is none.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub run: u64,
    /// Counted from 1 within the run.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub seq: u64,
}

/// One numbered fact with its causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Event {
    /// Which event this is.
    #[serde(flatten)]
    pub key: EventKey,
    /// Nanoseconds since the run began, on a clock that never goes back (and may stand still while the machine sleeps).
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub mono_ns: u64,
    /// Milliseconds since 1970-01-01 UTC by the local clock, which may be wrong and may jump.
    pub wall_ms: WallMs,
    /// Who set this in motion.
    pub actor: Actor,
    /// What it is about. Absent fields do not apply.
    #[serde(flatten)]
    pub subject: Subject,
    /// The events that made this one happen, all of them earlier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cause_seq: Vec<EventKey>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(optional_fields))]
pub struct Subject {
    /// The session's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", ts(type = "string"))]
    pub session: Option<Arc<str>>,
    /// The sign-in that the token belongs to: one more at each sign-in and sign-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The step of the family: G1 is what sign-in gave, G2 what the first refresh gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// The send: R12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub request: Option<u64>,
    /// Which try of that send, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Which redirect of that send this follows, from 1. Absent: where it went first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<u32>,
    /// The refresh: F7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub flight: Option<u64>,
}

/// Who set an event in motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody pressed something, or a script asked.
    User,
    /// A request under way needed it.
    Request,
    /// Time passed.
    Timer,
    /// The start of a process found it.
    Recovery,
}

/// What happened. Names and meanings follow one life: a request, its refusal, the flight, the retry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(tag = "kind", content = "data")]
pub enum Fact {
    /// A process began to write this timeline.
    RunStarted {
        /// The product's version.
        version: String,
        /// The process.
        pid: u32,
    },

    /// Send was accepted.
    RequestQueued {
        /// The method as sent.
        method: String,
        /// The address, without what it may carry of secrets.
        url: String,
        /// Scheme, host and port.
        origin: String,
    },
    /// The token of this generation was taken for one attempt.
    LeaseTaken {
        /// Which token, for those who hold the install key.
        fingerprint: Fingerprint,
        /// Time since the token was issued to us, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        age_ms: u64,
        /// Time until it expires by the local clock, in milliseconds. Negative: it had expired. Absent: unknown.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        expires_in_ms: Option<i64>,
    },
    /// No token was attached, and this is why.
    TokenWithheld {
        /// The reason.
        reason: Withheld,
    },
    /// One try went to the wire.
    AttemptStarted {
        /// Scheme, host and port it went to.
        origin: String,
        /// Whether the session's token went with it.
        authorized: bool,
        /// How the session's token was presented. Absent: as a bearer token, or not at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        scheme: Option<Scheme>,
        /// The `Authorization` that the user typed and that went with it. Absent: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        typed: Option<TypedAuthorization>,
    },
    /// So much of an attempt's body had been handed to the connection when its answer came, or nothing did.
    BodySent {
        /// What it was made of.
        class: BodyClass,
        /// Bytes of it.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        bytes: u64,
        /// That was all of it.
        whole: bool,
    },
    /// The head of an answer came.
    ResponseHead {
        /// The HTTP status code.
        status: u16,
        /// Its `WWW-Authenticate` challenges, one scheme each with the parameters that say why. What they point to is never
        /// called by itself: a `resource_metadata` is read when the user asks, and no token goes to the servers that it names.
        challenges: Vec<String>,
        /// Time from the start of the attempt, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
        /// The server's clock by its `Date`, less the local one, in milliseconds; exact to a second. Absent: it sent none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional, type = "number"))]
        skew_ms: Option<i64>,
        /// Who answered, as the head tells it.
        #[serde(default, skip_serializing_if = "Answerer::is_unknown")]
        #[cfg_attr(feature = "bindings", ts(optional, as = "Option<_>"))]
        answerer: Answerer,
    },
    /// The answer was judged by the lease of its attempt.
    ResponseClassified {
        /// What it means.
        verdict: Verdict,
        /// The rule that says so.
        rule_id: String,
    },
    /// No answer came to this attempt.
    AttemptFailed {
        /// What went wrong.
        error: crate::error::Code,
        /// Whether it is taken for a refusal of the token.
        verdict: Verdict,
        /// The rule that says so.
        rule_id: String,
    },
    /// The body cannot be sent once more as it was sent before, so the request is not repeated.
    NotReplayable {
        /// Why.
        reason: Unrepeatable,
    },
    /// A redirect was followed: the next hop of the same send.
    Redirected {
        /// The address that answered, without what it may carry of secrets.
        from: String,
        /// The address it named, likewise.
        to: String,
        /// The status that said so.
        status: u16,
        /// The method of the next hop.
        method: String,
        /// The headers that did not go along. The session's token is among them as `authorization`.
        stripped: Vec<String>,
    },
    /// The server wants more than a newer token: further scopes, or the user in person. No refresh can help.
    StepUpNeeded {
        /// The scopes to ask for: those granted, those asked for before, and those that it names now.
        scopes: Vec<String>,
        /// How the user must sign in, as the server names it (RFC 9470).
        acr_values: Vec<String>,
        /// The longest time since that sign-in, in seconds.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        max_age_s: Option<u64>,
    },
    /// A web page for people answered a call of a program. It is returned, and nothing is repeated.
    LoginPageDetected {
        /// The address of the page, or the one that the answer leads to, without what it may carry of secrets.
        url: String,
    },
    /// The request waits for a flight.
    WaitingForRefresh {
        /// It found the flight under way: somebody else's 401 had started it.
        joined: bool,
    },
    /// The request is repeated, or is not, and this is why.
    RetryDecided {
        /// Whether it is repeated.
        retry: bool,
        /// The rule that says so.
        rule_id: String,
    },
    /// A stream of events is open.
    StreamOpened {
        /// Which connection of this stream it is, from 1.
        connection: u32,
    },
    /// A connection of a stream is over. What came on it stands.
    StreamInterrupted {
        /// Events that came on it.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        events: u64,
        /// What went wrong. Absent: the server ended it in order.
        error: Option<crate::error::Code>,
    },
    /// A stream is connected again, or is not, and this is why.
    ReconnectDecided {
        /// Whether it is.
        reconnect: bool,
        /// The rule that says so.
        rule_id: String,
        /// How long is waited first, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        wait_ms: Option<u64>,
    },
    /// The send is over. Exactly one for each `RequestQueued`.
    RequestFinished {
        /// How it ended.
        outcome: Outcome,
        /// The status of the answer that was returned, if there was one.
        status: Option<u16>,
        /// Tries that went to the wire.
        attempts: u32,
        /// Time since it was accepted, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
        /// Length of the body that was returned, in bytes.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        body_bytes: u64,
        /// What went wrong, where something did.
        error: Option<crate::error::Code>,
    },

    /// The same request goes out once more through another HTTP client: off the engine, on a connection of its own.
    SecondOpinionAsked {
        /// The method as sent.
        method: String,
        /// The address, without what it may carry of secrets.
        url: String,
        /// Whether the token of the attempt under study goes with it.
        authorized: bool,
    },
    /// The other client's answer is there, or that none came.
    SecondOpinionGiven {
        /// The HTTP status code, if there was an answer.
        status: Option<u16>,
        /// What went wrong, where there was none.
        error: Option<crate::error::Code>,
        /// Time since it was asked, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
        /// Ways in which its answer differs from the first one's, but for those that always do.
        differences: u32,
        /// What that says.
        conclusion: crate::second_opinion::compare::Conclusion,
    },

    /// A flight took off: one refresh on behalf of all who wait for it.
    FlightStarted {
        /// Why.
        need: Need,
    },
    /// One more request waits for the flight.
    WaiterJoined {
        /// How many wait now.
        waiters: u32,
    },
    /// The token endpoint was called.
    ExchangeSent {
        /// What for.
        purpose: Purpose,
        /// Its address.
        endpoint: String,
        /// How. Absent: by POST.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        method: Option<String>,
        /// Which refresh token went with it, for those who hold the install key.
        fingerprint: Option<Fingerprint>,
        /// This repeats an exchange whose answer never came.
        replay: bool,
    },
    /// The token endpoint answered, or nothing came back.
    ExchangeReplied {
        /// The HTTP status code, if there was an answer.
        status: Option<u16>,
        /// The class that decides what happens next.
        class: ReplyClass,
        /// The rule that says so.
        rule_id: String,
        /// The server's own error code, cut and as text.
        error: Option<String>,
        /// The server's own words, cut and as text.
        error_description: Option<String>,
        /// What the server asked us to wait, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        retry_after_ms: Option<u64>,
        /// Time since it was sent, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
    },
    /// The reply was read, refresh token first.
    ReplyParsed {
        /// How long the access token lives, in milliseconds, where the reply (or the token) says so.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        lifetime_ms: Option<u64>,
        /// Where that was read.
        expiry_source: ExpirySource,
        /// A new refresh token came; otherwise the old one stays.
        rotated: bool,
        /// What was odd about the reply, and what was made of it.
        warnings: Vec<String>,
    },
    /// The ID token that came along was checked.
    IdTokenChecked {
        /// It is what it should be.
        valid: bool,
        /// The rule that says so.
        rule_id: String,
        /// The key that signed it, where that was checked and has a name.
        key_id: Option<String>,
    },
    /// The server was asked to take a token back, after the session had ended here.
    RevocationAnswered {
        /// Which one.
        token: crate::token::TokenKind,
        /// It says that the token is worth nothing now. Otherwise it may live on until it expires.
        revoked: bool,
        /// The HTTP status code, if there was an answer.
        status: Option<u16>,
        /// The rule that says what becomes of it.
        #[serde(default)]
        rule_id: String,
        /// How often it was asked, from 1.
        #[serde(default)]
        tries: u32,
        /// It is asked again after this, in milliseconds. Absent: this was the last time.
        #[serde(default)]
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        again_in_ms: Option<u64>,
    },
    /// A token that its server has not taken back is let go; it may live until it expires.
    RevocationGivenUp {
        /// Which one.
        token: crate::token::TokenKind,
        /// The rule that says so.
        rule_id: String,
        /// How often the server was asked.
        tries: u32,
    },
    /// The browser was sent to where the user signs out of the server itself (OpenID Connect RP-Initiated Logout 1.0).
    EndSessionAwaited {
        /// Where, without what is asked for.
        endpoint: String,
        /// The browser was opened here.
        opened: bool,
    },
    /// The new pair is in the vault, and was read back.
    Persisted {
        /// Where.
        kept: Kept,
        /// Time it took, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
    },
    /// The vault did not take the new pair; it is used from memory and tried again.
    PersistFailed {
        /// What the vault said.
        error: crate::error::Code,
    },
    /// From here on, requests carry this generation.
    Published {
        /// Which token, for those who hold the install key. Absent: none for this session came with it.
        fingerprint: Option<Fingerprint>,
        /// When it expires by the local clock. Absent: unknown.
        expires_at_ms: Option<WallMs>,
        /// How long it lives from its arrival, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
        lifetime_ms: Option<u64>,
        /// What the token says of itself. Absent: it is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        claims: Option<TokenClaims>,
    },
    /// What the flight brought no longer belongs to the session: somebody signed out or in meanwhile.
    Superseded {},
    /// The flight is over. Exactly one for each `FlightStarted`.
    FlightFinished {
        /// How it ended.
        class: FlightClass,
        /// How many requests waited for it.
        waiters: u32,
        /// Time since it took off, in microseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        took_us: u64,
    },

    /// Sign-in began.
    SignInStarted {},
    /// The authorization request was put at the server before the browser was sent there (RFC 9126).
    AuthorizationPushed {
        /// Where.
        endpoint: String,
        /// The status of the answer. Absent: none came.
        status: Option<u16>,
        /// The server's own error code, cut and as text. Absent: it took it.
        error: Option<String>,
    },
    /// The server was asked something that gives no tokens.
    ServerAsked {
        /// What for.
        question: Question,
        /// Where.
        endpoint: String,
        /// The status of the answer. Absent: none came.
        status: Option<u16>,
        /// The server's own error code, cut and as text. Absent: it named none.
        error: Option<String>,
    },
    /// A code is shown to the user, who types it on another device; the code itself is not told here.
    UserCodeShown {
        /// Where the user goes, without what may carry the code.
        verification_uri: String,
        /// When the code is worth nothing any more.
        expires_at_ms: WallMs,
    },
    /// The browser was sent to sign in, and is waited for.
    BrowserAwaited {
        /// Where the user signs in, without what is asked for.
        endpoint: String,
        /// The address of this machine that the browser comes back to.
        redirect: String,
        /// The browser was opened here. Otherwise somebody takes the address there.
        opened: bool,
        /// How long it is waited for, in milliseconds.
        #[serde(default)]
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        limit_ms: u64,
    },
    /// Somebody called the address that the browser comes back to, and was not the answer. The sign-in goes on waiting.
    CallbackRefused {
        /// Why.
        reason: CallRefused,
    },
    /// The browser came back with the answer.
    CallbackTaken {
        /// The server's own error code, cut and as text. Absent: it brought a code.
        error: Option<String>,
        /// The server's own words, cut and as text.
        error_description: Option<String>,
    },
    /// An API's answer renewed the session's cookies. Nobody had asked for that: the sign-in goes on, in the same generation.
    CookiesRenewed {
        /// Which jar it is now, for those who hold the install key.
        fingerprint: Fingerprint,
        /// When the session's cookie expires by the local clock. Absent: unknown.
        expires_at_ms: Option<WallMs>,
    },
    /// Sign-in gave a token.
    SignedIn {},
    /// Sign-in gave none, and the session is as it was before.
    SignInFailed {
        /// What went wrong.
        error: crate::error::Code,
    },
    /// The session forgot its tokens because the user asked for that.
    SignedOut {},
    /// The session changed its state.
    StateChanged {
        /// From.
        from: StateName,
        /// To.
        to: StateName,
    },
    /// The access token of this generation expired by the local clock.
    TokenExpired {},
    /// No refresh is tried before then; the session is untouched.
    CooldownStarted {
        /// When a refresh may be tried again.
        until_ms: WallMs,
        /// Failures in a row.
        failures: u32,
    },
    /// The server ended the session: only signing in again helps. Nothing was deleted.
    LoginRequired {
        /// Why.
        cause: LoginCause,
    },
    /// A session was found in the vault when the process started.
    SessionRestored {
        /// Where it had been kept.
        kept: Kept,
        /// When its access token expires by the local clock.
        expires_at_ms: Option<WallMs>,
        /// What the token says of itself. Absent: it is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        claims: Option<TokenClaims>,
    },
    /// A record in the vault was not used, and was left alone.
    RecordSetAside {
        /// Why.
        reason: SetAside,
    },
    /// A keychain call takes longer than `SOFT_LIMIT`; it may be waiting for a person.
    StoreSlow {},
    /// The vault cannot be used.
    StoreUnavailable {
        /// What it said.
        error: crate::error::Code,
    },
    /// The user went on in another environment of the workspace. Its sessions have tokens of their own.
    EnvironmentChosen {
        /// Its name. Absent: none, which is what the workspace says for all of them.
        environment: Option<String>,
    },
    /// The files of the workspace were read again, because they changed.
    WorkspaceRead {
        /// Sessions that there were not.
        added: Vec<String>,
        /// Sessions that are set up in another way.
        changed: Vec<String>,
        /// Sessions that there are no more.
        removed: Vec<String>,
    },
    /// The user chose to keep tokens in memory only, or to use the keychain again.
    StoreChosen {
        /// Where new tokens are kept from now on.
        kept: Kept,
    },
    /// The family's lock is held: no other task or process refreshes it now.
    LockAcquired {
        /// How long it was waited for, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        waited_ms: u64,
        /// Somebody else held it first.
        contended: bool,
    },
    /// The lock's file cannot be locked: other processes are not kept out.
    LockWeak {
        /// What the system said.
        detail: String,
    },
    /// Somebody removed the lock's file while it was held, so others may have come in. It is locked anew before anything is
    /// sent or stored.
    LockLost {},
    /// The vault and the journal were read under the lock, and decided what is sent.
    StoreReloaded {
        /// The generation that the vault holds.
        found: Option<u32>,
        /// The rule that decided.
        rule_id: String,
    },
    /// Another process had refreshed; its generation is used, and nothing was sent.
    AdoptedFromPeer {},
    /// What the flight is about to do is on disk.
    IntentLogged {},
    /// What the flight is about to do could not be written down; a crash in this flight could not be explained.
    JournalFailed {
        /// What the system said.
        detail: String,
    },
    /// A reply held no usable access token but a new refresh token, which is kept.
    RefreshTokenKept {},
    /// An exchange without an answer was not repeated: its server takes a refresh token that comes twice for stolen.
    ReplayWithheld {
        /// The rule that says so.
        rule_id: String,
    },
    /// What was learned of a session's server, or what the user said of it, changed what is done next.
    HabitFollowed {
        /// The rule that says so.
        rule_id: String,
        /// How much earlier it is done than otherwise, in milliseconds. Absent: it is not about time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional, type = "number"))]
        earlier_ms: Option<u64>,
    },
    /// A repeated exchange gave the tokens whose first reply was lost.
    RotationRecovered {},
    /// The refresh gave the very token that was refused.
    TokenUnchanged {},
    /// The new token's scope is not the old one's.
    ScopeChanged {
        /// In the old one only.
        lost: Vec<String>,
        /// In the new one only.
        gained: Vec<String>,
    },
    /// The tokens that came belong to another account than the session's; they are not used.
    AccountMismatch {},
    /// The vault holds an older generation than was stored: a restored backup, or a power cut.
    StoreWentBack {
        /// What it holds.
        found: u32,
        /// What it was given last.
        expected: u32,
    },
    /// An origin refuses tokens that are fresh; its refusals start no refresh until then.
    OriginQuarantined {
        /// The origin.
        origin: String,
        /// When that ends.
        until_ms: WallMs,
    },
    /// The server ended the session, but the access token still works until then.
    DegradedUntil {
        /// When the access token expires by the local clock. Absent: unknown.
        until_ms: Option<WallMs>,
    },
    /// The token endpoint has refused without a reason for longer than `ATTENTION_AFTER`.
    NeedsAttention {},
    /// What the session file proposes is not what its tokens were approved for.
    BindingQuestioned {},
    /// The user approved what the session file proposes.
    BindingApproved {},
    /// The local clock was moved, or the machine slept.
    ClockJump {
        /// By how much the local clock went ahead of the other one, in milliseconds; negative: back.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        delta_ms: i64,
    },
    /// The server's clock, by the `Date` of its reply, is not the local one.
    ClockSkewed {
        /// The server's clock less the local one, in milliseconds.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        skew_ms: i64,
    },
    /// The user switched a fault on or off, or it had struck as often as it was asked for.
    FaultSwitched {
        /// What goes wrong from here, or no longer does.
        fault: crate::fault::Fault,
        /// It is on.
        on: bool,
    },
    /// Something went wrong here on purpose.
    FaultInjected {
        /// What.
        fault: crate::fault::FaultName,
    },
    /// The user was asked outside the window whether something may be trusted further, and answered.
    TrustAsked {
        /// What it was about.
        widening: Widening,
        /// The answer was yes.
        granted: bool,
    },
    /// Another tool asked for a session's token, by `sandglass token`.
    TokenWanted {
        /// The user has allowed that for this session.
        allowed: bool,
    },
    /// A token was given to the user's own eyes, clipboard or tool.
    TokenHandedOut {
        /// Which one.
        which: crate::token::TokenKind,
        /// How.
        how: HandedOut,
    },
    /// Events of this run up to here are no longer in memory and were never on disk.
    Gap {
        /// The first missing number.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        from: u64,
        /// The last missing number.
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        to: u64,
    },
}
