//! `sandglass code`: a saved request as code of another language.

use sandglass_engine::code::{self, Language};
use sandglass_engine::exchange::draft::Draft;

use super::exit::{Exit, Stop};
use super::{print, workspace};
use crate::cli::{CodeArgs, CodeLanguage, Place};

pub(super) fn run(args: &CodeArgs, place: &Place) -> Result<Exit, Stop> {
    let workspace = workspace::read(place, args.env.as_deref())?;
    let wanted = workspace
        .requests
        .iter()
        .find(|request| request.id == args.request);
    let Some(request) = wanted else {
        let why = format!("there is no request {:?} in this workspace", args.request);
        return Err(Stop::new(Exit::Workspace, why));
    };
    let language = match args.language {
        CodeLanguage::Curl => Language::Curl,
        CodeLanguage::Javascript => Language::Javascript,
        CodeLanguage::Python => Language::Python,
        CodeLanguage::Rust => Language::Rust,
    };
    let written = code::write(Draft::of(request), &workspace, language)?;
    print(format!("{written}\n").as_bytes())
}
