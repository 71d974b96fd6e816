//! What a family knows at run time, under its one lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::gate::{Base, FlightSlot, Guarded};
use crate::clock::WallMs;
use crate::error::Failure;
use crate::oauth::dpop::Bound;
use crate::redact::{Fingerprint, Secret};
use crate::session::credentials::ClientSecrets;
use crate::session::decision::StandingKind;
use crate::timeline::event::{EventKey, LoginCause, SetAside, StateName};
use crate::token::details::JwtDetails;
use crate::token::jwt;
use crate::token::lineage::{LineageStep, STEPS_MAX};
use crate::token::scheme::Scheme;
use crate::vault::record::{Access, Binding, Record, Slot};

/// One access token that was published.
pub(crate) struct Token {
    pub(crate) epoch: u32,
    /// The family's generation whose exchange gave it.
    pub(crate) generation: u32,
    pub(crate) access: Access,
    pub(crate) fingerprint: Fingerprint,
    /// The event that published it, or restored it.
    pub(crate) published: EventKey,
    /// The refresh that gave it, and the request whose 401 asked for that.
    pub(crate) flight: Option<u64>,
    pub(crate) because_of: Option<u64>,
    /// The generation before, for the difference in claims.
    pub(crate) before: Option<Box<JwtDetails>>,
    pub(crate) used: AtomicU32,
    pub(crate) refused: AtomicU32,
    /// When it was taken last, in milliseconds since 1970; 0: never.
    pub(crate) last_used_ms: AtomicI64,
    pub(crate) refused_by: Mutex<Vec<String>>,
    /// How it is presented: put together once for all that carry it.
    pub(crate) credentials: OnceLock<HeaderValue>,
}

/// Jars that are masked after they were renewed; an answer under way may hold what it was sent with.
const JARS_BEFORE_MAX: usize = 16;

/// Origins that are remembered for having refused one token.
const REFUSED_BY_MAX: usize = 8;

impl Token {
    /// When it expires by the local clock.
    pub(crate) fn expires_at(&self) -> Option<WallMs> {
        self.access
            .lifetime_ms
            .map(|lifetime| self.access.received_at.plus(lifetime))
    }

    pub(crate) fn has_expired(&self, now: WallMs) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }

    /// What presents it (RFC 6750 §2.1). `None`: it does not fit into a header.
    pub(crate) fn credentials(&self) -> Option<HeaderValue> {
        if let Some(known) = self.credentials.get() {
            return Some(known.clone());
        }
        let fresh = credentials(self.access.scheme, &self.access.token)?;
        Some(self.credentials.get_or_init(|| fresh).clone())
    }

    /// An attempt takes it along.
    pub(crate) fn was_taken(&self, now: WallMs) {
        self.used.fetch_add(1, Ordering::Relaxed);
        self.last_used_ms.store(now.0, Ordering::Relaxed);
    }

    /// An origin has refused it.
    pub(crate) fn note_refusal(&self, origin: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut refused_by = self
            .refused_by
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refused_by.retain(|other| other != origin);
        if refused_by.len() == REFUSED_BY_MAX {
            refused_by.remove(0);
        }
        refused_by.push(origin.to_owned());
    }

    /// What is remembered of it when it is gone.
    pub(crate) fn step(&self) -> LineageStep {
        let after = jwt::readable(&self.access.token);
        let changes = match (&self.before, &after) {
            (Some(before), Some(after)) => jwt::changes(before, after),
            _ => Vec::new(),
        };
        LineageStep {
            generation: self.generation,
            epoch: self.epoch,
            published: self.published,
            flight: self.flight,
            because_of: self.because_of,
            fingerprint: self.fingerprint,
            received_at_ms: self.access.received_at,
            expires_at_ms: self.expires_at(),
            scope: self.access.scope.clone(),
            times_used: self.used.load(Ordering::Relaxed),
            times_refused: self.refused.load(Ordering::Relaxed),
            changes,
        }
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed) > 0
    }
}

impl Secret for Token {
    fn secret(&self) -> &SecretString {
        &self.access.token
    }
}

/// A token behind its scheme, as a header that no log shows. `None`: it does not fit into one.
pub(crate) fn credentials(scheme: Scheme, token: &SecretString) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{} {}", scheme.name(), token.expose_secret()));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A refresh token and its name in the timeline.
#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) secret: Arc<SecretString>,
    pub(crate) fingerprint: Fingerprint,
}

