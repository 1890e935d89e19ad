#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn fails(&self) -> Result<u8, String> {
        Err("no".to_owned())
    }
}

fn main() {}
