#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn assigned(&self, #[default = 1] n: u8) {}

    pub fn empty(&self, #[default()] n: u8) {}

    pub fn twice(&self, #[default] #[default(1)] n: u8) {}

    pub fn no_expression(&self, #[default(1 2)] n: u8) {}
}

fn main() {}
