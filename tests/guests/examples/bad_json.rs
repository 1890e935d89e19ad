//! Returns what the contract forbids, by action: `result` and `chunk` a text that is no JSON,
//! `empty` an empty text, `deep` and `deep_chunk` JSON of 200 levels, `bad_error` a failure without
//! kind or message. Any other action is fine and returns null. Bypasses the SDK, which returns
//! JSON only.
#![cfg(target_family = "wasm")]

use test_guests::raw::dirty::app::host;
use test_guests::raw::exports::dirty::app::dirty_app::{Failure, Guest};

struct BadJson;

test_guests::raw::export_raw!(BadJson with_types_in test_guests::raw);

const NO_JSON: &str = r#"{"unfinished": "#;
const LEVELS: usize = 200;

impl Guest for BadJson {
    fn init(_config: String) -> Result<(), Failure> {
        Ok(())
    }

    fn call(action: String, _args: String, _kwargs: String) -> Result<Option<String>, Failure> {
        match action.as_str() {
            "result" => Ok(Some(NO_JSON.to_owned())),
            "chunk" => Ok(emit(NO_JSON)),
            "empty" => Ok(Some(String::new())),
            "deep" => Ok(Some(deep())),
            "deep_chunk" => Ok(emit(&deep())),
            "bad_error" => Err(Failure {
                kind: String::new(),
                message: String::new(),
                traceback: None,
            }),
            _ => Ok(Some("null".to_owned())),
        }
    }

    fn close() {}
}

/// Emits one chunk, and has it be the whole stream.
fn emit(chunk: &str) -> Option<String> {
    host::emit(chunk);
    None
}

fn deep() -> String {
    "[".repeat(LEVELS) + &"]".repeat(LEVELS)
}
