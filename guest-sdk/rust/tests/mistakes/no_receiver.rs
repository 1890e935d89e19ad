#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn version() -> u32 {
        1
    }
}

fn main() {}
