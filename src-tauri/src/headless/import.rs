//! `sandglass import`: what other tools have written down, into the workspace.

use std::collections::BTreeMap;

use sandglass_engine::error::{Code, Failure};
use sandglass_engine::import;
use sandglass_engine::import::placing::{self, ImportPreview, RequestState};
use sandglass_engine::import::source::{Source, Watch};
use sandglass_engine::workspace::writer::batch;

use super::exit::{Exit, Stop};
use super::{print, say, workspace};
use crate::cli::{ImportArgs, Place};
use crate::print::left_out;

pub(super) fn run(args: &ImportArgs, place: &Place) -> Result<Exit, Stop> {
    let folder = workspace::folder_or_here(place)?;
    let watch = Watch::default();
    let imported = import::read(&Source::open(&args.source)?, &watch)?;
    let plan = placing::plan(Some(&folder), &imported, &BTreeMap::new())?;
    if !args.dry_run {
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(Code::WorkspaceUnwritable)
                .with("path", folder.display())
                .with("detail", error)
        })?;
        batch::write_all(&folder, &plan.changes, &|| watch.check())?;
    }
    if args.json {
        let line = serde_json::to_string(&plan.preview)
            .map_err(|error| Stop::new(Exit::Other, error.to_string()))?;
        return print(format!("{line}\n").as_bytes());
    }
    for item in &imported.left_out {
        say(&left_out::line(item));
    }
    print(told(&plan.preview, args.dry_run).as_bytes())
}

/// What was done, or would be.
fn told(preview: &ImportPreview, dry_run: bool) -> String {
    let mut lines: Vec<String> = preview
        .requests
        .iter()
        .map(|request| {
            let state = match request.state {
                RequestState::New => "new",
                RequestState::Updated => "updated",
                RequestState::Same => "same",
                RequestState::Yours => "yours",
                RequestState::Removed => "removed",
            };
            format!("{state:8}{:7} {}", request.method, request.id)
        })
        .collect();
    for session in &preview.sessions {
        let known = session
            .known_endpoint
            .as_ref()
            .filter(|known| **known != session.endpoint)
            .map(|known| format!("; yours stays, which signs in at {known}"))
            .unwrap_or_default();
        lines.push(format!(
            "session {} at {}{known}",
            session.name, session.endpoint
        ));
    }
    for name in &preview.secrets {
        lines.push(format!("secret  {name}: sandglass login --variable {name}"));
    }
    lines.push(format!(
        "{}{}: {} requests, {} new, {} updated, {} kept as you have them; not taken over: {}",
        if dry_run { "nothing was written. " } else { "" },
        preview.format,
        preview.total,
        preview.new,
        preview.updated,
        preview.yours,
        preview.left_out_total
    ));
    lines.join("\n") + "\n"
}
