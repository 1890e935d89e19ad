#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn generic<T: Default>(&self, value: T) {}

    pub fn constant<const N: usize>(&self) {}

    pub fn implied(&self, value: impl Into<String>) {}
}

fn main() {}
