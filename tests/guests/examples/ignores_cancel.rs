//! Computes for ever: `poll` asks whether its call is cancelled, and then logs that and returns;
//! `spin` does not ask.

use std::hint::black_box;

use dirty_guest::{Actions, App, NoConfig, Result, cancelled, log};

struct IgnoresCancel;

dirty_guest::export!(IgnoresCancel);

impl App for IgnoresCancel {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("poll", Self::poll).on("spin", Self::spin);
    }
}

impl IgnoresCancel {
    fn poll(&self) -> Result<&'static str> {
        while !cancelled() {
            black_box(());
        }
        log::info("poll saw that it is cancelled");
        Ok("cancelled")
    }

    fn spin(&self) -> Result<()> {
        loop {
            black_box(());
        }
    }
}
