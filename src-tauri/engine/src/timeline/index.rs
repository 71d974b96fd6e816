//! All causal groups in memory, in order, as far as the database has told; and which of them a filter finds.
//!
//! What a filter found is remembered. It stays right while groups come and change, because only those are looked at anew;
//! and a filter with more words looks only at what the one with fewer words has found.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::excerpts::Change;
use super::filter::Filter;
use super::group::Group;
use super::sqlite::Disk;
use crate::clock::WallMs;
use crate::error::Result;

/// Groups that are kept in memory; of more, the oldest are not found.
const GROUPS_MAX: usize = 400_000;
/// Groups that are read at once: in between, others may ask the database.
const GROUPS_READ_MAX: usize = 2_000;
/// Filters whose findings are remembered: that of the view, with its narrowings and its search for failures.
const REMEMBERED_MAX: usize = 6;
/// Changes of groups that are remembered for them; after more, a filter looks at all groups again.
const TOUCHED_MAX: usize = 20_000;

/// A group, with its words as free text is looked for in them.
struct Row {
    group: Group,
    folded: Box<str>,
}

impl Row {
    fn is_found_by(&self, filter: &Filter) -> bool {
        filter.matches(&self.group, &self.folded)
    }
}

/// The groups.
#[derive(Default)]
pub(super) struct Index {
    rows: Vec<Row>,
    changed: Change,
    /// When each run began and was last heard of.
    runs: BTreeMap<u64, (WallMs, WallMs)>,
    /// Grows with every group that comes or changes.
    version: u64,
    /// Which rows did, at which version, in order.
    touched: VecDeque<(u64, u32)>,
    remembered: VecDeque<Finding>,
}

/// What a filter found.
struct Finding {
    filter: Filter,
    version: u64,
    rows: Arc<Vec<u32>>,
}

/// The places of the groups that a filter finds, in order.
#[derive(Clone)]
pub(super) enum Found {
    /// All of so many.
    All(usize),
    /// These.
    Rows(Arc<Vec<u32>>),
}

impl Found {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The row at a place among those that were found.
    fn row(&self, place: usize) -> usize {
        match self {
            Self::All(_) => place,
            Self::Rows(rows) => rows[place] as usize,
        }
    }
}

impl Index {
    /// Learns what has changed in the database.
    pub(super) fn catch_up(&mut self, disk: &Disk) -> Result<()> {
        loop {
            let (changed, groups) = disk.groups_changed_after(self.changed, GROUPS_READ_MAX)?;
            for group in groups {
                self.learn(group);
            }
            if self.rows.len() > GROUPS_MAX {
                self.rows.drain(..self.rows.len() - GROUPS_MAX);
                self.forget_findings();
            }
            if changed == self.changed {
                break;
            }
            self.changed = changed;
        }
        let floor = disk.floor();
        let gone = |row: &Row| row.group.last_seq < floor;
        if self.rows.first().is_some_and(gone) {
            self.rows.retain(|row| !gone(row));
            self.forget_findings();
        }
        Ok(())
    }

    fn learn(&mut self, group: Group) {
        let run = self
            .runs
            .entry(group.first.run)
            .or_insert((group.from_ms, group.to_ms));
        *run = (run.0.min(group.from_ms), run.1.max(group.to_ms));
        let row = Row {
            folded: super::filter::folded(&group),
            group,
        };
        let first = row.group.first;
        let after_all = self.rows.last().is_none_or(|last| last.group.first < first);
        let at = if after_all {
            self.rows.push(row);
            self.rows.len() - 1
        } else {
            match self
                .rows
                .binary_search_by_key(&first, |one| one.group.first)
            {
                Ok(at) => {
                    self.rows[at] = row;
                    at
                }
                Err(at) => {
                    self.rows.insert(at, row);
                    self.forget_findings();
                    at
                }
            }
        };
        self.version += 1;
        if self.remembered.is_empty() {
            return;
        }
        if self.touched.len() == TOUCHED_MAX {
            self.touched.pop_front();
        }
        self.touched
            .push_back((self.version, u32::try_from(at).unwrap_or(u32::MAX)));
    }

    /// Rows have other places now.
    fn forget_findings(&mut self) {
        self.remembered.clear();
        self.touched.clear();
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All groups, in order.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.rows.iter().map(|row| &row.group)
    }

