//! Questions about a timeline that no disk keeps: its newest events go into a database in memory when somebody asks, and
//! not before. Whoever never asks does not pay for the answers.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::FLUSH_LIMIT;
use super::event::Event;
use super::sqlite::{Disk, PASSING_EVENTS_MAX};
use crate::clock::WallMs;

/// The database in memory, once there was a question.
#[derive(Default)]
pub(super) struct Passing {
    disk: OnceLock<Option<Disk>>,
    /// The last event that was put into it; held while it is brought up to date, so that nobody reads one that is half done.
    told: Mutex<u64>,
}

impl Passing {
    /// The database with all events so far, as far as it holds that many. `newer` has the events after a number, at most so
    /// many of them. `None`: there can be none.
    pub(super) fn caught_up(
        &self,
        now: WallMs,
        newer: impl FnOnce(u64, usize) -> Vec<Arc<Event>>,
    ) -> Option<&Disk> {
        let disk = self.disk.get_or_init(|| Disk::passing(now)).as_ref()?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let max = usize::try_from(PASSING_EVENTS_MAX).unwrap_or(usize::MAX);
        let events = newer(*told, max);
        if let Some(last) = events.last() {
            *told = last.key.seq;
            events.into_iter().for_each(|event| disk.queue(event));
            if !disk.wait_for(*told, FLUSH_LIMIT) {
                tracing::warn!("the timeline in memory is asked before all of it is there");
            }
        }
        Some(disk)
    }
}
