//! What a component says of itself: whether it can be an app, what it imports and exports, and which
//! actions it describes. It is compiled for that, into the cache that a host looks into, and `describe`
//! is run, but not `init`.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::description::{self, DescriptionError};
use crate::logline::{LogLevel, LogSource};
use crate::runtime::cache::{self, CacheError};
use crate::runtime::{
    App, CONTRACT, CallBlobs, EmitError, InstanceSettings, LoadError, SharedUplink, StartError,
    StashFault, Uplink, engine, shield,
};
use crate::stash::{StashAnswer, StashRequest};

/// As much as a component may have that nobody has set a limit for.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// So much may cross the boundary at once.
const TRANSFER_BYTES_MAX: usize = 64 << 20;

/// A component that keeps the contract.
#[derive(Debug, Serialize)]
pub(crate) struct Inspection {
    /// The contract's version that it is made for, `dirty:app@0.1.0`.
    pub(crate) contract: &'static str,
    /// The interfaces that it needs.
    pub(crate) imports: Vec<String>,
    /// The interfaces that it has.
    pub(crate) exports: Vec<String>,
    /// What it says of itself, if anything.
    pub(crate) description: Option<Description>,
}

/// What the contract's `described` is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Description {
    /// How many workers it would like.
    pub(crate) workers: Option<u32>,
    /// The tables of the stash that it wants.
    #[serde(default)]
    pub(crate) stashes: Vec<String>,
    /// What can be called.
    #[serde(default)]
    pub(crate) actions: Vec<Action>,
}

/// Something that can be called.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Action {
    /// What callers name it.
    pub(crate) name: String,
    /// What it does; may be empty.
    #[serde(default)]
    pub(crate) doc: String,
    /// What it takes; `None` if it does not say.
    pub(crate) params: Option<Vec<Parameter>>,
    /// Its reply is a stream.
    #[serde(default)]
    pub(crate) streams: bool,
}

/// Something that an action takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parameter {
    /// What callers name it.
    pub(crate) name: String,
    /// A JSON Schema, with the parameter's description and default.
    #[serde(default)]
    pub(crate) schema: Value,
    /// It cannot be left out.
    #[serde(default)]
    pub(crate) required: bool,
}

/// Why a file is no app.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InspectError {
    /// No engine.
    #[error("cannot start the engine: {0}")]
    Engine(String),
    /// It cannot be compiled.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// It does not keep the contract.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It cannot say what it is.
    #[error("the app cannot describe itself: {0}")]
    Describe(#[from] StartError),
    /// What it says of itself is of no use.
    #[error("the app's description is of no use: {0}")]
    Description(#[from] DescriptionError),
    /// The system gives no runtime.
    #[error("cannot make a runtime: {0}")]
    Runtime(#[from] io::Error),
}

/// Looks into a component.
pub(crate) fn inspect(component: &Path, cache_dir: &Path) -> Result<Inspection, InspectError> {
    let app = load(component, cache_dir)?;
    let settings = InstanceSettings {
        memory_bytes_max: MEMORY_BYTES_MAX,
        transfer_bytes_max: TRANSFER_BYTES_MAX,
        env: Vec::new(),
        dirs: Vec::new(),
    };
    let described = shield::block_on(app.describe(&settings, SharedUplink::new(Nowhere)))??;
    let (imports, exports) = app.interfaces();
    Ok(Inspection {
        contract: CONTRACT,
        imports,
        exports,
        description: described.as_deref().map(description::read).transpose()?,
    })
}

fn load(component: &Path, cache_dir: &Path) -> Result<App, InspectError> {
    let engine = engine().map_err(|error| InspectError::Engine(format!("{error:#}")))?;
    let entry = cache::look_up(&engine, component, cache_dir)?;
    if entry.compiled().is_none() {
        entry.compile(&engine)?;
    }
    match App::load(&engine, entry.place()) {
        // What is in the cache is damaged.
        Err(LoadError::Map(_)) => {
            entry.remove()?;
            entry.compile(&engine)?;
            Ok(App::load(&engine, entry.place())?)
        }
        loaded => Ok(loaded?),
    }
}

/// There is nobody around a component that is only looked at.
struct Nowhere;

impl Uplink for Nowhere {
    fn log(&mut self, _source: LogSource, _level: LogLevel, _line: &str) {}

    fn emit(&mut self, _chunk: &str, _blobs: &mut CallBlobs) -> Result<bool, EmitError> {
        Ok(false)
    }

    fn stash(&mut self, _request: StashRequest) -> Result<StashAnswer<'static>, StashFault> {
        Err(StashFault::Gone)
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }

    fn cancelled(&self) -> bool {
        false
    }
}
