#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn pair(&self, (a, b): (u8, u8)) {}

    pub fn unnamed(&self, _: u8) {}

    pub fn bound(&self, ref n: u8) {}
}

fn main() {}
