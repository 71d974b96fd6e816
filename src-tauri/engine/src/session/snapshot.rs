//! A session as the outside may see it: everything but its secrets.

use serde::{Deserialize, Serialize};

use super::config::ClientAuth;
use super::config::grant_type::GrantType;
use super::config::server::Offer;
use super::credentials::SignsInWith;
use super::step_up::StepUp;
use crate::clock::WallMs;
use crate::fault::Fault;
use crate::timeline::event::{EventKey, Kept, LoginCause, SetAside, StateName};
use crate::vault::Binding;

/// One session at one moment. Never a source of truth beside the timeline: it says where in the timeline it was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SessionSnapshot {
    /// The newest event when this was taken.
    pub as_of: EventKey,
    /// Its name, unique in the workspace.
    pub name: String,
    /// The family whose refresh token it uses; its own name where it shares with none.
    pub family: String,
    /// How it signs in and refreshes.
    pub kind: SessionKind,
    /// How it gets tokens, where it speaks OAuth.
    pub grant: Option<GrantType>,
    /// What one signs in to it with.
    pub signs_in_with: SignsInWith,
    /// How its client authenticates, where it speaks OAuth.
    pub client_auth: Option<ClientAuth>,
    /// Where it stands.
    pub state: StateName,
    /// The sign-in it belongs to.
    pub epoch: u32,
    /// The generation that requests carry now.
    pub generation: Option<u32>,
    /// When the access token expires by the local clock. Absent: unknown, or no token.
    pub expires_at_ms: Option<WallMs>,
    /// How long the access token lives from its arrival, in milliseconds.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub lifetime_ms: Option<u64>,
    /// Where its tokens may be sent: exact origins.
    pub origins: Vec<String>,
    /// Where it refreshes.
    pub refresh_endpoint: String,
    /// What its server can be asked to do beside that, as far as it is known.
    pub offers: Vec<Offer>,
    /// Where its tokens are kept.
    pub kept: Kept,
    /// The vault refused the newest pair: it lives in memory and is tried again.
    pub persist_pending: bool,
    /// The token endpoint has refused without a reason for so long that somebody should look.
    pub needs_attention: bool,
    /// The server's clock less the local one by its last reply, in milliseconds. Absent: unknown.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub skew_ms: Option<i64>,
    /// When a refresh may be tried again, in the state `cooldown`.
    pub cooldown_until_ms: Option<WallMs>,
    /// Why signing in again is needed, in the state `login_required`.
    pub login_cause: Option<LoginCause>,
    /// The events that prove it.
    pub evidence: Vec<EventKey>,
    /// What the next sign-in must ask for, where the token was good and not good enough.
    pub step_up: Option<StepUp>,
    /// A record was found and not used.
    pub set_aside: Option<SetAside>,
    /// What goes wrong on purpose, in the order in which it was switched on.
    pub faults: Vec<Fault>,
    /// What was approved and what the session files propose instead, in the state `binding_changed`.
    pub binding: Option<BindingQuestion>,
}

/// What a family's tokens were approved for, and what its session files propose now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BindingQuestion {
    /// What the user signed in under.
    pub approved: Binding,
    /// What would take its place.
    pub proposed: Binding,
}

/// How a session signs in and refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A JSON sign-in and refresh endpoint.
    Json,
    /// A standard OAuth token endpoint.
    Oauth,
    /// Requests whose answers set cookies.
    Cookie,
}
