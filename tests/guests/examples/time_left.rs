//! The action `time_left` returns the milliseconds until its deadline, null if it has none.

use dirty_guest::{Actions, App, NoConfig, Result};

struct TimeLeft;

dirty_guest::export!(TimeLeft);

impl App for TimeLeft {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("time_left", Self::time_left);
    }
}

impl TimeLeft {
    fn time_left(&self) -> Result<Option<u128>> {
        Ok(dirty_guest::time_left().map(|time| time.as_millis()))
    }
}
