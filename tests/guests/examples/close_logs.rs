//! Logs in `close` how many calls of the action `count` it has served.

use dirty_guest::{Actions, App, NoConfig, Result, log};

struct CloseLogs(u64);

dirty_guest::export!(CloseLogs);

impl App for CloseLogs {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self(0))
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("count", Self::count);
    }

    fn close(&mut self) {
        log::info(format_args!("closed after {} calls", self.0));
    }
}

impl CloseLogs {
    fn count(&mut self) -> Result<u64> {
        self.0 += 1;
        Ok(self.0)
    }
}
