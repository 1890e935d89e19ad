//! The action `grow` takes memory, a MiB at a time, until it gets no more, keeps it, and returns how
//! many MiB the instance holds now.

use dirty_guest::{Actions, App, NoConfig, Result};

const MIB: usize = 1 << 20;

struct MemoryGrowth(Vec<Vec<u8>>);

dirty_guest::export!(MemoryGrowth);

impl App for MemoryGrowth {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self(Vec::new()))
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("grow", Self::grow);
    }
}

impl MemoryGrowth {
    fn grow(&mut self) -> Result<usize> {
        let mut block = Vec::new();
        // The list is made longer first: that must not fail where no memory is left.
        while self.0.try_reserve(1).is_ok() && block.try_reserve_exact(MIB).is_ok() {
            self.0.push(std::mem::take(&mut block));
        }
        let got = self.0.len();
        // The result and its reply need a little memory too.
        self.0.pop();
        Ok(got)
    }
}
