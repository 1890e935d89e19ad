//! The keys that say when a healthy worker is replaced. How it is replaced is the arbiter's
//! business.

use std::time::Duration;

use toml::de::DeValue;

use super::convert;
use super::error::Problem;
use super::limits::{AGE_MIN, CALLS_MAX, WORKER_BYTES};
use super::section::{Report, Section};
use super::settings::RecycleSettings;
use super::values::none_if_zero;

/// What the file says of one app's recycling; zero as it was typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ParsedRecycle {
    calls_max: Option<u32>,
    calls_jitter: Option<u32>,
    age_max: Option<Duration>,
    private_bytes_max: Option<u64>,
}

impl ParsedRecycle {
    pub(super) fn read(app: &Section<'_>, report: &mut Report<'_>) -> Self {
        let calls = |value: &DeValue<'_>| convert::count_u32(value, &(0..=CALLS_MAX));
        let calls_max = app.read(report, "max_calls", calls);
        // Where `max_calls` itself is wrong, that is said already.
        let known_max = calls_max.or((!app.has("max_calls")).then_some(0));
        let calls_jitter = app.read(report, "max_calls_jitter", |value| {
            let jitter = calls(value)?;
            match known_max {
                Some(max) if jitter > 0 && jitter >= max => {
                    Err(Problem::JitterTooLarge { jitter, max })
                }
                _ => Ok(jitter),
            }
        });
        ParsedRecycle {
            calls_max,
            calls_jitter,
            age_max: app.read(report, "max_age", |value| {
                convert::seconds_or_zero(value, AGE_MIN)
            }),
            private_bytes_max: app.read(report, "max_memory", |value| {
                convert::size_or_zero(value, &WORKER_BYTES)
            }),
        }
    }

    /// What it means.
    pub(super) fn resolve(self) -> RecycleSettings {
        let calls_max = self.calls_max.filter(|calls| *calls > 0);
        // A tenth spreads the replacements enough, and costs hardly any.
        let calls_jitter = self
            .calls_jitter
            .unwrap_or_else(|| calls_max.unwrap_or(0) / 10);
        RecycleSettings {
            calls_max,
            calls_jitter,
            age_max: self.age_max.and_then(none_if_zero),
            private_bytes_max: self.private_bytes_max.filter(|bytes| *bytes > 0),
        }
    }
}
