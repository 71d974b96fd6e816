//! How dense a stretch of the timeline is: what a view draws where there is too much to draw one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::group::{Group, GroupKind};
use crate::clock::WallMs;

/// Columns of one density.
pub const BUCKETS_MAX: u32 = 16_384;
/// Sessions that have a density of their own; the others share the last one.
const DENSITY_LANES_MAX: usize = 16;

/// How many groups began in each column of a stretch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Overview {
    /// The beginning of the stretch.
    pub from_ms: WallMs,
    /// Its end.
    pub to_ms: WallMs,
    /// Columns that the stretch is divided into.
    pub buckets: u32,
    /// One density a session, in the order of their first events; the last may stand for several.
    pub lanes: Vec<Density>,
    /// Groups in the stretch.
    pub groups: u64,
    /// Events of these groups.
    pub events: u64,
    /// Events of earlier runs are still being put in order: there will be more.
    pub placing: bool,
}

/// The density of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Density {
    /// The session. Null: requests without one, and what concerns none.
    pub session: Option<Arc<str>>,
    /// Columns that are not empty: their number, then how many requests went well at once, well after a refresh, or
    /// not; then refreshes; then everything else.
    pub columns: Vec<[u32; 6]>,
}

/// The columns of one session that are not empty, by their numbers.
type Columns = BTreeMap<u32, [u32; 5]>;

/// Counts groups by the column of a stretch that they began in.
pub(super) fn density<'a>(
    groups: impl Iterator<Item = &'a Group>,
    from: WallMs,
    to: WallMs,
    buckets: u32,
) -> Overview {
    let span = u64::try_from(to.since_ms(from)).unwrap_or(0).max(1);
    let mut lanes: Vec<(Option<Arc<str>>, Columns)> = Vec::new();
    let (mut total, mut events) = (0, 0);
    for group in groups.filter(|group| group.overlaps(from, to)) {
        total += 1;
        events += group.events;
        let at = u64::try_from(group.from_ms.since_ms(from))
            .unwrap_or(0)
            .min(span);
        let column = u32::try_from((at * u64::from(buckets) / span).min(u64::from(buckets) - 1))
            .unwrap_or(0);
        let lane = match lanes
            .iter()
            .position(|(session, _)| *session == group.session)
        {
            Some(lane) => lane,
            None if lanes.len() < DENSITY_LANES_MAX => {
                lanes.push((group.session.clone(), BTreeMap::new()));
                lanes.len() - 1
            }
            None => DENSITY_LANES_MAX - 1,
        };
        let counts = lanes[lane].1.entry(column).or_default();
        match group.kind {
            GroupKind::Request if group.traits.failed => counts[2] += 1,
            GroupKind::Request if group.traits.retry || group.traits.joined => counts[1] += 1,
            GroupKind::Request => counts[0] += 1,
            _ if group.flights.is_empty() => counts[4] += 1,
            _ => {}
        }
        counts[3] += u32::try_from(group.flights.len()).unwrap_or(u32::MAX);
    }
    let lanes = lanes
        .into_iter()
        .map(|(session, columns)| Density {
            session,
            columns: columns
                .into_iter()
                .map(|(column, [well, refreshed, failed, refreshes, others])| {
                    [column, well, refreshed, failed, refreshes, others]
                })
                .collect(),
        })
        .collect();
    Overview {
        from_ms: from,
        to_ms: to,
        buckets,
        lanes,
        groups: total,
        events,
        placing: false,
    }
}
