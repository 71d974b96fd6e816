//! Questions about a timeline of any length: how dense it is, what happened in a stretch, which groups a filter finds.
//!
//! The groups are kept in memory, summed up, and follow the database; events are read when they are to be shown.
//! Every answer is bounded, so that a view holds what it draws and no more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use serde::Serialize;

use super::Timeline;
use super::density::{BUCKETS_MAX, Overview, density};
use super::event::{Event, EventKey};
use super::filter::{Filter, Word};
use super::group::{Group, GroupKind};
use super::index::Index;
use super::sqlite::Disk;
use crate::clock::WallMs;
use crate::error::Result;

/// Events of one answer. A stretch with more is answered by its density.
pub const EXCERPT_EVENTS_MAX: usize = 4_000;
/// Events of one group in an answer; of a longer one, the middle is left out.
pub const GROUP_EVENTS_MAX: usize = 400;
/// Groups that are added to an answer because it was caused by them.
const DEPENDENCIES_MAX: usize = 200;
/// Groups of one page of the story.
pub const STORY_PAGE_MAX: usize = 200;
/// Events of one page of the log.
pub const LOG_PAGE_MAX: usize = 200;

/// What a filter finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Matches {
    /// The words, as they were read.
    pub words: Vec<Word>,
    /// Causal groups that match.
    pub groups: u64,
    /// Causal groups that there are.
    pub of: u64,
    /// Events of those that match.
    pub events: u64,
}

/// Some causal groups, with their events and with those that they were caused by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Excerpt {
    /// The groups that were asked for, by their first events, in order.
    pub groups: Vec<EventKey>,
    /// All events that are needed to tell them, in order.
    pub events: Vec<Arc<Event>>,
    /// Groups that are too long: the middle of their events is left out.
    pub cut: Vec<EventKey>,
    /// The place of the first group among all that match.
    pub first: u64,
    /// How many groups match.
    pub total: u64,
    /// There are more events than an answer may have: none is here, and the density tells.
    pub dense: bool,
}

/// Some events, by their places among all that match.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LogPage {
    /// The place of the first one.
    pub first: u64,
    /// How many match.
    pub total: u64,
    /// The events. With a filter, group by group.
    pub events: Vec<Arc<Event>>,
}

/// A group that a search came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Found {
    /// Its first event.
    pub group: EventKey,
    /// When it began.
    pub from_ms: WallMs,
    /// When it was last heard of.
    pub to_ms: WallMs,
    /// Its place among all that match, from 0.
    pub place: u64,
    /// How many match.
    pub total: u64,
}

impl Timeline {
    /// Reads what questions need of the past before anybody asks one. Blocks. What goes wrong is said by the first question.
    pub fn warm(&self) {
        let _: Result<_> = self.index().map(|_| ());
    }