/// What new tokens are asked for with.
#[derive(Clone)]
pub(crate) enum Renewal {
    /// A refresh token: its use may spend it, so it is used once, written down before, and never in doubt (RFC 6749 §6).
    RefreshToken(RefreshToken),
    /// What the client proves itself with: no use of it spends anything, and a lost reply costs nothing (RFC 6749 §4.4).
    ClientCredentials,
}

impl Renewal {
    /// The refresh token, where it is one.
    pub(crate) fn refresh_token(&self) -> Option<&RefreshToken> {
        match self {
            Self::RefreshToken(token) => Some(token),
            Self::ClientCredentials => None,
        }
    }
}

/// How a flight ended, for all who waited for it.
#[derive(Debug)]
pub(crate) struct FlightEnd {
    pub(crate) result: Result<(), Failure>,
    /// The event that ended it.
    pub(crate) finished: EventKey,
    /// The session that it flew for.
    pub(crate) member: Arc<str>,
}

/// What those who meet a flight know of it.
pub(crate) struct Airborne {
    pub(crate) number: u64,
    /// The session that it flies for: others of the family take their turn after it.
    pub(crate) member: Arc<str>,
    pub(crate) started: EventKey,
    /// Where all who wait hear how it ended.
    pub(crate) end: watch::Sender<Option<Arc<FlightEnd>>>,
}

/// How the family stands when no flight is under way.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    SignedOut,
    Active,
    Cooldown {
        until: Duration,
        until_ms: WallMs,
    },
    /// The family is dead, but an access token of it still works.
    Degraded {
        cause: LoginCause,
        evidence: Vec<EventKey>,
    },
    ConfigError,
    /// Why the vault could not be asked.
    StoreUnavailable(Box<Failure>),
    /// The session files propose something else than was approved; the record waits for an answer.
    BindingChanged(Box<Question>),
    LoginRequired {
        cause: LoginCause,
        evidence: Vec<EventKey>,
    },
}

/// A record, and what the session files propose instead of what it was approved for.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) record: Record,
    pub(crate) proposed: Binding,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("approved", &self.record.binding)
            .field("proposed", &self.proposed)
            .finish()
    }
}

/// An origin that refused a token which was fresh.
#[derive(Clone, Debug)]
pub(crate) struct Quarantine {
    pub(crate) origin: String,
    pub(crate) generation: u32,
    pub(crate) until: Duration,
}

/// Origins of one family that may be in quarantine at once; the oldest makes room.
const QUARANTINES_MAX: usize = 64;
/// Refreshes a minute whose token was then refused, after which refusals start no more of them.
const FRUITLESS_MAX: usize = 3;
/// The minute of [`FRUITLESS_MAX`].
const FRUITLESS_WINDOW: Duration = Duration::from_secs(60);

/// Everything that changes about a family.
pub(crate) struct State {
    pub(crate) epoch: u32,
    /// 0: nothing was granted in this epoch.
    pub(crate) generation: u32,
    /// Absent: no new token can be had without the user.
    pub(crate) renewal: Option<Renewal>,
    /// The refresh token before it: kept only while the user wants to see what a server makes of its reuse.
    pub(crate) outgoing: Option<RefreshToken>,
    /// The generation that is taken for expired on purpose until the next flight has landed, and the event that says so.
    pub(crate) expired_on_purpose: Option<(u32, EventKey)>,
    pub(crate) client: ClientSecrets,
    /// What the tokens are bound to.
    pub(crate) bound: Bound,
    /// Whose tokens these are, as a hash, where one said so.
    pub(crate) account: Option<u64>,
    /// Likewise by issuer and subject, where an ID token said so.
    pub(crate) identity: Option<u64>,
    /// The access tokens, by the session that they were got for.
    pub(crate) access: BTreeMap<Arc<str>, Arc<Token>>,
    /// The generations before those, by the same sessions.
    pub(crate) ancestors: VecDeque<(Arc<str>, LineageStep)>,
    /// Jars that answers have renewed meanwhile, the newest last: what was sent with them may still come back in a body.
    pub(crate) jars_before: VecDeque<SecretString>,
    pub(crate) standing: Standing,
    pub(crate) flight: FlightSlot<Airborne>,
    /// Transient failures in a row.
    pub(crate) failures: u32,
    /// The last exchange was sent and its outcome is unknown.
    pub(crate) unknown_outcome: bool,
    /// Since when the server refuses the refresh token in words that OAuth does not know.
    pub(crate) suspect_since: Option<Duration>,
    /// Since when the token endpoint refuses without any reason.
    pub(crate) unexplained_since: Option<Duration>,
    pub(crate) needs_attention: bool,
    pub(crate) quarantines: VecDeque<Quarantine>,
    /// When refreshes were followed by a refusal of their token.
    pub(crate) fruitless: VecDeque<Duration>,
    pub(crate) last_used: Duration,
    pub(crate) skew_ms: Option<i64>,
    /// The slot that holds the newest record.
    pub(crate) slot: Slot,
    /// The vault refused the newest record.
    pub(crate) persist_pending: bool,
    pub(crate) set_aside: Option<SetAside>,
    /// Another family has taken this one's place.
    pub(crate) retired: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            epoch: 0,
            generation: 0,
            renewal: None,
            outgoing: None,
            expired_on_purpose: None,
            client: ClientSecrets::default(),
            bound: Bound::ToNothing,
            account: None,
            identity: None,
            access: BTreeMap::new(),
            ancestors: VecDeque::new(),
            jars_before: VecDeque::new(),
            standing: Standing::SignedOut,
            flight: FlightSlot::default(),
            failures: 0,
            unknown_outcome: false,
            suspect_since: None,
            unexplained_since: None,
            needs_attention: false,
            quarantines: VecDeque::new(),
            fruitless: VecDeque::new(),
            last_used: Duration::ZERO,
            skew_ms: None,
            slot: Slot::B,
            persist_pending: false,
            set_aside: None,
            retired: false,
        }
    }
}

