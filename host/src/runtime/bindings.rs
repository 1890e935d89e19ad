//! What wasmtime generates from the contract in `wit/`.

#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "app",
    imports: {
        "dirty:app/host.emit": async | trappable,
        "dirty:app/host.cancelled": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

pub use exports::dirty::app::dirty_app::Failure;
