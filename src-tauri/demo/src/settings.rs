//! How a demo server is set up, with the values the tour needs as defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// No artificial delay: what tests use.
pub const NO_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::ZERO;

/// How one demo server behaves from its start to its end.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen. Anything but a loopback address is refused; port 0 lets the system choose.
    pub bind: SocketAddr,
    /// How long the API honours an access token. Replies name it in whole seconds, rounded up.
    pub access_ttl: Duration,
    /// How long a refresh token can wait to be used; each rotation starts the time anew.
    pub refresh_ttl: Duration,
    /// How long every answer but those of `/_demo` waits, chosen anew each time.
    pub delay: RangeInclusive<Duration>,
    /// What a spent refresh token is taken for.
    pub reuse: Reuse,
    /// Where sign-ins and the signing key are kept, so that they survive a restart. `None` forgets them at the end.
    pub state_file: Option<PathBuf>,
}

impl Default for Settings {
    /// What the tour shows: 6 s access tokens, 5 min refresh tokens, answers after 150 to 250 ms so that bars are visible.
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            access_ttl: Duration::from_secs(6),
            refresh_ttl: Duration::from_secs(300),
            delay: Duration::from_millis(150)..=Duration::from_millis(250),
            reuse: Reuse::default(),
            state_file: None,
        }
    }
}

/// What happens when a refresh token that was already spent is used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// It is theft: the whole family dies, access tokens included (RFC 9700, section 4.14.2).
    #[default]
    RevokeFamily,
    /// For this long after a rotation the token just replaced is answered with its successor once more; after that, theft.
    Grace(Duration),
    /// The server does not look: a spent token refreshes like the newest one.
    Ignore,
}
