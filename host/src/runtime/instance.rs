//! An app's code and an instance of it: init, call, close.

use std::path::Path;

use wasmtime::component::{self, ComponentExportIndex, TypedFunc};
use wasmtime::{Engine, Store, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::bindings::{self, AppPre, Failure};
use super::blobs::CallBlobs;
use super::contract::{self, ContractError, DESCRIBED_EXPORT, FORK_AWARE_EXPORT};
use super::engine::RESERVATION_BYTES;
use super::state::{DirError, InstanceSettings, State};
use super::uplink::{SharedUplink, Uplink};
use super::{EmitError, backtrace, cache};
use crate::process::huge_pages;

/// A compiled component that keeps the contract, ready to be instantiated.
pub(crate) struct App {
    engine: Engine,
    pre: AppPre<State>,
    on_fork: Option<ComponentExportIndex>,
    describe: Option<ComponentExportIndex>,
}

/// Why a compiled component cannot be an app.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// It cannot be mapped.
    #[error("cannot map the compiled component: {0}")]
    Map(String),
    /// Imports or exports are missing.
    #[error("the component cannot be an app: {0}")]
    Contract(#[from] ContractError),
    /// Imports or exports have other types than the contract's.
    #[error("the component does not keep the contract dirty:app: {0}")]
    Types(String),
}

/// Why an instance cannot serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A directory is missing.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// wasmtime cannot instantiate it: often the memory limit.
    #[error("cannot instantiate the component: {0}")]
    Instantiate(String),
    /// `init()` returned an error.
    #[error("init() failed: {}: {}", .0.kind, .0.message)]
    Failed(Failure),
    /// `init()`, `on-fork` or `describe` trapped.
    #[error("{export} trapped: {}", .trap.message)]
    Trapped {
        /// Which.
        export: &'static str,
        /// How.
        trap: Trap,
    },
    /// The system gives no runtime.
    #[error("cannot make a runtime: {0}")]
    Runtime(#[from] std::io::Error),
}

impl StartError {
    /// Where in the guest it happened.
    pub(crate) fn traceback(&self) -> Option<&str> {
        match self {
            StartError::Failed(failure) => failure.traceback.as_deref(),
            StartError::Trapped { trap, .. } => Some(&trap.traceback),
            StartError::Dir(_) | StartError::Instantiate(_) | StartError::Runtime(_) => None,
        }
    }
}

/// How an instance died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trap {
    /// The panic's message where the guest has printed one, else the trap's.
    pub message: String,
    /// The guest's stack, innermost first, and what it had printed to standard error.
    pub traceback: String,
    /// Whether memory was refused to the instance during the same call.
    pub memory_refused: bool,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The app returned: a result, or the end of a stream.
    Returned(Option<AppResult>),
    /// The app reported an error; the instance lives on.
    Failed(Failure),
    /// The instance is dead.
    Trapped(Trap),
}

/// What a call returned.
#[derive(Debug)]
pub(crate) struct AppResult {
    /// A text that should be JSON.
    pub json: String,
    /// The binaries that it may name.
    pub blobs: CallBlobs,
}

impl App {
    /// Maps a compiled component and checks it against the contract.
    pub(crate) fn load(engine: &Engine, compiled: &Path) -> Result<App, LoadError> {
        let component =
            cache::map(engine, compiled).map_err(|error| LoadError::Map(format!("{error:#}")))?;
        contract::check(engine, &component)?;
        let optional = |interface, function| {
            let interface = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&interface), function)
        };
        let on_fork = optional(FORK_AWARE_EXPORT, "on-fork");
        let describe = optional(DESCRIBED_EXPORT, "describe");
        let pre = State::linker(engine)
            .and_then(|linker| linker.instantiate_pre(&component))
            .and_then(AppPre::new)
            .map_err(|error| LoadError::Types(format!("{error:#}")))?;
        Ok(App {
            engine: engine.clone(),
            pre,
            on_fork,
            describe,
        })
    }

    /// The names of the interfaces that it imports, and of those that it exports.
    pub(crate) fn interfaces(&self) -> (Vec<String>, Vec<String>) {
        contract::interfaces(&self.engine, self.pre.instance_pre().component())
    }

    /// Whether it says something of itself.
    pub(crate) fn is_described(&self) -> bool {
        self.describe.is_some()
    }

    /// What it says of itself, if anything: in an instance of its own, which is not initialised.
    pub(crate) async fn describe(
        &self,
        settings: &InstanceSettings,
        uplink: SharedUplink,
    ) -> Result<Option<String>, StartError> {
        let Some(export) = &self.describe else {
            return Ok(None);
        };
        let (mut instance, raw) = self.instantiate(settings, uplink).await?;
        let func = raw.get_func(&mut instance.store, export);
        let Some(func) = func.and_then(|func| func.typed(&instance.store).ok()) else {
            let message = format!("{DESCRIBED_EXPORT} has another type than the contract's");
            return Err(StartError::Instantiate(message));
        };
        let func: TypedFunc<(), (String,)> = func;
        match func.call_async(&mut instance.store, ()).await {
            Ok((description,)) => {
                instance.store.data().flush_stdio();
                Ok(Some(description))
            }
            Err(error) => Err(StartError::Trapped {
                export: "describe()",
                trap: instance.explain(&error),
            }),
        }
    }

    async fn instantiate(
        &self,
        settings: &InstanceSettings,
        uplink: SharedUplink,
    ) -> Result<(Instance, component::Instance), StartError> {
        let mut store = State::store(&self.engine, settings, uplink)?;
        let refused = |error: wasmtime::Error| StartError::Instantiate(format!("{error:#}"));
        let raw = self
            .pre
            .instance_pre()
            .instantiate_async(&mut store)
            .await
            .map_err(refused)?;
        // Before there is much in it.
        huge_pages::use_in_reservations(RESERVATION_BYTES);
        let app = bindings::App::new(&mut store, &raw).map_err(refused)?;
        let on_fork = self
            .on_fork
            .as_ref()
            .and_then(|export| raw.get_func(&mut store, export))
            .and_then(|func| func.typed(&store).ok());
        let instance = Instance {
            store,
            app,
            on_fork,
        };
        Ok((instance, raw))
    }

    /// Makes an instance and runs its `init()`.
    pub(crate) async fn start(
        &self,
        settings: &InstanceSettings,
        config: &str,
        uplink: SharedUplink,
    ) -> Result<Instance, StartError> {
        let (mut instance, _) = self.instantiate(settings, uplink).await?;
        let outcome = instance
            .app
            .dirty_app_dirty_app()
            .call_init(&mut instance.store, config);
        match outcome.await {
            Ok(Ok(())) => {
                instance.store.data().flush_stdio();
                Ok(instance)
            }
            Ok(Err(failure)) => {
                instance.store.data().flush_stdio();
                Err(StartError::Failed(failure))
            }
            Err(error) => Err(StartError::Trapped {
                export: "init()",
                trap: instance.explain(&error),
            }),
        }
    }
}

