#![allow(unused)]

struct App;

use dirty_guest::Args;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn first(&self, n: u8, args: Args) {}

    pub fn borrowed(&self, args: &Args) {}
}

fn main() {}
