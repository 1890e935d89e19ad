//! Has a random generator of its own, seeded in `init` and again in `on_fork`: `draw` returns the
//! next number of it, `forks` how often `on_fork` has run in this instance.

struct OnForkCounts {
    /// The state of a linear congruential generator.
    state: u64,
    forks: u32,
}

#[dirty_guest::app]
impl OnForkCounts {
    fn init() -> Self {
        Self {
            state: seed(),
            forks: 0,
        }
    }

    fn on_fork(&mut self) {
        self.state = seed();
        self.forks += 1;
    }

    pub fn draw(&mut self) -> u64 {
        // The multiplier and increment are Knuth's, of MMIX.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The high bits are the random ones, and fit a client's integer.
        self.state >> 16
    }

    pub fn forks(&self) -> u32 {
        self.forks
    }
}

fn seed() -> u64 {
    getrandom::u64().expect("the host has randomness")
}
