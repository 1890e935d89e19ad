//! Asks for binaries by index, and puts as many as it likes: what each action does is in README.md.
//! Bypasses the SDK, which names only what there is.
#![cfg(target_family = "wasm")]

use std::cell::{Cell, RefCell};

use test_guests::raw::dirty::app::{blobs, host};
use test_guests::raw::exports::dirty::app::dirty_app::{Failure, Guest};

struct Binaries;

test_guests::raw::export_raw!(Binaries with_types_in test_guests::raw);

thread_local! {
    /// What `init` has found.
    static IN_INIT: RefCell<String> = const { RefCell::new(String::new()) };
    /// The index of what `get` has put last.
    static LAST: Cell<u32> = const { Cell::new(u32::MAX) };
}

impl Guest for Binaries {
    fn init(_config: String) -> Result<(), Failure> {
        let limit = blobs::put(b"").map_err(|full| full.bytes_max);
        IN_INIT.set(format!("{:?}, {limit:?}", length(0)));
        Ok(())
    }

    fn call(action: String, args: String, _kwargs: String) -> Result<Option<String>, Failure> {
        Ok(match action.as_str() {
            "in_init" => Some(format!("{:?}", IN_INIT.with_borrow(String::clone))),
            "get" => Some(get()),
            "greedy" => Some(greedy(numbers(&args)[0])),
            "consumed" => Some(consumed()),
            "given_twice" => given_twice(),
            "long" => long(&numbers(&args)),
            "lie" => Some(named(7)),
            _ => None,
        })
    }

    fn close() {}
}

fn get() -> String {
    let lengths = [0, u32::MAX, LAST.get()].map(length);
    LAST.set(blobs::put(b"of this call only").unwrap_or(u32::MAX));
    let lengths =
        lengths.map(|length| length.map_or("null".to_owned(), |length| length.to_string()));
    format!("[{}]", lengths.join(","))
}

fn greedy(bytes: usize) -> String {
    let data = vec![0; bytes];
    let mut taken = 0;
    loop {
        match blobs::put(&data) {
            Ok(_) => taken += 1,
            Err(full) => return format!("[{taken},{}]", full.bytes_max),
        }
    }
}

fn consumed() -> String {
    let index = blobs::put(b"once").unwrap_or(u32::MAX);
    host::emit(&named(index));
    host::emit(&format!("{:?}", length(index).is_some()));
    named(index)
}

fn given_twice() -> Option<String> {
    host::emit(&named(0));
    host::emit(&named(0));
    None
}

fn long(numbers: &[usize]) -> Option<String> {
    let data = vec![7; numbers[1]];
    for _ in 0..numbers[0] {
        match blobs::put(&data) {
            Ok(index) => host::emit(&named(index)),
            Err(_) => return Some("\"refused\"".to_owned()),
        };
    }
    None
}

fn length(index: u32) -> Option<usize> {
    blobs::get(index).map(|bytes| bytes.len())
}

fn named(index: u32) -> String {
    format!(r#"{{"$blob":{index}}}"#)
}

/// The numbers in a text.
fn numbers(text: &str) -> Vec<usize> {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}
