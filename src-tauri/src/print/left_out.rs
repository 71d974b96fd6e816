//! What an import does not take over, in the words of a terminal. The window's are in `words/imports.ts`.

use sandglass_engine::import::left_out::{LeftOut, WhyLeftOut};

/// One item as a line.
pub(crate) fn line(item: &LeftOut) -> String {
    let at = if item.at.is_empty() {
        String::new()
    } else {
        format!("{}: ", item.at)
    };
    format!("left out: {at}{} ({})", item.what, why(item.why))
}

fn why(why: WhyLeftOut) -> &'static str {
    match why {
        WhyLeftOut::NamesFile => "it names a file of another machine",
        WhyLeftOut::ReadsSettings => "it takes settings from somewhere else",
        WhyLeftOut::LoosensTls => "it would trust any server",
        WhyLeftOut::Connection => "it is about the way to the server",
        WhyLeftOut::NotSupported => "it cannot be sent from here yet",
        WhyLeftOut::Unknown => "it is not part of the format",
        WhyLeftOut::Shell => "a shell would have done this",
        WhyLeftOut::SecondRequest => "it belongs to a second request",
        WhyLeftOut::Script => "scripts are never run",
        WhyLeftOut::Secret => "a secret; files hold none",
        WhyLeftOut::TrustIsYours => "what is trusted is yours to say",
        WhyLeftOut::RemoteReference => "it is somewhere else, and nothing is fetched",
        WhyLeftOut::CircularReference => "it points to itself",
        WhyLeftOut::BrokenReference => "it points to nothing",
        WhyLeftOut::SwitchedOff => "it was switched off",
        WhyLeftOut::Optional => "it may be left away",
        WhyLeftOut::Documentation => "it is for reading",
        WhyLeftOut::Template => "it would have to be worked out",
        WhyLeftOut::OtherSignIn => "the first way to sign in is taken",
        WhyLeftOut::UnusableAddress => "the address is missing, relative, or in clear text",
        WhyLeftOut::NewerVersion => "read as the newest version known",
        WhyLeftOut::Malformed => "it is not what the format says",
        WhyLeftOut::TooMany => "there is more than fits",
    }
}