type OnFork = TypedFunc<(), ()>;

/// An app with its state.
pub(crate) struct Instance {
    store: Store<State>,
    app: bindings::App,
    on_fork: Option<OnFork>,
}

impl Instance {
    /// Tells a fresh copy that it is one, if the app wants to know.
    pub(crate) async fn on_fork(&mut self) -> Result<(), StartError> {
        let Some(on_fork) = &self.on_fork else {
            return Ok(());
        };
        let outcome = on_fork.call_async(&mut self.store, ()).await;
        self.store.data().flush_stdio();
        outcome.map_err(|error| StartError::Trapped {
            export: "on-fork",
            trap: self.explain(&error),
        })
    }

    /// Serves a call. After [`Outcome::Trapped`] the instance must not be used again.
    pub(crate) async fn call(
        &mut self,
        action: &str,
        args: &str,
        kwargs: &str,
        blobs: CallBlobs,
    ) -> Outcome {
        // What earlier calls printed does not explain this one.
        self.store.data().take_stderr_tail();
        self.store.data_mut().take_memory_refused();
        self.store.data_mut().blobs = blobs;
        let app = self.app.dirty_app_dirty_app();
        let returned = app.call_call(&mut self.store, action, args, kwargs).await;
        let blobs = std::mem::take(&mut self.store.data_mut().blobs);
        let outcome = match returned {
            Ok(Ok(json)) => Outcome::Returned(json.map(|json| AppResult { json, blobs })),
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(error) => return Outcome::Trapped(self.explain(&error)),
        };
        self.store.data().flush_stdio();
        outcome
    }

    /// Lets the app tidy up before the process ends.
    pub(crate) async fn close(&mut self) -> Result<(), Trap> {
        let outcome = self
            .app
            .dirty_app_dirty_app()
            .call_close(&mut self.store)
            .await;
        self.store.data().flush_stdio();
        outcome.map_err(|error| self.explain(&error))
    }

    /// Sends what the instance says from now on another way.
    pub(crate) fn replace_uplink(&self, uplink: impl Uplink + 'static) {
        self.store.data().uplink().replace(uplink);
    }

    /// Whether the app holds a timer, which copies of the process cannot share.
    pub(crate) fn holds_timers(&mut self) -> bool {
        self.store.data_mut().holds_timers()
    }

    fn explain(&mut self, error: &wasmtime::Error) -> Trap {
        let memory_refused = self.store.data_mut().take_memory_refused();
        let state = self.store.data();
        state.flush_stdio();
        let printed = state.take_stderr_tail();
        let mut traceback = error
            .downcast_ref::<WasmBacktrace>()
            .map(backtrace::describe)
            .unwrap_or_default();
        if !printed.trim().is_empty() {
            traceback.push_str("standard error:\n");
            traceback.push_str(printed.trim_end());
        }
        Trap {
            message: trap_message(error, &printed),
            traceback,
            memory_refused,
        }
    }
}

/// A guest that panics prints where and why to standard error before it traps; that says more
/// than the trap.
fn trap_message(error: &wasmtime::Error, printed: &str) -> String {
    if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        if let Some(start) = printed.rfind("panicked at ") {
            return printed[start..].trim_end().to_owned();
        }
        return trap.to_string();
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return format!("the app ended its process with exit code {code}");
    }
    match error.downcast_ref::<EmitError>() {
        Some(emit) => emit.to_string(),
        None => error.root_cause().to_string(),
    }
}
