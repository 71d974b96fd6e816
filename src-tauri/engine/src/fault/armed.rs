//! The faults that are on, for the sessions of one family.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fault, FaultName};

/// What is on. Empty in every ordinary run.
#[derive(Default)]
pub(crate) struct Faults {
    any: AtomicBool,
    skew_ms: AtomicI64,
    armed: Mutex<Vec<(Arc<str>, Fault)>>,
}

/// A fault that applies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    /// It was the last time: it is off now.
    pub(crate) spent: bool,
}

impl Faults {
    /// Whether anything is on at all: one read, on the way of every request.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// By how much the clock of these sessions is wrong on purpose, in milliseconds.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// Switches a fault on, in the place of one of the same name.
    pub(crate) fn arm(&self, session: &Arc<str>, fault: Fault) {
        let mut armed = self.lock();
        armed.retain(|(name, other)| name != session || other.name != fault.name);
        armed.push((Arc::clone(session), fault));
        self.settle(&armed);
    }

    /// Switches a fault off; what it was, if it was on.
    pub(crate) fn clear(&self, session: &str, name: FaultName) -> Option<Fault> {
        let mut armed = self.lock();
        let at = armed
            .iter()
            .position(|(of, fault)| &**of == session && fault.name == name)?;
        let (_, fault) = armed.remove(at);
        self.settle(&armed);
        Some(fault)
    }

    /// Everything that is on for a session, in the order in which it was switched on.
    pub(crate) fn of(&self, session: &str) -> Vec<Fault> {
        if !self.any() {
            return Vec::new();
        }
        let armed = self.lock();
        let mine = armed.iter().filter(|(of, _)| &**of == session);
        mine.map(|(_, fault)| *fault).collect()
    }

    /// Whether one is on, without using it up.
    pub(crate) fn is_on(&self, session: &str, name: FaultName) -> bool {
        self.of(session).iter().any(|fault| fault.name == name)
    }

    /// The first of these that is on for a session, counted down.
    pub(crate) fn strike(&self, session: &str, names: &[FaultName]) -> Option<Strike> {
        if !self.any() {
            return None;
        }
        let mut armed = self.lock();
        let at = armed
            .iter()
            .position(|(of, fault)| &**of == session && names.contains(&fault.name))?;
        let fault = armed[at].1;
        let left = fault.times.map(|times| times.saturating_sub(1));
        armed[at].1.times = left;
        let spent = left == Some(0);
        if spent {
            armed.remove(at);
            self.settle(&armed);
        }
        Some(Strike { fault, spent })
    }

    fn settle(&self, armed: &[(Arc<str>, Fault)]) {
        let skew = armed
            .iter()
            .filter(|(_, fault)| fault.name == FaultName::ClockSkew)
            .filter_map(|(_, fault)| fault.amount)
            .next_back();
        self.skew_ms.store(skew.unwrap_or(0), Ordering::Relaxed);
        self.any.store(!armed.is_empty(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<str>, Fault)>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn fault(name: FaultName, amount: Option<i64>, times: Option<u32>) -> Fault {
        Fault {
            name,
            amount,
            times,
        }
    }

    #[test]
    fn a_fault_strikes_its_own_session_as_often_as_it_was_asked_for() {
        let (faults, session) = (Faults::default(), Arc::from("demo"));
        assert!(!faults.any());
        faults.arm(&session, fault(FaultName::BadJson, None, Some(2)));
        assert_eq!(faults.strike("other", &[FaultName::BadJson]), None);
        assert_eq!(faults.strike("demo", &[FaultName::HalfReply]), None);
        let strikes = [(); 3].map(|()| {
            faults
                .strike("demo", &[FaultName::HalfReply, FaultName::BadJson])
                .map(|strike| strike.spent)
        });
        assert_eq!(strikes, [Some(false), Some(true), None]);
        assert!(!faults.any(), "it switched itself off");
    }

    #[test]
    fn a_fault_of_the_same_name_takes_the_place_of_the_one_before() {
        let (faults, session) = (Faults::default(), Arc::from("demo"));
        faults.arm(&session, fault(FaultName::ClockSkew, Some(5_000), None));
        faults.arm(&session, fault(FaultName::ClockSkew, Some(-7_000), None));
        assert_eq!(faults.skew_ms(), -7_000);
        assert_eq!(faults.of("demo").len(), 1);
        assert!(faults.clear("demo", FaultName::ClockSkew).is_some());
        assert!(faults.clear("demo", FaultName::ClockSkew).is_none());
        assert_eq!((faults.skew_ms(), faults.any()), (0, false));
    }
}
