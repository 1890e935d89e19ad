#![allow(unused)]

struct App;

struct Opaque;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn opaque(&self) -> Opaque {
        Opaque
    }

    pub fn chunks(&self) -> impl Iterator<Item = Opaque> {
        std::iter::once(Opaque)
    }
}

fn main() {}
