//! What an app says of itself before it is initialised: the tables of the stash that it wants.

use serde::Deserialize;

use super::{Control, prepare};
use crate::description::{self, DescriptionError};
use crate::process::hop::{Failure, Stage};
use crate::runtime::{App, InstanceSettings, SharedUplink, StartError, StashFault, shield};
use crate::stash::StashRequest;

/// What is read of a description. Its other fields are for tools.
#[derive(Debug, Deserialize)]
struct Description {
    #[serde(default)]
    stashes: Vec<String>,
}

/// Why the tables of a description are not there.
#[derive(Debug, thiserror::Error)]
enum TablesError {
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error("its table {table:?} cannot be made: {fault}")]
    Table { table: String, fault: StashFault },
}

/// Makes the tables that the app describes, if it describes any.
pub(super) fn make_tables(
    app: &App,
    settings: &InstanceSettings,
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
    let description: Description =
        description::read(&described).map_err(|error| failure(&error.into()))?;
    for table in description.stashes {
        let request = StashRequest::Ensure {
            table: table.clone(),
        };
        if let Err(fault) = control.stash(request) {
            return Err(failure(&TablesError::Table { table, fault }));
        }
    }
    Ok(())
}

fn failure(error: &TablesError) -> Failure {
    Failure {
        stage: Stage::Initialising,
        message: format!("the app's description is of no use: {error}"),
        traceback: None,
        // The stash may have room another time; what was said will be said again.
        permanent: !matches!(error, TablesError::Table { .. }),
    }
}
