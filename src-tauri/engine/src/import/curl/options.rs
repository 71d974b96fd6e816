//! The options of curl's manual that a line may have, and what each means for a request.

use super::super::left_out::WhyLeftOut;

/// One option.
pub(super) struct Opt {
    /// Its name with two dashes.
    pub(super) long: &'static str,
    letter: Option<char>,
    /// Whether the next word belongs to it.
    pub(super) takes_value: bool,
    pub(super) meaning: Meaning,
}

/// What an option means for a request.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    Method,
    Address,
    Header,
    /// A header of its own.
    Named(&'static str),
    Bearer,
    User,
    Cookie,
    /// A body that may be a file.
    Data,
    /// A body in which `@` is a character like any other.
    RawData,
    EncodedData,
    Json,
    InQuery,
    Head,
    /// About the terminal, or what happens here anyway.
    Nothing,
    Left(WhyLeftOut),
}

/// The option of this name, without its dashes; `--no-x` is the option `--x`, switched off.
pub(super) fn long(name: &str) -> Option<&'static Opt> {
    let find = |name: &str| OPTIONS.iter().find(|option| option.long[2..] == *name);
    find(name).or_else(|| find(name.strip_prefix("no-")?))
}

/// The option of this letter.
pub(super) fn short(letter: char) -> Option<&'static Opt> {
    OPTIONS.iter().find(|option| option.letter == Some(letter))
}

const fn value(long: &'static str, letter: Option<char>, meaning: Meaning) -> Opt {
    Opt {
        long,
        letter,
        takes_value: true,
        meaning,
    }
}

const fn flag(long: &'static str, letter: Option<char>, meaning: Meaning) -> Opt {
    Opt {
        long,
        letter,
        takes_value: false,
        meaning,
    }
}

use Meaning::{
    Address, Bearer, Cookie, Data, EncodedData, Head, Header, InQuery, Json, Left, Method, Named,
    Nothing, RawData, User,
};
use WhyLeftOut::{Connection, LoosensTls, NamesFile, NotSupported, ReadsSettings};

const OPTIONS: &[Opt] = &[
    value("--request", Some('X'), Method),
    value("--url", None, Address),
    value("--header", Some('H'), Header),
    value("--user-agent", Some('A'), Named("User-Agent")),
    value("--referer", Some('e'), Named("Referer")),
    value("--oauth2-bearer", None, Bearer),
    value("--user", Some('u'), User),
    value("--cookie", Some('b'), Cookie),
    value("--data", Some('d'), Data),
    value("--data-ascii", None, Data),
    value("--data-binary", None, Data),
    value("--data-raw", None, RawData),
    value("--data-urlencode", None, EncodedData),
    value("--json", None, Json),
    flag("--get", Some('G'), InQuery),
    flag("--head", Some('I'), Head),
    // What happens here anyway, or concerns a terminal.
    flag("--basic", None, Nothing),
    flag("--compressed", None, Nothing),
    flag("--location", Some('L'), Nothing),
    flag("--silent", Some('s'), Nothing),
    flag("--show-error", Some('S'), Nothing),
    flag("--verbose", Some('v'), Nothing),
    flag("--include", Some('i'), Nothing),
    flag("--show-headers", None, Nothing),
    flag("--fail", Some('f'), Nothing),
    flag("--fail-with-body", None, Nothing),
    flag("--progress-bar", Some('#'), Nothing),
    flag("--progress-meter", None, Nothing),
    flag("--no-buffer", Some('N'), Nothing),
    flag("--remote-name", Some('O'), Nothing),
    flag("--remote-header-name", Some('J'), Nothing),
    flag("--globoff", Some('g'), Nothing),
    flag("--path-as-is", None, Nothing),
    flag("--styled-output", None, Nothing),
    flag("--trace-time", None, Nothing),
    value("--output", Some('o'), Nothing),
    value("--output-dir", None, Nothing),
    flag("--create-dirs", None, Nothing),
    value("--write-out", Some('w'), Nothing),
    value("--stderr", None, Nothing),
    value("--trace", None, Nothing),
    value("--trace-ascii", None, Nothing),
    value("--dump-header", Some('D'), Nothing),
    value("--cookie-jar", Some('c'), Nothing),
    // The way to the server.
    value("--max-time", Some('m'), Left(Connection)),
    value("--connect-timeout", None, Left(Connection)),
    value("--retry", None, Left(Connection)),
    value("--retry-delay", None, Left(Connection)),
    value("--retry-max-time", None, Left(Connection)),
    flag("--retry-all-errors", None, Left(Connection)),
    flag("--retry-connrefused", None, Left(Connection)),
    value("--max-redirs", None, Left(Connection)),
    value("--limit-rate", None, Left(Connection)),
    value("--resolve", None, Left(Connection)),
    value("--connect-to", None, Left(Connection)),
    value("--interface", None, Left(Connection)),
    value("--unix-socket", None, Left(Connection)),
    value("--proxy", Some('x'), Left(Connection)),
    value("--proxy-user", Some('U'), Left(Connection)),
    value("--noproxy", None, Left(Connection)),
    value("--proxy-header", None, Left(Connection)),
    flag("--ipv4", Some('4'), Left(Connection)),
    flag("--ipv6", Some('6'), Left(Connection)),
    flag("--http1.0", Some('0'), Left(Connection)),
    flag("--http1.1", None, Left(Connection)),
    flag("--http2", None, Left(Connection)),
    flag("--http2-prior-knowledge", None, Left(Connection)),
    flag("--http3", None, Left(Connection)),
    flag("--tlsv1.2", None, Left(Connection)),
    flag("--tlsv1.3", None, Left(Connection)),
    value("--keepalive-time", None, Left(Connection)),
    flag("--keepalive", None, Left(Connection)),
    flag("--location-trusted", None, Left(LoosensTls)),
    flag("--insecure", Some('k'), Left(LoosensTls)),
    flag("--proxy-insecure", None, Left(LoosensTls)),
    flag("--ssl-allow-beast", None, Left(LoosensTls)),
    // Files of the machine that the line was written on.
    value("--cacert", None, Left(NamesFile)),
    value("--capath", None, Left(NamesFile)),
    value("--cert", Some('E'), Left(NamesFile)),
    value("--key", None, Left(NamesFile)),
    value("--pinnedpubkey", None, Left(NamesFile)),
    value("--upload-file", Some('T'), Left(NamesFile)),
    value("--config", Some('K'), Left(ReadsSettings)),
    flag("--disable", Some('q'), Nothing),
    flag("--netrc", Some('n'), Left(ReadsSettings)),
    flag("--netrc-optional", None, Left(ReadsSettings)),
    value("--netrc-file", None, Left(ReadsSettings)),
    value("--variable", None, Left(ReadsSettings)),
    // Not from here.
    value("--form", Some('F'), Left(NotSupported)),
    value("--form-string", None, Left(NotSupported)),
    flag("--digest", None, Left(NotSupported)),
    flag("--ntlm", None, Left(NotSupported)),
    flag("--negotiate", None, Left(NotSupported)),
    flag("--anyauth", None, Left(NotSupported)),
    value("--aws-sigv4", None, Left(NotSupported)),
    flag("--parallel", Some('Z'), Left(NotSupported)),
    value("--time-cond", Some('z'), Left(NotSupported)),
    value("--continue-at", Some('C'), Left(NotSupported)),
    value("--range", Some('r'), Left(NotSupported)),
];
