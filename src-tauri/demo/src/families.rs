//! Families of refresh tokens: who signed in, which generation is the newest, and what a spent token is taken for.
//!
//! ```text
//! sign_in -> G1 --refresh--> G2 --refresh--> G3 …      a spent token -> Reuse decides
//!                                     any of them: expire, revoke -> no token of the family works
//! ```
//! Everything here is plain data under the server's lock; nothing waits and nothing is sent.

use crate::access_token::{self, Claims};
use crate::key::Key;
use crate::refresh_token;
use crate::settings::Reuse;
use crate::token_id::TokenId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;

/// The most families that are remembered; beyond it the one least recently used is forgotten.
const FAMILIES_MAX: usize = 10_000;
/// What a sign-in is granted at most. A refresh gives it without `admin`, so that the claims of G1 and G2 visibly differ.
pub(crate) const SCOPE: &str = "read write admin";
const SCOPE_ONCE: &str = "admin";

/// What never changes during a run: who issues tokens, and by which rules.
#[derive(Debug)]
pub(crate) struct Mint {
    pub(crate) key: Key,
    pub(crate) origin: String,
    pub(crate) access_ttl: Duration,
    pub(crate) refresh_ttl: Duration,
    pub(crate) reuse: Reuse,
}

/// All families. Plain data, so that a state file can hold it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Families {
    by_id: HashMap<String, Family>,
    sign_ins: u64,
    last_issued_ms: u64,
    /// Access tokens issued up to here count as expired.
    expired_up_to_ms: u64,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// The order of sign-ins: the newest has the highest number.
    number: u64,
    client: String,
    scope: String,
    generation: u64,
    rotated_ms: u64,
    revoked: bool,
}

/// One family in words, for `GET /_demo/state`; no token can be made from it.
#[derive(Serialize)]
pub(crate) struct Summary {
    number: u64,
    client: String,
    generation: u64,
    revoked: bool,
}

/// A pair of tokens on its way out. It has no `Debug`, so that it cannot slip into a message.
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in_s: u64,
    pub(crate) scope: String,
}

/// Why a refresh was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    OtherClient,
    Expired,
    Spent,
    Revoked,
    ScopeTooWide,
}

impl Refusal {
    /// The `error_description` of the answer.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Unknown => "The refresh token is not known here",
            Self::OtherClient => "The refresh token was issued to another client",
            Self::Expired => "The refresh token expired",
            Self::Spent => {
                "The refresh token was used before; all tokens of its sign-in are revoked"
            }
            Self::Revoked => "This sign-in was revoked",
            Self::ScopeTooWide => "The scope is wider than what was granted",
        }
    }
}

/// Why an access token is not honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    NotOurs,
    Expired,
    Revoked,
    NotYetValid,
    OtherAudience,
    OtherIssuer,
}

impl Families {
    /// A new family at generation 1. `scope` asks for less than [`SCOPE`].
    pub(crate) fn sign_in(
        &mut self,
        mint: &Mint,
        client: &str,
        scope: Option<&str>,
        now_ms: u64,
    ) -> Result<Issued, Refusal> {
        let scope = narrowed(SCOPE, scope)?;
        self.make_room(mint, now_ms);
        self.sign_ins += 1;
        let mut id = [0; 16];
        getrandom::fill(&mut id).expect("the system can give random bytes");
        let id = format!("{:032x}", u128::from_be_bytes(id));
        let family = Family {
            number: self.sign_ins,
            client: client.to_owned(),
            scope: scope.clone(),
            generation: 1,
            rotated_ms: now_ms,
            revoked: false,
        };
        self.by_id.insert(id.clone(), family);
        Ok(self.issue(mint, &id, client, scope, 1, now_ms))
    }

    /// Takes a refresh token in payment for the next generation. With `keep` the token stays good instead of being spent.
    pub(crate) fn refresh(
        &mut self,
        mint: &Mint,
        client: &str,
        token: &str,
        scope: Option<&str>,
        keep: bool,
        now_ms: u64,
    ) -> Result<Issued, Refusal> {
        let (id, generation) = refresh_token::read(&mint.key, token).ok_or(Refusal::Unknown)?;
        let family = self.by_id.get_mut(&id).ok_or(Refusal::Unknown)?;
        if family.client != client {
            return Err(Refusal::OtherClient);
        }
        if family.revoked {
            return Err(Refusal::Revoked);
        }
        let waited_ms = now_ms.saturating_sub(family.rotated_ms);
        if waited_ms >= in_ms(mint.refresh_ttl) {
            return Err(Refusal::Expired);
        }
        let scope = narrowed(&without(&family.scope, SCOPE_ONCE), scope)?;
        let newest = generation == family.generation;
        let rotate = match mint.reuse {
            _ if newest => !keep,
            Reuse::Ignore => !keep,
            Reuse::Grace(grace)
                if generation + 1 == family.generation && waited_ms < in_ms(grace) =>
            {
                false
            }
            Reuse::Grace(_) | Reuse::RevokeFamily => {
                family.revoked = true;
                return Err(Refusal::Spent);
            }
        };
        if rotate {
            family.generation += 1;
            family.rotated_ms = now_ms;
        }
        let generation = family.generation;
        Ok(self.issue(mint, &id, client, scope, generation, now_ms))
    }

    /// Whether this refresh token is one that was spent.
    pub(crate) fn is_spent(&self, mint: &Mint, token: &str) -> bool {
        refresh_token::read(&mint.key, token).is_some_and(|(id, generation)| {
            self.by_id
                .get(&id)
                .is_some_and(|family| generation < family.generation)
        })
    }

