//! Panics in `on_fork`, so that each copy traps before its first call. The action `ping` is never
//! reached.

use dirty_guest::{Actions, App, NoConfig, Result};

struct OnForkTraps;

dirty_guest::export!(OnForkTraps);

impl App for OnForkTraps {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("ping", Self::ping);
    }

    fn on_fork(&mut self) {
        panic!("on_fork was called");
    }
}

impl OnForkTraps {
    fn ping(&self) -> Result<&'static str> {
        Ok("pong")
    }
}
