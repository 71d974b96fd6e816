//! What a flight does after it has the lock and has read the vault and the journal anew: pure, and the same after a crash.

use crate::clock::{WallMs, millis};
use crate::journal::{Line, Phase};
use crate::lock::LOCK_LIMIT;
use crate::redact::Fingerprint;
use crate::rules;

/// How long after a lost reply a server that forgives at all is believed to repeat it.
pub(crate) const REPLAY_WINDOW_MS: i64 = 60_000;

/// What this process holds in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) epoch: u32,
    pub(crate) generation: u32,
    /// Whose tokens these are, where that is known.
    pub(crate) account: Option<u64>,
    /// The vault did not take what is in memory: memory is ahead on purpose.
    pub(crate) persist_pending: bool,
}

/// What the vault holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) epoch: u32,
    pub(crate) generation: u32,
    pub(crate) tombstone: bool,
    pub(crate) account: Option<u64>,
    pub(crate) refresh_fingerprint: Option<Fingerprint>,
}

/// What the flight does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// Send the refresh token that is at hand.
    Send { replay: bool, rule_id: &'static str },
    /// A peer has refreshed: take its generation, send nothing.
    Adopt { rule_id: &'static str },
    /// A peer has signed out.
    PeerSignedOut { rule_id: &'static str },
    /// A peer signed in as somebody else.
    OtherAccount { rule_id: &'static str },
    /// A peer that lives sent the very token a moment ago and has not said how that ended. Wait for it.
    PeerInFlight { rule_id: &'static str },
    /// A peer that lives holds the successor of what is stored: what is stored is spent. Wait for it.
    PeerHoldsSuccessor { rule_id: &'static str },
    /// The successor of what is stored came and was lost with its process.
    SuccessorLost { rule_id: &'static str },
}

/// Decides by what is in memory, in the vault and in the journal (engine.md 3.4 step 3 and 3.9).
pub(crate) fn reload(
    memory: Memory,
    stored: Option<Stored>,
    journal: Option<&Line>,
    owner_alive: bool,
    now: WallMs,
) -> Reload {
    let Some(stored) = stored else {
        // An absent item does not prove absence (a keyring that was never unlocked answers so): memory goes on.
        return Reload::Send {
            replay: false,
            rule_id: "reload.nothing_stored",
        };
    };
    let accounts = (memory.account, stored.account);
    if stored.tombstone && stored.epoch >= memory.epoch && rules::on("reload.peer_signed_out") {
        return Reload::PeerSignedOut {
            rule_id: "reload.peer_signed_out",
        };
    }
    if stored.epoch > memory.epoch {
        return match accounts {
            (Some(mine), Some(theirs)) if mine == theirs && rules::on("reload.peer_signed_in") => {
                Reload::Adopt {
                    rule_id: "reload.peer_signed_in",
                }
            }
            _ => Reload::OtherAccount {
                rule_id: "reload.other_account",
            },
        };
    }
    if stored.epoch == memory.epoch && stored.generation > memory.generation {
        if matches!(accounts, (Some(mine), Some(theirs)) if mine != theirs)
            && rules::on("reload.other_account")
        {
            return Reload::OtherAccount {
                rule_id: "reload.other_account",
            };
        }
        if rules::on("reload.peer_refreshed") {
            return Reload::Adopt {
                rule_id: "reload.peer_refreshed",
            };
        }
    }
    if stored.epoch < memory.epoch || stored.generation < memory.generation {
        // A restored backup, or our own write that the vault refused: never go back to it.
        let rule_id = if memory.persist_pending {
            "reload.persist_pending"
        } else {
            "reload.store_went_back"
        };
        return Reload::Send {
            replay: false,
            rule_id,
        };
    }
    // A flight that started from a newer generation than the vault holds had its successor in memory only.
    let is_ahead = |line: &Line| line.base_generation > stored.generation;
    let unfinished = journal.filter(|line| {
        let same = line.base_generation == stored.generation
            && Some(line.refresh_fingerprint) == stored.refresh_fingerprint;
        line.epoch == stored.epoch && (same || is_ahead(line)) && !memory.persist_pending
    });
    let Some(line) = unfinished else {
        return Reload::Send {
            replay: false,
            rule_id: "reload.current",
        };
    };
    let age_ms = now.since_ms(line.wall_ms).unsigned_abs();
    let in_window = age_ms <= REPLAY_WINDOW_MS.unsigned_abs();
    let phase = if is_ahead(line) {
        Phase::PersistPending
    } else {
        line.phase
    };
    match phase {
        // It holds a lock whose file was removed under it. One that has died in flight without a word is waited for no longer
        // than a lock is.
        Phase::Sent
            if owner_alive
                && age_ms <= millis(LOCK_LIMIT)
                && rules::on("reload.peer_in_flight") =>
        {
            Reload::PeerInFlight {
                rule_id: "reload.peer_in_flight",
            }
        }
        Phase::Sent | Phase::Doubt if rules::on("reload.outcome_unknown") => Reload::Send {
            replay: true,
            rule_id: "reload.outcome_unknown",
        },
        Phase::Replied | Phase::PersistPending
            if owner_alive && rules::on("reload.peer_holds_successor") =>
        {
            Reload::PeerHoldsSuccessor {
                rule_id: "reload.peer_holds_successor",
            }
        }
        Phase::Replied | Phase::PersistPending
            if in_window && rules::on("reload.successor_lost_in_window") =>
        {
            Reload::Send {
                replay: true,
                rule_id: "reload.successor_lost_in_window",
            }
        }
        Phase::Replied | Phase::PersistPending
            if !in_window && rules::on("reload.successor_lost") =>
        {
            Reload::SuccessorLost {
                rule_id: "reload.successor_lost",
            }
        }
        _ => Reload::Send {
            replay: false,
            rule_id: "reload.current",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Owner;
    use crate::redact::InstallKey;

    /// Scenarios 31, 45, 48, 51, 52 and 53, rule by rule.
    #[test]
    fn vault_and_journal_decide_what_is_sent() {
        let key = InstallKey::generate().expect("random numbers");
        let (ours, theirs) = (
            key.fingerprint(&"ours".into()),
            key.fingerprint(&"theirs".into()),
        );
        let memory = Memory {
            epoch: 2,
            generation: 5,
            account: Some(1),
            persist_pending: false,
        };
        let stored = Stored {
            epoch: 2,
            generation: 5,
            tombstone: false,
            account: Some(1),
            refresh_fingerprint: Some(ours),
        };
        let line = |phase, wall_ms| Line {
            version: 1,
            phase,
            flight: 1,
            epoch: 2,
            base_generation: 5,
            refresh_fingerprint: ours,
            wall_ms: WallMs(wall_ms),
            owner: Owner::this(),
        };
        let other_token = Line {
            refresh_fingerprint: theirs,
            ..line(Phase::Sent, 0)
        };
        let now = WallMs(100_000);
        let check =
            |memory, stored, journal: Option<Line>, alive, expected: &str, sends: Option<bool>| {
                let decided = reload(memory, stored, journal.as_ref(), alive, now);
                let (rule_id, replay) = match decided {
                    Reload::Send { replay, rule_id } => (rule_id, Some(replay)),
                    Reload::Adopt { rule_id }
                    | Reload::PeerSignedOut { rule_id }
                    | Reload::OtherAccount { rule_id }
                    | Reload::PeerInFlight { rule_id }
                    | Reload::PeerHoldsSuccessor { rule_id }
                    | Reload::SuccessorLost { rule_id } => (rule_id, None),
                };
                assert_eq!(
                    (rule_id, replay),
                    (expected, sends),
                    "{memory:?} {stored:?} {journal:?}"
                );
            };
        let at = |epoch, generation| {
            Some(Stored {
                epoch,
                generation,
                ..stored
            })
        };
        check(
            memory,
            None,
            None,
            false,
            "reload.nothing_stored",
            Some(false),
        );
        check(
            memory,
            Some(stored),
            None,
            false,
            "reload.current",
            Some(false),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Intent, 0)),
            false,
            "reload.current",
            Some(false),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Cleared, 0)),
            false,
            "reload.current",
            Some(false),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Sent, 99_000)),
            false,
            "reload.outcome_unknown",
            Some(true),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Sent, 0)),
            false,
            "reload.outcome_unknown",
            Some(true),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Doubt, 99_000)),
            true,
            "reload.outcome_unknown",
            Some(true),
        );
        // Sent by somebody who lives: it is in the air, until that is too long ago to be true.
        for (sent_at, expected, sends) in [
            (99_000, "reload.peer_in_flight", None),
            (10_000, "reload.peer_in_flight", None),
            (9_999, "reload.outcome_unknown", Some(true)),
            (190_001, "reload.outcome_unknown", Some(true)),
        ] {
            let sent = Some(line(Phase::Sent, sent_at));
            check(memory, Some(stored), sent, true, expected, sends);
        }
        check(
            memory,
            Some(stored),
            Some(other_token),
            false,
            "reload.current",
            Some(false),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Replied, 0)),
            true,
            "reload.peer_holds_successor",
            None,
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::PersistPending, 0)),
            true,
            "reload.peer_holds_successor",
            None,
        );
        // Whoever started from a newer generation than the vault holds has it in memory, whatever its flight came to.
        for phase in [Phase::Intent, Phase::Sent, Phase::Cleared] {
            let ahead = Line {
                base_generation: 6,
                refresh_fingerprint: theirs,
                ..line(phase, 0)
            };
            check(
                memory,
                Some(stored),
                Some(ahead),
                true,
                "reload.peer_holds_successor",
                None,
            );
        }
        check(
            memory,
            Some(stored),
            Some(line(Phase::PersistPending, 99_000)),
            false,
            "reload.successor_lost_in_window",
            Some(true),
        );
        check(
            memory,
            Some(stored),
            Some(line(Phase::Replied, 0)),
            false,
            "reload.successor_lost",
            None,
        );
        check(memory, at(2, 6), None, false, "reload.peer_refreshed", None);
        check(
            memory,
            Some(Stored {
                account: Some(9),
                generation: 6,
                ..stored
            }),
            None,
            false,
            "reload.other_account",
            None,
        );
        check(
            memory,
            at(2, 4),
            None,
            false,
            "reload.store_went_back",
            Some(false),
        );
        check(
            memory,
            at(1, 9),
            None,
            false,
            "reload.store_went_back",
            Some(false),
        );
        check(memory, at(3, 1), None, false, "reload.peer_signed_in", None);
        check(
            memory,
            Some(Stored {
                account: Some(9),
                epoch: 3,
                ..stored
            }),
            None,
            false,
            "reload.other_account",
            None,
        );
        check(
            memory,
            Some(Stored {
                tombstone: true,
                epoch: 3,
                generation: 0,
                ..stored
            }),
            None,
            false,
            "reload.peer_signed_out",
            None,
        );
        let pending = Memory {
            generation: 6,
            persist_pending: true,
            ..memory
        };
        check(
            pending,
            Some(stored),
            Some(line(Phase::PersistPending, 0)),
            true,
            "reload.persist_pending",
            Some(false),
        );
    }
}
