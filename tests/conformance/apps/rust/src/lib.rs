//! The app of the conformance suite in Rust, as somebody would write it who knows the SDK alone. What
//! each action does is in the suite's README.md; what it has to answer, in `transcript.json`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use dirty_guest::log::{self, Level};
use dirty_guest::stash::Table;
use dirty_guest::{Bytes, Emitter, Error, Float, RawValue, Result};
use serde::{Deserialize, Serialize};

/// How often a call that waits to be cancelled looks whether it is.
const GLANCE: Duration = Duration::from_millis(1);

/// The table of the stash that the app uses.
const TABLE: &str = "conformance";

struct Conformance {
    label: String,
    calls: u64,
    streams: Ends,
}

/// How streams have ended that nobody read to the end.
#[derive(Default, Clone, Serialize)]
struct Ends {
    left: u64,
    noticed: u64,
}

#[derive(Deserialize)]
struct Config {
    label: String,
}

#[derive(Deserialize, Serialize)]
struct Point {
    x: i64,
    y: i64,
    #[serde(default)]
    tags: Vec<String>,
}

#[dirty_guest::app(stashes("conformance"))]
impl Conformance {
    fn init(Config { label }: Config) -> Self {
        log::info(format_args!("init with {label}"));
        Self {
            label,
            calls: 0,
            streams: Ends::default(),
        }
    }

    fn close(&mut self) {
        log::info(format_args!("close after {} counted calls", self.calls));
    }

    // Arguments.

    pub fn greet(
        &self,
        name: &str,
        #[default("Hello")] greeting: &str,
        #[default("!")] mark: &str,
    ) -> String {
        format!("{greeting}, {name}{mark}")
    }

    pub fn kind(&self, value: Option<bool>) -> &str {
        match value {
            None => "none",
            Some(true) => "true",
            Some(false) => "false",
        }
    }

    // Values.

    pub fn echo(&self, value: Box<RawValue>) -> Box<RawValue> {
        value
    }

    pub fn backwards(&self, text: &str) -> String {
        text.chars().rev().collect()
    }

    pub fn length(&self, text: &str) -> usize {
        text.chars().count()
    }

    pub fn add(&self, a: i64, b: i64) -> Result<i64> {
        a.checked_add(b)
            .ok_or_else(|| Error::new("OverflowError", "the sum is too large"))
    }

    pub fn unsigned(&self, number: u64) -> u64 {
        number
    }

    pub fn half(&self, number: f64) -> f64 {
        number / 2.0
    }

    pub fn float(&self, number: Float) -> Float {
        number
    }

    pub fn divide(&self, a: f64, b: f64) -> Float {
        Float(a / b)
    }

    pub fn shift(&self, mut points: Vec<Point>, by: i64) -> Vec<Point> {
        for point in &mut points {
            point.x += by;
            point.y += by;
        }
        points
    }

    pub fn nothing(&self) {}

    pub fn empty(&self) -> (&str, [u8; 0], BTreeMap<String, u8>) {
        ("", [], BTreeMap::new())
    }

    pub fn big(&self, length: usize) -> String {
        "x".repeat(length)
    }

    pub fn nested(&self, depth: usize) -> Result<Box<RawValue>> {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        Ok(RawValue::from_string(text)?)
    }

    pub fn unsendable(&self) -> BTreeMap<Vec<u8>, u8> {
        // JSON's keys are strings.
        BTreeMap::from([(vec![1, 2], 3)])
    }

    // Bytes.

    pub fn reverse(&self, mut data: Bytes) -> Bytes {
        data.reverse();
        data
    }

    pub fn sizes(&self, parts: BTreeMap<String, Bytes>) -> BTreeMap<String, usize> {
        let sizes = parts.into_iter().map(|(name, part)| (name, part.len()));
        sizes.collect()
    }

    pub fn pieces(&self, data: &Bytes, size: NonZeroUsize) -> impl Iterator<Item = Bytes> {
        data.chunks(size.get()).map(Bytes::from)
    }

    // Streams.

    pub fn numbers(&self, n: u64) -> impl Iterator<Item = u64> {
        0..n
    }

