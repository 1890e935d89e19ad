#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub async fn wait(&self) {}
}

fn main() {}
