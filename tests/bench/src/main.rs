//! The bench: what the engine costs, beside a bare client on the same server in the same run.
//!
//! ```text
//! bench -- starts --> bench server                 a process of its own: its work is not the client's
//!       -- starts --> bench storm engine | bare    one process a storm: its memory is its own
//!       -- starts --> bench import                 one process a round, for the same reason
//!       -- runs ----> the other rows, each round of a row beside a round of its baseline
//! ```
//!
//! Figures are ratios within one run. Nothing is asserted: a slow machine is not a broken product.

#![cfg(target_os = "linux")]

mod bare;
mod imports;
mod measure;
mod ours;
mod rows;
mod server;
mod storm;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use rows::Group;
use storm::Who;

/// Files and sockets that the largest storm needs in one process.
const OPEN_FILES: u64 = 32_768;

/// What the engine costs, beside a bare client on the same server
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Rounds of each row; at least 5
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(5..))]
    rounds: u32,
    /// Only these rows: what is done in a row, side by side, in a storm, by parts alone, or as imports
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Group::ALL)]
    only: Vec<Group>,
    /// Where the table is written
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
}

/// What this program is to itself.
#[derive(Subcommand)]
#[command(hide = true)]
enum Part {
    /// The server
    Server,
    /// One round of imports
    Import,
    /// One storm
    Storm {
        #[arg(value_enum)]
        who: Who,
        origin: String,
        requests: usize,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    rlimit::increase_nofile_limit(OPEN_FILES)?;
    match arguments.part {
        Some(Part::Server) => server::run().await,
        Some(Part::Import) => imports::run(),
        Some(Part::Storm {
            who,
            origin,
            requests,
        }) => storm::run(who, &origin, requests).await,
        None => {
            let rows = rows::measure(&arguments.only, arguments.rounds).await?;
            table::write(&rows, arguments.rounds, arguments.table.as_deref())
        }
    }
}
