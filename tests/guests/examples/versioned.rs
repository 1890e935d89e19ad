//! Answers with the `label` of its configuration, so that a caller sees which version of the app
//! has served it: `version` at once, `versions(n, delay_ms)` as a stream of so many labels,
//! `hold(seconds)` after that time. `init` takes `init_seconds`, and fails if `init_fails` says so.

use std::thread;
use std::time::Duration;

use dirty_guest::{Actions, App, Emitter, Error, Result};
use serde::Deserialize;

struct Versioned {
    label: String,
}

dirty_guest::export!(Versioned);

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Config {
    label: String,
    init_seconds: f64,
    init_fails: bool,
}

#[derive(Deserialize)]
struct Versions {
    n: u64,
    delay_ms: u64,
}

#[derive(Deserialize)]
struct Hold {
    seconds: f64,
}

impl App for Versioned {
    type Config = Config;

    fn init(config: Config) -> Result<Self> {
        thread::sleep(Duration::try_from_secs_f64(config.init_seconds)?);
        if config.init_fails {
            return Err(Error::new("RuntimeError", "init was told to fail"));
        }
        Ok(Self {
            label: config.label,
        })
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("version", Self::version)
            .on("hold", Self::hold)
            .stream("versions", Self::versions);
    }
}

impl Versioned {
    fn version(&self) -> Result<String> {
        Ok(self.label.clone())
    }

    fn hold(&self, Hold { seconds }: Hold) -> Result<String> {
        thread::sleep(Duration::try_from_secs_f64(seconds)?);
        self.version()
    }

    fn versions(&self, Versions { n, delay_ms }: Versions, out: &mut Emitter) -> Result<()> {
        for _ in 0..n {
            out.emit(&self.label)?;
            thread::sleep(Duration::from_millis(delay_ms));
        }
        Ok(())
    }
}
