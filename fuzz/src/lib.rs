//! The pure modules of the host, compiled once more without the rest of it, so that a fuzzer is built
//! in a minute and has nothing but them to look into. What is checked is in `host/src/fuzzing`.

#![allow(
    dead_code,
    unused_imports,
    reason = "the fuzzers use a part of each module"
)]

#[path = "../../host/src/config/mod.rs"]
mod config;
#[path = "../../host/src/fuzzing/mod.rs"]
mod fuzzing;
#[path = "../../host/src/logline.rs"]
mod logline;
mod process;
#[path = "../../host/src/protocol/mod.rs"]
mod protocol;

/// JSON text of an app, on its way to a client of the binary dialect.
pub fn app_value(data: &[u8]) {
    fuzzing::app_value(data);
}

/// A message of the binary dialect.
pub fn binary_message(data: &[u8]) {
    fuzzing::binary_message(data);
}

/// The bytes of a connection.
pub fn frames(data: &[u8]) {
    fuzzing::frames(data);
}

/// What a mold or a worker sends, or gets.
pub fn hop(data: &[u8]) {
    fuzzing::hop(data);
}

/// A message of the JSON dialect.
pub fn json_message(data: &[u8]) {
    fuzzing::json_message(data);
}
