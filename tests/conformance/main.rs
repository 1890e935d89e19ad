//! The conformance suite: one transcript of calls, replayed through a real host against the same app
//! written in every language that has an SDK, in both dialects. README.md says how to add a case, and
//! how to add a language.
//!
//! There is no list of exceptions: every case passes in every language, or the test fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod callers;
mod exact;
mod expected;
mod replay;
mod transcript;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use harness::guests;
use harness::paths::repository;
use harness::python_apps::python_app_of;
use transcript::Dialect;

/// Each line is a folder in `apps/` and how its component comes about.
macro_rules! languages {
    ($($language:ident: $component:expr;)+) => {
        const LANGUAGES: &[&str] = &[$(stringify!($language)),+];

        $(mod $language {
            use super::*;

            #[test]
            fn answers_as_the_transcript_says_in_json() {
                replay::replay(stringify!($language), &$component, Dialect::Json);
            }

            #[test]
            fn answers_as_the_transcript_says_in_the_binary_dialect() {
                replay::replay(stringify!($language), &$component, Dialect::Binary);
            }
        })+
    };
}

languages! {
    rust: guests::conformance_wasm();
    python: python_app_of("conformance:Conformance", &apps().join("python"), None);
}

fn apps() -> PathBuf {
    repository().join("tests/conformance/apps")
}

#[test]
fn every_folder_of_apps_is_a_language() {
    let folders: BTreeSet<String> = fs::read_dir(apps())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let languages: BTreeSet<String> = LANGUAGES.iter().map(ToString::to_string).collect();
    assert_eq!(
        folders, languages,
        "`languages!` in main.rs, and the folders in apps/"
    );
}
