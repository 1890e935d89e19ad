//! Panics in `init`.

use dirty_guest::{Actions, App, NoConfig, Result};

struct InitTraps;

dirty_guest::export!(InitTraps);

impl App for InitTraps {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        panic!("init was called")
    }

    fn actions(_: &mut Actions<Self>) {}
}
