//! Questions about the timeline, of any length. Each names a filter; an empty one finds everything.

use sandglass_engine::clock::WallMs;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::timeline::Timeline;
use sandglass_engine::timeline::density::Overview;
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::timeline::filter::Filter;
use sandglass_engine::timeline::query::{Excerpt, Found, LogPage, Matches};
use serde::Deserialize;
use tauri::State;
use tauri::async_runtime::spawn_blocking;
use ts_rs::TS;

use crate::shell::Shell;

/// A filter.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Filtered {
    /// Its words.
    pub filter: String,
}

/// A stretch, to be counted.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OverviewOf {
    /// What is counted.
    pub filter: String,
    /// The beginning of the stretch.
    pub from_ms: WallMs,
    /// Its end.
    pub to_ms: WallMs,
    /// Not the stretch, but the runs around it.
    pub whole_runs: bool,
    /// How many columns.
    pub buckets: u32,
}

/// A stretch, to be read.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WindowOf {
    /// What is wanted.
    pub filter: String,
    /// The beginning of the stretch.
    pub from_ms: WallMs,
    /// Its end.
    pub to_ms: WallMs,
}

/// A page of the story.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StoryOf {
    /// What is wanted.
    pub filter: String,
    /// The place after the last group of the page. Null: the end.
    pub end: Option<u64>,
    /// How many groups at most.
    pub max: u32,
}

/// A page of the log.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogOf {
    /// What is wanted.
    pub filter: String,
    /// The place of the first event of the page. Null: so that the page is the last one.
    pub first: Option<u64>,
    /// How many events at most.
    pub max: u32,
}

/// A step from match to match.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MatchOf {
    /// What is looked for.
    pub filter: String,
    /// The first event of the group that the step begins at. Null: at an end.
    pub from: Option<EventKey>,
    /// Towards earlier ones.
    pub back: bool,
}

/// Counts what a filter finds.
#[tauri::command]
pub(crate) async fn count_matches(shell: State<'_, Shell>, args: Filtered) -> Result<Matches> {
    ask(&shell, args.filter, |timeline, filter| {
        timeline.matches(filter)
    })
    .await
}

/// Reads the density of a stretch.
#[tauri::command]
pub(crate) async fn read_overview(shell: State<'_, Shell>, args: OverviewOf) -> Result<Overview> {
    let OverviewOf {
        filter,
        from_ms,
        to_ms,
        whole_runs,
        buckets,
    } = args;
    ask(&shell, filter, move |timeline, filter| {
        timeline.overview(filter, from_ms, to_ms, whole_runs, buckets)
    })
    .await
}

/// Reads a stretch.
#[tauri::command]
pub(crate) async fn read_window(shell: State<'_, Shell>, args: WindowOf) -> Result<Excerpt> {
    let WindowOf {
        filter,
        from_ms,
        to_ms,
    } = args;
    ask(&shell, filter, move |timeline, filter| {
        timeline.window(filter, from_ms, to_ms)
    })
    .await
}

/// Reads a page of the story.
#[tauri::command]
pub(crate) async fn read_story(shell: State<'_, Shell>, args: StoryOf) -> Result<Excerpt> {
    let StoryOf { filter, end, max } = args;
    ask(&shell, filter, move |timeline, filter| {
        timeline.story(filter, end, max as usize)
    })
    .await
}

/// Reads a page of the log.
#[tauri::command]
pub(crate) async fn read_log(shell: State<'_, Shell>, args: LogOf) -> Result<LogPage> {
    let LogOf { filter, first, max } = args;
    ask(&shell, filter, move |timeline, filter| {
        timeline.log(filter, first, max as usize)
    })
    .await
}

/// Finds the next match.
#[tauri::command]
pub(crate) async fn find_match(shell: State<'_, Shell>, args: MatchOf) -> Result<Option<Found>> {
    let MatchOf { filter, from, back } = args;
    ask(&shell, filter, move |timeline, filter| {
        timeline.find(filter, from, back)
    })
    .await
}

/// Asks the timeline where waiting for a disk keeps nobody else waiting.
async fn ask<T: Send + 'static>(
    shell: &Shell,
    filter: String,
    question: impl FnOnce(&Timeline, &Filter) -> Result<T> + Send + 'static,
) -> Result<T> {
    let timeline = shell.engine().await?.timeline().clone();
    let filter = timeline.filter(&filter)?;
    spawn_blocking(move || question(&timeline, &filter))
        .await
        .unwrap_or_else(|error| Err(Failure::new(Code::DatabaseUnavailable).with("detail", error)))
}
