//! Keeps `records` records that `init` makes, many small allocations of them, and reads them:
//! `touch(start, count)` is the sum of what so many of them hold, from one of them on. `tests/python`
//! has the same app in Python.

use dirty_guest::Result;
use serde::Deserialize;

struct SharedState {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Config {
    records: usize,
}

struct Record {
    name: String,
    text: String,
    numbers: Vec<u64>,
    score: f64,
}

#[dirty_guest::app]
impl SharedState {
    fn init(Config { records }: Config) -> Self {
        Self {
            records: (0..records).map(Record::new).collect(),
        }
    }

    pub fn touch(&self, start: usize, count: usize) -> Result<f64> {
        let touched = self.records.iter().skip(start).take(count);
        Ok(touched.map(Record::sum).sum())
    }
}

impl Record {
    fn new(number: usize) -> Self {
        let n = number as u64;
        Self {
            name: format!("record {number}"),
            text: format!("{number:060}"),
            numbers: vec![n, n + 1000, n + 2000],
            score: number as f64 / 2.0,
        }
    }

    fn sum(&self) -> f64 {
        let texts = (self.name.len() + self.text.len()) as f64;
        texts + self.numbers.iter().sum::<u64>() as f64 + self.score
    }
}
