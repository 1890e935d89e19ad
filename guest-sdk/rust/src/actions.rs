//! The table of an app's actions, and the function shapes that fit into it. Does not decode
//! arguments: see `params`.

use std::fmt;

use serde::Serialize;

use crate::args::Arguments;
use crate::params::Params;
use crate::{Emitter, Error, Result};

/// An action with its types erased: arguments in, the result's JSON or the end of a stream out.
pub(crate) type Handler<A> = Box<dyn Fn(&mut A, Arguments<'_>) -> Result<Option<String>>>;

/// An app's actions by name; filled in [`App::actions`](crate::App::actions).
///
/// An action is a method (or closure) that takes `&self` or `&mut self`, then, if the action has
/// parameters, one value that holds them all:
///
/// - a struct that derives `Deserialize`: its fields are the parameters. They are filled by
///   position in the order of declaration and by name, as a Python function's are. A field with
///   `#[serde(default)]` or of type `Option` may be left out.
/// - a tuple such as `(u64, String)`: parameters by position only.
/// - a map, or a struct with `#[serde(flatten)]`: parameters by name only.
/// - [`Args`](crate::Args): whatever the caller gave, undecoded.
///
/// Do not use `#[serde(alias)]` on parameters: serde does not tell aliases from fields, and each
/// would count as a position.
///
/// Missing, surplus, repeated and ill-typed arguments are errors of kind `TypeError`, which name
/// the action and the parameter.
pub struct Actions<A> {
    table: Vec<(&'static str, Handler<A>)>,
}

impl<A> Actions<A> {
    pub(crate) fn new() -> Self {
        Self { table: Vec::new() }
    }

    /// Adds an action that returns a result: `fn(&mut self, P) -> Result<R>` with any
    /// `R: Serialize`. It may [`emit`](crate::emit) chunks first; the result is then the last one.
    ///
    /// # Panics
    /// If the table has an action of this name, or the host keeps the name for itself.
    pub fn on<M>(&mut self, name: &'static str, action: impl Action<A, M>) -> &mut Self {
        self.add(
            name,
            Box::new(move |app, arguments| action.run(app, arguments).map(Some)),
        )
    }

    /// Adds an action that streams: `fn(&mut self, P, &mut Emitter) -> Result<()>`.
    ///
    /// # Panics
    /// As [`Actions::on`].
    pub fn stream<M>(&mut self, name: &'static str, action: impl StreamAction<A, M>) -> &mut Self {
        self.add(
            name,
            Box::new(move |app, arguments| action.run(app, arguments).map(|()| None)),
        )
    }

    fn add(&mut self, name: &'static str, handler: Handler<A>) -> &mut Self {
        assert!(
            !matches!(name, "init" | "call" | "close") && !name.starts_with('_'),
            "an action cannot be named {name:?}: the host refuses calls of that name"
        );
        assert!(
            self.names().all(|other| other != name),
            "two actions are named {name:?}"
        );
        self.table.push((name, handler));
        self
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.table.iter().map(|(name, _)| *name)
    }

    /// The action of that name; else an `AttributeError` that lists what there is, nearest first.
    pub(crate) fn find(&self, action: &str) -> Result<&Handler<A>> {
        self.table
            .iter()
            .find(|(name, _)| *name == action)
            .map(|(_, handler)| handler)
            .ok_or_else(|| {
                let mut names: Vec<_> = self.names().collect();
                names.sort_by_key(|name| strsim::damerau_levenshtein(name, action));
                Error::of_sdk(
                    "AttributeError",
                    format!("no action {action:?}; there are: {}", names.join(", ")),
                )
            })
    }
}

impl<A> fmt::Debug for Actions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What [`Actions::on`] takes. `M` only tells the implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no action of `{A}`",
    label = "expected `fn(&self) -> Result<R>` or `fn(&self, P) -> Result<R>`, or the same with `&mut self`",
    note = "`P` derives `Deserialize` or is `Args`, `R` is `Serialize`, `Result` is `dirty_guest::Result`"
)]
pub trait Action<A, M>: 'static {
    /// Decodes the arguments, runs the action, and encodes its result.
    fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<String>;
}

/// What [`Actions::stream`] takes. `M` only tells the implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no streaming action of `{A}`",
    label = "expected `fn(&self, P, &mut Emitter) -> Result<()>`, with or without `P`, or the same with `&mut self`",
    note = "`P` derives `Deserialize` or is `Args`, `Result` is `dirty_guest::Result`"
)]
pub trait StreamAction<A, M>: 'static {
    /// Decodes the arguments and runs the action, which emits.
    fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<()>;
}

/// Implements both traits for one kind of receiver, each with and without parameters.
macro_rules! shapes {
    ($receiver:ty, $plain:ident, $with:ident) => {
        #[doc(hidden)]
        pub struct $plain<R>(R);
        #[doc(hidden)]
        pub struct $with<P, R>(P, R);

        impl<A, R: Serialize, F: Fn($receiver) -> Result<R> + 'static> Action<A, $plain<R>> for F {
            fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<String> {
                <()>::from_arguments(arguments)?;
                encode(&self(app)?)
            }
        }

        impl<A, P, R, F> Action<A, $with<P, R>> for F
        where
            P: Params,
            R: Serialize,
            F: Fn($receiver, P) -> Result<R> + 'static,
        {
            fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<String> {
                encode(&self(app, P::from_arguments(arguments)?)?)
            }
        }

        impl<A, F: Fn($receiver, &mut Emitter) -> Result<()> + 'static> StreamAction<A, $plain<()>>
            for F
        {
            fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<()> {
                <()>::from_arguments(arguments)?;
                self(app, &mut Emitter::new())
            }
        }

        impl<A, P, F> StreamAction<A, $with<P, ()>> for F
        where
            P: Params,
            F: Fn($receiver, P, &mut Emitter) -> Result<()> + 'static,
        {
            fn run(&self, app: &mut A, arguments: Arguments<'_>) -> Result<()> {
                self(app, P::from_arguments(arguments)?, &mut Emitter::new())
            }
        }
    };
}

shapes!(&A, Shared, SharedWith);
shapes!(&mut A, Exclusive, ExclusiveWith);

/// A result or chunk as JSON.
pub(crate) fn encode(value: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| Error::of_sdk("TypeError", format!("the value cannot be sent: {e}")))
}
