//! The action `spam` prints about 10 MB to standard output, as lines of 100 bytes, and returns how
//! many lines they were.

use std::io::Write;

use dirty_guest::{Actions, App, NoConfig, Result};

struct StdoutSpam;

dirty_guest::export!(StdoutSpam);

const LINES: usize = 100_000;

impl App for StdoutSpam {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("spam", Self::spam);
    }
}

impl StdoutSpam {
    fn spam(&self) -> Result<usize> {
        let mut stdout = std::io::stdout().lock();
        for line in 0..LINES {
            writeln!(stdout, "{line:099}")?;
        }
        Ok(LINES)
    }
}
