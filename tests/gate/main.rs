//! The gate of the engine under loom, which tries every order in which threads can come to its lock with at most
//! [`PREEMPTIONS_MAX`] interruptions. A waiter that hangs is a deadlock, which loom reports.
//!
//! The gate is the engine's own file. What stands around it is as small as it can be: a state with a counter of exchanges in
//! the place of the family's, threads in the place of tasks, a bell in the place of the channel.

#[path = "../../src-tauri/engine/src/family/gate.rs"]
mod gate;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use gate::{Base, Flies, FlightSlot, Gate, Guard, Guarded, Ticket};

/// Times that a thread is stopped at a moment of loom's choosing, in one order. Almost every race needs one or two.
const PREEMPTIONS_MAX: usize = 3;
/// Where the stories begin: the first sign-in, at its first generation.
const FIRST: Base = (1, 1);

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Committed,
    Superseded,
    Aborted,
}

/// What those who wait for a flight listen to.
#[derive(Default)]
struct Bell {
    end: Mutex<Option<End>>,
    rung: Condvar,
}

impl Bell {
    fn ring(&self, end: End) {
        *self.end.lock().expect("nobody panicked") = Some(end);
        self.rung.notify_all();
    }

    fn wait(&self) -> End {
        let mut end = self.end.lock().expect("nobody panicked");
        loop {
            match *end {
                Some(end) => return end,
                None => end = self.rung.wait(end).expect("nobody panicked"),
            }
        }
    }
}

/// What the gate guards here.
struct State {
    at: Base,
    slot: FlightSlot<Arc<Bell>>,
    exchanges: u32,
    in_the_air: u32,
    told: u32,
}

impl Guarded for State {
    type Flight = Arc<Bell>;

    fn base(&self) -> Base {
        self.at
    }

    fn flight_slot(&mut self) -> &mut FlightSlot<Arc<Bell>> {
        &mut self.slot
    }
}

fn gate() -> Arc<Gate<State>> {
    Arc::new(Gate::new(State {
        at: FIRST,
        slot: FlightSlot::default(),
        exchanges: 0,
        in_the_air: 0,
        told: 0,
    }))
}

/// A flight on a thread of its own.
struct Flight {
    gate: Arc<Gate<State>>,
    ticket: Ticket,
}

impl Flight {
    /// Sends, and lands with what came: in the first instant at which the lock is free.
    fn fly(&mut self) {
        {
            let mut state = self.gate.lock();
            state.exchanges += 1;
            state.in_the_air += 1;
            assert_eq!(state.in_the_air, 1, "two flights at once");
        }
        // Here the exchange is under way, and anybody may pass the lock.
        let gate = Arc::clone(&self.gate);
        let mut state = gate.lock();
        state.in_the_air -= 1;
        let committed = self.ticket.commit(&mut *state, |state| state.at.1 += 1);
        let (landed, end) = match committed {
            Some(landed) => (landed, End::Committed),
            None => {
                let landed = self.ticket.land(&mut *state, |_| {
                    unreachable!("it was about another sign-in")
                });
                (landed, End::Superseded)
            }
        };
        state.told += landed.waiters;
        landed.flight.ring(end);
    }
}

impl Flies for Flight {
    fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    fn abort(&mut self) {
        let gate = Arc::clone(&self.gate);
        let mut state = gate.lock();
        let landed = self.ticket.land(&mut *state, |_| {});
        state.told += landed.waiters;
        landed.flight.ring(End::Aborted);
    }
}

/// What somebody does whose token was refused, or who has none that is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The state has moved on since the lease: there is a newer token.
    Newer,
    /// Somebody signed out or in since.
    Superseded,
    /// Waited for a flight, which ended so.
    Waited(End),
}

/// One critical section decides, as in the engine; `fly` is what becomes of a flight that this starts.
fn asks(gate: &Arc<Gate<State>>, lease: Base, fly: fn(Guard<Flight>)) -> Way {
    let bell = {
        let mut state = gate.lock();
        if state.at.0 != lease.0 {
            return Way::Superseded;
        }
        if state.at.1 > lease.1 {
            return Way::Newer;
        }
        let base = state.at;
        if let Some(ticket) = state.slot.start(base, Arc::new(Bell::default())) {
            let flight = Flight {
                gate: Arc::clone(gate),
                ticket,
            };
            thread::spawn(move || fly(Guard(flight)));
        }
        let (bell, waiters) = state.slot.join().expect("it was started, or was there");
        assert!(waiters > 0);
        Arc::clone(bell)
    };
    Way::Waited(bell.wait())
}

