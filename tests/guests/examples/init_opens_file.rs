//! Keeps `/data/kept.txt` open after `init`; the action `read_byte` reads on where the last one
//! ended. Copies that shared the descriptor would share its offset.

use std::fs::File;
use std::io::Read;

use dirty_guest::{Actions, App, NoConfig, Result};

struct InitOpensFile(File);

dirty_guest::export!(InitOpensFile);

impl App for InitOpensFile {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self(File::open("/data/kept.txt")?))
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("read_byte", Self::read_byte);
    }
}

impl InitOpensFile {
    fn read_byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}
