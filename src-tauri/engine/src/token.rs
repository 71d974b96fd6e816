//! Tokens as servers hand them out: replies read leniently, access tokens decoded for show.

pub mod claims;
pub mod details;
pub(crate) mod jwt;
mod lifetime;
pub(crate) mod reply;
pub mod scheme;
pub mod signature;