    /// Counts what a filter finds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn matches(&self, filter: &Filter) -> Result<Matches> {
        let (mut index, _) = self.index()?;
        let found = index.select(filter);
        Ok(Matches {
            words: filter.words(),
            groups: found.len() as u64,
            of: index.len() as u64,
            events: index.those(&found).map(|group| group.events).sum(),
        })
    }

    /// The density of a stretch, or of the runs around it, in so many columns.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn overview(
        &self,
        filter: &Filter,
        from: WallMs,
        to: WallMs,
        whole_runs: bool,
        buckets: u32,
    ) -> Result<Overview> {
        let (mut index, disk) = self.index()?;
        let found = index.select(filter);
        let (from, to) = if whole_runs {
            index.runs_around(from, to)
        } else {
            (from, to)
        };
        let mut overview = density(index.those(&found), from, to, buckets.clamp(1, BUCKETS_MAX));
        overview.placing = disk.is_placing();
        Ok(overview)
    }

    /// The groups of a stretch of the local clock, and the tokens that were in use when it began.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn window(&self, filter: &Filter, from: WallMs, to: WallMs) -> Result<Excerpt> {
        let (mut index, disk) = self.index()?;
        let found = index.select(filter);
        let chosen = index.those(&found).filter(|group| group.overlaps(from, to));
        let (mut groups, mut events) = (Vec::new(), 0);
        for group in chosen {
            groups.push(group.first);
            events += group.events;
        }
        let total = groups.len() as u64;
        if events > EXCERPT_EVENTS_MAX as u64 {
            return Ok(Excerpt {
                total,
                dense: true,
                ..Excerpt::default()
            });
        }
        // Bands and expiries are the ground on which the rest is seen, whatever the filter.
        let mut in_use: HashMap<Option<&str>, EventKey> = HashMap::new();
        let mut context = Vec::new();
        for group in index.groups() {
            let tells_of_tokens = group.traits.published || group.kind == GroupKind::Expiry;
            if tells_of_tokens && group.overlaps(from, to) {
                context.push(group.first);
            } else if group.traits.published && group.to_ms < from {
                in_use.insert(group.session.as_deref(), group.first);
            }
        }
        context.drain(..context.len().saturating_sub(DEPENDENCIES_MAX));
        context.extend(in_use.into_values());
        // The disk may take its time: nobody else has to wait for it.
        drop(index);
        excerpt(disk, groups, &context, 0, total)
    }

    /// A page of the story: the groups before place `end`, or the newest ones, as many as an answer holds and at most `max`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn story(&self, filter: &Filter, end: Option<u64>, max: usize) -> Result<Excerpt> {
        let (mut index, disk) = self.index()?;
        let found = index.select(filter);
        let total = found.len();
        let end = end.map_or(total, |end| {
            usize::try_from(end).unwrap_or(usize::MAX).min(total)
        });
        let mut events = 0;
        let most = max.min(STORY_PAGE_MAX);
        let mut groups: Vec<EventKey> = (end.saturating_sub(most)..end)
            .rev()
            .map(|place| index.at(&found, place))
            .take_while(|group| {
                let before = events;
                events += group.events.min(GROUP_EVENTS_MAX as u64);
                before == 0 || events <= EXCERPT_EVENTS_MAX as u64
            })
            .map(|group| group.first)
            .collect();
        groups.reverse();
        drop(index);
        let first = end - groups.len();
        excerpt(disk, groups, &[], first as u64, total as u64)
    }

    /// A page of the log from place `first` on, or its end, with at most `max` events.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn log(&self, filter: &Filter, first: Option<u64>, max: usize) -> Result<LogPage> {
        let max = max.min(LOG_PAGE_MAX);
        if filter.is_empty() {
            // All events by their numbers: nothing has to be known of groups.
            let disk = self.database()?;
            let runs: Vec<(u64, u64, u64)> = disk.runs()?;
            let total = runs.iter().map(|(_, first, last)| last - first + 1).sum();
            let first = first
                .unwrap_or(u64::MAX)
                .min(u64::saturating_sub(total, max as u64));
            let mut before = 0;
            for (run, low, high) in &runs {
                let length = high - low + 1;
                if first < before + length {
                    let from = EventKey {
                        run: *run,
                        seq: low + (first - before),
                    };
                    let events = disk.events_from(from, max)?;
                    return Ok(LogPage {
                        first,
                        total,
                        events,
                    });
                }
                before += length;
            }
            return Ok(LogPage {
                first: 0,
                total,
                events: Vec::new(),
            });
        }
        let (mut index, disk) = self.index()?;
        let found = index.select(filter);
        let total = index.those(&found).map(|group| group.events).sum();
        let first = first
            .unwrap_or(u64::MAX)
            .min(u64::saturating_sub(total, max as u64));
        // Which groups a page is of, and how many events of the first one come before it.
        let (mut before, mut parts) = (0, Vec::new());
        for group in index.those(&found) {
            if before >= first + max as u64 {
                break;
            }
            if before + group.events > first {
                parts.push((group.first, first.saturating_sub(before)));
            }
            before += group.events;
        }
        drop(index);
        let mut events = Vec::new();
        for (group, skip) in parts {
            events.extend(disk.events_of(group, skip, max - events.len())?);
        }
        Ok(LogPage {
            first,
            total,
            events,
        })
    }

    /// The next group that a filter finds after this one, or before it; from the other end where there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find(
        &self,
        filter: &Filter,
        from: Option<EventKey>,
        back: bool,
    ) -> Result<Option<Found>> {
        let (mut index, _) = self.index()?;
        let matching = index.select(filter);
        let all: Vec<&Group> = index.those(&matching).collect();
        Ok(next(&all, from, back).map(|place| Found {
            group: all[place].first,
            from_ms: all[place].from_ms,
            to_ms: all[place].to_ms,
            place: place as u64,
            total: all.len() as u64,
        }))
    }

    /// The events of the last groups that a filter finds, oldest first; at most `max` groups.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tail(&self, filter: &Filter, max: usize) -> Result<Vec<Arc<Event>>> {
        let (mut index, disk) = self.index()?;
        let found = index.select(filter);
        let last = index.those(&found).rev().take(max);
        let groups: Vec<EventKey> = last.map(|group| group.first).collect();
        drop(index);
        let mut events = Vec::new();
        for group in groups {
            events.extend(disk.events_of(group, 0, usize::MAX)?);
        }
        events.sort_by_key(|event: &Arc<Event>| event.key);
        Ok(events)
    }

    fn index(&self) -> Result<(MutexGuard<'_, Index>, &Disk)> {
        let disk = self.database()?;
        let mut index = self
            .inner
            .index
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        index.catch_up(disk)?;
        Ok((index, disk))
    }
}

