//! The direction of the dependencies between the host's modules, as ARCHITECTURE.md's code map has
//! it: reads every source file and checks each path in it against the rules.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "harness/rust_paths.rs"]
mod rust_paths;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rust_paths::{Token, paths, tokens_without_tests};

/// What the files below a module may not name.
struct Rule {
    /// Relative to `host/src`; empty: every file.
    module: &'static str,
    /// Files that are exempt.
    except: &'static [&'static str],
    /// Paths, each with everything below it.
    forbidden: &'static [&'static str],
}

const WASMTIME: &str = "wasmtime";
const WASMTIME_WASI: &str = "wasmtime_wasi";

const RULES: [Rule; 11] = [
    Rule {
        module: "protocol",
        except: &[],
        forbidden: &["tokio", "nix", "rustix", WASMTIME, WASMTIME_WASI],
    },
    Rule {
        module: "config",
        except: &[],
        forbidden: &["tokio", "nix", "rustix", WASMTIME, WASMTIME_WASI],
    },
    Rule {
        module: "arbiter",
        except: &[],
        forbidden: &[WASMTIME, WASMTIME_WASI, "crate::runtime"],
    },
    Rule {
        module: "process",
        except: &[],
        forbidden: &[WASMTIME, WASMTIME_WASI, "crate::runtime"],
    },
    Rule {
        module: "runtime",
        except: &[],
        forbidden: &["crate::protocol", "nix"],
    },
    Rule {
        module: "develop",
        except: &[],
        forbidden: &[
            "tokio",
            "crate::arbiter",
            "crate::client",
            "crate::mold",
            "crate::worker",
        ],
    },
    Rule {
        module: "client",
        except: &[],
        forbidden: &[
            "nix",
            WASMTIME,
            WASMTIME_WASI,
            "crate::arbiter",
            "crate::runtime",
        ],
    },
    Rule {
        module: "stash",
        except: &[],
        forbidden: &[
            "tokio",
            "nix",
            "rustix",
            WASMTIME,
            WASMTIME_WASI,
            "crate::arbiter",
            "Instant::now",
            "std::time::Instant::now",
        ],
    },
    // The state machine reads no clock, awaits nothing and starts nothing.
    Rule {
        module: "arbiter/machine",
        except: &[],
        forbidden: &[
            "tokio",
            "nix",
            "rustix",
            "getrandom",
            "std::thread",
            "std::process",
            "std::fs",
            "std::net",
            "std::os",
            "Instant::now",
            "SystemTime",
            "std::time::Instant::now",
        ],
    },
    Rule {
        module: "",
        except: &["main.rs", "lib.rs", "cli"],
        forbidden: &["crate::cli"],
    },
    // Its workings are signal handlers and threads that survive no fork.
    Rule {
        module: "",
        except: &[],
        forbidden: &["tokio::signal", "tokio::process"],
    },
];

/// A path that a rule forbids, and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    path: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host/src/{}:{}: {}", self.file, self.line, self.path)
    }
}

impl Rule {
    fn covers(&self, file: &str) -> bool {
        Path::new(file).starts_with(self.module)
            && !is_unit_test(file)
            && !self
                .except
                .iter()
                .any(|except| Path::new(file).starts_with(except))
    }

    fn forbids(&self, path: &[String]) -> bool {
        self.forbidden.iter().any(|forbidden| {
            let forbidden: Vec<&str> = forbidden.split("::").collect();
            path.len() >= forbidden.len() && path.iter().zip(&forbidden).all(|(a, b)| a == b)
        })
    }
}

/// Unit tests in files of their own may do more than the module that they test.
fn is_unit_test(file: &str) -> bool {
    Path::new(file)
        .iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The module that a file is, as the names from the crate's root to it.
fn module_of(file: &str) -> Vec<String> {
    let without_suffix = file.trim_end_matches(".rs");
    let mut names: Vec<String> = without_suffix.split('/').map(str::to_owned).collect();
    if matches!(
        names.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        names.pop();
    }
    names
}

fn violations(file: &str, source: &str) -> Vec<Violation> {
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.covers(file)).collect();
    paths(source, &module_of(file))
        .into_iter()
        .filter(|(_, path)| rules.iter().any(|rule| rule.forbids(path)))
        .map(|(line, path)| Violation {
            file: file.to_owned(),
            line,
            path: path.join("::"),
        })
        .collect()
}

fn source_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_module_depends_on_what_it_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut found = Vec::new();
    for path in &files {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        found.extend(violations(file, &fs::read_to_string(path).unwrap()));
    }
    let listed: Vec<String> = found.iter().map(Violation::to_string).collect();
    assert!(
        found.is_empty(),
        "against the rules of the code map:\n{}",
        listed.join("\n")
    );
}