fn in_every_order(story: impl Fn() + Send + Sync + 'static) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(PREEMPTIONS_MAX);
    orders.check(story);
}

fn lands(mut flight: Guard<Flight>) {
    flight.fly();
}

fn dies(flight: Guard<Flight>) {
    assert!(!flight.gate.lock().slot.is_free(), "its slot is its own");
}

/// Scenarios 1, 4 and 15: a refusal, another one, and a first load, at any two moments of the first one's flight: whoever comes
/// before it lands joins it, whoever comes after finds the newer token, and there is nothing in between.
#[test]
fn whenever_two_ask_there_is_one_exchange_and_nobody_hangs() {
    in_every_order(|| {
        let gate = gate();
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || asks(&gate, FIRST, lands))
        };
        let ways = [asks(&gate, FIRST, lands), other.join().expect("it ends")];
        let waited = Way::Waited(End::Committed);
        assert!(ways.contains(&waited), "{ways:?}");
        assert!(
            ways.iter().all(|way| [waited, Way::Newer].contains(way)),
            "{ways:?}"
        );
        let state = gate.lock();
        assert_eq!((state.exchanges, state.at), (1, (1, 2)));
        assert!(state.slot.is_free() && state.slot.flight().is_none());
        let waiting = ways.iter().filter(|way| **way == waited).count();
        assert_eq!(
            state.told as usize, waiting,
            "everybody who waited was counted"
        );
    });
}

/// Scenario 7: its task dies at any moment; whoever waits hears of it, and whoever comes next finds the slot free.
#[test]
fn a_flight_that_dies_tells_everybody_and_frees_the_slot_in_every_order() {
    in_every_order(|| {
        let gate = gate();
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || asks(&gate, FIRST, dies))
        };
        for way in [asks(&gate, FIRST, dies), other.join().expect("it ends")] {
            assert_eq!(way, Way::Waited(End::Aborted));
        }
        assert_eq!(gate.lock().told, 2);
        assert_eq!(asks(&gate, FIRST, lands), Way::Waited(End::Committed));
        assert_eq!(gate.lock().exchanges, 1);
    });
}

/// Scenarios 117, 118 and 120: whatever moment somebody signs in anew at, the flight of before changes nothing of it.
#[test]
fn a_flight_never_lands_in_another_sign_in() {
    in_every_order(|| {
        let gate = gate();
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut state = gate.lock();
                state.at = (2, 1);
            })
        };
        let way = asks(&gate, FIRST, lands);
        other.join().expect("it ends");
        let state = gate.lock();
        assert_eq!(state.at, (2, 1), "{way:?}");
        assert!(state.slot.is_free());
        match way {
            Way::Superseded => assert_eq!(state.exchanges, 0),
            Way::Waited(End::Committed | End::Superseded) => assert_eq!(state.exchanges, 1),
            other => panic!("nothing here leads to {other:?}"),
        }
    });
}

/// Scenario 46: what somebody else stored is taken over in flight, and the flight goes on from there.
#[test]
fn a_flight_that_took_over_a_generation_goes_on_from_it() {
    in_every_order(|| {
        let gate = gate();
        let adopts = |mut flight: Guard<Flight>| {
            {
                let gate = Arc::clone(&flight.gate);
                let mut state = gate.lock();
                assert!(flight.ticket.is_current(&*state));
                state.at.1 = 7;
                flight.ticket.rebase(&*state);
                assert_eq!(flight.ticket.base(), (1, 7));
            }
            flight.fly();
        };
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || asks(&gate, FIRST, adopts))
        };
        let ways = [asks(&gate, FIRST, adopts), other.join().expect("it ends")];
        assert!(ways.contains(&Way::Waited(End::Committed)), "{ways:?}");
        let state = gate.lock();
        assert_eq!((state.exchanges, state.at), (1, (1, 8)));
    });
}
