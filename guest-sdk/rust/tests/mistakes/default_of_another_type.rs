#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn mistaken(&self, #[default(1.5)] n: u8) {}
}

fn main() {}
