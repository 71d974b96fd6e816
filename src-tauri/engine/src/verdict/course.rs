//! What the engine did about a refusal, from the same events: for the second half of the answer.

use super::case::{Case, Flight};
use super::explanation::{Course, Named};
use crate::timeline::event::{FlightClass, Outcome};

/// What it did, or is doing.
pub(super) fn course(case: &Case<'_>) -> Course {
    let flight = case.flights.last();
    let Some(finished) = case.finished else {
        let pending = flight.filter(|flight| flight.class.is_none());
        return Course::Pending {
            flight: pending.map(|flight| flight.name.clone()),
        };
    };
    match finished.outcome {
        Outcome::Stopped => {
            return Course::Stopped {
                attempts: case.last().map_or(0, |last| last.attempt),
            };
        }
        Outcome::Failed => {
            return Course::NoAnswer {
                error: finished.error,
            };
        }
        Outcome::Answered => {}
    }
    let generation = case
        .last()
        .and_then(|last| last.lease.as_ref())
        .map(Case::generation);
    if !case.tries.iter().any(super::case::Try::is_refused) {
        return match flight.filter(|flight| flight.before_try == 0) {
            Some(flight) => Course::RefreshedFirst {
                flight: flight.name.clone(),
                generation,
            },
            None => Course::Nothing {},
        };
    }
    let after = flight.filter(|flight| flight.before_try > 0);
    if let Some(flight) = after.filter(|flight| !flight.brought()) {
        return Course::RefreshFailed {
            flight: flight.name.clone(),
            status: flight.status,
            error: flight.error.map(str::to_owned),
            ended: flight.class == Some(FlightClass::Ended),
            made_up: flight.made_up,
        };
    }
    // What another process had brought was there already: this one asked for nothing.
    let refreshed = after.filter(|flight| flight.class != Some(FlightClass::Adopted));
    let repeated = case.last().is_some_and(|last| last.attempt > 1);
    if !repeated {
        return match case.retry {
            Some((false, rule_id, _)) => Course::NotRepeated {
                rule_id: rule_id.to_owned(),
            },
            _ => Course::Nothing {},
        };
    }
    if case.ends_refused() {
        return Course::RefusedAgain {
            flight: refreshed.map(|flight| flight.name.clone()),
            generation,
        };
    }
    Course::Repaired {
        flight: refreshed.map(|flight| flight.name.clone()),
        generation,
        took_us: refreshed.and_then(|flight| flight.took_us),
        others: refreshed.map_or_else(Vec::new, |flight| others(flight, case.request)),
    }
}

fn others(flight: &Flight<'_>, request: u64) -> Vec<Named> {
    let own = format!("R{request}");
    flight
        .waiters
        .iter()
        .filter(|waiter| waiter.name != own)
        .cloned()
        .collect()
}
