//! The way to token endpoints: the network, or for tests with a clock of their own, answers out of memory.

use std::sync::Arc;

use crate::client::Clients;

/// How a request to a token endpoint gets there.
pub(crate) enum TokenTransport {
    /// Over HTTP.
    Network(Arc<Clients>),
    /// Answered at once by this function of the request's body: no socket, so that time can be made to pass.
    #[cfg(test)]
    Memory(Arc<MemoryAnswer>),
}

impl TokenTransport {
    /// The clients, where there is a network.
    pub(crate) fn network(&self) -> Option<&Clients> {
        match self {
            Self::Network(clients) => Some(clients),
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }
}

/// What answers in the place of a server.
#[cfg(test)]
pub(crate) type MemoryAnswer = dyn Fn(&str) -> super::Wire + Send + Sync;
