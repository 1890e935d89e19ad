#![allow(unused)]

struct App;

#[dirty_guest::app(worker = 2)]
impl App {}

#[dirty_guest::app(workers = 0)]
impl App {}

#[dirty_guest::app(workers = "two")]
impl App {}

#[dirty_guest::app(workers = 1, workers = 2)]
impl App {}

#[dirty_guest::app(stashes("a", ""))]
impl App {}

#[dirty_guest::app(stashes("a", "a"))]
impl App {}

#[dirty_guest::app(stashes = "a")]
impl App {}

fn main() {}
