//! The demo server as a program of its own, for tests of restarts and for trying other clients against it.

use clap::Parser;
use sandglass_demo::{Demo, NO_DELAY, Reuse, Settings, write_workspace};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Enough for 1,000 connections and their clients' bursts; a system that allows less gives what it can.
const OPEN_FILES: u64 = 8192;

/// A sign-in server and a protected API on loopback, which can be told to misbehave.
#[derive(Parser)]
#[command(name = "sandglass-demo", version)]
struct Arguments {
    /// The port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long an access token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 6)]
    access_ttl: u64,
    /// How long a refresh token can wait to be used
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    refresh_ttl: u64,
    /// Answer a refresh token that was just spent with its successor once more, for this long; without it, that is theft
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Answer at once instead of after 150 to 250 ms
    #[arg(long)]
    no_delay: bool,
    /// Keep sign-ins and the signing key in this file, so that they survive a restart
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Write a workspace folder for this server, unless it exists
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

#[tokio::main]
#[expect(
    clippy::print_stderr,
    reason = "the one message of a program that fails"
)]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandglass-demo: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the address is this program's output; a note goes beside it"
)]
async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // The limit it has is enough for a person; only bursts need more.
    let _ = rlimit::increase_nofile_limit(OPEN_FILES);
    let mut settings = Settings {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)),
        access_ttl: Duration::from_secs(arguments.access_ttl),
        refresh_ttl: Duration::from_secs(arguments.refresh_ttl),
        state_file: arguments.state,
        ..Settings::default()
    };
    if let Some(seconds) = arguments.grace {
        settings.reuse = Reuse::Grace(Duration::from_secs(seconds));
    }
    if arguments.no_delay {
        settings.delay = NO_DELAY;
    }
    let demo = Demo::start(settings).await?;
    if let Some(folder) = arguments.workspace
        && !write_workspace(&folder, demo.origin())?
    {
        eprintln!(
            "{} is a workspace already and stays as it is",
            folder.display()
        );
    }
    // Watched before the address is known to anybody who could ask for the end.
    let stop = std::pin::pin!(asked_to_stop()?);
    println!("listening on {}", demo.origin());
    stop.await;
    demo.stop().await;
    Ok(())
}

/// Ends with Ctrl-C, or with SIGTERM where there is one.
#[cfg(unix)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends with Ctrl-C.
#[cfg(windows)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        let _ = interrupt.recv().await;
    })
}