    /// What an access token says, if the API honours it now.
    pub(crate) fn check(&self, mint: &Mint, token: &str, now_ms: u64) -> Result<Claims, Unfit> {
        let claims = access_token::read(&mint.key, token).ok_or(Unfit::NotOurs)?;
        let id = TokenId::parse(&claims.jti).ok_or(Unfit::NotOurs)?;
        match self.by_id.get(&claims.sid) {
            None => Err(Unfit::Revoked),
            Some(family) if family.revoked => Err(Unfit::Revoked),
            Some(_) if now_ms >= access_token::ends_ms(id, mint.access_ttl) => Err(Unfit::Expired),
            Some(_) if id.issued_ms() <= self.expired_up_to_ms => Err(Unfit::Expired),
            Some(_) if now_ms >= claims.exp.saturating_mul(1000) => Err(Unfit::Expired),
            Some(_)
                if claims
                    .nbf
                    .is_some_and(|nbf| now_ms < nbf.saturating_mul(1000)) =>
            {
                Err(Unfit::NotYetValid)
            }
            Some(_) if !same_host(&claims.aud, &mint.origin) => Err(Unfit::OtherAudience),
            Some(_) if !same_host(&claims.iss, &mint.origin) => Err(Unfit::OtherIssuer),
            Some(_) => Ok(claims),
        }
    }

    /// Ends the family a token of either kind belongs to. True if there was something to end.
    pub(crate) fn revoke(&mut self, mint: &Mint, client: &str, token: &str) -> bool {
        let id = refresh_token::read(&mint.key, token)
            .map(|(id, _)| id)
            .or_else(|| access_token::read(&mint.key, token).map(|claims| claims.sid));
        id.and_then(|id| self.by_id.get_mut(&id))
            .filter(|family| family.client == client && !family.revoked)
            .map(|family| family.revoked = true)
            .is_some()
    }

    /// Ends every family; answers how many were alive.
    pub(crate) fn revoke_all(&mut self) -> u64 {
        let alive = self.by_id.values_mut().filter(|family| !family.revoked);
        alive.map(|family| family.revoked = true).count() as u64
    }

    /// Makes every access token issued so far count as expired.
    pub(crate) fn expire_all(&mut self) {
        self.expired_up_to_ms = self.last_issued_ms;
    }

    /// What a thief would hold: the refresh token the newest living family spent last, and the client it belongs to.
    pub(crate) fn spent_last(&self, mint: &Mint) -> Option<(String, String)> {
        let (id, family) = self
            .by_id
            .iter()
            .filter(|(_, family)| !family.revoked)
            .max_by_key(|(_, family)| family.number)?;
        let spent = family
            .generation
            .checked_sub(1)
            .filter(|generation| *generation > 0)?;
        Some((
            family.client.clone(),
            refresh_token::write(&mint.key, id, spent),
        ))
    }

    /// All families in words, oldest first.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        let mut rows: Vec<Summary> = self
            .by_id
            .values()
            .map(|family| Summary {
                number: family.number,
                client: family.client.clone(),
                generation: family.generation,
                revoked: family.revoked,
            })
            .collect();
        rows.sort_by_key(|row| row.number);
        rows
    }

    fn issue(
        &mut self,
        mint: &Mint,
        family: &str,
        client: &str,
        scope: String,
        generation: u64,
        now_ms: u64,
    ) -> Issued {
        // Unique and rising even when the clock stands still or goes back: the order of tokens depends on it.
        self.last_issued_ms = now_ms.max(self.last_issued_ms + 1);
        let claims = Claims {
            scope: scope.clone(),
            client_id: client.to_owned(),
            sid: family.to_owned(),
            ..Claims::new(
                &mint.origin,
                TokenId::issued_at(self.last_issued_ms),
                mint.access_ttl,
            )
        };
        Issued {
            access_token: access_token::write(&mint.key, &claims),
            refresh_token: refresh_token::write(&mint.key, family, generation),
            expires_in_s: in_ms(mint.access_ttl).div_ceil(1000),
            scope,
        }
    }

    fn make_room(&mut self, mint: &Mint, now_ms: u64) {
        if self.by_id.len() < FAMILIES_MAX {
            return;
        }
        let kept_ms = in_ms(mint.refresh_ttl);
        self.by_id
            .retain(|_, family| now_ms.saturating_sub(family.rotated_ms) < kept_ms);
        if self.by_id.len() >= FAMILIES_MAX {
            let idle = self
                .by_id
                .iter()
                .min_by_key(|(_, family)| family.rotated_ms);
            if let Some(id) = idle.map(|(id, _)| id.clone()) {
                self.by_id.remove(&id);
            }
        }
    }
}

/// Whether two addresses are of one server. Not by the port: a restart may have changed it under a token that lives on.
fn same_host(one: &str, other: &str) -> bool {
    let host = |text: &str| text.rsplit_once(':').map(|(host, _)| host.to_owned());
    host(one) == host(other)
}

/// A duration in whole milliseconds; longer than 580 million years is cut.
pub(crate) fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The wanted scope if it is part of the granted one; the granted one if none is named.
fn narrowed(granted: &str, wanted: Option<&str>) -> Result<String, Refusal> {
    let Some(wanted) = wanted else {
        return Ok(granted.to_owned());
    };
    let allowed = |scope: &str| granted.split(' ').any(|granted| granted == scope);
    if wanted.split(' ').all(allowed) {
        Ok(wanted.to_owned())
    } else {
        Err(Refusal::ScopeTooWide)
    }
}

fn without(scope: &str, left_out: &str) -> String {
    let kept: Vec<&str> = scope
        .split(' ')
        .filter(|scope| *scope != left_out)
        .collect();
    kept.join(" ")
}

#[cfg(test)]
mod tests;
