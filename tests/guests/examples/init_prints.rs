//! Prints a line and a part of a line in `init`, and a line in the action `print`. A copy that
//! shared the buffer of what is unfinished would print it again.

use dirty_guest::{Actions, App, NoConfig, Result};

struct InitPrints;

dirty_guest::export!(InitPrints);

impl App for InitPrints {
    type Config = NoConfig;

    #[expect(clippy::print_stdout, reason = "what this guest is for")]
    fn init(_: NoConfig) -> Result<Self> {
        println!("a whole line from init");
        print!("a part of a line from init");
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("print", Self::print);
    }
}

impl InitPrints {
    #[expect(clippy::print_stdout, reason = "what this guest is for")]
    fn print(&self) -> Result<()> {
        println!("a line from a call");
        Ok(())
    }
}
