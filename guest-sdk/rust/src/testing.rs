//! Running an app natively, in unit tests: the same decoding, dispatch and encoding as in a
//! component, with a stand-in for the host. Not for panics: here they unwind, there they trap.
//!
//! ```
//! # struct Counter;
//! # #[dirty_guest::app]
//! # impl Counter {
//! #     fn init() -> Self { Self }
//! #     pub fn count(&self, n: u64) -> impl Iterator<Item = u64> { 0..n }
//! # }
//! use dirty_guest::testing::TestApp;
//!
//! let mut app = TestApp::<Counter>::start("{}")?;
//! assert_eq!(app.call("count", "[3]", "{}")?.chunks, ["0", "1", "2"]);
//!
//! app.reads(Some(2)); // a client that goes away after two chunks
//! assert_eq!(app.call("count", "[1000000000000]", "{}")?.chunks, ["0", "1"]);
//!
//! let json = app.give(*b"\xff\x00"); // bytes, to be put into the arguments of the next call
//! assert_eq!(json, r#"{"$blob":0}"#);
//!
//! let error = app.call("count", "[]", r#"{"m": 3}"#).unwrap_err();
//! assert_eq!(error.kind(), "TypeError");
//! # Ok::<(), dirty_guest::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use crate::args::Arguments;
use crate::host::standin::{self, StandIn};
use crate::log::Level;
use crate::{App, Result, instance::Instance};

/// An app in a native test. Use one per thread at a time: the stand-in for the host is the thread's.
pub struct TestApp<A> {
    instance: Instance<A>,
}

impl<A> fmt::Debug for TestApp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestApp").field(&self.instance).finish()
    }
}

/// How a call ended that was no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The result, as JSON; none if the action only streams.
    pub result: Option<String>,
    /// The chunks that were emitted, each as JSON.
    pub chunks: Vec<String>,
    /// The call's binaries, those of its arguments first: what `{"$blob": N}` stands for in the result
    /// and the chunks has the index N here.
    pub blobs: Vec<Vec<u8>>,
}

impl<A: App> TestApp<A> {
    /// Runs [`App::init`] and [`App::on_fork`]; `config` is a JSON object.
    ///
    /// # Errors
    /// As `init`.
    pub fn start(config: &str) -> Result<Self> {
        standin::with(|host| *host = StandIn::default());
        let mut instance = Instance::init(config)?;
        instance.on_fork();
        Ok(Self { instance })
    }

    /// Calls an action; `args` is a JSON array, `kwargs` a JSON object.
    ///
    /// # Errors
    /// What the caller would see.
    pub fn call(&mut self, action: &str, args: &str, kwargs: &str) -> Result<Reply> {
        standin::with(|host| {
            host.in_call = true;
            host.chunks.clear();
        });
        // No host has checked the texts.
        let outcome = Arguments::read(action, args, kwargs)
            .and_then(|_| self.instance.call(action, args, kwargs));
        let (chunks, blobs) = standin::with(|host| {
            host.in_call = false;
            (
                std::mem::take(&mut host.chunks),
                std::mem::take(&mut host.blobs),
            )
        });
        Ok(Reply {
            result: outcome?,
            chunks,
            blobs,
        })
    }

    /// Has the client send bytes with the next call; returns the JSON that stands for them in its
    /// arguments.
    pub fn give(&mut self, bytes: impl Into<Vec<u8>>) -> String {
        standin::with(|host| {
            host.blobs.push(bytes.into());
            format!(r#"{{"$blob":{}}}"#, host.blobs.len() - 1)
        })
    }

    /// Has the client go away after so many more chunks; none: it reads them all.
    pub fn reads(&mut self, chunks: Option<usize>) {
        standin::with(|host| host.reads = chunks);
    }

    /// Sets what [`time_left`](crate::time_left) returns; none at first.
    pub fn set_time_left(&mut self, time: Option<Duration>) {
        standin::with(|host| host.time_left = time);
    }

    /// Sets what [`cancelled`](crate::cancelled) returns; false at first.
    pub fn set_cancelled(&mut self, cancelled: bool) {
        standin::with(|host| host.cancelled = cancelled);
    }

    /// Takes what the app has logged since the start or the last time.
    pub fn take_logs(&mut self) -> Vec<(Level, String)> {
        standin::with(|host| std::mem::take(&mut host.logs))
    }

    /// What the app says of itself to tools and to the host: a JSON object, as `describe` of
    /// `wit/app.wit`.
    pub fn description() -> String {
        crate::description::describe::<A>()
    }

    /// The app itself.
    pub fn app(&self) -> &A {
        self.instance.app()
    }

    /// Runs [`App::close`], as a graceful stop does.
    pub fn close(mut self) {
        self.instance.close();
    }
}
