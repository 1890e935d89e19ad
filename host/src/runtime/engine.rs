//! The engine: one configuration for compiling and for running, since only what the same
//! configuration has compiled can be mapped.

use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// Addresses that are reserved for each memory of an app, so that it never moves.
pub(super) const RESERVATION_BYTES: usize = 4 << 30;

/// Makes the engine. It starts no thread: a thread would not exist in a forked copy.
///
/// There is no epoch or fuel check in the code: the only preemption is to kill the worker.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.memory_reservation(RESERVATION_BYTES as u64);
    // File and line in a guest's backtrace, where the component has debug information.
    config.wasm_backtrace_details(WasmBacktraceDetails::Enable);
    Engine::new(&config)
}
