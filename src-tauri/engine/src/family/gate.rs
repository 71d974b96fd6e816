//! The gate of a family: one flight at a time, and what it brings counts only for the generation that it took off from.
//!
//! ```text
//! under the lock --+-- a flight is under way ---> join it
//!                  '-- none is ----------------> start it: a ticket, in the hands of a guard
//!                                                  |
//!   commit: the state is where it was ------> changed, and the slot is free, before anybody else is let in
//!   land: the flight brought nothing --------> the slot is free; what it changes counts for its own sign-in only
//!   the guard is dropped before either ------> it lands as aborted: nobody waits for a task that is gone
//! ```
//!
//! It knows a lock and nothing else: no runtime, no clock, no timeline. So `tests/gate` can try it in every order in which
//! threads may come to that lock, under `cfg(loom)`, which only that package sets.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

/// The word of compare-and-swap: a sign-in, and a generation of it.
pub(crate) type Base = (u32, u32);

/// What a gate guards.
pub(crate) trait Guarded {
    /// What those who meet a flight know of it, and how they hear of its end.
    type Flight;

    /// The sign-in and the generation that it is at.
    fn base(&self) -> Base;

    /// Where its flight is.
    fn flight_slot(&mut self) -> &mut FlightSlot<Self::Flight>;
}

/// A state that is reached through one lock only.
pub(crate) struct Gate<S> {
    state: Mutex<S>,
}

impl<S> Gate<S> {
    pub(crate) fn new(state: S) -> Self {
        Self {
            state: Mutex::new(state),
        }
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of the flight under way, and the seats of those who wait for it.
pub(crate) struct FlightSlot<F> {
    boarded: Option<Boarded<F>>,
}

struct Boarded<F> {
    flight: F,
    waiters: u32,
}

impl<F> Default for FlightSlot<F> {
    fn default() -> Self {
        Self { boarded: None }
    }
}

impl<F> FlightSlot<F> {
    /// The flight under way.
    pub(crate) fn flight(&self) -> Option<&F> {
        self.boarded.as_ref().map(|boarded| &boarded.flight)
    }

    /// No flight is under way.
    pub(crate) fn is_free(&self) -> bool {
        self.boarded.is_none()
    }

    /// Takes the slot for a flight from this base. `None`: another one is under way, and is to be joined.
    #[must_use = "a ticket that nobody lands with keeps the slot for good"]
    pub(crate) fn start(&mut self, base: Base, flight: F) -> Option<Ticket> {
        if !self.is_free() {
            return None;
        }
        self.boarded = Some(Boarded { flight, waiters: 0 });
        Some(Ticket {
            base,
            landed: false,
        })
    }

    /// Takes one more seat in the flight under way: what is known of it, and how many wait now.
    pub(crate) fn join(&mut self) -> Option<(&F, u32)> {
        let boarded = self.boarded.as_mut()?;
        boarded.waiters += 1;
        Some((&boarded.flight, boarded.waiters))
    }
}

/// A flight that landed, and how many waited for it: they are to be told.
#[must_use = "those who wait for the flight are to be told"]
pub(crate) struct Landed<F> {
    pub(crate) flight: F,
    pub(crate) waiters: u32,
}

/// The right to land, once. Whoever holds it holds the slot.
pub(crate) struct Ticket {
    base: Base,
    landed: bool,
}

impl Ticket {
    /// What the flight is based on.
    pub(crate) fn base(&self) -> Base {
        self.base
    }

    /// Whether nothing has changed under the flight. Asked again at its end: an answer is good as long as the lock is held.
    pub(crate) fn is_current(&self, state: &impl Guarded) -> bool {
        state.base() == self.base
    }

    /// The flight goes on from here, because it took over what somebody else has brought.
    pub(crate) fn rebase(&mut self, state: &impl Guarded) {
        self.base = state.base();
    }

    /// Lands with a new generation. `None`: somebody else has changed the state meanwhile; nothing is changed, nobody has
    /// landed.
    pub(crate) fn commit<S: Guarded>(
        &mut self,
        state: &mut S,
        change: impl FnOnce(&mut S),
    ) -> Option<Landed<S::Flight>> {
        self.is_current(state).then(|| self.land(state, change))
    }

    /// Lands without one. The change is not made once somebody has signed out or in: it was about another sign-in.
    pub(crate) fn land<S: Guarded>(
        &mut self,
        state: &mut S,
        change: impl FnOnce(&mut S),
    ) -> Landed<S::Flight> {
        if state.base().0 == self.base.0 {
            change(state);
        }
        self.landed = true;
        let boarded = state.flight_slot().boarded.take();
        let Boarded { flight, waiters } =
            boarded.expect("a ticket is good for one landing, and holds the slot until then");
        Landed { flight, waiters }
    }
}

/// Something that flies on a ticket.
pub(crate) trait Flies {
    fn ticket(&self) -> &Ticket;

    /// Lands without a result, and says so to everybody.
    fn abort(&mut self);
}

/// The promise that a flight lands, whatever becomes of the task that flies it.
pub(crate) struct Guard<F: Flies>(pub(crate) F);

impl<F: Flies> Deref for Guard<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0
    }
}

impl<F: Flies> DerefMut for Guard<F> {
    fn deref_mut(&mut self) -> &mut F {
        &mut self.0
    }
}

impl<F: Flies> Drop for Guard<F> {
    fn drop(&mut self) {
        if !self.0.ticket().landed {
            self.0.abort();
        }
    }
}
