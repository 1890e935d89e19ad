//! From text and flags to settings and errors: tables over the module's public face.

#![allow(clippy::unwrap_used)]

mod mistakes;
mod settings;

use proptest::prelude::*;

use super::*;

const APP: &str = "[apps.a]\ncomponent = 'a.wasm'\n";

fn resolve(text: &str, overrides: Overrides) -> Result<Settings, ConfigErrors> {
    let file = ParsedFile::parse(text, "/etc/dirty/dirty.toml")?;
    Settings::resolve(Some(file), overrides, 6)
}

fn errors(text: &str) -> Vec<String> {
    let errors = resolve(text, Overrides::default()).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

fn flag_app(text: &str) -> Overrides {
    Overrides {
        apps: vec![text.parse().unwrap()],
        ..Overrides::default()
    }
}

/// Text that looks enough like a configuration to get past the parser now and then.
fn plausible() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("[apps.a]"),
        Just("[apps]"),
        Just("[[apps]]"),
        Just("component"),
        Just("workers"),
        Just("timeout"),
        Just("dirs"),
        Just("env"),
        Just("config"),
        Just("="),
        Just("\n"),
        Just("'x'"),
        Just("1"),
        Just("-1"),
        Just("nan"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("."),
        Just(","),
        Just("\"\\u0000\""),
        Just("é"),
        Just("#"),
        Just("\"\"\""),
        Just("a"),
        Just("1979-05-27"),
        Just("\u{feff}"),
        Just("\r\n"),
        Just("apps"),
        Just("[hooks]"),
        Just("[stash]"),
        Just("max_table_bytes"),
        Just("post_fork"),
        Just("max_calls"),
        Just("max_calls_jitter"),
        Just("max_bytes_in_flight"),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text: String) {
        let _ = resolve(&text, Overrides::default());
    }

    #[test]
    fn plausible_text_never_panics(text in plausible()) {
        if let Err(errors) = resolve(&text, Overrides::default()) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn arbitrary_flags_never_panic(text: String) {
        let _ = text.parse::<AppOverride>();
        let _ = parse_seconds(&text);
        let _ = parse_workers(&text);
    }
}
