//! What is known of providers: data files inside the program that begin a new session, and say what to watch out for.
//!
//! A preset decides nothing. What it fills in is shown, may be changed, and goes the way of every other session: through
//! the reader, and past the user who approves where tokens may go.

use serde::{Deserialize, Serialize};

use crate::workspace::writer::SessionKeys;

/// The files, by their ids, in the order in which they are offered.
const FILES: &[(&str, &str)] = &[
    ("keycloak", include_str!("../presets/keycloak.toml")),
    ("auth0", include_str!("../presets/auth0.toml")),
    ("entra-id", include_str!("../presets/entra-id.toml")),
    ("okta", include_str!("../presets/okta.toml")),
    ("google", include_str!("../presets/google.toml")),
    ("github-app", include_str!("../presets/github-app.toml")),
    ("cognito", include_str!("../presets/cognito.toml")),
    (
        "aspnet-identity",
        include_str!("../presets/aspnet-identity.toml"),
    ),
    (
        "django-simplejwt",
        include_str!("../presets/django-simplejwt.toml"),
    ),
    (
        "laravel-sanctum",
        include_str!("../presets/laravel-sanctum.toml"),
    ),
    ("supabase", include_str!("../presets/supabase.toml")),
];

/// One provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its file's name without the ending.
    #[serde(skip_deserializing)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What one should know before the first sign-in, in a sentence or two.
    pub note: String,
    /// Where that is said.
    pub source: String,
    /// The issuer to discover the rest from, with blanks. Absent: it has no discovery.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Whether a refresh replaces the refresh token.
    pub rotation: Rotation,
    /// Where its browser sign-in can come back to. Absent: it has none.
    #[serde(default)]
    pub redirect: Option<Redirect>,
    /// The scope without which it grants no refresh token.
    #[serde(default)]
    pub offline_scope: Option<String>,
    /// What names the API in its authorization requests, where that is not `resource` (RFC 8707).
    #[serde(default)]
    pub audience_parameter: Option<String>,
    /// What its authorization requests say besides.
    #[serde(default)]
    pub authorization_parameters: Vec<(String, String)>,
    /// What the user fills in: `<key>` stands for it in the texts here.
    #[serde(default)]
    pub blanks: Vec<Blank>,
    /// The session's file as it begins, with blanks.
    pub session: SessionKeys,
}

/// Something that a preset cannot know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Blank {
    /// Its name between the angle brackets.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// How one looks.
    pub example: String,
}

/// Whether a refresh replaces the refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Each one.
    Always,
    /// Where somebody switched that on.
    IfSetUp,
    /// None.
    Never,
}

/// Where a browser sign-in comes back to (RFC 8252 §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// `http://127.0.0.1`, at any port.
    LoopbackIp,
    /// `http://localhost` only: no other address of this machine can be registered there.
    Localhost,
}

/// All presets, in the order in which they are offered.
pub fn all() -> Vec<Preset> {
    FILES
        .iter()
        .map(|(id, text)| Preset {
            id: (*id).to_owned(),
            ..toml::from_str(text)
                .expect("the presets are part of the program, and a test reads them")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::workspace::{Workspace, writer};

    /// The text with its blanks filled as the preset's own examples say.
    fn filled(preset: &Preset, text: &str) -> String {
        let fill =
            |text: String, blank: &Blank| text.replace(&format!("<{}>", blank.key), &blank.example);
        preset.blanks.iter().fold(text.to_owned(), fill)
    }

    fn session(preset: &Preset) -> SessionKeys {
        let text = serde_json::to_string(&preset.session).expect("JSON");
        let mut keys: SessionKeys = serde_json::from_str(&filled(preset, &text)).expect("JSON");
        keys.entry("origins")
            .or_insert(json!(["https://api.example.com"]));
        if keys["kind"] == "oauth" {
            keys.insert("client_id".to_owned(), "desktop".into());
        }
        keys
    }

    #[test]
    fn every_preset_makes_a_session_that_the_reader_takes() {
        let folder = tempfile::tempdir().expect("a folder");
        writer::create(folder.path(), "Presets").expect("a workspace");
        for preset in all() {
            let keys = session(&preset);
            let text = serde_json::to_string(&keys).expect("JSON");
            assert!(
                !text.contains('<'),
                "{}: a blank was not named: {text}",
                preset.id
            );
            writer::write_session(folder.path(), &preset.id, &keys, None)
                .unwrap_or_else(|failure| panic!("{}: {failure}", preset.id));
        }
        let (workspace, failures) = Workspace::read(folder.path()).expect("readable");
        assert_eq!(failures, []);
        assert_eq!(workspace.sessions.len(), FILES.len());
    }

    #[test]
    fn what_a_preset_fills_in_is_what_the_provider_s_own_metadata_says() {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets/recorded");
        let mut compared = 0;
        for preset in all() {
            let Ok(text) = fs::read_to_string(recorded.join(format!("{}.json", preset.id))) else {
                continue;
            };
            let metadata: Value = serde_json::from_str(&text).expect("JSON");
            let keys = session(&preset);
            assert_eq!(
                filled(&preset, preset.issuer.as_deref().expect("it has one")),
                metadata["issuer"]
            );
            for (key, value) in &keys {
                if key == "issuer" || key.ends_with("_endpoint") {
                    assert_eq!(*value, metadata[key], "{}: {key}", preset.id);
                }
            }
            compared += 1;
        }
        let files = fs::read_dir(recorded).expect("the records").count();
        assert_eq!(
            (compared, files > 0),
            (files, true),
            "every record belongs to a preset"
        );
    }

    #[test]
    fn every_preset_says_where_its_facts_are_from_and_asks_only_for_what_it_uses() {
        for preset in all() {
            assert!(preset.source.starts_with("https://"), "{}", preset.id);
            assert!(preset.note.ends_with('.'), "{}", preset.id);
            let text = format!("{:?}{:?}", preset.session, preset.issuer);
            for blank in &preset.blanks {
                assert!(
                    text.contains(&format!("<{}>", blank.key)),
                    "{}: {}",
                    preset.id,
                    blank.key
                );
            }
            if let Some(scope) = &preset.offline_scope {
                assert!(
                    preset.session["scope"]
                        .as_str()
                        .is_some_and(|all| all.contains(scope.as_str()))
                );
            }
        }
    }
}
