//! The ways in which an OAuth session gets tokens (RFC 6749 §1.3).

use serde::{Deserialize, Serialize};

/// How an OAuth session gets its first tokens, and what it asks for new ones with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// With a refresh token that the user already has (RFC 6749 §6).
    #[default]
    RefreshToken,
    /// Through the system's browser, with a code that only whoever began the sign-in can redeem (RFC 6749 §4.1, RFC 7636).
    AuthorizationCode,
    /// As the client itself, without a user (RFC 6749 §4.4). There is no refresh token: new tokens are asked for as the
    /// first ones were, and nothing is spent by that.
    ClientCredentials,
    /// On any other device, where the user types a code that is shown here (RFC 8628).
    DeviceCode,
    /// With the user's own name and password, which this program then sees (RFC 6749 §4.3). Legacy: RFC 9700 §2.4 says that
    /// it must not be used, and OAuth 2.1 leaves it out; some servers know nothing else.
    Password,
}
