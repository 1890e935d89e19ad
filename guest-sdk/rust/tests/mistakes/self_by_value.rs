#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn consume(self) {}

    pub fn boxed(self: Box<Self>) {}
}

fn main() {}
