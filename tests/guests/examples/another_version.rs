//! Another build of `versioned`, as far as `version` goes: it answers `"another build"`.

use dirty_guest::{Actions, App, NoConfig, Result};

struct AnotherVersion;

dirty_guest::export!(AnotherVersion);

impl App for AnotherVersion {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("version", Self::version);
    }
}

impl AnotherVersion {
    fn version(&self) -> Result<&'static str> {
        Ok("another build")
    }
}
