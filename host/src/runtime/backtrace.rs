//! A guest's stack as the reader of an error wants it: names as they are in the source, the
//! machinery of a panic left out.

use std::fmt::Write;

use rustc_demangle::try_demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

/// Where Rust's panics enter the machinery, as seen from the app. Everything above is not the
/// app's.
const PANIC_ENTRIES: [&str; 4] = [
    "core::panicking::",
    "core::option::",
    "core::result::",
    "alloc::alloc::handle_alloc_error",
];

/// One line a frame, innermost first: `at FUNCTION (FILE:LINE:COLUMN)`, the place only where the
/// component has debug information.
pub(super) fn describe(backtrace: &WasmBacktrace) -> String {
    let frames = backtrace.frames();
    let names: Vec<_> = frames.iter().map(name).collect();
    let first = first_of_app(&names);
    let mut text = String::new();
    for (frame, name) in frames.iter().zip(&names).skip(first) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  at {name}{}", place(frame));
    }
    text
}

fn first_of_app(names: &[String]) -> usize {
    let entry = |name: &String| PANIC_ENTRIES.iter().any(|entry| name.starts_with(entry));
    match names.iter().rposition(entry) {
        // A stack of nothing but machinery is shown as it is.
        Some(last) if last + 1 < names.len() => last + 1,
        _ => 0,
    }
}

fn name(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => readable(name),
        None => format!("function {}", frame.func_index()),
    }
}

/// Without what the compiler has added to tell equal names apart.
fn readable(name: &str) -> String {
    match try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name.to_owned(),
    }
}

fn place(frame: &FrameInfo) -> String {
    let symbol = frame.symbols().first();
    match symbol.and_then(|symbol| Some((symbol.file()?, symbol.line()?, symbol.column()))) {
        Some((file, line, Some(column))) => format!(" ({file}:{line}:{column})"),
        Some((file, line, None)) => format!(" ({file}:{line})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_hashes_and_others_stay() {
        assert_eq!(readable("_ZN4demo4trap17h027067d2230cf770E"), "demo::trap");
        assert_eq!(readable("_RNvCs1234_4demo4trap"), "demo::trap");
        assert_eq!(
            readable("dirty:app/dirty-app@0.1.0#call"),
            "dirty:app/dirty-app@0.1.0#call"
        );
        assert_eq!(readable("main"), "main");
    }

    #[test]
    fn a_panic_begins_where_the_app_panicked() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let panic = names(&[
            "abort",
            "std::panicking::x",
            "core::panicking::panic_fmt",
            "app::f",
        ]);
        assert_eq!(first_of_app(&panic), 3);
        assert_eq!(first_of_app(&names(&["app::f", "app::g"])), 0);
        assert_eq!(first_of_app(&names(&["core::panicking::panic"])), 0);
    }
}