    pub fn then_done(&self, n: u64, out: &mut Emitter) -> Result<&str> {
        (0..n).try_for_each(|i| out.emit(&i))?;
        Ok("done")
    }

    pub fn broken(&self, n: u64) -> impl Iterator<Item = Result<u64>> {
        let end = Error::new("RuntimeError", "broken off");
        (0..n).map(Ok).chain([Err(end)])
    }

    pub fn unsendable_chunk(&self, out: &mut Emitter) -> Result<()> {
        out.emit("first")?;
        out.emit(&self.unsendable())
    }

    pub fn endless(&mut self) -> impl Iterator<Item = u64> {
        Endless {
            next: 0,
            ends: &mut self.streams,
        }
    }

    pub fn until_cancelled(&mut self, out: &mut Emitter) {
        // A client that is quick has left before this is over, which the loop sees, too.
        out.emit("begun").ok();
        while !dirty_guest::cancelled() {
            thread::sleep(GLANCE);
        }
        self.streams.noticed += 1;
    }

    pub fn streams(&self) -> Ends {
        self.streams.clone()
    }

    // Errors.

    pub fn fail(&self, message: String) -> Result<()> {
        Err(Error::new("ValueError", message))
    }

    pub fn fail_because(&self) -> Result<()> {
        let cause = Error::new("KeyError", "no such key");
        Err(Error::new("LookupError", "nothing found").caused_by(cause))
    }

    // State and surroundings.

    pub fn count(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    pub fn process(&self) -> u32 {
        dirty_guest::process_id()
    }

    pub fn time_left_ms(&self) -> Option<u64> {
        let left = dirty_guest::time_left()?;
        u64::try_from(left.as_millis()).ok()
    }

    // Logs.

    pub fn log(&self, level: &str, message: &str) -> Result<()> {
        let level = match level {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "info" => Level::Info,
            "warn" => Level::Warn,
            "error" => Level::Error,
            other => return Err(Error::new("ValueError", format!("no level is {other}"))),
        };
        log::log(level, message);
        Ok(())
    }

    #[allow(clippy::print_stdout, reason = "to see where it arrives")]
    pub fn say(&self, text: &str) {
        println!("{text}");
    }

    // The stash.

    pub fn put(&self, key: &str, value: Box<RawValue>, seconds: Option<f64>) -> Result<()> {
        let table = Table::open(TABLE);
        match seconds {
            None => table.put(key, &value)?,
            Some(seconds) => table.put_for(key, &value, Duration::try_from_secs_f64(seconds)?)?,
        }
        Ok(())
    }

    pub fn get(&self, key: &str) -> Result<Option<Box<RawValue>>> {
        Ok(Table::open(TABLE).get(key)?)
    }

    pub fn put_bytes(&self, key: &str, data: &Bytes) -> Result<()> {
        Ok(Table::open(TABLE).put(key, data)?)
    }

    pub fn get_bytes(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(Table::open(TABLE).get(key)?)
    }

    pub fn delete(&self, key: &str) -> Result<bool> {
        Ok(Table::open(TABLE).delete(key)?)
    }

    pub fn increment(&self, key: &str, #[default(1)] by: i64) -> Result<i64> {
        Ok(Table::open(TABLE).increment(key, by)?)
    }

    pub fn swap(&self, key: &str, expected: Option<i64>, value: i64) -> Result<bool> {
        Ok(Table::open(TABLE).compare_and_swap(key, expected.as_ref(), &value)?)
    }

    pub fn keys(&self, #[default("*")] pattern: &str) -> Result<Vec<String>> {
        Ok(Table::open(TABLE).keys_like(pattern)?)
    }

    // Not for callers.

    pub fn _secret(&self) -> &str {
        "secret"
    }
}

/// Counts for ever, and notes when it is dropped: nobody reads on then.
struct Endless<'a> {
    next: u64,
    ends: &'a mut Ends,
}

impl Iterator for Endless<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.next += 1;
        Some(self.next - 1)
    }
}

impl Drop for Endless<'_> {
    fn drop(&mut self) {
        self.ends.left += 1;
    }
}
