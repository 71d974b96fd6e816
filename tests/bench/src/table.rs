//! The table: printed, and written to a file with the day and the machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::measure::Figures;
use crate::rows::Row;

/// Prints the table, and writes it to the file where there is one.
#[expect(clippy::print_stdout, reason = "the table is this program's output")]
pub(crate) fn write(rows: &[Row], rounds: u32, file: Option<&Path>) -> Result<()> {
    let text = text(rows, rounds)?;
    println!("{text}");
    match file {
        Some(file) => fs::write(file, text).with_context(|| format!("writing {}", file.display())),
        None => Ok(()),
    }
}

fn text(rows: &[Row], rounds: u32) -> Result<String> {
    let mut text = String::from("# How fast it is\n\n");
    writeln!(
        text,
        "Measured on {} by `cargo xtask bench`: {rounds} rounds of each row, every round beside a round of bare reqwest (with the same limits of time) on the same server, which is a process of its own. Median (lowest–highest); a ratio is ours divided by bare, round by round. CPU is what this process took of all cores.\n",
        said_by("date", &["--utc", "+%Y-%m-%d"])?,
    )?;
    writeln!(text, "{}\n", machine()?)?;
    text.push_str("| work | bare | engine | wall ratio | CPU ratio | allowed | |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for row in rows {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.work,
            optional(row.bare.as_ref(), row.unit, 1),
            figures(&row.ours, row.unit, 1),
            optional(row.wall_ratio.as_ref(), "", 2),
            optional(row.cpu_ratio.as_ref(), "", 2),
            row.allowed,
            if row.is_met { "met" } else { "missed" },
        )?;
    }
    Ok(text)
}

fn optional(values: Option<&Figures>, unit: &str, digits: usize) -> String {
    values.map_or_else(String::new, |values| figures(values, unit, digits))
}

fn figures(values: &Figures, unit: &str, digits: usize) -> String {
    let (median, lowest, highest) = (values.median(), values.lowest(), values.highest());
    let text = format!("{median:.digits$} {unit} ({lowest:.digits$}–{highest:.digits$})");
    text.replace("  ", " ")
}

/// Cores, memory, kernel and compiler.
fn machine() -> Result<String> {
    let memory = fs::read_to_string("/proc/meminfo")?;
    let total = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kb: f64 = total
        .and_then(|total| total.trim().trim_end_matches(" kB").parse().ok())
        .context("the system says how much memory it has")?;
    Ok(format!(
        "Machine: {} cores, {:.0} GiB of memory, Linux {}, load {} at the end; {}.",
        std::thread::available_parallelism()?,
        kb / (1024.0 * 1024.0),
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        fs::read_to_string("/proc/loadavg")?
            .split(' ')
            .next()
            .unwrap_or_default(),
        said_by("rustc", &["--version"])?,
    ))
}

fn said_by(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("running {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
