//! What an app says of itself before it is initialised: the tables of the stash that it wants, and how
//! many workers.

use serde::Deserialize;

use super::{Control, prepare};
use crate::config::{AppSettings, WORKERS_MAX};
use crate::description::{self, DescriptionError};
use crate::process::hop::{Failure, Stage, Up};
use crate::runtime::{App, InstanceSettings, SharedUplink, StartError, StashFault, shield};
use crate::stash::StashRequest;

/// What is read of a description. Its other fields are for tools.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Description {
    #[serde(default)]
    stashes: Vec<String>,
    workers: Option<u32>,
}

/// Why the app cannot have what it describes.
#[derive(Debug, thiserror::Error)]
enum WishError {
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error("it asks for {0} workers, and an app can have 1 to {WORKERS_MAX}")]
    Workers(u32),
    #[error("its table {table:?} cannot be made: {fault}")]
    Table { table: String, fault: StashFault },
}

/// Does what the app describes, as far as the configuration leaves that to it: makes its tables, and
/// tells the arbiter how many workers it wants.
pub(super) fn heed(
    app: &App,
    settings: &InstanceSettings,
    configured: &AppSettings,
    control: &Control,
) -> Result<(), Failure> {
    let describe = app.describe(settings, SharedUplink::new(control.clone()));
    let described = shield::block_on(describe)
        .map_err(StartError::from)
        .flatten()
        .map_err(|error| prepare::init_failure(&error))?;
    let Some(described) = described else {
        return Ok(());
    };
    let Description { stashes, workers } = read(&described).map_err(|error| failure(&error))?;
    if let Some(workers) = workers.filter(|_| configured.workers_as_described) {
        // If the arbiter is gone, the next thing that matters will fail.
        let _ = control.send(&Up::WantsWorkers(workers));
    }
    let tables = configured.stashes.is_none().then_some(stashes);
    for table in tables.into_iter().flatten() {
        let request = StashRequest::Ensure {
            table: table.clone(),
        };
        if let Err(fault) = control.stash(request) {
            return Err(failure(&WishError::Table { table, fault }));
        }
    }
    Ok(())
}

fn read(text: &str) -> Result<Description, WishError> {
    let description: Description = description::read(text)?;
    match description.workers {
        Some(workers) if !(1..=WORKERS_MAX).contains(&workers) => Err(WishError::Workers(workers)),
        _ => Ok(description),
    }
}

fn failure(error: &WishError) -> Failure {
    Failure {
        stage: Stage::Initialising,
        message: format!("the app's description is of no use: {error}"),
        traceback: None,
        // The stash may have room another time; what was said will be said again.
        permanent: !matches!(error, WishError::Table { .. }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tables_and_workers_are_read_and_the_rest_is_left_to_others() {
        for (text, stashes, workers) in [
            ("{}", &[][..], None),
            (r#"{"stashes": [], "workers": null}"#, &[], None),
            (
                r#" {"workers": 1024, "stashes": ["a", "größe"], "actions": [{}]}"#,
                &["a", "größe"],
                Some(1024),
            ),
        ] {
            let description = read(text).unwrap();
            assert_eq!(description.stashes, stashes, "{text}");
            assert_eq!(description.workers, workers, "{text}");
        }
    }

    #[test]
    fn wishes_that_nobody_can_grant_are_told_apart() {
        for (text, expected) in [
            ("[]", "no JSON object"),
            ("{\"workers\": \"many\"}", "invalid type"),
            ("{\"workers\": 0}", "1 to 1024"),
            ("{\"workers\": 1025}", "1 to 1024"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
