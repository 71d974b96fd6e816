//! Whatever bytes come from a network, a file or a keychain: a typed result, never a panic.

use proptest::prelude::*;
use secrecy::SecretSlice;

use crate::clock::WallMs;
use crate::journal::{Journal, Line, Owner, Phase};
use crate::origin::{Origin, parse_url};
use crate::redact::InstallKey;
use crate::session::config::replies::{Place, ReplyPlaces};
use crate::token::{jwt, reply};
use crate::vault::record;
use crate::workspace::Workspace;

/// JSON-like text, so that more than the first byte is reached.
fn json_text() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("\"access_token\"".to_owned()),
        Just("\"refresh_token\"".to_owned()),
        Just("\"expires_in\"".to_owned()),
        Just("\"error\"".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(":".to_owned()),
        Just(",".to_owned()),
        Just("null".to_owned()),
        Just("1e309".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "\"[a-zA-Z0-9._\\\\-]{0,20}\"",
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

fn object() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "\"[ -~&&[^\"\\\\]]{0,30}\"",
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[1]".to_owned()),
    ];
    (value.clone(), value.clone(), value).prop_map(|(access, refresh, expires)| {
        format!(
            "{{\"access_token\":{access},\"refresh_token\":{refresh},\"expires_in\":{expires}}}"
        )
    })
}

proptest! {
    /// Scenario 87.
    #[test]
    fn any_reply_of_a_token_endpoint_is_read_or_refused(
        text in prop_oneof![json_text(), object()],
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        pointer in "[/~a-zA-Z0-9_]{0,20}",
    ) {
        let odd = vec![Place::Body(pointer)];
        let odd = ReplyPlaces {
            access_token: odd.clone(),
            refresh_token: odd.clone(),
            expires_in: odd.clone(),
            expires_at: odd,
            ..ReplyPlaces::default()
        };
        let headers = reqwest::header::HeaderMap::new();
        for places in [ReplyPlaces::default(), odd] {
            drop(reply::read(text.as_bytes(), &headers, &places, true, WallMs(i64::MAX)));
            drop(reply::read(&bytes, &headers, &places, false, WallMs(i64::MIN)));
        }
    }

    #[test]
    fn any_token_is_decoded_or_left_alone(text in "\\PC{0,120}", claims in json_text()) {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.x", encode("{\"alg\":\"none\"}"), encode(&claims));
        for token in [text.as_str(), token.as_str()] {
            drop(jwt::decode(token));
            let _: Option<i64> = jwt::expires_at_seconds(token);
        }
    }

    /// The origin of an address is that of the address as it will be sent, however oddly it was typed.
    #[test]
    fn any_address_has_one_origin_or_none(
        text in prop_oneof![
            "\\PC{0,60}",
            "(http|https|HTTP|ftp|//)?(:|://|:/)?[a-z0-9.@\\[\\]:%\\\\-]{0,30}(:[0-9]{0,6})?/?[a-z?#@]{0,8}",
        ],
    ) {
        if let Ok(url) = parse_url(&text) {
            let origin = Origin::of(&url);
            prop_assert_eq!(Origin::parse(&origin.to_string()).expect("an origin is one"), origin);
            prop_assert!(matches!(url.scheme(), "http" | "https"));
        }
        drop(Origin::parse(&text));
    }

    /// Scenario 42.
    #[test]
    fn any_item_of_the_keychain_is_a_record_or_none(
        text in json_text(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for bytes in [text.into_bytes(), bytes] {
            drop(record::decode(&SecretSlice::from(bytes)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_file_of_a_workspace_is_read_or_named(
        text in prop_oneof![
            "\\PC{0,200}",
            "(kind = \"(json|oauth|x)\"\n)?(origins = \\[(\"http://[a-z.:0-9]{0,12}\")?\\]\n)?([a-z_]{1,14} = [a-z0-9\"'{}\\[\\]]{0,12}\n){0,5}",
        ],
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for below in ["sessions", "requests"] {
            std::fs::create_dir(folder.path().join(below)).expect("a folder");
        }
        let write = |name: &str, content: &[u8]| {
            std::fs::write(folder.path().join(name), content).expect("written");
        };
        write("workspace.toml", b"version = 1\nname = \"odd\"\n");
        write("sessions/a.toml", text.as_bytes());
        write("sessions/b.toml", &bytes);
        write("requests/a.toml", text.as_bytes());
        drop(Workspace::read(folder.path()));
        write("workspace.toml", &bytes);
        drop(Workspace::read(folder.path()));
    }

    /// The machine lost power: the journal ends anywhere. What it says is a line that was written, and it goes on.
    #[test]
    fn a_journal_that_ends_anywhere_opens_and_goes_on(
        lines in 1_u32..8,
        cut in any::<prop::sample::Index>(),
        junk in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal");
        let fingerprint = InstallKey::generate().expect("random numbers").fingerprint(&"t".into());
        let line = |base_generation| Line {
            version: 1,
            phase: Phase::Sent,
            flight: 1,
            epoch: 1,
            base_generation,
            refresh_fingerprint: fingerprint,
            wall_ms: WallMs(0),
            owner: Owner::this(),
        };
        let journal = Journal::new(Some(path.clone()));
        for generation in 1..=lines {
            journal.write(line(generation)).expect("written");
        }
        let mut bytes = std::fs::read(&path).expect("it is there");
        bytes.truncate(cut.index(bytes.len() + 1));
        let whole = u32::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).expect("few");
        bytes.extend(junk);
        std::fs::write(&path, bytes).expect("written");

        let found = Journal::new(Some(path.clone())).newest().expect("it opens");
        let found = found.map_or(0, |line| line.base_generation);
        prop_assert!(found >= whole && found <= lines, "{whole} lines were whole, {found} was found");
        let reopened = Journal::new(Some(path));
        reopened.write(line(lines + 1)).expect("written");
        prop_assert_eq!(reopened.newest().expect("it opens"), Some(line(lines + 1)));
    }
}