    /// The groups that were found, in order.
    pub(super) fn those<'a>(
        &'a self,
        found: &'a Found,
    ) -> impl DoubleEndedIterator<Item = &'a Group> + ExactSizeIterator {
        (0..found.len()).map(|place| self.at(found, place))
    }

    /// The group at a place among those that were found.
    pub(super) fn at(&self, found: &Found, place: usize) -> &Group {
        &self.rows[found.row(place)].group
    }

    /// What a filter finds now.
    pub(super) fn select(&mut self, filter: &Filter) -> Found {
        if filter.is_empty() {
            return Found::All(self.rows.len());
        }
        let at = self
            .remembered
            .iter()
            .position(|finding| finding.filter == *filter);
        let finding = match at.and_then(|at| self.remembered.remove(at)) {
            Some(finding) => self.renewed(finding),
            None => self.search(filter),
        };
        let rows = Arc::clone(&finding.rows);
        self.remembered.push_back(finding);
        if self.remembered.len() > REMEMBERED_MAX {
            self.remembered.pop_front();
        }
        Found::Rows(rows)
    }

    /// What was found, as of now.
    fn renewed(&self, mut finding: Finding) -> Finding {
        if finding.version == self.version {
            return finding;
        }
        let known_since = self.touched.front().map_or(0, |(version, _)| version - 1);
        if known_since > finding.version {
            return self.searched(&finding.filter, 0..self.rows.len());
        }
        let since = self
            .touched
            .partition_point(|(version, _)| *version <= finding.version);
        let rows = Arc::make_mut(&mut finding.rows);
        for (_, at) in self.touched.range(since..) {
            let wanted = self.rows[*at as usize].is_found_by(&finding.filter);
            match (rows.binary_search(at), wanted) {
                (Err(place), true) => rows.insert(place, *at),
                (Ok(place), false) => {
                    rows.remove(place);
                }
                _ => {}
            }
        }
        finding.version = self.version;
        finding
    }

    /// Looks for a filter for the first time: among all groups, or among what a filter with fewer words has found.
    fn search(&mut self, filter: &Filter) -> Finding {
        let wider = self
            .remembered
            .iter()
            .filter(|finding| filter.narrows(&finding.filter))
            .min_by_key(|finding| finding.rows.len())
            .map(|finding| finding.filter.clone());
        let wider = wider.map(|wider| self.select(&wider));
        match wider {
            Some(Found::Rows(rows)) => self.searched(filter, rows.iter().map(|at| *at as usize)),
            _ => self.searched(filter, 0..self.rows.len()),
        }
    }

    fn searched(&self, filter: &Filter, among: impl Iterator<Item = usize>) -> Finding {
        let rows = among
            .filter(|at| self.rows[*at].is_found_by(filter))
            .filter_map(|at| u32::try_from(at).ok())
            .collect();
        Finding {
            filter: filter.clone(),
            version: self.version,
            rows: Arc::new(rows),
        }
    }

    /// The runs that have a moment in common with this stretch and the newest one, as one stretch.
    pub(super) fn runs_around(&self, from: WallMs, to: WallMs) -> (WallMs, WallMs) {
        let newest = self.runs.last_key_value().map(|(_, run)| *run);
        let here = self
            .runs
            .values()
            .copied()
            .filter(|run| run.0 <= to && run.1 >= from);
        here.chain(newest.filter(|run| run.0 <= to))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or((from, to))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(run: u64, seq: u64, status: u16) -> Group {
        let value = json!({
            "first": { "run": run, "seq": seq }, "last_seq": seq, "events": 1, "kind": "request", "from_ms": seq, "to_ms": seq,
            "session": "Demo", "request": seq, "flights": [], "method": "GET", "host": "api.test", "text": "https://api.test/Orders",
            "statuses": [status], "generations": [], "caused_by": [], "errors": [], "took_us": 5,
            "retry": false, "joined": false, "failed": status >= 400, "pending": false, "published": false,
        });
        serde_json::from_value(value).expect("a group")
    }

    fn found(index: &mut Index, text: &str) -> Vec<u64> {
        let filter = Filter::parse(text, WallMs(0)).expect("a filter");
        let found = index.select(&filter);
        index.those(&found).map(|group| group.first.seq).collect()
    }

    /// What an index without a memory would find.
    fn afresh(index: &Index, text: &str) -> Vec<u64> {
        let filter = Filter::parse(text, WallMs(0)).expect("a filter");
        let finding = index.searched(&filter, 0..index.rows.len());
        let rows = finding.rows.iter().map(|at| &index.rows[*at as usize]);
        rows.map(|row| row.group.first.seq).collect()
    }

    #[test]
    fn what_was_found_stays_right_while_groups_come_and_change() {
        let mut index = Index::default();
        for seq in 1..=40 {
            index.learn(group(2, seq, if seq % 3 == 0 { 401 } else { 200 }));
        }
        let filters = [
            "orders",
            "status:401",
            "orders status:401",
            "is:failed",
            "-status:401",
            "nothing",
        ];
        let check = |index: &mut Index| {
            for text in filters {
                assert_eq!(found(index, text), afresh(index, text), "{text}");
            }
        };
        check(&mut index);
        index.learn(group(2, 41, 401));
        index.learn(group(2, 3, 200));
        index.learn(group(2, 4, 401));
        check(&mut index);
        // Another run was before this one: everything has another place.
        index.learn(group(1, 7, 401));
        check(&mut index);
        assert_eq!(found(&mut index, "status:401").first(), Some(&7));
    }

    #[test]
    fn more_changes_than_are_remembered_cost_a_search_and_no_group() {
        let mut index = Index::default();
        index.learn(group(1, 1, 401));
        assert_eq!(found(&mut index, "status:401"), [1]);
        for turn in 0..=TOUCHED_MAX {
            index.learn(group(1, 2, if turn == 0 { 401 } else { 200 }));
        }
        index.learn(group(1, 3, 401));
        assert_eq!(found(&mut index, "status:401"), [1, 3]);
    }

    #[test]
    fn a_filter_with_more_words_looks_only_at_what_fewer_have_found() {
        let mut index = Index::default();
        index.learn(group(1, 1, 401));
        index.learn(group(1, 2, 200));
        assert_eq!(found(&mut index, "status:401"), [1]);
        // Changed behind the index's back: whoever looks at all groups would find it.
        index.rows[1] = Row {
            folded: super::super::filter::folded(&group(1, 2, 401)),
            group: group(1, 2, 401),
        };
        assert_eq!(found(&mut index, "status:401 orders"), [1]);
        assert_eq!(found(&mut index, "orders"), [1, 2]);
    }
}
