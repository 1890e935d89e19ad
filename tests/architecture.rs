//! The direction of the dependencies between the host's modules, as ARCHITECTURE.md's code map has
//! it: reads every source file and checks each path in it against the rules.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

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

const RULES: [Rule; 9] = [
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
    Rule { module: "runtime", except: &[], forbidden: &["crate::protocol", "nix", "rustix"] },
    Rule {
        module: "client",
        except: &[],
        forbidden: &["nix", WASMTIME, WASMTIME_WASI, "crate::arbiter", "crate::runtime"],
    },
    // The state machine reads no clock, awaits nothing and starts nothing.
    Rule {
        module: "arbiter/machine",
        except: &["arbiter/machine/tests.rs"],
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
    Rule { module: "", except: &["main.rs", "lib.rs", "cli"], forbidden: &["crate::cli"] },
    // Its workings are signal handlers and threads that survive no fork.
    Rule { module: "", except: &[], forbidden: &["tokio::signal", "tokio::process"] },
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
            && !self.except.iter().any(|except| Path::new(file).starts_with(except))
    }

    fn forbids(&self, path: &[String]) -> bool {
        self.forbidden.iter().any(|forbidden| {
            let forbidden: Vec<&str> = forbidden.split("::").collect();
            path.len() >= forbidden.len() && path.iter().zip(&forbidden).all(|(a, b)| a == b)
        })
    }
}

/// One token of Rust, as far as paths need it; comments and literals are none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    PathSeparator,
    Other(char),
}

