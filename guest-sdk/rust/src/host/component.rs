//! The imports of a component.

use std::time::Duration;

use bindings::dirty::app::{blobs, host};

use crate::log::Level;

/// What wit-bindgen makes of the contract.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        // The contract's world, and the optional interfaces that this SDK always implements.
        inline: "
            package dirty:guest-sdk;
            world sdk {
                include dirty:app/app@0.1.0;
                export dirty:app/fork-aware@0.1.0;
                export dirty:app/described@0.1.0;
            }
        ",
        world: "dirty:guest-sdk/sdk",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_component",
        default_bindings_module: "dirty_guest::__private::bindings",
    });
}

pub(super) fn time_left() -> Option<Duration> {
    host::time_left().map(Duration::from_millis)
}

pub(super) fn cancelled() -> bool {
    host::cancelled()
}

pub(super) fn process_id() -> u32 {
    host::process_id()
}

pub(super) fn emit(chunk: &str) -> bool {
    host::emit(chunk)
}

pub(super) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Trace => host::Level::Trace,
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

pub(super) fn blob(index: u32) -> Option<Vec<u8>> {
    blobs::get(index)
}

pub(super) fn put_blob(bytes: &[u8]) -> Result<u32, u64> {
    blobs::put(bytes).map_err(|full| full.bytes_max)
}
