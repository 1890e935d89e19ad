//! Says what it is told: `result(json)` returns the JSON that its argument, a string, holds, and
//! `chunk(json)` emits it.

use dirty_guest::{Actions, App, Emitter, Error, NoConfig, RawValue, Result};
use serde::Deserialize;

struct SpeaksJson;

dirty_guest::export!(SpeaksJson);

#[derive(Deserialize)]
struct Said {
    json: String,
}

impl App for SpeaksJson {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("result", Self::result)
            .stream("chunk", Self::chunk);
    }
}

impl SpeaksJson {
    fn result(&self, Said { json }: Said) -> Result<Box<RawValue>> {
        parsed(json)
    }

    fn chunk(&self, Said { json }: Said, out: &mut Emitter) -> Result<()> {
        out.emit(&parsed(json)?)
    }
}

fn parsed(json: String) -> Result<Box<RawValue>> {
    RawValue::from_string(json).map_err(|error| Error::new("ValueError", error.to_string()))
}
