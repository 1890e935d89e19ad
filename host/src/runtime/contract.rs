//! Whether a file is a component that keeps the contract, and if not, what is wrong with it in
//! words that help.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::keyvalue;

/// The contract's name and version.
pub(crate) const CONTRACT: &str = "dirty:app@0.1.0";

/// What every app exports.
pub(super) const APP_EXPORT: &str = "dirty:app/dirty-app@0.1.0";
/// What an app may export.
pub(super) const FORK_AWARE_EXPORT: &str = "dirty:app/fork-aware@0.1.0";

/// What an app may export, too.
pub(super) const DESCRIBED_EXPORT: &str = "dirty:app/described@0.1.0";

/// Interfaces that the host offers. `wasi:` ones in any 0.2 version, but for `wasi:keyvalue`.
const OFFERED: [&str; 33] = [
    "dirty:app/blobs",
    "dirty:app/host",
    "dirty:app/stash",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:keyvalue/atomics",
    "wasi:keyvalue/batch",
    "wasi:keyvalue/store",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// How a file or component breaks the contract.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ContractError {
    /// Not wasm at all.
    #[error("it is not a WebAssembly component (it begins with {0})")]
    NotWasm(String),
    /// A core module.
    #[error(
        "it is a core WebAssembly module, not a component; build it for wasm32-wasip2, or make a \
         component of it with `wasm-tools component new`"
    )]
    CoreModule,
    /// It needs what the host lacks.
    #[error("it imports what the host does not offer: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// It lacks what the host calls.
    #[error(
        "it does not export `{APP_EXPORT}`, the interface of an app; its exports are: {}",
        if .0.is_empty() { "none".to_owned() } else { .0.join(", ") }
    )]
    NoApp(Vec<String>),
}

const WASM_MAGIC: &[u8; 4] = b"\0asm";
const MODULE_VERSION: [u8; 4] = [1, 0, 0, 0];

/// Checks the first bytes of a file.
pub(super) fn check_header(wasm: &[u8]) -> Result<(), ContractError> {
    if !wasm.starts_with(WASM_MAGIC) {
        let start = &wasm[..wasm.len().min(16)];
        let shown = if start.is_empty() {
            "nothing: the file is empty".to_owned()
        } else {
            format!("{:?}", start.escape_ascii().to_string())
        };
        return Err(ContractError::NotWasm(shown));
    }
    if wasm.get(4..8) == Some(&MODULE_VERSION) {
        return Err(ContractError::CoreModule);
    }
    Ok(())
}

/// Checks the names of a component's imports and exports.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<(), ContractError> {
    let ty = component.component_type();
    let unknown: Vec<_> = ty
        .imports(engine)
        // A type alone needs nobody to provide it.
        .filter(|(name, import)| !matches!(import.ty, ComponentItem::Type(_)) && !is_offered(name))
        .map(|(name, _)| name.to_owned())
        .collect();
    if !unknown.is_empty() {
        return Err(ContractError::UnknownImports(unknown));
    }
    let (_, exports) = interfaces(engine, component);
    if exports.iter().any(|name| name == APP_EXPORT) {
        Ok(())
    } else {
        Err(ContractError::NoApp(exports))
    }
}

/// The names of what a component imports, but for types, and of what it exports.
pub(super) fn interfaces(engine: &Engine, component: &Component) -> (Vec<String>, Vec<String>) {
    let ty = component.component_type();
    let imports = ty
        .imports(engine)
        .filter(|(_, import)| !matches!(import.ty, ComponentItem::Type(_)));
    (
        imports.map(|(name, _)| name.to_owned()).collect(),
        ty.exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
    )
}

fn is_offered(import: &str) -> bool {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let version_fits = if interface.starts_with("wasi:keyvalue/") {
        version == keyvalue::VERSION
    } else if interface.starts_with("wasi:") {
        version.starts_with("0.2.")
    } else {
        version.starts_with("0.1.")
    };
    version_fits && OFFERED.contains(&interface)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::state::State;
    use super::*;

    fn component(text: &str) -> (Engine, Component) {
        let engine = super::super::engine().unwrap();
        let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        (engine, component)
    }

    #[test]
    fn every_interface_that_is_listed_is_in_the_linker() {
        for interface in OFFERED {
            let version = if interface.starts_with("wasi:keyvalue/") {
                keyvalue::VERSION
            } else if interface.starts_with("wasi:") {
                "0.2.0"
            } else {
                "0.1.0"
            };
            let import = format!("{interface}@{version}");
            let (engine, component) =
                component(&format!("(component (import \"{import}\" (instance)))"));
            let linker = State::linker(&engine).unwrap();
            linker.instantiate_pre(&component).map(drop).unwrap();
            assert!(is_offered(&import));
        }
    }

    #[test]
    fn the_exports_are_of_the_contracts_version() {
        let (package, version) = CONTRACT.split_once('@').unwrap();
        for export in [APP_EXPORT, FORK_AWARE_EXPORT, DESCRIBED_EXPORT] {
            assert!(export.starts_with(package) && export.ends_with(version));
        }
    }

    #[test]
    fn unknown_imports_are_all_named() {
        let (engine, component) = component(
            r#"(component
                (import "wasi:http/types@0.2.0" (instance))
                (import "wasi:cli/exit@0.2.3" (instance))
                (import "wasi:keyvalue/store@0.2.0-draft2" (instance))
                (import "wasi:keyvalue/store@0.2.0-draft" (instance))
                (import "acme:gpu/tensor@1.0.0" (instance)))"#,
        );
        let error = check(&engine, &component).unwrap_err();
        assert_eq!(
            error,
            ContractError::UnknownImports(vec![
                "wasi:http/types@0.2.0".into(),
                "wasi:keyvalue/store@0.2.0-draft2".into(),
                "acme:gpu/tensor@1.0.0".into()
            ])
        );
    }

    #[test]
    fn a_component_without_the_app_interface_is_told_what_it_exports() {
        let (engine, component) = component(
            r#"(component (instance $i) (export "some:thing/else@0.1.0" (instance $i)))"#,
        );
        let message = check(&engine, &component).unwrap_err().to_string();
        assert!(message.contains(APP_EXPORT) && message.contains("some:thing/else@0.1.0"));
    }

    #[test]
    fn other_files_are_told_apart() {
        assert_eq!(check_header(b"\0asm\x0d\0\x01\0"), Ok(()));
        assert_eq!(
            check_header(b"\0asm\x01\0\0\0"),
            Err(ContractError::CoreModule)
        );
        let message = check_header(b"#!/bin/sh").unwrap_err().to_string();
        assert!(message.contains("#!/bin/sh"), "{message}");
        let message = check_header(b"").unwrap_err().to_string();
        assert!(message.contains("empty"), "{message}");
    }
}
