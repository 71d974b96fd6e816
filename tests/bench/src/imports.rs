//! Imports: a large description read, and a large collection read, planned and written. One process a round, so that its
//! memory is its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sandglass_engine::import;
use sandglass_engine::import::placing;
use sandglass_engine::import::source::{Source, Watch};
use sandglass_engine::workspace::writer::batch;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::measure::Figures;
use crate::rows::Row;
use crate::storm::peak_kb;

/// Size of the description, in bytes.
const DESCRIPTION_BYTES: usize = 10 * 1024 * 1024;
/// Requests of the collection.
const REQUESTS: usize = 5_000;
/// How long each may take, in milliseconds.
const MS_MAX: f64 = 3_000.0;
/// Memory that reading may need, times the size of the file.
const TIMES_MAX: f64 = 10.0;

/// What one round came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Round {
    read_ms: f64,
    /// Memory above what the process had with the file in it, divided by the file's size.
    times: f64,
    written_ms: f64,
}

/// The rows, each round in a process of its own.
pub(crate) async fn measure(rounds: u32) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    for _ in 0..rounds {
        let output = Command::new(std::env::current_exe()?)
            .arg("import")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await?;
        ensure!(output.status.success(), "an import failed");
        all.push(serde_json::from_slice::<Round>(&output.stdout)?);
    }
    let row = |work: &str, unit: &'static str, most: f64, of: fn(&Round) -> f64| {
        let figures: Figures = all.iter().map(of).collect();
        let is_met = figures.median() <= most;
        Row::alone(
            work.to_owned(),
            unit,
            figures,
            format!("{most} {unit}"),
            is_met,
        )
    };
    Ok(vec![
        row("a 10 MB OpenAPI description is read", "ms", MS_MAX, |one| {
            one.read_ms
        }),
        row(
            "a 10 MB OpenAPI description: memory above the file",
            "× its size",
            TIMES_MAX,
            |one| one.times,
        ),
        row(
            "5000 requests of a collection are read, planned and written",
            "ms",
            MS_MAX,
            |one| one.written_ms,
        ),
    ])
}

/// Runs one round and prints what it came to.
#[expect(clippy::print_stdout, reason = "the figures are this part's output")]
pub(crate) fn run() -> Result<()> {
    let description = description();
    let bytes = description.len();
    let source = file("large.yaml", description);
    let before = peak_kb()?;
    let began = Instant::now();
    let read = import::read(&source, &Watch::default()).context("the description")?;
    let read_ms = began.elapsed().as_secs_f64() * 1e3;
    ensure!(read.requests.len() > 1_000, "it has many requests");
    let more_kb = peak_kb()?.saturating_sub(before);
    drop((read, source));

    let folder = tempfile::tempdir()?;
    let source = file("many.json", collection());
    let began = Instant::now();
    let read = import::read(&source, &Watch::default()).context("the collection")?;
    let plan = placing::plan(Some(folder.path()), &read, &BTreeMap::new())?;
    batch::write_all(folder.path(), &plan.changes, &|| Ok(()))?;
    let written_ms = began.elapsed().as_secs_f64() * 1e3;
    ensure!(plan.preview.new == REQUESTS, "all of them are new");
    let round = Round {
        read_ms,
        times: more_kb as f64 * 1024.0 / bytes as f64,
        written_ms,
    };
    println!("{}", serde_json::to_string(&round)?);
    Ok(())
}

fn file(name: &str, text: String) -> Source {
    Source::File {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    }
}

/// A description as large as that, with parameters, answers and words for people.
fn description() -> String {
    let mut text = "openapi: 3.0.0\ninfo: {title: Large}\npaths:\n".to_owned();
    let words = "what it is for ".repeat(60);
    let mut number = 0;
    while text.len() < DESCRIPTION_BYTES {
        number += 1;
        // Writing to a string does not fail.
        let _: std::fmt::Result = writeln!(
            text,
            "  /things{number}/{{id}}:\n    get:\n      summary: Thing {number}\n      description: {words}\n      parameters:\n        - {{name: id, in: path, required: true, schema: {{type: string}}}}\n        - {{name: limit, in: query, schema: {{type: integer}}}}\n      responses:\n        '200': {{description: good, content: {{application/json: {{schema: {{type: object, properties: {{a: {{type: string}}, b: {{type: integer}}}}}}}}}}}}"
        );
    }
    text
}

/// A collection with so many requests.
fn collection() -> String {
    let items: Vec<String> = (0..REQUESTS)
        .map(|one| format!(r#"{{"name": "r{one}", "request": {{"method": "GET", "url": "https://a.test/{one}", "header": [{{"key": "Accept", "value": "text/plain"}}]}}}}"#))
        .collect();
    format!(
        r#"{{"info": {{"name": "Many", "schema": "x/v2.1.0/"}}, "item": [{}]}}"#,
        items.join(",")
    )
}
