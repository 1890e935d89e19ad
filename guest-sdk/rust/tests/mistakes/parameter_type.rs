#![allow(unused)]

struct App;

struct Opaque;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn opaque(&self, value: Opaque) {}
}

fn main() {}