#[test]
fn every_rule_is_about_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for rule in &RULES {
        assert!(root.join(rule.module).is_dir(), "no module {}", rule.module);
    }
}

#[test]
fn the_state_machine_awaits_nothing() {
    let machine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/arbiter/machine");
    let mut files = Vec::new();
    source_files(&machine, &mut files);
    for path in files {
        if is_unit_test(path.strip_prefix(&machine).unwrap().to_str().unwrap()) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for (line, token) in tokens_without_tests(&source) {
            let asynchronous = ["async", "await"].map(|word| Token::Word(word.to_owned()));
            assert!(
                !asynchronous.contains(&token),
                "{}:{line}: {token:?}",
                path.display()
            );
        }
    }
}

#[test]
fn the_scanner_notices_violations() {
    let table = [
        ("protocol/frame.rs", "use tokio::io::AsyncRead;"),
        ("protocol/frame.rs", "use ::tokio::io::AsyncRead;"),
        ("protocol/frame.rs", "use {std::io, nix::unistd};"),
        (
            "protocol/mod.rs",
            "fn f() { let _ = wasmtime::Engine::default(); }",
        ),
        ("protocol/mod.rs", "pub use wasmtime_wasi;"),
        (
            "arbiter/mod.rs",
            "use crate::{config::Settings, runtime::{self, App}};",
        ),
        ("arbiter/router.rs", "type E = wasmtime::Error;"),
        ("process/fork.rs", "use super::super::runtime::App;"),
        ("runtime/instance.rs", "use super::super::protocol::frame;"),
        ("runtime/mod.rs", "use super::protocol;"),
        ("runtime/mod.rs", "use crate::protocol as p;"),
        ("worker/mod.rs", "use crate::cli::run;"),
        ("worker/mod.rs", "use crate::{mold, cli};"),
        (
            "arbiter/machine/mod.rs",
            "fn now() -> Instant { Instant::now() }",
        ),
        (
            "arbiter/machine/call.rs",
            "fn f() { std::thread::spawn(|| ()); }",
        ),
        ("mold/mod.rs", "use tokio::signal::unix::signal;"),
        ("stash/mod.rs", "fn now() -> Instant { Instant::now() }"),
        (
            "protocol/frame.rs",
            "#[cfg(test)] mod tests { fn f() {} } use tokio::io;",
        ),
        (
            "client/mod.rs",
            "fn f() { 'a: loop {} /* it's */ ; let _ = '\\''; nix::poll(); }",
        ),
    ];
    for (file, source) in table {
        assert!(!violations(file, source).is_empty(), "{file}: {source}");
    }
}

#[test]
fn the_scanner_leaves_the_rest_alone() {
    let table = [
        (
            "protocol/frame.rs",
            "// tokio::io is not for us, nor \"nix\"\nuse bytes::Bytes;",
        ),
        (
            "protocol/frame.rs",
            "/* /* use tokio::io; */ use nix::poll; */ fn f() {}",
        ),
        (
            "protocol/frame.rs",
            r##"const S: &str = "tokio::io"; const R: &str = r#"nix::"x"#;"##,
        ),
        (
            "protocol/frame.rs",
            "const C: char = '\"'; fn f<'a>(tokio_like: &'a str) {}",
        ),
        (
            "arbiter/mod.rs",
            "use tokio::net::UnixListener; use crate::process::spawn;",
        ),
        ("runtime/mod.rs", "use wasmtime::Engine; mod protocolish;"),
        ("cli/serve.rs", "use crate::cli::output; use super::output;"),
        (
            "protocol/frame.rs",
            "#[cfg(test)]\nmod tests { use tokio::io; fn f() { {} } }",
        ),
        (
            "protocol/frame.rs",
            "#[cfg(test)]\nmod tests;\nuse bytes::Bytes;",
        ),
        ("protocol/tests/frame.rs", "use tokio::io;"),
        (
            "main.rs",
            "fn main() { dirty_host::cli::run(); crate::cli::run() }",
        ),
        (
            "arbiter/machine/mod.rs",
            "use std::time::{Duration, Instant};",
        ),
    ];
    for (file, source) in table {
        assert_eq!(violations(file, source), [], "{file}: {source}");
    }
}

#[test]
fn a_violation_is_reported_with_its_place() {
    let source = "use bytes::Bytes;\n\nuse tokio::{\n    io,\n    net::UnixStream,\n};\n";
    let found = violations("protocol/frame.rs", source);
    let shown: Vec<String> = found.iter().map(Violation::to_string).collect();
    assert_eq!(
        shown,
        [
            "host/src/protocol/frame.rs:4: tokio::io",
            "host/src/protocol/frame.rs:5: tokio::net::UnixStream",
        ]
    );
}
