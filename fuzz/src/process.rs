//! Of the host's `process` only what is pure.

#[path = "../../host/src/process/hop/mod.rs"]
pub(crate) mod hop;
