//! Write apps for the `dirty` host in Rust.
//!
//! An app is a struct with methods. The host starts it once (`init`), copies the process
//! into workers, and gives each worker one call at a time; what a method leaves in `self` is there
//! again in that worker's next call. Arguments, results and chunks are JSON outside and Rust types
//! inside.
//!
//! ```
//! use dirty_guest::{Error, Result};
//! use serde::Deserialize;
//!
//! struct Greeter {
//!     greeting: String,
//!     greeted: usize,
//! }
//!
//! /// The app's `[config]` table.
//! #[derive(Deserialize)]
//! struct Config {
//!     greeting: String,
//! }
//!
//! #[dirty_guest::app]
//! impl Greeter {
//!     fn init(config: Config) -> Self {
//!         Self { greeting: config.greeting, greeted: 0 }
//!     }
//!
//!     /// Greets somebody, once or several times.
//!     pub fn greet(&mut self, name: &str, #[default(1)] times: usize) -> Result<String> {
//!         if name.is_empty() {
//!             return Err(Error::new("ValueError", "nobody has an empty name"));
//!         }
//!         self.greeted += times;
//!         let line = format!("{}, {name}!", self.greeting);
//!         Ok(vec![line; times].join(" "))
//!     }
//!
//!     /// How many greetings this worker has said.
//!     pub fn greeted(&self) -> usize {
//!         self.greeted
//!     }
//!
//!     /// Streams the letters of a name.
//!     pub fn spell(&self, name: &str) -> impl Iterator<Item = char> {
//!         name.chars()
//!     }
//! }
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
//! The public methods of the block are the app's actions: [`app`] has the rules. Under the attribute
//! is the trait [`App`] with its table of [`Actions`], for an app whose actions are not known before
//! it runs, or whose parameters have a type of their own.
//!
//! Build it as a `cdylib` with `dirty build`, which is `cargo build --release --target wasm32-wasip2` and a
//! check of what comes of it.
//!
//! # Errors
//!
//! A method that may fail returns [`Result`]: `?` on any standard error makes an [`Error`] whose kind
//! is the error type's name and whose traceback names its causes. The instance goes on to serve.
//!
//! # Panics
//!
//! A component cannot unwind: a panic traps, its caller gets an error with the guest's backtrace,
//! and the host replaces the worker by a fresh copy. So that the error also says what the panic
//! said, `init` is preceded by a panic hook that flushes standard output and then writes
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
//! should be a [`RawValue`], which is the JSON text itself. JSON has no NaN and no infinities: as `f64`
//! they are sent as `null`, as [`Float`] they arrive.
//!
//! # Binaries
//!
//! A client's bytes are [`Bytes`], and `Bytes` in a result or chunk are bytes for the client. In the
//! JSON that an app sees they are `{"$blob": N}`, and `{"$float": "nan"}` stands for a number that is
//! not finite. So a client's own object with one of these as its only key is seen with a dollar more
//! (`{"$$blob": …}`), and one dollar is taken off on the way back: what an app passes on arrives as it
//! was.

mod actions;
mod args;
mod attribute;
mod blobs;
mod bound;
mod bytes;
mod cut;
mod description;
mod error;
mod export;
mod float;
mod host;
mod instance;
pub mod log;
mod params;
pub mod schema;
pub mod stash;
mod stream;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use actions::Actions;
pub use args::Args;
pub use bytes::Bytes;
pub use error::{Error, Result};
pub use float::Float;
pub use host::{cancelled, process_id, time_left};
pub use instance::{App, NoConfig};
pub use serde_json::value::RawValue;
pub use stream::{Emitter, emit};

