//! `sandglass send`: a request, once or many times, with the session that refreshes itself.

mod body;
mod draft;
mod summary;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sandglass_engine::Engine;
use sandglass_engine::error::Failure;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::outlet::Outlet;
use tokio::task::JoinSet;

use self::body::Content;
use self::summary::{Outcome, Summary};
use super::exit::{Exit, Stop, of};
use super::output::Output;
use super::recorder::Recorder;
use super::{say, signals, workspace};
use crate::cli::{Place, SendArgs};
use crate::print::failures;

/// How often somebody at a terminal hears how far it is.
const PROGRESS: Duration = Duration::from_millis(200);

pub(super) async fn run(args: SendArgs, place: &Place, data_dir: PathBuf) -> Result<Exit, Stop> {
    let needed = args.session.is_some() || draft::is_saved(&args.target);
    let workspace = workspace::read_if_there(place, args.env.as_deref(), needed)?;
    let draft = draft::draft(&args, &workspace)?;
    let content = match &args.body {
        Some(text) => body::read(text).await?,
        None => Content::Kept,
    };
    let (draft, once) = content.put_into(draft);
    if once.is_some() && args.repeat > 1 {
        let why = "what comes from stdin is too long to be kept, and can be sent only once; name a file by --body @FILE";
        return Err(Stop::new(Exit::Usage, why));
    }
    let output = Output::to(args.output.clone())?;
    let engine = workspace::open(workspace, data_dir).await?;
    let recorder = Recorder::start(&engine, args.timeline.clone())?;
    let work = async {
        if args.repeat > 1 {
            return Ok::<_, Stop>(repeat(&engine, &draft, &args).await);
        }
        let outlet = output.outlet()?;
        let outcome = Outcome::of(finish(engine.send_into(draft, once, outlet)).await);
        if outcome.result.is_ok() {
            output.keep()?;
        }
        Ok(vec![outcome])
    };
    let ended = signals::until_told(work, engine.shut_down()).await;
    if ended.is_ok() {
        engine.shut_down().await;
    }
    let counts = recorder.end().await;
    let outcomes = match ended {
        Ok(outcomes) => outcomes?,
        Err(exit) => {
            say("sandglass: stopped; what was sent came home first");
            return Ok(exit);
        }
    };
    let summary = Summary::of(&outcomes, counts?);
    for failure in summary.failures(&outcomes) {
        say(&format!("sandglass: {}", failures::words(failure)));
    }
    if !args.quiet {
        say(&summary.to_string());
    }
    Ok(exit(&outcomes, args.fail))
}

async fn finish(
    sending: Result<sandglass_engine::engine::Sending, Failure>,
) -> Result<Arc<sandglass_engine::exchange::response::ResponseDetails>, Failure> {
    sending?.finished().await
}

/// Sends it many times, some of them at once. Bodies are read, and kept nowhere.
async fn repeat(engine: &Engine, draft: &Draft, args: &SendArgs) -> Vec<Outcome> {
    let begun = Arc::new(AtomicU32::new(0));
    let done = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..args.parallel.min(args.repeat) {
        let (engine, draft, total) = (engine.clone(), draft.clone(), args.repeat);
        let (begun, done) = (Arc::clone(&begun), Arc::clone(&done));
        workers.spawn(async move {
            let mut outcomes = Vec::new();
            while begun.fetch_add(1, Ordering::Relaxed) < total {
                let sending = engine.send_into(draft.clone(), None, Outlet::new(tokio::io::sink()));
                outcomes.push(Outcome::of(finish(sending).await));
                done.fetch_add(1, Ordering::Relaxed);
            }
            outcomes
        });
    }
    let show = std::io::stderr().is_terminal() && !args.quiet;
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            worker = workers.join_next() => match worker {
                Some(Ok(mine)) => outcomes.extend(mine),
                // A worker that died has told why in the log.
                Some(Err(_)) => {}
                None => break,
            },
            () = tokio::time::sleep(PROGRESS), if show => {
                summary::progress(done.load(Ordering::Relaxed), args.repeat);
            }
        }
    }
    if show {
        summary::progress_ends();
    }
    outcomes
}

/// What to tell whoever called: the first failure, else a refused answer that only a sign-in would change, else the status.
fn exit(outcomes: &[Outcome], fail: bool) -> Exit {
    for outcome in outcomes {
        match &outcome.result {
            Err(failure) => return of(failure.code),
            Ok(answer) => {
                let blocked = answer.not_repeated.as_ref().map(|failure| of(failure.code));
                if let Some(exit @ (Exit::SignIn | Exit::Keychain)) = blocked {
                    return exit;
                }
            }
        }
    }
    let refused = |outcome: &Outcome| {
        outcome
            .result
            .as_ref()
            .is_ok_and(|answer| answer.status >= 400)
    };
    if fail && outcomes.iter().any(refused) {
        Exit::Status
    } else {
        Exit::Done
    }
}
