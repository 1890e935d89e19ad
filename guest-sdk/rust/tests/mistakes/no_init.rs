#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    pub fn hello(&self) {}
}

fn main() {}
