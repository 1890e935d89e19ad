//! Write apps for the `dirty` host in Rust.
//!
//! An app is a struct with methods. The host starts it once ([`App::init`]), copies the process
//! into workers, and gives each worker one call at a time; what a method leaves in `self` is there
//! again in that worker's next call. Arguments, results and chunks are JSON outside and Rust types
//! inside.
//!
//! ```
//! use dirty_guest::{Actions, App, Emitter, Error, Result};
//! use serde::Deserialize;
//!
//! struct Greeter {
//!     greeting: String,
//!     greeted: u64,
//! }
//!
//! /// The app's `[config]` table.
//! #[derive(Deserialize)]
//! struct Config {
//!     greeting: String,
//! }
//!
//! /// `greet(name, times=1)`: by position in this order, or by name.
//! #[derive(Deserialize)]
//! struct Greet {
//!     name: String,
//!     #[serde(default = "once")]
//!     times: u64,
//! }
//!
//! fn once() -> u64 {
//!     1
//! }
//!
//! impl App for Greeter {
//!     type Config = Config;
//!
//!     fn init(config: Config) -> Result<Self> {
//!         Ok(Self { greeting: config.greeting, greeted: 0 })
//!     }
//!
//!     fn actions(actions: &mut Actions<Self>) {
//!         actions.on("greet", Self::greet);
//!         actions.on("greeted", Self::greeted);
//!         actions.stream("spell", Self::spell);
//!     }
//! }
//!
//! impl Greeter {
//!     fn greet(&mut self, greet: Greet) -> Result<String> {
//!         if greet.name.is_empty() {
//!             return Err(Error::new("ValueError", "nobody has an empty name"));
//!         }
//!         self.greeted += greet.times;
//!         let line = format!("{}, {}!", self.greeting, greet.name);
//!         Ok(vec![line; usize::try_from(greet.times)?].join(" "))
//!     }
//!
//!     fn greeted(&self) -> Result<u64> {
//!         Ok(self.greeted)
//!     }
//!
//!     fn spell(&self, greet: Greet, out: &mut Emitter) -> Result<()> {
//!         for letter in greet.name.chars() {
//!             out.emit(&letter)?; // ends the stream when the client is gone
//!         }
//!         Ok(())
//!     }
//! }
//!
//! dirty_guest::export!(Greeter);
//!
//! # #[cfg(not(target_family = "wasm"))] {
//! // The same app in a native unit test:
//! let mut app = dirty_guest::testing::TestApp::<Greeter>::start(r#"{"greeting": "Hello"}"#)?;
//! let reply = app.call("greet", r#"["Ada"]"#, r#"{"times": 2}"#)?;
//! assert_eq!(reply.result.as_deref(), Some(r#""Hello, Ada! Hello, Ada!""#));
//! assert_eq!(app.call("greeted", "[]", "{}")?.result.as_deref(), Some("2"));
//! assert_eq!(app.call("spell", r#"["Al"]"#, "{}")?.chunks, [r#""A""#, r#""l""#]);
//! # }
//! # Ok::<(), dirty_guest::Error>(())
//! ```
//!
//! Build it as a `cdylib` with `cargo build --release --target wasm32-wasip2`.
//!
//! # Errors
//!
//! Every method returns [`Result`]: `?` on any standard error makes an [`Error`] whose kind is the
//! error type's name and whose traceback names its causes. The instance goes on to serve.
//!
//! # Panics
//!
//! A component cannot unwind: a panic traps, its caller gets an error with the guest's backtrace,
//! and the host replaces the worker by a fresh copy. So that the error also says what the panic
//! said, [`App::init`] is preceded by a panic hook that flushes standard output and then writes
//! exactly one line to standard error, which the host takes into the error:
//!
//! ```text
//! panicked at FILE:LINE:COL: MESSAGE
//! ```
//!
//! Line breaks in MESSAGE are written as `\n`, a panic without a message has `Box<dyn Any>` for
//! one, and one whose place is not known has `?` for it.
//!
//! # Standard output
//!
//! `print!` reaches the host's log, line by line. The SDK flushes standard output and standard error
//! after `init` and after each call, so that no copy prints again what the mold has printed.
//!
//! # Numbers
//!
//! Integers of up to 128 bits are exact in Rust's own types. A value that only passes through
//! should be a [`RawValue`], which is the JSON text itself. JSON has no NaN and no infinities: they
//! are sent as `null`.

//! # Binaries
//!
//! A client's bytes are [`Bytes`], and `Bytes` in a result or chunk are bytes for the client. In the
//! JSON that an app sees they are `{"$blob": N}`, and `{"$float": "nan"}` stands for a number that is
//! not finite. So a client's own object with one of these as its only key is seen with a dollar more
//! (`{"$$blob": …}`), and one dollar is taken off on the way back: what an app passes on arrives as it
//! was.

mod actions;
mod args;
mod blobs;
mod bytes;
mod error;
mod export;
mod host;
mod instance;
pub mod log;
mod params;
pub mod stash;
mod stream;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use actions::Actions;
pub use args::Args;
pub use bytes::Bytes;
pub use error::{Error, Result};
pub use host::{cancelled, time_left};
pub use instance::{App, NoConfig};
pub use serde_json::value::RawValue;
pub use stream::{Emitter, emit};

/// What [`export!`] and the bounds of [`Actions`]' methods name; not for apps.
#[doc(hidden)]
pub mod __private {
    pub use crate::actions::{Action, StreamAction};
    #[cfg(target_family = "wasm")]
    pub use crate::export::{Component, Exported, Slot};
    #[cfg(target_family = "wasm")]
    pub use crate::host::bindings;
    pub use crate::instance::Instance;
    pub use crate::params::Params;
}

/// Has the README's example tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
