#![allow(unused)]

struct App;

#[dirty_guest::app]
impl App {
    fn init() -> Self {
        App
    }

    fn close(self) {}

    pub fn on_fork(&mut self, number: u32) {}
}

struct Returns;

#[dirty_guest::app]
impl Returns {
    fn init() -> Self {
        Returns
    }

    fn close(&mut self) -> dirty_guest::Result<()> {
        Ok(())
    }

    async fn on_fork(&mut self) {}
}

fn main() {}
