//! Holds a timer of the monotonic clock, an hour off, when `init` returns. The action `pending`
//! says whether it is still to come.
#![cfg(target_family = "wasm")]

use dirty_guest::{Actions, App, NoConfig, Result};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::Pollable;

struct InitLeavesTimer(Pollable);

dirty_guest::export!(InitLeavesTimer);

const HOUR_NS: u64 = 3_600_000_000_000;

impl App for InitLeavesTimer {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self(subscribe_duration(HOUR_NS)))
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("pending", Self::pending);
    }
}

impl InitLeavesTimer {
    fn pending(&self) -> Result<bool> {
        Ok(!self.0.ready())
    }
}
