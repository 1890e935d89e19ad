//! The action `recurse` calls itself until its stack is used up.

use std::hint::black_box;

use dirty_guest::{Actions, App, NoConfig, Result};

struct StackOverflow;

dirty_guest::export!(StackOverflow);

impl App for StackOverflow {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("recurse", Self::recurse);
    }
}

impl StackOverflow {
    fn recurse(&self) -> Result<u64> {
        Ok(recurse(0))
    }
}

/// Not a tail call: the sum and the array need the frame.
#[expect(unconditional_recursion, reason = "what this guest is for")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[0]
}