/// The tokens of a source text, each with its line.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = token_end(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let first = chars[at];
        if is_word(first) && !text.contains('"') {
            found.push((line, Token::Word(text.trim_start_matches("r#").to_owned())));
        } else if text == "::" {
            found.push((line, Token::PathSeparator));
        } else if end == at + 1 && !first.is_whitespace() {
            found.push((line, Token::Other(first)));
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the token, comment or literal that begins here ends.
fn token_end(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let starts = |text: &str| text.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    if starts("//") {
        return at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if starts("/*") {
        return at + comment_length(rest);
    }
    if starts("::") {
        return at + 2;
    }
    if rest[0] == '"' {
        return at + string_length(rest);
    }
    if rest[0] == '\'' {
        return at + quoted_length(rest);
    }
    if !is_word(rest[0]) {
        return at + 1;
    }
    let word = rest.iter().position(|c| !is_word(*c)).unwrap_or(rest.len());
    let hashes = rest[word..].iter().take_while(|c| **c == '#').count();
    let prefix: String = rest[..word].iter().collect();
    if matches!(prefix.as_str(), "r" | "br" | "cr") && rest.get(word + hashes) == Some(&'"') {
        return at + word + hashes + 1 + raw_string_length(&rest[word + hashes + 1..], hashes);
    }
    if prefix == "r" && hashes == 1 {
        let name = rest[word + 1..].iter().take_while(|c| is_word(**c)).count();
        return at + word + 1 + name;
    }
    at + word
}

/// Block comments nest.
fn comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The rest of a raw string, which ends with a quote and as many hashes as it began with.
fn raw_string_length(rest: &[char], hashes: usize) -> usize {
    let closing = |at: &usize| {
        rest[*at] == '"' && rest[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (0..rest.len()).find(closing).map_or(rest.len(), |at| at + 1 + hashes)
}

/// A character literal, or the mere quote of a lifetime.
fn quoted_length(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => {
            3 + tail.iter().position(|c| *c == '\'').map_or(tail.len(), |end| end + 1)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

/// Every path of a source text, with its line; a group `a::{b, c::d}` is several. `super` and
/// `self` are resolved against the module that the text is.
fn paths(source: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].1 {
            Token::Word(_) => read_path(&tokens, at, &[], &mut found),
            _ => at + 1,
        };
    }
    for (_, path) in &mut found {
        *path = resolved(path, module);
    }
    found
}

/// Reads the path at a word, or each path of a group, behind `prefix`; returns where it ends.
fn read_path(
    tokens: &[(usize, Token)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens[at].0;
    loop {
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::Word(word)) => {
                path.push(word.clone());
                at += 1;
            }
            Some(Token::Other('{')) if path.len() > prefix.len() || !prefix.is_empty() => {
                return read_group(tokens, at + 1, &path, found);
            }
            _ => break,
        }
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::PathSeparator) => at += 1,
            _ => break,
        }
    }
    found.push((line, path));
    at
}

fn read_group(
    tokens: &[(usize, Token)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    loop {
        at = match tokens.get(at).map(|(_, token)| token) {
            None => return at,
            Some(Token::Other('}')) => return at + 1,
            Some(Token::Word(_)) => read_path(tokens, at, prefix, found),
            Some(_) => at + 1,
        };
    }
}

/// A path from the root of its crate. Modules within a file are not tracked: a `super` in one
/// leads to at least where it really does, or to the parent of that.
fn resolved(path: &[String], module: &[String]) -> Vec<String> {
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let selfs = usize::from(path.first().is_some_and(|segment| segment == "self"));
    if supers + selfs == 0 {
        return path.to_vec();
    }
    let kept = module.len().saturating_sub(supers);
    let start = std::iter::once("crate".to_owned()).chain(module[..kept].iter().cloned());
    start.chain(path[supers + selfs..].iter().cloned()).collect()
}

/// The module that a file is, as the names from the crate's root to it.
fn module_of(file: &str) -> Vec<String> {
    let without_suffix = file.trim_end_matches(".rs");
    let mut names: Vec<String> = without_suffix.split('/').map(str::to_owned).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

fn violations(file: &str, source: &str) -> Vec<Violation> {
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.covers(file)).collect();
    paths(source, &module_of(file))
        .into_iter()
        .filter(|(_, path)| rules.iter().any(|rule| rule.forbids(path)))
        .map(|(line, path)| Violation { file: file.to_owned(), line, path: path.join("::") })
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
    assert!(found.is_empty(), "against the rules of the code map:\n{}", listed.join("\n"));
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
        let source = fs::read_to_string(&path).unwrap();
        for (line, token) in tokens(&source) {
            let asynchronous = ["async", "await"].map(|word| Token::Word(word.to_owned()));
            assert!(!asynchronous.contains(&token), "{}:{line}: {token:?}", path.display());
        }
    }
}

#[test]
fn the_scanner_notices_violations() {
    let table = [
        ("protocol/frame.rs", "use tokio::io::AsyncRead;"),
        ("protocol/frame.rs", "use ::tokio::io::AsyncRead;"),
        ("protocol/frame.rs", "use {std::io, nix::unistd};"),
        ("protocol/mod.rs", "fn f() { let _ = wasmtime::Engine::default(); }"),
        ("protocol/mod.rs", "pub use wasmtime_wasi;"),
        ("arbiter/mod.rs", "use crate::{config::Settings, runtime::{self, App}};"),
        ("arbiter/router.rs", "type E = wasmtime::Error;"),
        ("process/fork.rs", "use super::super::runtime::App;"),
        ("runtime/instance.rs", "use super::super::protocol::frame;"),
        ("runtime/mod.rs", "use super::protocol;"),
        ("runtime/mod.rs", "use crate::protocol as p;"),
        ("worker/mod.rs", "use crate::cli::run;"),
        ("worker/mod.rs", "use crate::{mold, cli};"),
        ("arbiter/machine/mod.rs", "fn now() -> Instant { Instant::now() }"),
        ("arbiter/machine/call.rs", "fn f() { std::thread::spawn(|| ()); }"),
        ("mold/mod.rs", "use tokio::signal::unix::signal;"),
        ("client/mod.rs", "fn f() { 'a: loop {} /* it's */ ; let _ = '\\''; nix::poll(); }"),
    ];
    for (file, source) in table {
        assert_eq!(violations(file, source).len(), 1, "{file}: {source}");
    }
}

#[test]
fn the_scanner_leaves_the_rest_alone() {
    let table = [
        ("protocol/frame.rs", "// tokio::io is not for us, nor \"nix\"\nuse bytes::Bytes;"),
        ("protocol/frame.rs", "/* /* use tokio::io; */ use nix::poll; */ fn f() {}"),
        ("protocol/frame.rs", r##"const S: &str = "tokio::io"; const R: &str = r#"nix::"x"#;"##),
        ("protocol/frame.rs", "const C: char = '\"'; fn f<'a>(tokio_like: &'a str) {}"),
        ("arbiter/mod.rs", "use tokio::net::UnixListener; use crate::process::spawn;"),
        ("runtime/mod.rs", "use wasmtime::Engine; mod protocolish;"),
        ("cli/serve.rs", "use crate::cli::output; use super::output;"),
        ("main.rs", "fn main() { dirty_host::cli::run(); crate::cli::run() }"),
        ("arbiter/machine/mod.rs", "use std::time::{Duration, Instant};"),
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