impl Guarded for State {
    type Flight = Airborne;

    fn base(&self) -> Base {
        (self.epoch, self.generation)
    }

    fn flight_slot(&mut self) -> &mut FlightSlot<Airborne> {
        &mut self.flight
    }
}

impl State {
    pub(crate) fn name(&self) -> StateName {
        // Who signed out is signed out at once, whatever is still in the air.
        if !self.flight.is_free() && !matches!(self.standing, Standing::SignedOut) {
            return StateName::Refreshing;
        }
        match self.standing {
            Standing::SignedOut => StateName::SignedOut,
            Standing::Active | Standing::Cooldown { .. } if self.unknown_outcome => {
                StateName::Indeterminate
            }
            Standing::Active => StateName::Active,
            Standing::Cooldown { .. } => StateName::Cooldown,
            Standing::Degraded { .. } => StateName::Degraded,
            Standing::ConfigError => StateName::ConfigError,
            Standing::StoreUnavailable(_) => StateName::StoreUnavailable,
            Standing::BindingChanged(_) => StateName::BindingChanged,
            Standing::LoginRequired { .. } => StateName::LoginRequired,
        }
    }

    /// How it stands for a decision at this moment of the monotonic clock.
    pub(crate) fn standing_kind(&self, now: Duration) -> StandingKind {
        match self.standing {
            Standing::SignedOut | Standing::StoreUnavailable(_) | Standing::BindingChanged(_) => {
                StandingKind::SignedOut
            }
            Standing::Active => StandingKind::Ready,
            Standing::Cooldown { until, .. } if now < until => StandingKind::Cooling,
            Standing::Cooldown { .. } => StandingKind::Ready,
            Standing::Degraded { cause, .. } => StandingKind::Degraded(cause),
            Standing::ConfigError => StandingKind::Misconfigured,
            Standing::LoginRequired { cause, .. } => StandingKind::Ended(cause),
        }
    }

    /// The refresh token, where there is one.
    pub(crate) fn refresh_token(&self) -> Option<&RefreshToken> {
        self.renewal.as_ref().and_then(Renewal::refresh_token)
    }

    /// Forgets everything that was granted, and begins another epoch.
    pub(crate) fn forget(&mut self, epoch: u32) {
        let (slot, last_used) = (self.slot, self.last_used);
        let flight = std::mem::take(&mut self.flight);
        *self = Self {
            epoch,
            flight,
            slot,
            last_used,
            ..Self::default()
        };
    }

    /// Remembers a generation that another one takes the place of.
    pub(crate) fn remember(&mut self, member: &Arc<str>, token: &Token) {
        if self.ancestors.len() == STEPS_MAX {
            self.ancestors.pop_front();
        }
        self.ancestors.push_back((Arc::clone(member), token.step()));
    }

    /// Remembers a jar that a renewed one takes the place of.
    pub(crate) fn remember_jar(&mut self, jar: &SecretString) {
        if self.jars_before.len() == JARS_BEFORE_MAX {
            self.jars_before.pop_front();
        }
        self.jars_before.push_back(jar.clone());
    }

