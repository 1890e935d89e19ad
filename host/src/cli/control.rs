//! What `dirty reload`, `dirty restart` and `dirty scale` share: they wait for what comes of it, and
//! print one line for each app.

use std::time::Duration;

use clap::Args;
use serde_json::value::RawValue;

use super::connect::{block_on, connect};
use super::failure::Failure;
use super::output;
use super::socket::{Located, SocketArgs};
use crate::client::{Client, ClientError};
use crate::config;
use crate::protocol::{AppOutcome, Outcome, Outcomes};

/// Where the host is, and for how long its answer is waited for.
#[derive(Debug, Args)]
pub(super) struct ControlArgs {
    #[command(flatten)]
    location: SocketArgs,
    /// Give up waiting after so long; what the host has begun goes on [default: wait until it is
    /// known what came of it]
    #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds_above_zero)]
    timeout: Option<Duration>,
}

impl ControlArgs {
    /// Sends what `order` sends, waits, and prints what came of it.
    pub(super) fn run(
        &self,
        order: impl AsyncFnOnce(Client) -> Result<Box<RawValue>, ClientError>,
    ) -> Result<(), Failure> {
        let located = self.location.locate_for_client()?;
        carry_out(&located, self.timeout.unwrap_or(Duration::MAX), order)
    }
}

/// Sends what `order` sends to the host there, waits no longer than this, and prints what came of it.
pub(super) fn carry_out(
    located: &Located,
    patience: Duration,
    order: impl AsyncFnOnce(Client) -> Result<Box<RawValue>, ClientError>,
) -> Result<(), Failure> {
    let answer = block_on(async {
        let client = connect(located).await?;
        let answer = tokio::time::timeout(patience, order(client))
            .await
            .map_err(|_elapsed| Failure::NoOutcome(patience))?;
        Ok(answer?)
    })?;
    let outcomes = serde_json::from_str(answer.get()).map_err(Failure::OutcomeShape)?;
    report(&outcomes)
}

fn report(outcomes: &Outcomes) -> Result<(), Failure> {
    for (name, app) in &outcomes.apps {
        output::line(&line(name, app))?;
    }
    let failed = outcomes.apps.iter();
    let failed: Vec<_> = failed
        .filter(|(_, app)| !app.outcome.is_success())
        .map(|(name, _)| name.clone())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::NotDone(failed))
    }
}

fn line(name: &str, app: &AppOutcome) -> String {
    let facts = match app.outcome {
        Outcome::Serving => with("serving", app.generation.map(|n| format!("generation {n}"))),
        Outcome::Scaled => with("scaled", app.workers.map(workers)),
        Outcome::Removed => "removed".to_owned(),
        Outcome::Failed => "failed".to_owned(),
        Outcome::Superseded => "superseded by a later command".to_owned(),
    };
    let reason = app.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    output::first_line(&format!("{name}: {facts}{reason}"))
}

fn with(word: &str, fact: Option<String>) -> String {
    match fact {
        Some(fact) => format!("{word}, {fact}"),
        None => word.to_owned(),
    }
}

fn workers(count: u32) -> String {
    match count {
        1 => "1 worker".to_owned(),
        count => format!("{count} workers"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn app(json: &str) -> AppOutcome {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_outcome_has_its_line() {
        for (json, expected) in [
            (
                r#"{"outcome": "serving", "generation": 4, "workers": 2, "reason": null}"#,
                "a: serving, generation 4",
            ),
            (r#"{"outcome": "serving"}"#, "a: serving"),
            (
                r#"{"outcome": "scaled", "generation": 4, "workers": 8}"#,
                "a: scaled, 8 workers",
            ),
            (
                r#"{"outcome": "scaled", "workers": 1}"#,
                "a: scaled, 1 worker",
            ),
            (r#"{"outcome": "removed"}"#, "a: removed"),
            (
                r#"{"outcome": "failed", "generation": 3, "reason": "init: ValueError\n at 3"}"#,
                "a: failed: init: ValueError …",
            ),
            (
                r#"{"outcome": "superseded"}"#,
                "a: superseded by a later command",
            ),
        ] {
            assert_eq!(line("a", &app(json)), expected);
        }
    }

    #[test]
    fn a_line_stays_one_and_does_not_control_a_terminal() {
        let failed = app(r#"{"outcome": "failed", "reason": "\u001b[31mred"}"#);
        assert_eq!(line("größe", &failed), "größe: failed: \\u{1b}[31mred");
    }

    #[test]
    fn what_is_not_done_for_an_app_fails_the_command() {
        let outcomes = |b: &str| {
            let json = format!(
                r#"{{"apps": {{"a": {{"outcome": "serving"}}, "b": {{"outcome": "{b}"}}}}}}"#
            );
            serde_json::from_str::<Outcomes>(&json).unwrap()
        };
        for done in ["serving", "scaled", "removed"] {
            assert!(report(&outcomes(done)).is_ok(), "{done}");
        }
        for not_done in ["failed", "superseded"] {
            let failure = report(&outcomes(not_done)).unwrap_err();
            assert_eq!(failure.to_string(), "not done for: b");
        }
    }
}
