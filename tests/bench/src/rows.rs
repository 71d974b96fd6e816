//! The rows of the table: what is done, how often, and beside which baseline.

use std::time::Instant;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use sandglass_engine::engine::probe;

use crate::bare::Bare;
use crate::imports;
use crate::measure::{Figures, Sample, measured};
use crate::ours::Ours;
use crate::server::Server;
use crate::storm::{Storm, Who};

/// Requests one after the other.
const IN_A_ROW: usize = 2_000;
/// Requests side by side, and how many at a time.
const SIDE_BY_SIDE: (usize, usize) = (10_000, 64);
/// The storms.
const STORMS: [usize; 2] = [1_000, 10_000];
/// Requests that are made ready and not sent.
const ATTACHED: usize = 20_000;
/// Events that are appended.
const APPENDED: u64 = 100_000;

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) work: String,
    pub(crate) unit: &'static str,
    pub(crate) bare: Option<Figures>,
    pub(crate) ours: Figures,
    /// Round by round: ours divided by the baseline of the same round.
    pub(crate) wall_ratio: Option<Figures>,
    pub(crate) cpu_ratio: Option<Figures>,
    /// What the design allows, in words.
    pub(crate) allowed: String,
    /// Whether the median is within that.
    pub(crate) is_met: bool,
}

impl Row {
    fn beside(work: String, pairs: &[(Sample, Sample)], at_most: f64) -> Self {
        let wall_ratio = ratios(pairs, |sample| sample.wall.as_secs_f64());
        Self {
            work,
            unit: "ms",
            bare: Some(millis(pairs.iter().map(|(bare, _)| bare))),
            ours: millis(pairs.iter().map(|(_, ours)| ours)),
            cpu_ratio: Some(ratios(pairs, |sample| sample.cpu.as_secs_f64())),
            allowed: format!("{at_most} × wall"),
            is_met: wall_ratio.median() <= at_most,
            wall_ratio: Some(wall_ratio),
        }
    }

    pub(crate) fn alone(
        work: String,
        unit: &'static str,
        ours: Figures,
        allowed: String,
        is_met: bool,
    ) -> Self {
        Self {
            work,
            unit,
            bare: None,
            ours,
            wall_ratio: None,
            cpu_ratio: None,
            allowed,
            is_met,
        }
    }
}

fn millis<'a>(samples: impl Iterator<Item = &'a Sample>) -> Figures {
    samples
        .map(|sample| sample.wall.as_secs_f64() * 1e3)
        .collect()
}

fn ratios(pairs: &[(Sample, Sample)], of: impl Fn(&Sample) -> f64) -> Figures {
    pairs
        .iter()
        .map(|(bare, ours)| of(ours) / of(bare))
        .collect()
}

/// Rows that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Requests one after the other
    Row,
    /// Requests side by side
    Side,
    /// Everybody at once on an expired token
    Storm,
    /// What is not reached alone from outside
    Parts,
    /// Other tools' files
    Imports,
}

impl Group {
    pub(crate) const ALL: [Self; 5] = [
        Self::Row,
        Self::Side,
        Self::Storm,
        Self::Parts,
        Self::Imports,
    ];
}

/// Measures the rows of these groups.
pub(crate) async fn measure(groups: &[Group], rounds: u32) -> Result<Vec<Row>> {
    let server = Server::start().await?;
    let origin = server.origin.as_str();
    let mut rows = Vec::new();
    if groups.contains(&Group::Row) {
        tell("requests in a row");
        let work = format!("{IN_A_ROW} GETs in a row");
        rows.extend(requests(origin, rounds, &work, None, (1.10, 1.20)).await?);
    }
    if groups.contains(&Group::Side) {
        tell("requests side by side");
        let work = format!("{} GETs, {} at a time", SIDE_BY_SIDE.0, SIDE_BY_SIDE.1);
        rows.extend(requests(origin, rounds, &work, Some(SIDE_BY_SIDE), (1.15, 1.5)).await?);
    }
    if groups.contains(&Group::Storm) {
        for requests in STORMS {
            tell("a storm");
            rows.extend(storms(origin, rounds, requests).await?);
        }
    }
    if groups.contains(&Group::Parts) {
        tell("parts alone");
        rows.push(attach(origin, rounds).await?);
        for on_disk in [false, true] {
            rows.push(append(origin, rounds, on_disk).await?);
        }
    }
    if groups.contains(&Group::Imports) {
        tell("imports");
        rows.extend(imports::measure(rounds).await?);
    }
    Ok(rows)
}

#[expect(
    clippy::print_stderr,
    reason = "whoever waits sees that something happens"
)]
fn tell(what: &str) {
    eprintln!("bench: {what}");
}

/// The same requests bare, with the timeline in memory, and with the timeline on disk: a round of each, the order turned
/// about every time.
async fn requests(
    origin: &str,
    rounds: u32,
    work: &str,
    parallel: Option<(usize, usize)>,
    at_most: (f64, f64),
) -> Result<Vec<Row>> {
    let (mut in_memory, mut on_disk, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (mut bare, mut memory, mut disk) = Default::default();
        let mut order = [0, 1, 2];
        if round % 2 == 1 {
            order.reverse();
        }
        for who in order {
            match who {
                0 => bare = without_engine(origin, parallel).await?,
                1 => (memory, _) = with_engine(origin, parallel, false).await?,
                _ => {
                    let late;
                    (disk, late) = with_engine(origin, parallel, true).await?;
                    behind.push(late);
                }
            }
        }
        in_memory.push((bare, memory));
        on_disk.push((bare, disk));
    }
    let behind: Figures = behind.into_iter().collect();
    let caught_up = behind.median() <= 1_000.0;
    Ok(vec![
        Row::beside(format!("{work}, timeline in memory"), &in_memory, at_most.0),
        Row::beside(format!("{work}, into SQLite as well"), &on_disk, at_most.1),
        Row::alone(
            format!("{work}: SQLite has caught up after the last answer"),
            "ms",
            behind,
            "1000 ms".to_owned(),
            caught_up,
        ),
    ])
}

