#![allow(unused)]

struct App;

use dirty_guest::Emitter;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn first(&self, out: &mut Emitter, n: u8) {}

    pub fn shared(&self, out: &Emitter) {}

    pub fn both(&self, out: &mut Emitter) -> impl Iterator<Item = u8> {
        0..3
    }
}

fn main() {}
