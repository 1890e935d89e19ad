//! An app and its table of actions, as one instance of a component. Speaks JSON texts and
//! [`Error`]s; knows neither the bindings nor standard output.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Actions, Error, Result, args::Arguments};

/// An app: a struct with a table of actions. The attribute [`app`](crate::app) implements it; an app that
/// makes its table as it goes, or has a type for all parameters of an action, does so itself, and calls
/// [`export!`](crate::export):
///
/// ```
/// use dirty_guest::{Actions, App, Emitter, NoConfig, Result};
/// use serde::Deserialize;
///
/// struct Numbers {
///     calls: u64,
/// }
///
/// /// `count(n, from=0)`: by position in this order, or by name.
/// #[derive(Deserialize)]
/// struct Count {
///     n: u64,
///     #[serde(default)]
///     from: u64,
/// }
///
/// impl App for Numbers {
///     type Config = NoConfig;
///
///     fn init(_: NoConfig) -> Result<Self> {
///         Ok(Self { calls: 0 })
///     }
///
///     fn actions(actions: &mut Actions<Self>) {
///         actions.on("calls", Self::calls).stream("count", Self::count);
///     }
/// }
///
/// impl Numbers {
///     fn calls(&mut self) -> Result<u64> {
///         self.calls += 1;
///         Ok(self.calls)
///     }
///
///     fn count(&self, Count { n, from }: Count, out: &mut Emitter) -> Result<()> {
///         (from..from + n).try_for_each(|i| out.emit(&i))
///     }
/// }
///
/// dirty_guest::export!(Numbers);
/// ```
pub trait App: Sized + 'static {
    /// The app's `[config]` table; [`NoConfig`] for an app that takes none. A table that does not
    /// fit is an error of kind `ConfigError`.
    type Config: DeserializeOwned;

    /// How many workers the app wants where the configuration does not say; told to the host in the
    /// app's description.
    const WORKERS: Option<u32> = None;

    /// The tables of the stash that the app uses; told to the host in the app's description.
    const STASHES: &'static [&'static str] = &[];

    /// Called once, before any call: load the model, open the index, fill the caches.
    ///
    /// By default every worker is a copy of the process in which this ran, so what is allocated
    /// here is shared by all of them. Keep no file, socket or timer open.
    ///
    /// # Errors
    /// The host logs the error, shows it in `dirty status` and tries again a few times.
    fn init(config: Self::Config) -> Result<Self>;

    /// Names the actions: `actions.on("fib", Self::fib)`. Called once, right after `init`.
    fn actions(actions: &mut Actions<Self>);

    /// Called in each worker before its first call: reseed what must differ between the copies.
    fn on_fork(&mut self) {}

    /// Called in each worker that stops gracefully, after its last call.
    fn close(&mut self) {}
}

/// The [`App::Config`] of an app without configuration: any key in its `[config]` is an error.
#[derive(Debug, Clone, Copy)]
pub struct NoConfig;

impl<'de> Deserialize<'de> for NoConfig {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Empty;
        impl<'de> serde::de::Visitor<'de> for Empty {
            type Value = NoConfig;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an empty table")
            }
            fn visit_map<M: serde::de::MapAccess<'de>>(
                self,
                mut map: M,
            ) -> std::result::Result<NoConfig, M::Error> {
                match map.next_key::<String>()? {
                    None => Ok(NoConfig),
                    Some(key) => Err(serde::de::Error::custom(format_args!(
                        "unknown key `{key}`: this app takes no configuration"
                    ))),
                }
            }
        }
        deserializer.deserialize_map(Empty)
    }
}

/// An initialised app.
pub struct Instance<A> {
    app: A,
    actions: Actions<A>,
}

/// Shows the actions: an app need not be `Debug`.
impl<A> fmt::Debug for Instance<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("actions", &self.actions)
            .finish_non_exhaustive()
    }
}

impl<A: App> Instance<A> {
    /// Makes the app from its configuration, a JSON object.
    ///
    /// # Errors
    /// Of kind `ConfigError` where the configuration does not fit, else what [`App::init`] returns.
    pub fn init(config: &str) -> Result<Self> {
        let config = serde_json::from_str(config).map_err(|e| {
            Error::of_sdk(
                "ConfigError",
                format!(
                    "in the app's [config]: {}",
                    crate::args::without_position(&e)
                ),
            )
        })?;
        let app = A::init(config)?;
        let mut actions = Actions::new();
        A::actions(&mut actions);
        Ok(Self { app, actions })
    }

    /// Serves one call: `args` is a JSON array, `kwargs` a JSON object. Returns the result as JSON,
    /// none for the end of a stream.
    ///
    /// # Errors
    /// Of kind `AttributeError` for an unknown action, `TypeError` for arguments that do not fit,
    /// else what the action returns.
    pub fn call(&mut self, action: &str, args: &str, kwargs: &str) -> Result<Option<String>> {
        let handler = self.actions.find(action)?;
        let arguments = Arguments::parse(action, args, kwargs)?;
        match handler(&mut self.app, arguments) {
            // Nobody reads the outcome of a stream that ended because nobody reads it.
            Err(e) if e.is_gone() => Ok(None),
            outcome => outcome,
        }
    }

    /// Runs [`App::on_fork`].
    pub fn on_fork(&mut self) {
        self.app.on_fork();
    }

    /// Runs [`App::close`].
    pub fn close(&mut self) {
        self.app.close();
    }

    /// The app itself.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn app(&self) -> &A {
        &self.app
    }
}
