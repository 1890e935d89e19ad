#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init(&self) -> Self {
        App
    }
}

struct Two;

#[dirty_guest::app]
impl Two {
    fn init(path: String, size: usize) -> Self {
        Two
    }
}

struct Nothing;

#[dirty_guest::app]
impl Nothing {
    fn init() {}
}

struct Borrows;

#[dirty_guest::app]
impl Borrows {
    async fn init(path: &str) -> Self {
        Borrows
    }
}

struct Another;

#[dirty_guest::app]
impl Another {
    fn init() -> dirty_guest::Result<App> {
        Ok(App)
    }
}

fn main() {}
