//! What was typed (a TOML file, flags) becomes validated [`Settings`].
//!
//! Two sets of types: [`ParsedFile`] and [`Overrides`] hold what was typed, checked value by value;
//! [`Settings`] holds what it means, with every default filled in. Everything is pure: nothing here
//! reads a file, an environment variable or a clock, and whether a component exists is for its mold
//! to find out.
//!
//! All the mistakes of a file are reported at once, each with file, line, column and key.
//!
//! ```
//! use dirty_host::config::{ParsedFile, Overrides, Settings};
//!
//! let text = r#"
//!     workers = 2
//!     [apps.resize]
//!     component = "resize.wasm"
//! "#;
//! let file = ParsedFile::parse(text, "/etc/dirty/dirty.toml")?;
//! let settings = Settings::resolve(Some(file), Overrides::default(), 8)?;
//! assert_eq!(settings.apps[0].name, "resize");
//! assert_eq!(settings.apps[0].component.to_str(), Some("/etc/dirty/resize.wasm"));
//! assert_eq!(settings.apps[0].workers, 2);
//! # Ok::<(), dirty_host::config::ConfigErrors>(())
//! ```

mod build;
mod convert;
mod error;
mod file;
mod hooks;
mod json;
mod keys;
mod limits;
pub(crate) mod os_path;
mod overrides;
mod recycle;
mod resolve;
mod section;
mod settings;
mod stash;
#[cfg(test)]
mod tests;
mod values;

pub use build::{BuildSettings, PythonClass, PythonSettings};
pub use error::{ConfigError, ConfigErrors, Origin, Problem};
pub use file::ParsedFile;
pub use limits::{DURATION_MAX, STASH_TABLE_NAME_BYTES_MAX, WORKERS_MAX};
pub use overrides::{AppOverride, Overrides};
pub use settings::{
    AppSettings, DirSettings, HookCommand, HookSettings, InitMode, LifecycleSettings, OnDisconnect,
    RecycleSettings, RestartSettings, ServerSettings, Settings, StashSettings,
};
pub use values::{
    parse_dir, parse_env, parse_memory, parse_seconds, parse_seconds_above_zero, parse_workers,
};
