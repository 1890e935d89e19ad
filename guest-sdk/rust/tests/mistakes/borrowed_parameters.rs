#![allow(unused)]

struct App;

use std::borrow::Cow;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    pub fn change(&self, list: &mut Vec<u8>, n: u8) {}

    pub fn optional(&self, name: Option<&str>) {}

    pub fn cow(&self, text: Cow<'_, str>, names: &[&str]) {}
}

fn main() {}
