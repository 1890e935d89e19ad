#![allow(unused)]

#[dirty_guest::app]
struct App;

trait Greet {
    fn greet(&self);
}

#[dirty_guest::app]
impl Greet for App {
    fn greet(&self) {}
}

struct Generic<T>(T);

#[dirty_guest::app]
impl<T> Generic<T> {
    fn init() -> Self {
        todo!()
    }
}

fn main() {}
