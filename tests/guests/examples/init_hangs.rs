//! Never returns from `init`.

use std::hint::black_box;

use dirty_guest::{Actions, App, NoConfig, Result};

struct InitHangs;

dirty_guest::export!(InitHangs);

impl App for InitHangs {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        loop {
            black_box(());
        }
    }

    fn actions(_: &mut Actions<Self>) {}
}
