#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub unsafe fn poke(&self) {}

    pub extern "C" fn foreign(&self) {}
}

fn main() {}
