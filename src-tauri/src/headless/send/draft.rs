//! What the command line asks to be sent: a saved request with changes, or a method and an address.

use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::workspace::{SavedRequest, Workspace};

use super::super::exit::{Exit, Stop};
use crate::cli::SendArgs;

/// Whether this names a saved request.
pub(super) fn is_saved(target: &[String]) -> bool {
    matches!(target, [one] if !is_address(one))
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("{{")
}

/// The draft, with its body still that of the saved request.
pub(super) fn draft(args: &SendArgs, workspace: &Workspace) -> Result<Draft, Stop> {
    let mut draft = match args.target.as_slice() {
        [id] if !is_address(id) => Draft::of(find(workspace, id)?),
        [url] => typed("GET", url),
        [method, url] => typed(method, url),
        _ => {
            return Err(Stop::new(
                Exit::Usage,
                "name a saved request, or a method and a URL",
            ));
        }
    };
    for header in &args.headers {
        let Some((name, value)) = header.split_once(':') else {
            // What was typed may hold a secret: it is not shown.
            return Err(Stop::new(
                Exit::Usage,
                "a header is a name, a colon and a value: -H 'Accept: application/json'",
            ));
        };
        draft
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name.trim()));
        draft
            .headers
            .push((name.trim().to_owned(), value.trim().to_owned()));
    }
    if args.no_session {
        draft.session = None;
    } else if args.session.is_some() {
        draft.session.clone_from(&args.session);
    }
    draft.follow_redirects &= !args.no_redirects;
    Ok(draft)
}

fn find<'w>(workspace: &'w Workspace, id: &str) -> Result<&'w SavedRequest, Stop> {
    let found = workspace.requests.iter().find(|request| request.id == id);
    found.ok_or_else(|| {
        let all: Vec<&str> = workspace
            .requests
            .iter()
            .map(|request| request.id.as_str())
            .collect();
        let known = match all.as_slice() {
            [] => "the workspace has none".to_owned(),
            all if all.len() <= 12 => format!("the workspace has {}", all.join(", ")),
            all => format!("the workspace has {} others", all.len()),
        };
        Stop::new(
            Exit::Workspace,
            format!("there is no saved request {id:?}; {known}"),
        )
    })
}

fn typed(method: &str, url: &str) -> Draft {
    Draft {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        session: None,
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    }
}
