//! The bindings of the contract without the SDK, for the guests in `examples/` that break its rules.

#[cfg(target_family = "wasm")]
#[allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
pub mod raw {
    //! What wit-bindgen makes of the contract's world.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "dirty:app/app",
        pub_export_macro: true,
        export_macro_name: "export_raw",
        default_bindings_module: "test_guests::raw",
    });
}