    /// Whether an origin's refusals of this generation start no refresh now.
    pub(crate) fn is_quarantined(&self, origin: &str, generation: u32, now: Duration) -> bool {
        self.quarantines.iter().any(|entry| {
            entry.origin == origin && entry.generation == generation && now < entry.until
        })
    }

    /// Puts an origin into quarantine for this generation; false where it is there already.
    pub(crate) fn quarantine(&mut self, entry: Quarantine, now: Duration) -> bool {
        self.quarantines.retain(|other| now < other.until);
        if self.is_quarantined(&entry.origin, entry.generation, now) {
            return false;
        }
        if self.quarantines.len() == QUARANTINES_MAX {
            self.quarantines.pop_front();
        }
        self.quarantines.push_back(entry);
        true
    }

    /// A refresh gave a token that was refused at once.
    pub(crate) fn was_fruitless(&mut self, now: Duration) {
        if self.fruitless.len() == FRUITLESS_MAX {
            self.fruitless.pop_front();
        }
        self.fruitless.push_back(now);
    }

    /// Whether refreshes have been followed by refusals so often that another one waits.
    pub(crate) fn is_exhausted(&self, now: Duration) -> bool {
        let recent = self
            .fruitless
            .iter()
            .filter(|at| now.saturating_sub(**at) < FRUITLESS_WINDOW);
        recent.count() >= FRUITLESS_MAX
    }
}

/// The shortest and the longest time between two tries after transient failures.
const COOLDOWN_BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// How long to wait after this many transient failures in a row: doubled each time, spread by `jitter` of 0..1 over its
/// upper half, and never shorter than what the server asked for.
pub(crate) fn cooldown(failures: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let doubled = COOLDOWN_BOUNDS
        .0
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(COOLDOWN_BOUNDS.1);
    doubled
        .mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
        .max(retry_after.unwrap_or_default())
        .max(COOLDOWN_BOUNDS.0)
}

/// The longest time that an origin is in quarantine.
const QUARANTINE_MAX: Duration = Duration::from_secs(600);

/// How long an origin that refuses a fresh token is in quarantine: as long as that token lives, within a bound.
pub(crate) fn quarantine_span(token_left: Option<Duration>) -> Duration {
    token_left.map_or(QUARANTINE_MAX, |left| left.min(QUARANTINE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_cooldown_grows_to_a_bound_and_obeys_the_server() {
        for (failures, retry_after, jitter, expected) in [
            (1, None, 1.0, seconds(1)),
            (2, None, 1.0, seconds(2)),
            (4, None, 1.0, seconds(8)),
            (4, None, 0.0, seconds(4)),
            (40, None, 1.0, seconds(300)),
            (1, Some(seconds(120)), 1.0, seconds(120)),
            (0, None, 0.0, seconds(1)),
        ] {
            assert_eq!(
                cooldown(failures, retry_after, jitter),
                expected,
                "{failures} {retry_after:?} {jitter}"
            );
        }
    }

    /// Scenario 128.
    #[test]
    fn a_quarantine_ends_with_its_generation() {
        for (left, expected) in [
            (None, 600),
            (Some(seconds(30)), 30),
            (Some(seconds(120)), 120),
            (Some(seconds(9_999)), 600),
        ] {
            assert_eq!(quarantine_span(left), seconds(expected), "{left:?}");
        }
        let mut state = State::default();
        let entry = Quarantine {
            origin: "https://x.test".to_owned(),
            generation: 2,
            until: seconds(30),
        };
        assert!(state.quarantine(entry.clone(), seconds(0)));
        assert!(!state.quarantine(entry, seconds(1)), "it is there already");
        assert!(state.is_quarantined("https://x.test", 2, seconds(29)));
        assert!(!state.is_quarantined("https://x.test", 2, seconds(30)));
        assert!(
            !state.is_quarantined("https://x.test", 3, seconds(1)),
            "the next generation may try again"
        );
        assert!(
            !state.is_quarantined("https://y.test", 2, seconds(1)),
            "other origins are not touched"
        );
    }

    /// N46.
    #[test]
    fn refreshes_whose_token_is_refused_are_bounded_per_minute() {
        let mut state = State::default();
        for second in 0..3 {
            assert!(!state.is_exhausted(seconds(second)));
            state.was_fruitless(seconds(second));
        }
        assert!(state.is_exhausted(seconds(3)));
        assert!(!state.is_exhausted(seconds(60)), "a minute after the first");
    }
}