/// Makes an app of the `impl` block of a struct: the block's public methods become its actions, and
/// the component's exports are made, once per component. The crate's documentation begins with an
/// example.
///
/// # Lifecycle
///
/// Three functions are not for callers, public or not:
///
/// - `fn init(config: Config) -> Result<Self>` makes the app, and must be there. `Config` is any type
///   that is `Deserialize`, for the app's `[config]` table; without the parameter the table must be
///   empty. `-> Self` will do where nothing can fail. More at [`App::init`].
/// - `fn close(&mut self)`: see [`App::close`].
/// - `fn on_fork(&mut self)`: see [`App::on_fork`].
///
/// # Actions
///
/// Every other method that is `pub` (not `pub(crate)`), and whose name does not begin with an
/// underscore, is an action. It takes `&self` or `&mut self`, and then
///
/// - **parameters**, of any types that are `Deserialize`, or references to them (`&str`, `&[T]`).
///   Callers fill them by position and by name, as in Python. One of type `Option` may be left out, and
///   so may one with `#[default(VALUE)]`, or with `#[default]` for its type's own default. Missing,
///   surplus, repeated and ill-typed arguments are errors of kind `TypeError`, which name the
///   parameter.
/// - or one parameter of type [`Args`], for all arguments as they are;
/// - and last, if it likes, an `&mut` [`Emitter`], where it puts chunks.
///
/// It returns
///
/// - a value that is `Serialize`, or nothing: the call's result. `-> !` if it never returns.
/// - `impl Iterator<Item = T>` (or a `Box<dyn Iterator<Item = T>>`): a stream, which ends early when
///   nobody reads on. It may borrow from `self` and from the parameters.
/// - with an `Emitter`: nothing, or a value to be the last chunk;
/// - or a `Result` of any of these, and an iterator's items may be `Result`s. The error is [`Error`] or
///   one that converts to it, such as any standard error. What counts is that the type is called
///   `Result`.
///
/// ```
/// use std::io::{self, BufRead};
/// use dirty_guest::Emitter;
///
/// struct Texts { text: String }
///
/// #[dirty_guest::app]
/// impl Texts {
///     fn init() -> Self {
///         Self { text: "one\ntwo\nthree\n".to_owned() }
///     }
///
///     /// The lines that contain a word.
///     pub fn lines(&self, word: &str, limit: Option<usize>) -> impl Iterator<Item = &str> {
///         self.text.lines().filter(move |line| line.contains(word)).take(limit.unwrap_or(usize::MAX))
///     }
///
///     /// The lines as a reader sees them, whose errors end the stream.
///     pub fn read(&self) -> impl Iterator<Item = io::Result<String>> {
///         self.text.as_bytes().lines()
///     }
///
///     /// Counts aloud, and ends with a word.
///     pub fn count(&self, #[default(3)] n: u32, out: &mut Emitter) -> dirty_guest::Result<&str> {
///         (0..n).try_for_each(|i| out.emit(&i))?;
///         Ok("done")
///     }
/// }
/// # let mut app = dirty_guest::testing::TestApp::<Texts>::start("{}")?;
/// # assert_eq!(app.call("lines", r#"["o"]"#, r#"{"limit": 1}"#)?.chunks, [r#""one""#]);
/// # assert_eq!(app.call("read", "[]", "{}")?.chunks.len(), 3);
/// # assert_eq!(app.call("count", "[1]", "{}")?.chunks, ["0", r#""done""#]);
/// # Ok::<(), dirty_guest::Error>(())
/// ```
///
/// # Description
///
/// The app describes itself to tools and to the host (`described` in `wit/app.wit`): the names and doc
/// comments of its actions and of their parameters (which may have doc comments here), defaults that
/// are literals, and JSON Schemas of the parameters' types: see [`schema`]. In addition the attribute
/// takes what the app wants where the configuration does not say:
///
/// ```
/// # struct Shop;
/// #[dirty_guest::app(workers = 2, stashes("sessions", "carts"))]
/// impl Shop {
///     fn init() -> Self {
///         Self
///     }
/// }
/// # #[cfg(not(target_family = "wasm"))]
/// assert_eq!(
///     dirty_guest::testing::TestApp::<Shop>::description(),
///     r#"{"actions":[],"stashes":["sessions","carts"],"workers":2}"#
/// );
/// ```
pub use dirty_guest_macros::app;

/// What [`app`], [`export!`] and the bounds of [`Actions`]' methods name; not for apps.
#[doc(hidden)]
pub mod __private {
    pub use crate::actions::{Action, StreamAction};
    pub use crate::attribute::{all, checked, emitter, returned, streamed, try_streamed};
    pub use crate::bound::{Bound, is_required};
    pub use crate::description::{About, Parameter};
    #[cfg(target_family = "wasm")]
    pub use crate::export::{Component, Exported, Slot};
    #[cfg(target_family = "wasm")]
    pub use crate::host::bindings;
    pub use crate::instance::Instance;
    pub use crate::params::Params;
    pub use crate::schema::{AnySchema, KnownSchema, Probe};
}

/// Has the README's example tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
