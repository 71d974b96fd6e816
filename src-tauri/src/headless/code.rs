//! `sandglass code`: a saved request as code of another language.

use sandglass_engine::code::{self, Language};
use sandglass_engine::exchange::body::Body;
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
    let Some(request) = wanted.cloned() else {
        let why = format!("there is no request {:?} in this workspace", args.request);
        return Err(Stop::new(Exit::Workspace, why));
    };
    let draft = Draft {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body.map(Body::Text),
        session: request.session,
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    };
    let language = match args.language {
        CodeLanguage::Curl => Language::Curl,
        CodeLanguage::Javascript => Language::Javascript,
        CodeLanguage::Python => Language::Python,
        CodeLanguage::Rust => Language::Rust,
    };
    let written = code::write(draft, &workspace, language)?;
    print(format!("{written}\n").as_bytes())
}