async fn without_engine(origin: &str, parallel: Option<(usize, usize)>) -> Result<Sample> {
    let bare = Bare::new(origin).await?;
    ensure!(bare.get().await? == 200, "the resource answers");
    let (sample, ()) = match parallel {
        None => measured(bare.in_a_row(IN_A_ROW)).await?,
        Some((requests, at_a_time)) => measured(bare.side_by_side(requests, at_a_time)).await?,
    };
    Ok(sample)
}

/// The round, and how many milliseconds the timeline's writer was behind at its end.
async fn with_engine(
    origin: &str,
    parallel: Option<(usize, usize)>,
    on_disk: bool,
) -> Result<(Sample, f64)> {
    let ours = Ours::new(origin, on_disk).await?;
    ensure!(ours.get().await? == 200, "the resource answers");
    ours.caught_up().await?;
    let work = ours.clone();
    let (sample, ()) = match parallel {
        None => measured(work.in_a_row(IN_A_ROW)).await?,
        Some((requests, at_a_time)) => measured(work.side_by_side(requests, at_a_time)).await?,
    };
    let over = Instant::now();
    ours.caught_up().await?;
    Ok((sample, over.elapsed().as_secs_f64() * 1e3))
}

async fn storms(origin: &str, rounds: u32, requests: usize) -> Result<Vec<Row>> {
    let (mut pairs, mut memory) = (Vec::new(), Vec::new());
    let (mut exchanges, mut failed) = (0, 0);
    for round in 0..rounds {
        let (mut bare, mut ours) = (None, None);
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                bare = Some(Storm::of(Who::Bare, origin, requests).await?);
            } else {
                ours = Some(Storm::of(Who::Engine, origin, requests).await?);
            }
        }
        let (Some(bare), Some(ours)) = (bare, ours) else {
            unreachable!("each has had its turn");
        };
        exchanges += ours.exchanges;
        failed += ours.failed;
        memory.push((ours.peak_kb as f64 - bare.peak_kb as f64) / 1024.0);
        pairs.push((bare.sample(), ours.sample()));
    }
    let each = exchanges as f64 / f64::from(rounds);
    let work =
        format!("storm of {requests} on an expired token ({each} refresh each, {failed} failed)");
    let in_order = exchanges == u64::from(rounds) && failed == 0;
    let memory: Figures = memory.into_iter().collect();
    let mut row = Row::beside(work, &pairs, 1.25);
    row.is_met &= in_order;
    let mut rows = vec![row];
    if requests == STORMS[1] {
        // Of the largest storm, the memory is what is bounded.
        rows[0].allowed = "1 refresh, 0 failed".to_owned();
        rows[0].is_met = in_order;
        let is_met = memory.median() <= 100.0;
        rows.push(Row::alone(
            format!("storm of {requests}: memory above the floor's"),
            "MiB",
            memory,
            "100 MB".to_owned(),
            is_met,
        ));
    }
    Ok(rows)
}

async fn attach(origin: &str, rounds: u32) -> Result<Row> {
    let mut figures = Vec::new();
    for _ in 0..rounds {
        let ours = Ours::new(origin, false).await?;
        let work = ours.clone();
        let (sample, ()) = measured(async move {
            for _ in 0..ATTACHED {
                probe::attach(&work.engine, work.draft()).await?;
            }
            Ok(())
        })
        .await?;
        ours.caught_up().await?;
        figures.push(sample.wall.as_secs_f64() * 1e6 / ATTACHED as f64);
    }
    let figures: Figures = figures.into_iter().collect();
    let is_met = figures.median() < 10.0;
    Ok(Row::alone(
        "attach and gate alone, a request made ready and not sent".to_owned(),
        "µs",
        figures,
        "10 µs".to_owned(),
        is_met,
    ))
}

async fn append(origin: &str, rounds: u32, on_disk: bool) -> Result<Row> {
    let mut figures = Vec::new();
    for _ in 0..rounds {
        let ours = Ours::new(origin, on_disk).await?;
        ours.caught_up().await?;
        let work = ours.clone();
        let (sample, ()) = measured(async move {
            probe::append(&work.engine, APPENDED);
            if on_disk {
                work.caught_up().await?;
            }
            Ok(())
        })
        .await?;
        ours.caught_up().await?;
        figures.push(APPENDED as f64 / sample.wall.as_secs_f64() / 1e3);
    }
    let figures: Figures = figures.into_iter().collect();
    let (place, at_least) = if on_disk {
        ("into SQLite, written", 100.0)
    } else {
        ("in memory", 200.0)
    };
    let is_met = figures.median() >= at_least;
    Ok(Row::alone(
        format!("append to the timeline, {place}"),
        "thousand events/s",
        figures,
        format!("at least {at_least} thousand/s"),
        is_met,
    ))
}
