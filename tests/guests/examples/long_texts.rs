//! Texts of any length, of characters that JSON has to escape: `init` logs `log_bytes` of them and
//! fails with `fail_bytes` of them, if asked to.

use dirty_guest::{Actions, App, Error, Result, log};
use serde::Deserialize;

struct LongTexts;

dirty_guest::export!(LongTexts);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    log_bytes: usize,
    fail_bytes: usize,
}

impl App for LongTexts {
    type Config = Config;

    fn init(config: Config) -> Result<Self> {
        if config.log_bytes > 0 {
            log::info(format!("begin {} end", text(config.log_bytes)));
        }
        if config.fail_bytes > 0 {
            let message = format!("begin {} end", text(config.fail_bytes));
            return Err(Error::new("LongError", message));
        }
        Ok(Self)
    }

    fn actions(_: &mut Actions<Self>) {}
}

fn text(bytes: usize) -> String {
    "\u{1}".repeat(bytes)
}
