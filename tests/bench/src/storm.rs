//! A storm: everybody at once on an expired token. One process each, so that its memory is its own and its pool is cold.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::bare::Bare;
use crate::measure::{Sample, measured};
use crate::ours::Ours;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    /// The engine
    Engine,
    /// The floor, without the engine: all refused, one exchange, all again
    Bare,
}

/// What a storm came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Storm {
    wall_us: u64,
    cpu_us: u64,
    /// The most memory that the process ever had, in kilobytes.
    pub(crate) peak_kb: u64,
    pub(crate) exchanges: u64,
    pub(crate) failed: usize,
}

impl Storm {
    pub(crate) fn sample(&self) -> Sample {
        Sample {
            wall: Duration::from_micros(self.wall_us),
            cpu: Duration::from_micros(self.cpu_us),
        }
    }

    /// Has a process of its own run one.
    pub(crate) async fn of(who: Who, origin: &str, requests: usize) -> Result<Self> {
        let name = who.to_possible_value().context("no value is hidden")?;
        let output = Command::new(std::env::current_exe()?)
            .args(["storm", name.get_name(), origin, &requests.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await?;
        ensure!(output.status.success(), "a storm of {requests} failed");
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Runs one and prints what it came to.
#[expect(clippy::print_stdout, reason = "the figures are this part's output")]
pub(crate) async fn run(who: Who, origin: &str, requests: usize) -> Result<()> {
    let mut bare = Bare::new(origin).await?;
    let ours = match who {
        Who::Engine => Some(Ours::new(origin, false).await?),
        Who::Bare => None,
    };
    bare.expire().await?;
    let before = bare.exchanges().await?;
    let asks = bare.clone();
    let (sample, good) = match ours {
        Some(ours) => measured(async move { ours.at_once(requests).await }).await?,
        None => {
            measured(async move {
                let refused = bare.at_once(requests, 401).await?;
                ensure!(refused == requests, "{refused} of {requests} were refused");
                bare.refresh().await?;
                bare.at_once(requests, 200).await
            })
            .await?
        }
    };
    let storm = Storm {
        wall_us: u64::try_from(sample.wall.as_micros())?,
        cpu_us: u64::try_from(sample.cpu.as_micros())?,
        peak_kb: peak_kb()?,
        exchanges: asks.exchanges().await? - before,
        failed: requests - good,
    };
    println!("{}", serde_json::to_string(&storm)?);
    Ok(())
}

/// The most memory that this process ever had, in kilobytes.
pub(crate) fn peak_kb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.context("the system says the peak")?.trim();
    Ok(kb.trim_end_matches(" kB").parse()?)
}