/// The events of these groups, of what caused them, and of the groups that give them context.
fn excerpt(
    disk: &Disk,
    chosen: Vec<EventKey>,
    context: &[EventKey],
    first: u64,
    total: u64,
) -> Result<Excerpt> {
    let mut read = Excerpt {
        groups: chosen,
        first,
        total,
        ..Excerpt::default()
    };
    let mut held: BTreeMap<EventKey, Arc<Event>> = BTreeMap::new();
    let mut known: BTreeSet<EventKey> = BTreeSet::new();
    let mut add = |key: EventKey, held: &mut BTreeMap<EventKey, Arc<Event>>| -> Result<()> {
        if known.insert(key) {
            let (events, whole) = disk.ends_of(key, GROUP_EVENTS_MAX)?;
            if !whole {
                read.cut.push(key);
            }
            held.extend(events.into_iter().map(|event| (event.key, event)));
        }
        Ok(())
    };
    for group in read.groups.clone() {
        add(group, &mut held)?;
    }
    let causes: BTreeSet<EventKey> = held
        .values()
        .flat_map(|event| event.cause_seq.iter().copied())
        .filter(|cause| !held.contains_key(cause))
        .collect();
    let mut caused_by: BTreeSet<EventKey> = context.iter().copied().collect();
    for cause in causes {
        if caused_by.len() >= DEPENDENCIES_MAX {
            break;
        }
        caused_by.extend(disk.group_of(cause)?);
    }
    for key in caused_by {
        add(key, &mut held)?;
    }
    read.events = held.into_values().collect();
    Ok(read)
}

/// The place of the next group after (or before) the one that `from` is in; the other end where there is none.
fn next(all: &[&Group], from: Option<EventKey>, back: bool) -> Option<usize> {
    let last = all.len().checked_sub(1)?;
    let Some(from) = from else {
        return Some(if back { last } else { 0 });
    };
    if back {
        let before = all.partition_point(|group| group.first < from);
        Some(before.checked_sub(1).unwrap_or(last))
    } else {
        let after = all.partition_point(|group| group.first <= from);
        Some(if after > last { 0 } else { after })
    }
}

#[cfg(test)]
mod tests;
