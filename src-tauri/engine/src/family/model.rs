//! Two processes, one server, one vault, and everything that can happen between them in any order: the pure decisions of
//! the engine, against a server whose truth this model knows.
//!
//! The model does what the flight does with the answers of [`on_refusal`] and [`reload`], without clocks or sockets. What
//! it asserts after every step is what the engine exists for: no token that is known to be spent is sent but as the one
//! replay of a lost answer, two flights never overlap, nobody's request is repeated as somebody else's, and a session
//! that the server would still honour is never given up.

use proptest::prelude::*;

use super::reload::{Memory, Reload, Stored, reload};
use crate::clock::WallMs;
use crate::journal::{Line, Owner, Phase};
use crate::redact::{Fingerprint, InstallKey};
use crate::session::decision::{Decision, FlightFor, Refusal, StandingKind, on_refusal};
use crate::timeline::event::LoginCause;

/// Steps of one story, on average.
const STEPS: usize = 400;
/// Steps in all; `SANDGLASS_MODEL_STEPS` asks for another number.
const STEPS_IN_ALL: usize = 100_000;

/// What happens next. The number is the process that it happens to.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An attempt is refused whose lease is so many generations old.
    Refused {
        at: usize,
        behind: u32,
        retried: bool,
    },
    /// Its flight goes one step further, over a wire and with a vault that may fail.
    Fly {
        at: usize,
        wire: Wire,
        stores: bool,
    },
    /// Somebody removes the lock's file: its holder keeps nobody out any more.
    Unlink,
    /// The vault that refused takes what is in memory.
    StoreAgain {
        at: usize,
    },
    Crash {
        at: usize,
    },
    SignOut {
        at: usize,
    },
    SignIn {
        at: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Wire {
    Whole,
    /// The server answered, nobody heard it.
    ReplyLost,
    /// The server never heard of it, and nobody knows.
    RequestLost,
    Busy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Reloaded { replay: bool, sends: u32 },
    Replied { generation: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Process {
    memory: Memory,
    standing: StandingKind,
    flight: Option<Stage>,
}

/// The truth.
struct Server {
    forgives: bool,
    generation: u32,
    dead: bool,
}

struct World {
    server: Server,
    vault: Stored,
    journal: Option<(Line, usize)>,
    processes: [Process; 2],
    lock: Option<usize>,
    /// An answer was lost since the last rotation that somebody stored.
    unknown: bool,
    /// Two rotations in a row were lost with the memory that held them, because the vault refused both.
    older: bool,
    key: InstallKey,
}

impl World {
    fn new(forgives: bool) -> Self {
        let key = InstallKey::generate().expect("random numbers");
        let vault = Stored {
            epoch: 1,
            generation: 1,
            tombstone: false,
            account: Some(1),
            refresh_fingerprint: Some(fingerprint(&key, 1, 1)),
        };
        let server = Server {
            forgives,
            generation: 1,
            dead: false,
        };
        let process = started(&vault);
        Self {
            server,
            vault,
            journal: None,
            processes: [process; 2],
            lock: None,
            unknown: false,
            older: false,
            key,
        }
    }

    fn write(&mut self, at: usize, phase: Phase) {
        let memory = self.processes[at].memory;
        let line = Line {
            version: 1,
            phase,
            flight: 1,
            epoch: memory.epoch,
            base_generation: memory.generation,
            refresh_fingerprint: fingerprint(&self.key, memory.epoch, memory.generation),
            wall_ms: WallMs(0),
            owner: Owner::this(),
        };
        self.journal = Some((line, at));
    }

    fn land(&mut self, at: usize, standing: StandingKind) {
        self.processes[at].flight = None;
        self.processes[at].standing = standing;
        self.lock = self.lock.filter(|holder| *holder != at);
    }

    fn refused(&mut self, at: usize, behind: u32, retried: bool) {
        let process = self.processes[at];
        let lease = (
            process.memory.epoch,
            process.memory.generation.saturating_sub(behind).max(1),
        );
        let refusal = Refusal {
            lease,
            lease_expired: true,
            retried,
            current: (process.memory.epoch, Some(process.memory.generation)),
            standing: process.standing,
            flight: process.flight.map(|_| FlightFor::ThisSession),
            quarantined: false,
            exhausted: false,
            refreshable: true,
        };
        let over = matches!(
            process.standing,
            StandingKind::Ended(_) | StandingKind::SignedOut
        );
        let newer = process.memory.generation > lease.1;
        // The reference: one line for each kind of decision, written from the promises and not from the rules.
        match on_refusal(refusal) {
            Decision::RetryWithNewer(_) => assert!(newer && !retried && !over),
            Decision::Join(_) => assert!(process.flight.is_some() && !retried && !newer),
            Decision::Start(_) => {
                assert!(process.flight.is_none() && !retried && !newer && !over);
                self.processes[at].flight = Some(Stage::Waiting);
            }
            Decision::Return(_) => assert!(over || retried),
            other => panic!("nothing here leads to {other:?}"),
        }
    }

    fn fly(&mut self, at: usize, wire: Wire, stores: bool) {
        match self.processes[at].flight {
            None => {}
            Some(Stage::Waiting | Stage::Replied { .. }) if self.is_kept_out(at) => {}
            Some(Stage::Waiting) => {
                self.lock = Some(at);
                self.reload(at);
            }
            // Its lock was lost before it sends: it takes its place in the line again, and reads again.
            Some(Stage::Reloaded { .. }) if self.lock != Some(at) => {
                self.processes[at].flight = Some(Stage::Waiting);
            }
            Some(Stage::Reloaded { replay, sends }) => self.send(at, wire, replay, sends),
            Some(Stage::Replied { generation }) => {
                self.lock = Some(at);
                if self.processes[at].memory.epoch != self.vault.epoch || self.vault.tombstone {
                    return self.land(at, StandingKind::SignedOut);
                }
                if stores {
                    self.store(at, generation);
                    self.write(at, Phase::Committed);
                } else {
                    self.write(at, Phase::PersistPending);
                }
                self.processes[at].memory.generation = generation;
                self.processes[at].memory.persist_pending = !stores;
                self.land(at, StandingKind::Ready);
            }
        }
    }

    /// Somebody else holds the lock.
    fn is_kept_out(&self, at: usize) -> bool {
        self.lock.is_some_and(|holder| holder != at)
    }

    fn reload(&mut self, at: usize) {
        let memory = self.processes[at].memory;
        let alive = |owner: usize| owner < self.processes.len() && owner != at;
        let owner_alive = self
            .journal
            .as_ref()
            .is_some_and(|(_, owner)| alive(*owner));
        let journal = self.journal.as_ref().map(|(line, _)| line);
        match reload(memory, Some(self.vault), journal, owner_alive, WallMs(0)) {
            Reload::Send { replay, .. } => {
                self.write(at, Phase::Intent);
                self.processes[at].flight = Some(Stage::Reloaded { replay, sends: 0 });
            }
            Reload::Adopt { .. } => {
                assert!(
                    (self.vault.epoch, self.vault.generation) > (memory.epoch, memory.generation)
                );
                self.processes[at] = started(&self.vault);
                self.land(at, StandingKind::Ready);
            }
            Reload::PeerSignedOut { .. } => {
                assert!(self.vault.tombstone);
                self.land(at, StandingKind::Ended(LoginCause::PeerSignedOut));
            }
            Reload::PeerInFlight { .. } | Reload::PeerHoldsSuccessor { .. } => {
                self.land(at, StandingKind::Ready);
            }
            other => panic!("nothing here leads to {other:?}"),
        }
    }

    fn send(&mut self, at: usize, wire: Wire, replay: bool, sends: u32) {
        let memory = self.processes[at].memory;
        self.write(at, Phase::Sent);
        let reached = !matches!(wire, Wire::RequestLost | Wire::Busy);
        let spent = memory.generation < self.server.generation;
        if reached && spent && !self.vault.tombstone {
            assert!(
                self.unknown || replay || sends > 0,
                "a token that is known to be spent was sent: {memory:?}, the server is at {}",
                self.server.generation
            );
            // Forgiven is the token just replaced, by a server that forgives at all.
            let older = memory.generation + 1 < self.server.generation;
            self.server.dead |= older || !self.server.forgives;
            self.older |= older;
        }
        let granted =
            reached && !self.server.dead && memory.generation + 1 >= self.server.generation;
        if granted {
            self.server.generation = memory.generation + 1;
        }
        match wire {
            Wire::Busy => {
                // Only what was never in doubt is cleared.
                let in_doubt = sends > 0 || replay;
                let phase = if in_doubt {
                    Phase::Doubt
                } else {
                    Phase::Cleared
                };
                self.write(at, phase);
                self.land(at, StandingKind::Ready);
            }
            Wire::ReplyLost | Wire::RequestLost => {
                self.unknown = true;
                if sends == 0 && !replay {
                    let again = Stage::Reloaded { replay, sends: 1 };
                    self.processes[at].flight = Some(again);
                } else {
                    self.write(at, Phase::Doubt);
                    self.land(at, StandingKind::Ready);
                }
            }
            Wire::Whole if granted => {
                self.write(at, Phase::Replied);
                let generation = memory.generation + 1;
                self.processes[at].flight = Some(Stage::Replied { generation });
            }
            Wire::Whole => {
                assert!(
                    self.server.dead,
                    "a session that the server honours was given up"
                );
                self.land(at, StandingKind::Ended(LoginCause::ResponseLost));
            }
        }
    }

    fn store(&mut self, at: usize, generation: u32) {
        self.vault.generation = generation;
        self.vault.refresh_fingerprint = Some(fingerprint(
            &self.key,
            self.processes[at].memory.epoch,
            generation,
        ));
        self.unknown &= generation < self.server.generation;
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Refused {
                at,
                behind,
                retried,
            } => self.refused(at, behind, retried),
            Step::Fly { at, wire, stores } => self.fly(at, wire, stores),
            Step::Unlink => self.lock = None,
            Step::StoreAgain { at } => {
                let memory = self.processes[at].memory;
                if memory.persist_pending && self.lock.is_none() && memory.epoch == self.vault.epoch
                {
                    self.store(at, memory.generation);
                    self.processes[at].memory.persist_pending = false;
                }
            }
            Step::Crash { at } => {
                // What was in memory only dies with it; that loss is the server's strictness, and the journal tells it.
                self.unknown |= self.processes[at].memory.persist_pending
                    || matches!(self.processes[at].flight, Some(Stage::Replied { .. }));
                self.lock = self.lock.filter(|holder| *holder != at);
                self.processes[at] = started(&self.vault);
                // Nobody is its peer any more: the journal's owner is gone.
                if let Some((_, owner)) = &mut self.journal
                    && *owner == at
                {
                    *owner = usize::MAX;
                }
            }
            Step::SignOut { at } | Step::SignIn { at } => self.identity(at, step),
        }
        let has_sent = |process: &&Process| match process.flight {
            None | Some(Stage::Waiting) => false,
            Some(Stage::Reloaded { sends, .. }) => sends > 0,
            Some(Stage::Replied { .. }) => true,
        };
        let [one, other] = &self.processes;
        // A flight of the sign-in before may still be in the air where the lock's file was removed: it lands in nothing.
        assert!(
            !(has_sent(&one) && has_sent(&other)) || one.memory.epoch != other.memory.epoch,
            "two flights overlap"
        );
    }

    fn identity(&mut self, at: usize, step: Step) {
        if self.lock.is_some() {
            return;
        }
        let signs_in = matches!(step, Step::SignIn { .. });
        let epoch = self.vault.epoch.max(self.processes[at].memory.epoch) + 1;
        self.vault = Stored {
            epoch,
            generation: u32::from(signs_in),
            tombstone: !signs_in,
            account: Some(1),
            refresh_fingerprint: signs_in.then(|| fingerprint(&self.key, epoch, 1)),
        };
        if signs_in {
            self.server.generation = 1;
            self.server.dead = false;
        }
        self.unknown = false;
        self.processes[at] = started(&self.vault);
        // Whoever was at the end looks again when there is something new.
        for process in &mut self.processes {
            if signs_in
                && process.flight.is_none()
                && !matches!(process.standing, StandingKind::Ready)
            {
                *process = started(&self.vault);
            }
        }
    }
}

fn fingerprint(key: &InstallKey, epoch: u32, generation: u32) -> Fingerprint {
    key.fingerprint(&format!("{epoch} {generation}").into())
}

/// A process that has just read the vault.
fn started(vault: &Stored) -> Process {
    let standing = if vault.tombstone {
        StandingKind::SignedOut
    } else {
        StandingKind::Ready
    };
    Process {
        memory: Memory {
            epoch: vault.epoch,
            generation: vault.generation,
            account: vault.account,
            persist_pending: false,
        },
        standing,
        flight: None,
    }
}

fn step() -> impl Strategy<Value = Step> {
    let wire = prop_oneof![
        6 => Just(Wire::Whole),
        1 => Just(Wire::ReplyLost),
        1 => Just(Wire::RequestLost),
        1 => Just(Wire::Busy),
    ];
    let at = 0..2_usize;
    prop_oneof![
        40 => (at.clone(), 0..2_u32, prop::bool::weighted(0.2))
            .prop_map(|(at, behind, retried)| Step::Refused { at, behind, retried }),
        80 => (at.clone(), wire, prop::bool::weighted(0.7))
            .prop_map(|(at, wire, stores)| Step::Fly { at, wire, stores }),
        4 => Just(Step::Unlink),
        4 => at.clone().prop_map(|at| Step::StoreAgain { at }),
        2 => at.clone().prop_map(|at| Step::Crash { at }),
        1 => at.clone().prop_map(|at| Step::SignOut { at }),
        1 => at.prop_map(|at| Step::SignIn { at }),
    ]
}

fn stories() -> u32 {
    let steps = std::env::var("SANDGLASS_MODEL_STEPS")
        .map_or(STEPS_IN_ALL, |steps| steps.parse().expect("a number"));
    u32::try_from(steps / STEPS).expect("not that many")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(stories()))]

    /// Scenarios 31, 33, 45, 48 and 51, in every order that chance finds.
    #[test]
    fn no_order_of_events_spends_a_token_twice_or_gives_up_a_session_that_lives(
        forgives in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..2 * STEPS),
    ) {
        let mut world = World::new(forgives);
        for step in steps {
            world.take(step);
        }
        if forgives && !world.older {
            let ended = |process: &Process| {
                matches!(process.standing, StandingKind::Ended(cause) if cause != LoginCause::PeerSignedOut)
            };
            prop_assert!(!world.server.dead && !world.processes.iter().any(ended));
        }
    }
}
