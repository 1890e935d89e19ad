//! Collects what a process prints, line by line, while it runs.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wait::wait_for;

/// The lines that came so far. The process can always write: a thread reads on.
pub(crate) struct Lines {
    seen: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    pub(crate) fn collect(source: impl Read + Send + 'static) -> Lines {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                sink.lock().expect("no reader panics").push(line);
            }
        });
        Lines {
            seen,
            reader: Some(reader),
        }
    }

    /// All lines so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.seen.lock().expect("no reader panics").clone()
    }

    /// All lines so far, as one text.
    pub(crate) fn text(&self) -> String {
        self.all().join("\n")
    }

    /// How many lines so far contain this.
    pub(crate) fn count_of(&self, needle: &str) -> usize {
        self.all()
            .iter()
            .filter(|line| line.contains(needle))
            .count()
    }

    /// The first line that satisfies the condition, waiting for it.
    #[track_caller]
    pub(crate) fn wait_for(
        &self,
        what: &str,
        deadline: Duration,
        condition: impl Fn(&str) -> bool,
    ) -> String {
        wait_for(what, deadline, || {
            self.all().into_iter().find(|line| condition(line))
        })
    }

    /// Waits for the end of the output, which comes when every process that holds it has ended.
    pub(crate) fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no reader panics");
        }
    }
}
