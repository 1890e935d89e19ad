//! Has a random generator of its own, seeded in `init` and again in `on_fork`: `draw` returns the
//! next number of it, `forks` how often `on_fork` has run in this instance.

use dirty_guest::{Actions, App, NoConfig, Result};

struct OnForkCounts {
    /// The state of a linear congruential generator.
    state: u64,
    forks: u32,
}

dirty_guest::export!(OnForkCounts);

impl App for OnForkCounts {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self {
            state: seed(),
            forks: 0,
        })
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("draw", Self::draw).on("forks", Self::forks);
    }

    fn on_fork(&mut self) {
        self.state = seed();
        self.forks += 1;
    }
}

impl OnForkCounts {
    fn draw(&mut self) -> Result<u64> {
        // The multiplier and increment are Knuth's, of MMIX.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The high bits are the random ones, and fit a client's integer.
        Ok(self.state >> 16)
    }

    fn forks(&self) -> Result<u32> {
        Ok(self.forks)
    }
}

fn seed() -> u64 {
    getrandom::u64().expect("the host has randomness")
}
